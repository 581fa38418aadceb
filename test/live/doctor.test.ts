// Bad days, tried for real: something is broken, `mesh doctor` finds it and names the mend, the mend is typed as it stands, and all is well.
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { at, badDay, checks, found, type Machine, started, well } from '../support/bad-day.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const JSON_BODY = { 'content-type': 'application/json' };
const MAY_MOUNT = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

/** Agents of some size, until the node can keep no more and ends. What it keeps first lies in a log that has its place already. */
async function createUntilItEnds({ url }: Machine): Promise<void> {
  const metadata = { note: 'x'.repeat(3_000) };
  const create = async (name: string) => {
    const body = JSON.stringify({ name, metadata });
    await (await fetch(`${url}/api/agents`, { method: 'POST', headers: JSON_BODY, body })).text();
  };
  const isThere = async () => (await fetch(`${url}/health`).catch(() => undefined)) !== undefined;
  for (let at = 0; await isThere(); at += 50)
    await Promise.allSettled(Array.from({ length: 50 }, (_, next) => create(`agent-${at + next}`)));
}

describe('mesh doctor', { timeout: 4 * LIVE_MS_MAX }, () => {
  it('finds nothing on a good day', async () => {
    const day = await started(await badDay('mac', 'mini'));
    await well(at(day, 0));
  });

  it('finds a closed port, and the quorum that is lost with it', async () => {
    const day = await badDay('mac', 'mini');
    await at(day, 0).start();
    const diagnosis = await at(day, 0).doctor();
    expect([diagnosis.code, checks(diagnosis)]).toEqual([1, ['reach mini', 'voters']]);
    expect(found(diagnosis, 'reach').what).toBe(
      `Host 'mini' does not listen at ${at(day, 1).url}: the port is closed.`,
    );
    await at(day, 1).follow(found(diagnosis, 'voters'));
    await well(at(day, 0));
  });

  it('works where no node runs', async () => {
    const day = await badDay('mac');
    const diagnosis = await at(day, 0).doctor();
    expect(checks(diagnosis)).toEqual(['reach mac']);
    await at(day, 0).follow(found(diagnosis, 'reach'));
    await well(at(day, 0));
  });

  it('finds the wrong key of a host', async () => {
    const day = await started(await badDay('mac', 'mini'));
    const wrong = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
    writeFileSync(
      at(day, 0).hostsFile,
      readFileSync(at(day, 0).hostsFile, 'utf8').replace('"id": "mini",', `"id": "mini", "publicKey": "${wrong}",`),
    );
    const diagnosis = await at(day, 0).doctor();
    expect(found(diagnosis, 'identities')).toMatchObject({ host: 'mini', what: expect.stringContaining(wrong) });
    await at(day, 0).follow(found(diagnosis, 'identities'));
    await well(at(day, 0));
  });

  it('finds another secret', async () => {
    const day = await badDay('mac', 'mini');
    await at(day, 0).start();
    await at(day, 1).start({ MESH_SECRET: 'another-secret-0123456789' });
    const diagnosis = await at(day, 0).doctor();
    expect(checks(diagnosis)).toContain('secrets mini');
    const { mend } = found(diagnosis, 'secrets');
    // The secret is typed in; here it stands in the environment already.
    await at(day, 1).follow({ ...found(diagnosis, 'secrets'), mend: mend.replace('read -rs MESH_SECRET; ', '') });
    await well(at(day, 0));
  });

  it('finds a key of a client that is wrong, and one that was revoked', async () => {
    const day = await badDay('mac');
    const token = 'the-token-of-this-node';
    await at(day, 0).start({ MESH_TOKEN: token });
    const asked = { headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } };
    const made = await fetch(`${at(day, 0).url}/api/keys`, {
      ...asked,
      method: 'POST',
      body: JSON.stringify({ name: 'doctor', scopes: ['admin'] }),
    });
    const { key, secret } = (await made.json()) as { key: { id: string }; secret: string };
    await well(at(day, 0), { MESH_TOKEN: secret });
    await fetch(`${at(day, 0).url}/api/keys/${key.id}`, { ...asked, method: 'DELETE' });
    const revoked = await at(day, 0).doctor({ MESH_TOKEN: secret });
    expect(found(revoked, 'own-node').what).toContain('it was revoked');
    const wrong = await at(day, 0).doctor({ MESH_TOKEN: 'not-the-token-of-this-node' });
    expect(checks(wrong)).toEqual(['own-node']);
    writeFileSync(join(at(day, 0).directory, 'mesh-token'), token);
    const typed = execFileSync('bash', ['-c', `${found(wrong, 'own-node').mend}; echo "$MESH_TOKEN"`], {
      cwd: at(day, 0).directory,
      encoding: 'utf8',
    });
    await well(at(day, 0), { MESH_TOKEN: typed.trim() });
  });

  it.each([
    ['is empty', ''],
    ['is half-written', '{ "hosts": [ { "id": "ma'],
    [
      'has two hosts of one id',
      '{"hosts":[{"id":"mac","url":"http://127.0.0.1:1"},{"id":"mac","url":"http://127.0.0.1:2"}]}',
    ],
  ])('finds a hosts.json that %s', async (_, text) => {
    const day = await started(await badDay('mac', 'mini'));
    await well(at(day, 0));
    writeFileSync(at(day, 0).hostsFile, text);
    const diagnosis = await at(day, 0).doctor();
    expect(checks(diagnosis)).toEqual(['hosts-file']);
    await at(day, 0).follow(found(diagnosis, 'hosts-file'));
    await well(at(day, 0));
  });

  it('finds two nodes that go by one id', async () => {
    const day = await badDay('mac', 'mini');
    await at(day, 0).start();
    // The second machine has the first one's name, at its own place.
    const hosts = [{ id: 'mac', url: at(day, 1).url }];
    writeFileSync(join(at(day, 1).directory, 'wrong.json'), JSON.stringify({ hosts }));
    await at(day, 1).start({ MESH_HOST: 'mac', MESH_HOSTS: join(at(day, 1).directory, 'wrong.json') });
    const diagnosis = await at(day, 0).doctor();
    expect(found(diagnosis, 'identities')).toMatchObject({ host: 'mini', what: expect.stringContaining("'mac'") });
    await at(day, 1).stop();
    // Its data are of another host's, as the command of the right one says.
    at(day, 1).environment = { ...at(day, 1).environment, MESH_DATA: join(at(day, 1).directory, 'data-of-mini') };
    await at(day, 1).follow(found(diagnosis, 'identities'));
    await well(at(day, 0));
  });

  it('finds a data directory that others may write', async () => {
    const day = await badDay('mac');
    await at(day, 0).start();
    await at(day, 0).stop();
    execFileSync('chmod', ['0777', at(day, 0).data]);
    const diagnosis = await at(day, 0).doctor();
    expect(checks(diagnosis)).toEqual(['data-directory', 'reach mac']);
    await at(day, 0).follow(found(diagnosis, 'data-directory'));
    await at(day, 0).follow(found(diagnosis, 'reach'));
    await well(at(day, 0));
  });

  it('finds a full disk, and one that is read-only', async ({ skip }) => {
    if (!MAY_MOUNT) skip('This user may not mount a file system of its own.');
    const day = await badDay('mac');
    const { data } = at(day, 0);
    mkdirSync(data, { mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256m,mode=0700', 'none', data]);
    onTestFinished(() => void spawnSync('umount', ['-l', data]));
    await at(day, 0).start();
    await well(at(day, 0));
    const filler = join(data, 'filler');
    // Whatever is left of the disk.
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1M']);
    await createUntilItEnds(at(day, 0));
    const full = await at(day, 0).doctor();
    expect(checks(full)).toEqual(['disk-space', 'reach mac']);
    const listed = execFileSync('bash', ['-c', found(full, 'disk-space').mend], { encoding: 'utf8' });
    const files = listed.split('\n').flatMap((line) => /^\d+\t(\/.*\/filler)$/.exec(line)?.[1] ?? []);
    expect(files).toEqual([filler]);
    execFileSync('rm', files);
    await at(day, 0).follow(found(full, 'reach'));
    await well(at(day, 0));
    await at(day, 0).stop();
    execFileSync('mount', ['-o', 'remount,ro', data]);
    const readOnly = await at(day, 0).doctor();
    expect(found(readOnly, 'data-directory').what).toMatch(/is mounted read-only/);
    await at(day, 0).follow(found(readOnly, 'data-directory'));
    await at(day, 0).start();
    await well(at(day, 0));
    await at(day, 0).stop();
  });

  it('finds a proxy that sends another Host', async () => {
    const day = await badDay('mac');
    const { port } = new URL(at(day, 0).url);
    const node = Number(port);
    const proxy = createServer((incoming, outgoing) => {
      const headers = { ...incoming.headers, host: 'backend', 'x-forwarded-for': '127.0.0.1' };
      const passed = { port: node, path: incoming.url, method: incoming.method, headers };
      void import('node:http').then(({ request }) =>
        request(passed, (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        })
          .on('error', () => outgoing.destroy())
          .end(),
      );
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    onTestFinished(() => void proxy.closeAllConnections());
    onTestFinished(() => void proxy.close());
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    day.list({ mac: { url } });
    at(day, 0).environment = { ...at(day, 0).environment, MESH_LISTEN: `127.0.0.1:${node}` };
    await at(day, 0).start();
    const diagnosis = await at(day, 0).doctor();
    expect(found(diagnosis, 'proxy')).toMatchObject({ host: 'mac', what: expect.stringContaining("'backend'") });
    await at(day, 0).follow(found(diagnosis, 'proxy'));
    const after = await at(day, 0).doctor({ MESH_ALIASES: 'backend' });
    expect(checks(after)).not.toContain('proxy mac');
  });
});
