// Two nodes that each began alone, and are then made one mesh: what both gave out has one owner, on both, and nothing is forgotten.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { Client } from '../support/live.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

it('two meshes become one by an operator’s word, and what both gave out stays with one of them', {
  timeout: LIVE_MS_MAX,
}, async () => {
  await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }]);
  await using client = new Client();
  const [mac, cloud] = [mesh.host('mac'), mesh.host('cloud')];
  const list = (...hosts: readonly HostProcess[]) =>
    writeFile(join(mesh.directory, 'hosts.json'), JSON.stringify({ hosts: hosts.map(({ id, url }) => ({ id, url })) }));
  const register = (host: HostProcess, name: string, ...addresses: readonly string[]) =>
    client.decide(host, 'POST', '/api/agents', {
      name,
      tools: { email: { addresses: addresses.map((address) => ({ address })) } },
    });
  /** Each began by itself. */
  for (const host of [mac, cloud]) {
    await list(host);
    await host.start();
    expect((await register(host, `of-${host.id}`, 'both@x.com', `${host.id}@x.com`)).status).toBe(201);
    await host.stop();
  }
  await list(mac, cloud);
  await Promise.all([mac.start(), cloud.start()]);

  const until = async (path: string, host: HostProcess, isSo: (body: never) => boolean) => {
    for (;;) {
      const { body } = await client.expect(host, 'GET', path);
      if (isSo(body as never)) return body;
    }
  };
  const { mesh: apart } = await until('/api/hosts', cloud, ({ mesh: { notes } }: { mesh: { notes: string[] } }) =>
    notes.some((note) => note.includes('another mesh')),
  );
  expect(apart.notes.join()).toContain('mesh join mac --accept-loss');
  expect((await register(cloud, 'moth', 'moth@x.com')).status).toBe(201);

  expect((await client.decide(cloud, 'POST', '/api/hosts/join', { host: 'mac', acceptLoss: true })).status).toBe(200);
  const found = await until('/api/conflicts', cloud, ({ conflicts }: { conflicts: unknown[] }) => conflicts.length > 0);
  expect(found.conflicts).toMatchObject([
    { address: 'both@x.com', agentName: 'of-cloud', claimedBy: { agentName: 'of-mac', hostId: 'mac' } },
  ]);
  for (const host of [mac, cloud]) {
    const { body } = await client.lookUp(host);
    expect(
      Object.entries(body.emails as Record<string, { hostId: string }>)
        .map(([address, { hostId }]) => `${address} at ${hostId}`)
        .sort(),
    ).toEqual(['both@x.com at mac', 'cloud@x.com at cloud', 'mac@x.com at mac', 'moth@x.com at cloud']);
  }
  await until('/api/hosts', mac, ({ mesh: { voters } }: { mesh: { voters: string[] } }) => voters.length === 2);
  expect((await register(mac, 'peas', 'cloud@x.com')).status).toBe(409);

  const path = '/api/conflicts/both@x.com';
  expect((await client.decide(cloud, 'POST', path, { keep: 'mine' })).status).toBe(409);
  const [owner] = (await client.expect(mac, 'GET', '/api/agents')).body.agents;
  await client.expect(mac, 'DELETE', `/api/agents/${owner?.id}/email/addresses/both@x.com`);
  expect((await client.decide(cloud, 'POST', path, { keep: 'mine' })).status).toBe(200);
  const after = await client.lookUp(mac, '&address=both@x.com');
  expect(after.body.emails['both@x.com']).toMatchObject({ agentName: 'of-cloud', hostId: 'cloud' });
});
