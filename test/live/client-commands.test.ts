// `mesh agents`, `claim`, `lookup`, `webhooks`, `deliveries` as a person and a script type them, against real nodes.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { type HostProcess, MAIN, ProcessMesh } from '../../scripts/host-process.ts';
import { Receiver } from '../../scripts/receiver.ts';
import { Client } from '../support/live.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const ESCAPE = '\x1b';
const HAS_TERMINALS = spawnSync('script', ['-qefc', 'exit 7', '/dev/null']).status === 7;

function environment(host: HostProcess | undefined, more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  // Node chooses colours by a dozen variables (NO_COLOR, CI, TEAMCITY_VERSION, …), and the machine may have any of them.
  const { PATH, HOME } = process.env;
  return { PATH, HOME, ...(host && { MESH_URL: host.url }), ...more };
}

async function run(command: readonly string[], env: NodeJS.ProcessEnv) {
  const [program = '', ...rest] = command;
  const child = spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { out, err, code };
}

function mesh(host: HostProcess | undefined, ...words: readonly string[]) {
  return run([process.execPath, MAIN, ...words], environment(host));
}

async function startHosts(...ids: readonly string[]) {
  const hosts = await ProcessMesh.create(ids.map((id) => ({ id })));
  await hosts.start();
  return hosts;
}

/** Tries until the mesh has formed. */
async function claims(host: HostProcess): Promise<void> {
  await using client = new Client();
  for (;;) if ((await client.ask(host, 'GET', '/ready'))?.status === 200) return;
}

describe('the commands that ask a node', { timeout: LIVE_MS_MAX }, () => {
  it('take an agent through its life, on two hosts', async () => {
    await using hosts = await startHosts('mac', 'mini');
    const [mac, mini] = [hosts.host('mac'), hosts.host('mini')];
    await Promise.all([claims(mac), claims(mini)]);
    const { out } = await mesh(mac, 'agents', 'create', 'titania', '--id', 'a1', '--address', 't@x.com', '--json');
    expect(JSON.parse(out)).toMatchObject({ id: 'a1', hostId: 'mac' });
    expect((await mesh(mac, 'claim', 'titania', 'q@x.com')).out).toBe("q@x.com is titania's (a1).\n");
    expect(await mesh(mini, 'lookup', 'q@x.com')).toMatchObject({ code: 1, out: expect.stringMatching(/--federated/) });
    const found = await mesh(mini, 'lookup', 'q@x.com', '--federated');
    expect([found.code, found.out]).toEqual([0, expect.stringContaining(`titania (a1)  mac at ${mac.url}`)]);
    await mesh(mini, 'agents', 'create', 'oberon', '--id', 'a2');
    const refused = await mesh(mini, 'claim', 'oberon', 'q@x.com');
    expect([refused.code, refused.out, refused.err]).toEqual([1, '', expect.stringMatching(/^mesh: .*\[conflict/)]);
    expect((await mesh(mac, 'release', 'q@x.com')).code).toBe(0);
    expect((await mesh(mini, 'claim', 'oberon', 'q@x.com')).code).toBe(0);
    expect((await mesh(mac, 'agents', 'delete', 'titania')).out).toBe('titania (a1) is deleted.\n');
    expect((await mesh(mac, 'hosts', 'list')).code).toBe(0);
  });

  it('subscribe a receiver, test it, and show what became of each event', async () => {
    await using hosts = await startHosts('mac');
    const mac = hosts.host('mac');
    await claims(mac);
    const secretFile = join(hosts.directory, 'secret');
    await writeFile(secretFile, `${SECRET}\n`, { mode: 0o600 });
    await using receiver = await Receiver.listen(SECRET);
    const made = await mesh(mac, 'webhooks', 'create', receiver.url, '--secret-file', secretFile, '--json');
    const { id } = JSON.parse(made.out) as { id: string };
    expect((await mesh(mac, 'webhooks', 'test', id)).code).toBe(0);
    await mesh(mac, 'agents', 'create', 'titania', '--address', 't@x.com');
    await receiver.until((events) => events.some(({ body }) => body.event === 'agent.email.changed'));
    expect(receiver.refused).toEqual([]);
    // It is written down once the receiver's answer is there.
    await expect
      .poll(async () => (await mesh(mac, 'deliveries', 'list', id)).out, { timeout: LIVE_MS_MAX })
      .toMatch(/ agent\.email\.changed +titania on mac +delivered /);
    expect(await mesh(mac, 'webhooks', 'list')).toMatchObject({ code: 0, out: expect.stringContaining(receiver.url) });
  });
});

describe('what is printed', { timeout: LIVE_MS_MAX }, () => {
  it('has no colours in a pipe', async () => {
    await using hosts = await startHosts('mac');
    await claims(hosts.host('mac'));
    expect((await mesh(hosts.host('mac'), 'status')).out).not.toContain(ESCAPE);
  });

  it.runIf(HAS_TERMINALS).each([
    ['has colours in a terminal', {}, true],
    ['has none there with NO_COLOR', { NO_COLOR: '1' }, false],
  ] as const)('%s', async (_, more, hasColours) => {
    await using hosts = await startHosts('mac');
    await claims(hosts.host('mac'));
    const terminal = ['script', '-qefc', `'${process.execPath}' '${MAIN}' status`, '/dev/null'];
    const env = environment(hosts.host('mac'), { ...more, TERM: 'xterm-256color' });
    const { out } = await run(terminal, env);
    expect([out.includes(ESCAPE), out.includes('Ready: addresses can be claimed.')]).toEqual([hasColours, true]);
  });
});

describe('mesh completion', { timeout: LIVE_MS_MAX }, () => {
  it('is a script that bash takes, and completes commands and their flags', async () => {
    // Of bash-completion, which the script asks for the words, only what it says of them is needed here.
    const script = `mesh() { '${process.execPath}' '${MAIN}' "$@"; }
      _get_comp_words_by_ref() { words=(mesh deliveries r) cword=2 cur=r prev=deliveries; }
      source <(mesh completion bash) && complete -p mesh
      __mesh_complete && printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { out } = await run(['bash', '-c', script], environment(undefined));
    expect(out).toMatch(/^complete .*mesh$/m);
    expect(out.match(/^re\w+/gm)).toEqual(['retry', 'replay']);
  });

  it.each(['zsh', 'fish'])('is there for %s', async (shell) => {
    const { out, code } = await mesh(undefined, 'completion', shell);
    expect([code, out]).toEqual([0, expect.stringContaining('mesh')]);
  });
});
