// A host that claims in a mesh which can't take it in, since another new voter is not there yet, and that goes before it is a member.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { ProcessMesh } from '../../scripts/host-process.ts';
import { Client } from '../support/live.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const ADDRESS = 'new@x.com';

it('a host that the mesh never took in is evicted like any other, and its address is free', {
  timeout: 3 * LIVE_MS_MAX,
}, async () => {
  await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }, { id: 'mini' }, { id: 'lab' }]);
  await using client = new Client();
  const [mac, cloud, mini] = [mesh.host('mac'), mesh.host('cloud'), mesh.host('mini')];
  const path = join(mesh.directory, 'hosts.json');
  const { hosts: entries } = JSON.parse(readFileSync(path, 'utf8')) as { hosts: { id: string }[] };
  const list = (...ids: readonly string[]) =>
    writeFileSync(path, JSON.stringify({ hosts: entries.filter(({ id }) => ids.includes(id)) }));
  const answered = (status: number, ask: () => ReturnType<Client['expect']>) =>
    vi.waitFor(async () => expect(await ask()).toMatchObject({ status }), LIVE_MS_MAX);
  const create = (host: typeof mac, id: string) => () =>
    client.expect(host, 'POST', '/api/agents', {
      id,
      name: id,
      tools: { email: { addresses: [{ address: ADDRESS }] } },
    });

  list('mac', 'cloud');
  await Promise.all([mac.start(), cloud.start()]);
  await vi.waitFor(
    async () => expect(await client.expect(mac, 'GET', '/ready')).toMatchObject({ status: 200 }),
    LIVE_MS_MAX,
  );
  list('mac', 'cloud', 'mini', 'lab');
  await mini.start();
  await answered(201, create(mini, 'new'));
  const { body } = await client.expect(mac, 'GET', '/api/hosts');
  expect(body.mesh.voters).toEqual(['cloud', 'mac']);

  await mini.stop();
  list('mac', 'cloud');
  await answered(409, create(mac, 'other'));
  const evict = () => client.expect(mac, 'POST', '/api/hosts/evict', { host: 'mini' });
  await answered(200, evict);
  expect(await evict()).toMatchObject({ status: 200, body: { evicted: 'mini' } });
  await answered(201, create(mac, 'other'));
});
