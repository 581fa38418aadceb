// GET /api/changes of real nodes: through kill -9, by the loop that the paper gives to shells, and at a stop.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { createChangesClient } from '../../node/webhooks/receiver/changes-client.js';
import { type HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { Client } from '../support/live.ts';

const LIVE_MS_MAX = 120_000;
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

/** The paper's loop as a process: what it prints is read change by change. */
function startLoop(directory: string, url: string) {
  const child = spawn('bash', ['loop.sh'], {
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

const missing = ['bash', 'curl'].filter((program) => spawnSync(program, ['--version']).error !== undefined);

it.skipIf(missing.length > 0)(
  missing.length > 0
    ? `the loop for shells: skipped, no ${missing.join(', ')} here`
    : 'the loop for shells prints each change once, through a kill of either side, and ends when its place is lost',
  async () => {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'changes-loop-'));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const [, code = ''] = /^```sh\n(# Prints each change[\s\S]*?)^```$/m.exec(await readFile(PAPER, 'utf8')) ?? [];
    await writeFile(join(directory, 'loop.sh'), code);
    const mesh = stack.use(await ProcessMesh.create([{ id: 'mac' }]));
    const client = stack.use(new Client());
    const mac = mesh.host('mac');
    await mesh.start();
    let loop = startLoop(directory, mac.url);
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
    loop = startLoop(directory, mac.url);
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
