// A node as systemd runs it: told of when it answers, and with a unit that leaves it nothing of the machine.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ProcessMesh } from '../../scripts/host-process.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const UNIT = join(import.meta.dirname, '..', '..', 'scripts', 'service', 'agent-email-mesh.service');
/** The bound of operators who ask: 0 is nothing exposed, 10 everything. */
const EXPOSURE_MAX = 2;
const has = (program: string) => spawnSync(program, ['--version']).status === 0;
/** Prints what comes to a socket as systemd has one, a message a line; first that it listens. */
const LISTENER = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True: print(s.recv(4096).decode().replace("\\n", " | "), flush=True)`;

async function listen(path: string): Promise<AsyncIterator<string>> {
  const child: ChildProcess = spawn('python3', ['-c', LISTENER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const next = on(lines);
  expect((await next.next()).value).toBe('listening');
  return next;
}

async function* on(lines: NodeJS.EventEmitter): AsyncGenerator<string> {
  for (;;) yield (await once(lines, 'line'))[0] as string;
}

describe('a node that a service manager started', { timeout: LIVE_MS_MAX }, () => {
  it.runIf(has('systemd-notify') && has('python3'))('says that it is ready, with its line of status', async () => {
    await using hosts = await ProcessMesh.create([{ id: 'mac' }]);
    const socket = join(hosts.directory, 'notify');
    const said = await listen(socket);
    hosts.host('mac').environment = { NOTIFY_SOCKET: socket };
    await hosts.start();
    expect((await said.next()).value).toMatch(/READY=1.*STATUS=mesh: host 'mac' is ready at http/);
  });

  it('starts all the same where nobody listens to that', async () => {
    await using hosts = await ProcessMesh.create([{ id: 'mac' }]);
    hosts.host('mac').environment = { NOTIFY_SOCKET: join(hosts.directory, 'nobody') };
    await hosts.start();
    expect(hosts.host('mac').ready).toContain('is ready at');
  });
});

describe.runIf(has('systemd-analyze'))('the unit', () => {
  it('has nothing that systemd does not know', () => {
    const directory = mkdtempSync(join(tmpdir(), 'mesh-unit-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const unit = join(directory, basename(UNIT));
    // The program is installed elsewhere than here.
    writeFileSync(unit, readFileSync(UNIT, 'utf8').replace('/usr/local/bin/mesh', process.execPath));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
    // Of what the unit depends on, other units of this machine may be told of.
    const ofIt = stderr.split('\n').filter((line) => line.includes(basename(UNIT)));
    expect([status, ofIt]).toEqual([0, []]);
  });

  it('exposes no more than it must', () => {
    const words = ['security', '--offline=true', '--no-pager', `--threshold=${EXPOSURE_MAX * 10}`, UNIT];
    const { status, stdout } = spawnSync('systemd-analyze', words, { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, expect.stringMatching(/Overall exposure level .*: [01]\.\d/)]);
  });
});
