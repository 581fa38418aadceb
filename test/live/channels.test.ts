// Hosts with channels and without, in one mesh: an earlier version has none, and neither has a host that leaves them off.
import { expect, it } from 'vitest';
import { type HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { Client } from '../support/live.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const OFF = { MESH_PEER_CHANNEL: 'off' };

const openedTo = (id: string) => `"hostId":"${id}","event":"channel.opened"`;

/** Resolves when a host has opened channels to these others since it started. */
function opened(host: HostProcess, ...others: readonly HostProcess[]): Promise<unknown> {
  return Promise.all(others.map(({ id }) => host.logged(openedTo(id))));
}

/** Each host's agent claims an address, everybody is told who has it, and nobody else gets it. */
async function expectOneMesh(mesh: ProcessMesh, client: Client, round: string): Promise<void> {
  for (const host of mesh.hosts) {
    const name = `${host.id}-${round}`;
    const address = `${name}@x.com`;
    const agent = { name, tools: { email: { addresses: [{ address }] } } };
    expect([round, host.id, (await client.decide(host, 'POST', '/api/agents', agent)).status]).toEqual([
      round,
      host.id,
      201,
    ]);
    for (const other of mesh.hosts) {
      const found = await client.lookUp(other, `&address=${address}`);
      expect(found.body.emails[address]).toMatchObject({ agentName: name });
      if (other === host) continue;
      const rival = { name: `${name}-of-${other.id}`, tools: agent.tools };
      expect((await client.decide(other, 'POST', '/api/agents', rival)).status).toBe(409);
    }
  }
}

it(
  'one host without channels among two with them: everything works, and they open one once all have them',
  async () => {
    await using mesh = await ProcessMesh.create(['mac', 'cloud', 'old'].map((id) => ({ id })));
    await using client = new Client();
    const [mac, cloud, old] = mesh.hosts as [HostProcess, HostProcess, HostProcess];
    old.environment = OFF;
    await mesh.start();
    await Promise.all([opened(mac, cloud), opened(cloud, mac)]);
    await expectOneMesh(mesh, client, 'mixed');
    expect(old.log).not.toContain('channel.opened');
    for (const { log } of [mac, cloud]) expect(log).not.toContain(openedTo('old'));

    await old.stop();
    old.environment = {};
    await old.start();
    await opened(old, mac, cloud);
    await expectOneMesh(mesh, client, 'updated');

    // A host that is killed says nothing; the others go on by requests, and by a channel when it is back.
    await cloud.kill();
    await cloud.start();
    await opened(cloud, mac, old);
    await expectOneMesh(mesh, client, 'killed');
  },
  LIVE_MS_MAX,
);
