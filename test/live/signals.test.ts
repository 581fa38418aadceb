// What asks a process to end, sent to real ones: while they start, when they run, and to commands that wait.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type HostProcess, MAIN, ProcessMesh } from '../../scripts/host-process.ts';
import { type LoopbackServer, serveRaw } from '../support/loopback.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const hasNamespaces = spawnSync('unshare', ['--pid', '--fork', '--kill-child', 'true']).status === 0;

/** Begins a request whose body never comes; the node answers 100 as it takes it into hand. */
const REQUEST = [
  'POST /api/agents HTTP/1.1',
  'Host: 127.0.0.1',
  'Content-Type: application/json',
  'Content-Length: 2',
  'Expect: 100-continue',
];
const PRESS_EVERY_MS = 200;

/** A host whose start waits for a peer that takes connections and says nothing. */
async function startingHost(use: (host: HostProcess, peer: LoopbackServer, directory: string) => Promise<void>) {
  await using peer = await serveRaw(() => undefined);
  await using mesh = await ProcessMesh.create([{ id: 'a' }, { id: 'b', entry: { url: peer.url } }]);
  const [host] = mesh.hosts;
  if (host === undefined) throw new Error('The mesh has no host.');
  await use(host, peer, mesh.directory);
}

function run(
  command: string,
  words: readonly string[],
): { child: ChildProcess; ended: Promise<readonly unknown[]>; said: () => string } {
  let text = '';
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += String(chunk)));
  return { child, ended: once(child, 'exit'), said: () => text };
}

describe('a node', () => {
  it.each(SIGNALS)(
    'ends in order on %s',
    async (signal) => {
      await using mesh = await ProcessMesh.create([{ id: 'a' }]);
      const [host] = mesh.hosts;
      await host?.start();
      expect(await host?.end(signal)).toBe(0);
      expect(host?.log).toContain('node.stopping');
    },
    LIVE_MS_MAX,
  );

  it.each(SIGNALS)(
    'that is still starting ends on %s, and was never ready',
    (signal) =>
      startingHost(async (host, peer) => {
        const starting = host.start();
        starting.catch(() => undefined);
        await peer.acceptedAtLeast(1);
        host.signal(signal);
        await expect(starting).rejects.toThrow("Host 'a' ended with 0 before it was ready");
      }),
    LIVE_MS_MAX,
  );

  it('takes a signal that comes twice for one, as from a terminal and from what started it', {
    timeout: LIVE_MS_MAX,
  }, async () => {
    await using mesh = await ProcessMesh.create([{ id: 'a' }]);
    const [host] = mesh.hosts;
    await host?.start();
    // It is stopped while both are sent, so it hears of both at one moment, however busy the machine is.
    host?.signal('SIGSTOP');
    host?.signal('SIGHUP');
    const ended = host?.end('SIGINT');
    host?.signal('SIGCONT');
    expect(await ended).toBe(0);
  });

  it('that stops while a request is in hand ends at once when Ctrl-C is pressed again', {
    timeout: LIVE_MS_MAX,
  }, async () => {
    await using mesh = await ProcessMesh.create([{ id: 'a' }]);
    const [host] = mesh.hosts;
    await host?.start();
    const { hostname, port } = new URL(host?.url ?? '');
    const client = connect(Number(port), hostname);
    onTestFinished(() => void client.destroy());
    client.on('error', () => undefined);
    client.write(`${REQUEST.join('\r\n')}\r\n\r\n`);
    await once(client, 'data');
    const ended = host?.end('SIGINT');
    const presses = setInterval(() => host?.signal('SIGINT'), PRESS_EVERY_MS);
    // No exit code: the signal ended it.
    expect(await ended).toBeNull();
    clearInterval(presses);
  });

  it.runIf(hasNamespaces)(
    'that is process 1 and still starting ends on SIGTERM',
    () =>
      startingHost(async (host, peer, directory) => {
        const words = [MAIN, '--hosts', join(directory, 'hosts.json'), '--host', 'a', '--data', host.dataDirectory];
        const { child, ended, said } = run('unshare', ['--pid', '--fork', '--kill-child', process.execPath, ...words]);
        await peer.acceptedAtLeast(1);
        const node = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1'));
        process.kill(node, 'SIGTERM');
        expect([await ended, said()]).toEqual([[0, null], expect.not.stringContaining('is ready at')]);
      }),
    LIVE_MS_MAX,
  );
});

describe('a command that waits', () => {
  it.each(SIGNALS)(
    'for an answer ends on %s, and says so',
    async (signal) => {
      await using silent = await serveRaw(() => undefined);
      const { child, ended, said } = run(process.execPath, [MAIN, 'status', '--url', silent.url]);
      await silent.acceptedAtLeast(1);
      child.kill(signal);
      expect([await ended, said()]).toEqual([[1, null], `mesh: stopped by ${signal}\n`]);
    },
    LIVE_MS_MAX,
  );

  it('for an agent framework ends on SIGTERM', { timeout: LIVE_MS_MAX }, async () => {
    await using silent = await serveRaw(() => undefined);
    const { child, ended } = run(process.execPath, [MAIN, 'mcp', '--url', silent.url]);
    const call = (id: number, method: string, params: object) =>
      child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    const clientInfo = { name: 'test', version: '1' };
    call(1, 'initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
    call(2, 'tools/call', { name: 'get_email_status', arguments: { email_id: 'x' } });
    await silent.acceptedAtLeast(1);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
