// A machine that is let in, or not: a whole node on loopback, and directories that become hosts.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fingerprintOf } from '../../../mesh/admission/fingerprint.ts';
import { drawToken } from '../../../mesh/admission/invitation-token.ts';
import type { HostId } from '../../../mesh/names.ts';
import { readEnvironmentFile } from '../../../node/setup/environment-file.ts';
import { beginMesh } from '../../../node/setup/first-host.ts';
import { joinMesh } from '../../../node/setup/next-host.ts';
import { serveApp } from '../../support/loopback.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { ScriptedEngine } from '../../support/scripted-engine.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { silentServer } from '../../support/silent-server.ts';
import { testKeys } from '../../support/test-keys.ts';
import { SELF_URL, type TestNodeOptions, testNode } from '../../support/test-node.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SECRET = 'the-secret-of-this-mesh';
const FINGERPRINT = fingerprintOf(testKeys('mac').mac.signer.publicKey);

function directory(): string {
  const made = mkdtempSync(join(tmpdir(), 'mesh-setup-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return join(made, 'data');
}

/** A node that lets others in, and whoever asks it at its own URL reaches it. */
async function inviting(options: TestNodeOptions = {}) {
  const host = await testNode({ meshSecret: SECRET, ...options });
  const server = await serveApp({ fetch: (request) => host.node.fetch(request) });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const hosts = JSON.stringify({ hosts: [{ id: 'mac', url: server.url }] });
  host.edit(hosts);
  const invite = async () => {
    const { body } = await host.ask('POST', '/api/hosts/invitations', {});
    return { ...(body as { url: string; fingerprint: string; token: string }), at: server.url };
  };
  return { host, server, invite };
}

const placeIn = (at: string) => ({ directory: at, id: 'mini' as HostId, url: 'http://127.0.0.1:23001' });

describe('a machine that joins a mesh', () => {
  it('gives up a host that says nothing after ten seconds', async () => {
    await using server = await silentServer();
    const clock = new VirtualClock();
    const ports = { clock, random: seededRandom(9), log: new RecordingLog() };
    const invitation = { at: server.url, fingerprint: FINGERPRINT, token: drawToken(seededRandom(3)) };
    const joining = joinMesh(placeIn(directory()), invitation, ports);
    await expect(server.outcomeAfter(joining, clock, 10_000)).rejects.toThrow(
      `Nothing answers at ${server.url} (no answer within 10 s).`,
    );
  });

  it('has hosts.json, its key and the secret afterwards, for its owner’s eyes', async () => {
    const { host, invite } = await inviting();
    const data = directory();
    const ports = { clock: host.clock, random: seededRandom(9), log: new RecordingLog() };
    expect(await joinMesh(placeIn(data), await invite(), ports)).toEqual({ hosts: ['mac', 'mini'], hasEngine: false });
    const variables = readEnvironmentFile(data);
    expect(variables).toMatchObject({ MESH_SECRET: SECRET, MESH_HOST: 'mini', MESH_HOSTS: join(data, 'hosts.json') });
    expect(variables.MESH_TOKEN).toMatch(/^[\w-]{43}$/);
    for (const name of ['mesh.env', 'hosts.json', 'host-key.pem'])
      expect(statSync(join(data, name)).mode & 0o777).toBe(0o600);
    await expect(joinMesh(placeIn(data), await invite(), ports)).rejects.toThrow(/nothing is overwritten/);
  });

  it('sends nothing but its id to a host with another fingerprint', async () => {
    const { host, server, invite } = await inviting();
    const data = directory();
    const ports = { clock: host.clock, random: seededRandom(9), log: new RecordingLog() };
    const wrong = { ...(await invite()), fingerprint: fingerprintOf(testKeys('eve').eve.signer.publicKey) };
    await expect(joinMesh(placeIn(data), wrong, ports)).rejects.toThrow(/Nothing was sent to it/);
    expect(server.accepted).toBe(1);
    expect(existsSync(data)).toBe(false);
  });

  it('is the same host when it is killed before it wrote its files, and asks again', async () => {
    const { host, invite } = await inviting();
    const data = directory();
    const ports = { clock: host.clock, random: seededRandom(9), log: new RecordingLog() };
    const invited = await invite();
    await joinMesh(placeIn(data), invited, ports);
    // What a kill leaves behind that comes after the answer and before the files.
    for (const name of ['hosts.json', 'mesh.env']) rmSync(join(data, name));
    expect(await joinMesh(placeIn(data), invited, ports)).toEqual({ hosts: ['mac', 'mini'], hasEngine: false });
    // And one that comes between the two files.
    const { MESH_TOKEN } = readEnvironmentFile(data);
    rmSync(join(data, 'hosts.json'));
    await joinMesh(placeIn(data), invited, ports);
    expect(readEnvironmentFile(data).MESH_TOKEN).toBe(MESH_TOKEN);
  });

  it('says what to do when nobody answers, or what answers is no node', async () => {
    const ports = { clock: (await testNode()).clock, random: seededRandom(9), log: new RecordingLog() };
    const other = await serveApp({ fetch: () => new Response('<html>') });
    const { token } = await (await inviting()).invite();
    await expect(
      joinMesh(placeIn(directory()), { at: other.url, fingerprint: FINGERPRINT, token }, ports),
    ).rejects.toThrow(/is no node of a mesh/);
    await other[Symbol.asyncDispose]();
    await expect(
      joinMesh(placeIn(directory()), { at: other.url, fingerprint: FINGERPRINT, token }, ports),
    ).rejects.toThrow(/does the firewall/);
    await expect(
      joinMesh(placeIn(directory()), { at: other.url, fingerprint: FINGERPRINT, token: 'no' }, ports),
    ).rejects.toThrow(/begins with amj_/);
  });

  it.each(['etcd://10.0.0.2:2379', "postgres://mesh:p%23'ss#1@10.0.0.2/mesh"])(
    'goes by the engine that keeps the claims there: %s',
    async (claims) => {
      const { host, invite } = await inviting({ engine: new ScriptedEngine(), claims });
      const ports = { clock: host.clock, random: seededRandom(9), log: new RecordingLog() };
      const data = directory();
      expect(await joinMesh(placeIn(data), await invite(), ports)).toMatchObject({ hasEngine: true });
      expect(readEnvironmentFile(data).MESH_CLAIMS).toBe(claims.replace("'", '%27'));
    },
  );

  it('has no engine where the hosts keep the claims themselves', async () => {
    const { host, invite } = await inviting({ claims: 'quorum' });
    const ports = { clock: host.clock, random: seededRandom(9), log: new RecordingLog() };
    const data = directory();
    expect(await joinMesh(placeIn(data), await invite(), ports)).toMatchObject({ hasEngine: false });
    expect(readEnvironmentFile(data)).not.toHaveProperty('MESH_CLAIMS');
  });

  it('does not vote when its operator says so', async () => {
    const { host, invite } = await inviting();
    const ports = { clock: host.clock, random: seededRandom(9), log: new RecordingLog() };
    const data = directory();
    await joinMesh({ ...placeIn(data), voter: false, name: 'A laptop' }, await invite(), ports);
    expect(JSON.parse(readFileSync(join(data, 'hosts.json'), 'utf8')).hosts[1]).toEqual({
      ...{ id: 'mini', url: 'http://127.0.0.1:23001', name: 'A laptop', voter: false },
    });
  });
});

describe('a machine on which a mesh begins', () => {
  const ports = () => ({
    clock: { wallMs: () => Date.UTC(2026, 0, 1) } as never,
    random: seededRandom(5),
    log: new RecordingLog(),
  });
  const first = (at: string) => ({ directory: at, id: 'mac' as HostId, url: SELF_URL });

  it('prints a line that holds no lasting secret', async () => {
    const data = directory();
    const line = await beginMesh(first(data), ports());
    expect(line).toMatch(
      /^npx mesh join-mesh http:\/\/127\.0\.0\.1:23000 --fingerprint (?:[a-z2-7]{4}-){7}[a-z2-7]{4} --token amj_[\w-]{43}$/,
    );
    const { MESH_SECRET = '', MESH_TOKEN = '' } = readEnvironmentFile(data);
    for (const secret of [MESH_SECRET, MESH_TOKEN]) {
      expect(secret).toMatch(/^[\w-]{43}$/);
      expect(line).not.toContain(secret);
    }
  });

  it('overwrites nothing, neither its own files nor those of somebody who came before', async () => {
    const data = directory();
    await beginMesh(first(data), ports());
    const before = readdirSync(data).map((name) => [name, statSync(join(data, name)).mtimeMs]);
    await expect(beginMesh(first(data), ports())).rejects.toThrow(/nothing is overwritten/);
    expect(readdirSync(data).map((name) => [name, statSync(join(data, name)).mtimeMs])).toEqual(before);
  });

  it('is named in a sentence so that a shell takes it for one word', async () => {
    const data = join(directory(), 'of my host');
    await beginMesh(first(data), ports());
    await expect(beginMesh(first(data), ports())).rejects.toThrow(`npx mesh start --data '${data}'.`);
  });

  it('goes on with the secrets that it had drawn when it is killed before hosts.json was there', async () => {
    const data = directory();
    await beginMesh(first(data), ports());
    const { MESH_SECRET } = readEnvironmentFile(data);
    rmSync(join(data, 'hosts.json'));
    await beginMesh(first(data), { ...ports(), random: seededRandom(6) });
    expect(readEnvironmentFile(data).MESH_SECRET).toBe(MESH_SECRET);
  });

  it('is left alone when mesh.env there names another hosts file', async () => {
    const data = directory();
    await beginMesh(first(data), ports());
    rmSync(join(data, 'hosts.json'));
    writeFileSync(join(data, 'mesh.env'), 'MESH_HOSTS=/etc/mesh/hosts.json\n', { mode: 0o600 });
    await expect(beginMesh(first(data), ports())).rejects.toThrow(/names the hosts file \/etc\/mesh\/hosts\.json/);
  });
});
