// GET /api/changes of real nodes: through kill -9, by the loops that the paper gives in three languages, and at a stop.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createChangesClient } from '../../node/webhooks/receiver/changes-client.js';
import { type HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { installPackage } from '../support/installed-package.ts';
import { Client } from '../support/live.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const LINES = { accept: 'application/x-ndjson' };
const PAPER = new URL('../../node/http/README.md', import.meta.url);

async function createAgents(client: Client, host: HostProcess, names: readonly string[]): Promise<void> {
  for (const name of names) await client.expect(host, 'POST', '/api/agents', { id: name, name });
}

it(
  'a listener misses nothing of a node that is killed again and again, and hears nothing twice',
  async () => {
    await using mesh = await ProcessMesh.create([{ id: 'mac' }]);
    await using client = new Client();
    const mac = mesh.host('mac');
    await mesh.start();
    const now = await fetch(`${mac.url}/api/changes?waitMs=0`, { headers: LINES });
    const changes = createChangesClient(mac.url, { since: String(now.headers.get('mesh-cursor')) });
    const rounds = [0, 1, 2, 3].map((round) => Array.from({ length: 25 }, (_, at) => `agent-${round}-${at}`));
    const heard: string[] = [];
    const hear = async (count: number) => {
      while (heard.length < count) heard.push((await changes.next()).value?.event.agent.id ?? '');
    };
    for (const names of rounds) {
      const creating = createAgents(client, mac, names);
      // Some are heard as they come, the others when the node is back.
      await hear(heard.length + 10);
      await creating;
      await mac.kill();
      await mac.start();
    }
    await hear(rounds.flat().length);
    expect(heard).toEqual(rounds.flat());
    await changes.return();
  },
  LIVE_MS_MAX,
);

/** A loop of the paper: in which language, how its code begins, its file, and what runs it. */
const LOOPS = [
  {
    title: 'in a shell',
    begins: 'sh\n# Prints each change',
    file: 'loop.sh',
    program: 'bash',
    needs: ['bash', 'curl'],
  },
  { title: 'in Python', begins: 'python\nimport http', file: 'loop.py', program: 'python3', needs: ['python3'] },
  { title: 'in TypeScript', begins: 'ts\nimport', file: 'loop.mts', program: process.execPath, needs: [] },
] as const;
type Loop = (typeof LOOPS)[number];

/** A place to run it in, with this package installed. */
async function prepareLoop({ begins, file }: Loop, stack: AsyncDisposableStack): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'changes-loop-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  await installPackage(directory);
  const [language = '', first = ''] = begins.split('\n');
  const block = new RegExp(`^\`\`\`${language}\\n(${first}[\\s\\S]*?)^\`\`\`$`, 'm');
  const [, code = ''] = block.exec(await readFile(PAPER, 'utf8')) ?? [];
  await writeFile(join(directory, file), code);
  return directory;
}

/** The paper's loop as a process: what it prints is read change by change. */
function startLoop({ file, program }: Loop, directory: string, url: string) {
  const child = spawn(program, [file], {
    cwd: directory,
    detached: true,
    env: { ...process.env, MESH_URL: url, MESH_TOKEN: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const complaint = text(child.stderr);
  const ended = once(child, 'close') as Promise<[number | null]>;
  return {
    /** The name of the agent that the next change is about. */
    next: async () => JSON.parse((await lines.next()).value ?? '{}').agent?.name as string,
    complaint,
    ended,
    /** With what it has started: bash leads a group of its own. */
    kill: () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    },
  };
}

describe.each(LOOPS)("the paper's loop $title", (loopOf) => {
  const missing = loopOf.needs.filter((program) => spawnSync(program, ['--version']).error !== undefined);
  const title = (what: string) => (missing.length > 0 ? `${what} (skipped: no ${missing.join(', ')} here)` : what);

  it.skipIf(missing.length > 0)(
    title('prints each change once, through a kill of either side, and ends when its place is lost'),
    async () => {
      await using stack = new AsyncDisposableStack();
      const directory = await prepareLoop(loopOf, stack);
      const mesh = stack.use(await ProcessMesh.create([{ id: 'mac' }]));
      const client = stack.use(new Client());
      const mac = mesh.host('mac');
      await mesh.start();
      let loop = startLoop(loopOf, directory, mac.url);
      stack.defer(() => loop.kill());

      // It hears what happens from its first question on, whenever that is.
      let isListening = false;
      const first = loop.next().finally(() => {
        isListening = true;
      });
      const before: string[] = [];
      while (!isListening) {
        before.push(`before-${before.length}`);
        await createAgents(client, mac, before.slice(-1));
      }
      for (const name of before.slice(before.indexOf(await first) + 1)) expect(await loop.next()).toBe(name);
      await mac.kill();
      await mac.start();
      await createAgents(client, mac, ['one', 'two']);
      expect([await loop.next(), await loop.next()]).toEqual(['one', 'two']);
      loop.kill();
      await loop.ended;
      await createAgents(client, mac, ['three']);
      loop = startLoop(loopOf, directory, mac.url);
      let heard = await loop.next();
      // What it had printed, and was killed before it wrote down where to go on.
      while (heard === 'one' || heard === 'two') heard = await loop.next();
      expect(heard).toBe('three');

      await mac.kill();
      await rm(mac.dataDirectory, { recursive: true });
      await mac.start();
      expect(await loop.ended).toEqual([1, null]);
      expect(JSON.parse(await loop.complaint)).toMatchObject({
        error: 'gone',
        now: expect.stringMatching(/^[0-9a-f]{32}:0$/),
      });
    },
    LIVE_MS_MAX,
  );

  it.skipIf(missing.length > 0)(
    title('misses nothing of an answer that was cut off'),
    async () => {
      await using stack = new AsyncDisposableStack();
      const directory = await prepareLoop(loopOf, stack);
      const told = ['ann', 'bob'].map((name, at) => ({ id: `msg_${at}`, type: 'agent.created', agent: { name } }));
      let isCut = true;
      const server = createServer(({ headers }, response) => {
        const areLines = headers.accept === 'application/x-ndjson';
        const pieces = told.map((one, at) =>
          areLines ? `${JSON.stringify(one)}\n` : `id: ${'0'.repeat(32)}:${at + 1}\ndata: ${JSON.stringify(one)}\n\n`,
        );
        const body = pieces.join('');
        response.setHeader('Mesh-Cursor', `${'0'.repeat(32)}:2`);
        response.setHeader('Content-Type', areLines ? 'application/x-ndjson' : 'text/event-stream');
        response.setHeader('Content-Length', body.length);
        if (!isCut) response.end(body);
        // In the middle of the first change.
        else response.write(body.slice(0, 50), () => response.destroy());
        isCut = false;
      }).listen(0, '127.0.0.1');
      stack.defer(() => void server.close());
      stack.defer(() => server.closeAllConnections());
      await once(server, 'listening');
      const loop = startLoop(loopOf, directory, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      stack.defer(() => loop.kill());
      expect([await loop.next(), await loop.next()]).toEqual(['ann', 'bob']);
    },
    LIVE_MS_MAX,
  );
});

it(
  'a node with listeners lets them go and ends in order',
  async () => {
    await using mesh = await ProcessMesh.create([{ id: 'mac' }]);
    const mac = mesh.host('mac');
    await mesh.start();
    const polled = fetch(`${mac.url}/api/changes`, { headers: LINES });
    const stream = await fetch(`${mac.url}/api/changes`);
    const reader = stream.body?.getReader();
    await reader?.read();
    expect(await mac.stop()).toBe(0);
    expect(await reader?.read()).toMatchObject({ done: true });
    const { status, headers } = await polled;
    expect([status, headers.get('mesh-cursor')]).toEqual([200, expect.stringMatching(/:0$/)]);
  },
  LIVE_MS_MAX,
);
