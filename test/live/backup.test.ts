// A backup of a real host that is taken while it runs, and restored after the host has lost its disk.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { until } from '../../scripts/chaos/claimants.ts';
import { type HostProcess, MAIN, ProcessMesh } from '../../scripts/host-process.ts';
import { Receiver } from '../../scripts/receiver.ts';
import { Client } from '../support/live.ts';
import { GATEWAY_SECRET, subscribe, untilFollowed } from '../support/live-feeds.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const HEARD_MS_MAX = 120_000;
const SECRET = '0123456789abcdef0123456789abcdef';

async function mesh(...words: readonly string[]) {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [MAIN, ...words], { env: { PATH, HOME }, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { out, err, code };
}

async function createAgent(client: Client, host: HostProcess, id: string, ...addresses: readonly string[]) {
  const tools = { email: { addresses: addresses.map((address) => ({ address })) } };
  await until(async () => {
    const answer = await client.expect(host, 'POST', '/api/agents', { id, name: id, tools });
    return answer.status === 201;
  }, `${id} is created`);
}

const addressesOf = async (client: Client, host: HostProcess, id: string): Promise<readonly string[]> => {
  const { body } = await client.expect(host, 'GET', `/api/agents/${id}`);
  return body.agent.tools.email.addresses.map(({ address }: { address: string }) => address);
};

/** Which host has the address, by the copy of `host`, which asks nobody. */
async function ownerByCopy(client: Client, host: HostProcess, address: string): Promise<string | undefined> {
  const path = `/api/agents/email-index?federated=true&mode=index&address=${encodeURIComponent(address)}`;
  return (await client.expect(host, 'GET', path)).body.emails[address]?.hostId;
}

describe('a backup of a host', { timeout: LIVE_MS_MAX }, () => {
  it('brings back what the host still has, and nothing that it released since', async () => {
    await using hosts = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }, { id: 'mini' }], {
      environment: { MESH_SECRET: SECRET },
    });
    await using client = new Client();
    await hosts.start();
    const [mac, cloud, mini] = ['mac', 'cloud', 'mini'].map((id) => hosts.host(id)) as [
      HostProcess,
      HostProcess,
      HostProcess,
    ];
    await createAgent(client, mac, 'titania', 'stays@x.com', 'goes@x.com', 'free@x.com');
    await createAgent(client, cloud, 'oberon', 'oberon@x.com');
    await untilFollowed(client, [mac, mini]);
    await using gateway = await Receiver.listen(GATEWAY_SECRET);
    await subscribe(client, mini, gateway);
    const told = (agent: string) =>
      gateway.events.filter(({ body }) => body.agent.id === agent).map(({ body }) => body.event);
    /** The last word on each address of an agent that the gateway heard. */
    const addressChanges = (agent: string) => {
      const last: Record<string, string> = {};
      for (const { body } of gateway.events.filter((one) => one.body.agent.id === agent)) {
        for (const address of body.changes.removed ?? []) last[address] = 'removed';
        for (const address of body.changes.added ?? []) last[address] = 'added';
      }
      return last;
    };

    const file = join(hosts.directory, 'mac.backup');
    const taken = await mesh('backup', file, '--url', mac.url);
    expect([taken.err, taken.code]).toEqual(['', 0]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await mesh('backup', file, '--url', mac.url)).err).toMatch(/is there: name another file/);

    for (const address of ['goes@x.com', 'free@x.com'])
      await client.expect(mac, 'DELETE', `/api/agents/titania/email/addresses/${address}`);
    const claimed = await client.expect(cloud, 'POST', '/api/agents/oberon/email/addresses', { address: 'goes@x.com' });
    expect(claimed.status).toBe(201);
    await createAgent(client, mac, 'later', 'later@x.com');
    await until(async () => (await ownerByCopy(client, mini, 'later@x.com')) === 'mac', 'mini has heard of that');

    await mac.kill();
    expect((await mesh('restore', file, '--data', mac.dataDirectory)).err).toMatch(/is not empty/);
    await rm(mac.dataDirectory, { recursive: true });
    const restored = await mesh('restore', file, '--data', mac.dataDirectory);
    expect([restored.err, restored.code]).toEqual(['', 0]);
    expect(restored.out).toMatch(/what host 'mac' kept at .*: 1 agents, 3 addresses/);
    await mac.start();
    await mac.logged('restored.settled');

    expect(await addressesOf(client, mac, 'titania')).toEqual(['stays@x.com']);
    expect(await addressesOf(client, cloud, 'oberon')).toEqual(['oberon@x.com', 'goes@x.com']);
    const { body } = await client.expect(mac, 'GET', '/api/conflicts');
    expect(body.conflicts).toMatchObject([{ address: 'goes@x.com', claimedBy: { hostId: 'cloud' } }]);
    // It votes: the third is away, and two of three decide.
    await cloud.kill();
    await createAgent(client, mini, 'puck', 'free@x.com');
    // What was claimed since the backup was lost with the disk, and is its own still.
    await createAgent(client, mac, 'again', 'later@x.com');
    for (const [address, owner] of [
      ['stays@x.com', 'mac'],
      ['later@x.com', 'mac'],
      ['free@x.com', 'mini'],
    ] as const)
      await until(async () => (await ownerByCopy(client, mini, address)) === owner, `mini shows ${address}`);
    // Who follows it is told of each change, under an id that no other has.
    await gateway.until(() => told('later').includes('agent.deleted') && told('again').length >= 2, HEARD_MS_MAX);
    const ids = gateway.events.map(({ body }) => body.id);
    expect([new Set(ids).size, gateway.refused]).toEqual([ids.length, []]);
    expect(addressChanges('titania')).toEqual({ 'goes@x.com': 'removed', 'free@x.com': 'removed' });
  });

  it('of a lone host brings everything back', async () => {
    await using hosts = await ProcessMesh.create([{ id: 'mac' }]);
    await using client = new Client();
    const mac = hosts.host('mac');
    await mac.start();
    await createAgent(client, mac, 'titania', 't@x.com', 'u@x.com');
    const file = join(hosts.directory, 'mac.backup');
    expect((await mesh('backup', file, '--url', mac.url)).err).toBe('');
    await client.expect(mac, 'DELETE', '/api/agents/titania');
    await mac.kill();
    await rm(mac.dataDirectory, { recursive: true });
    expect((await mesh('restore', file, '--data', mac.dataDirectory)).err).toBe('');
    await mac.start();
    await mac.logged('restored.settled');
    expect(await addressesOf(client, mac, 'titania')).toEqual(['t@x.com', 'u@x.com']);
    await createAgent(client, mac, 'puck', 'puck@x.com');
    const refused = await client.expect(mac, 'POST', '/api/agents/puck/email/addresses', { address: 'u@x.com' });
    expect(refused.status).toBe(409);
  });
});
