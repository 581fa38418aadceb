// What a host hears of others that are not simply there: that join and leave, that were set back to older data, that are stopped for a while,
// and that only serve the look-up.
import { readFileSync, writeFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { until } from '../../scripts/chaos/claimants.ts';
import { freePorts, HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { Receiver } from '../../scripts/receiver.ts';
import { LegacyHost } from '../support/legacy-host.ts';
import { type AnswerBody, Client } from '../support/live.ts';
import { feedOf, GATEWAY_SECRET, subscribe, untilFollowed } from '../support/live-feeds.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const HEARD_MS_MAX = 120_000;

/** What a gateway was told of one agent: events and their `sequence`, in order. */
const toldOf = ({ events }: Receiver, agent: string) =>
  events.filter(({ body }) => body.agent.id === agent).map(({ body }) => `${body.event} ${body.sequence}`);

async function createAgent(client: Client, host: HostProcess, id: string, ...addresses: readonly string[]) {
  const tools = { email: { addresses: addresses.map((address) => ({ address })) } };
  // Whoever has just joined can't claim yet.
  await until(async () => {
    const answer = await client.expect(host, 'POST', '/api/agents', { id, name: id, tools });
    return answer.status === 201;
  }, `${id} is created`);
}

/** Which host has the address, by the copy of `host`, which asks nobody. */
async function ownerByCopy(client: Client, host: HostProcess, address: string): Promise<string | undefined> {
  const path = `/api/agents/email-index?federated=true&mode=index&address=${encodeURIComponent(address)}`;
  return (await client.expect(host, 'GET', path)).body.emails[address]?.hostId;
}

it('a host is told of from the moment it joins, with what it brings along, and as deleted once it is removed', {
  timeout: 2 * LIVE_MS_MAX,
}, async () => {
  await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }, { id: 'mini' }]);
  await using client = new Client();
  await using gateway = await Receiver.listen(GATEWAY_SECRET);
  const [mac, cloud, mini] = [mesh.host('mac'), mesh.host('cloud'), mesh.host('mini')];
  const path = join(mesh.directory, 'hosts.json');
  const { hosts: entries } = JSON.parse(readFileSync(path, 'utf8')) as { hosts: { id: string }[] };
  const list = (...ids: readonly string[]) =>
    writeFileSync(path, JSON.stringify({ hosts: entries.filter(({ id }) => ids.includes(id)) }));
  list('mini');
  await mini.start();
  await createAgent(client, mini, 'old');
  await mini.stop();

  list('mac', 'cloud');
  await Promise.all([mac.start(), cloud.start()]);
  await createAgent(client, cloud, 'puck', 'puck@x.com');
  await until(async () => (await ownerByCopy(client, mac, 'puck@x.com')) === 'cloud', 'mac has heard of puck');
  await subscribe(client, mac, gateway);
  list('mac', 'cloud', 'mini');
  await mini.start();
  // What comes from now on is heard entry by entry; what was there before may be told as it is by then.
  await gateway.until(() => toldOf(gateway, 'old').length >= 1, HEARD_MS_MAX);
  await createAgent(client, mini, 'new', 'new@x.com');
  await client.expect(mini, 'PATCH', '/api/agents/old', { label: 'Older' });
  await gateway.until(() => toldOf(gateway, 'new').length >= 2 && toldOf(gateway, 'old').length >= 2, HEARD_MS_MAX);
  expect(toldOf(gateway, 'old')).toEqual(['agent.created 1', 'agent.updated 2']);
  expect(toldOf(gateway, 'new')).toEqual(['agent.created 1', 'agent.email.changed 2']);

  await mini.stop();
  list('mac', 'cloud');
  let refusal = '';
  await until(async () => {
    const { status, body } = await client.expect(mac, 'POST', '/api/hosts/evict', { host: 'mini' });
    refusal = JSON.stringify(body);
    return status === 200;
  }, 'mini is evicted').catch((error: Error) => Promise.reject(new Error(`${error.message} It answers ${refusal}`)));
  await gateway.until(
    () => ['old', 'new'].every((id) => toldOf(gateway, id).at(-1)?.startsWith('agent.deleted')),
    HEARD_MS_MAX,
  );
  expect(toldOf(gateway, 'new').at(-2)).toMatch(/^agent\.email\.changed/);
  expect(
    gateway.events.find(({ body }) => body.event === 'agent.email.changed' && body.changes.removed.length > 0)?.body,
  ).toMatchObject({
    agent: { id: 'new', hostId: 'mini' },
    changes: { removed: ['new@x.com'], current: [] },
  });
  expect(await ownerByCopy(client, mac, 'new@x.com')).toBeUndefined();
  // Of who is still there nothing was told.
  expect([toldOf(gateway, 'puck'), gateway.refused]).toEqual([[], []]);
});

it('a host that was set back to older data while it was down is refused, and then heard as it is', {
  timeout: 2 * LIVE_MS_MAX,
}, async () => {
  await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }, { id: 'mini' }]);
  await using client = new Client();
  await using gateway = await Receiver.listen(GATEWAY_SECRET);
  const [mac, cloud] = [mesh.host('mac'), mesh.host('cloud')];
  await mesh.start();
  await createAgent(client, mac, 'stays', 'stays@x.com');
  await createAgent(client, mac, 'goes', 'goes@x.com');
  await mac.stop();
  const backup = join(mesh.directory, 'backup');
  await cp(mac.dataDirectory, backup, { recursive: true });
  // Started twice since, so that the voters know of a later start than the next one on the backup.
  await mac.start();
  await mac.stop();
  await mac.start();
  await untilFollowed(client, [mac, cloud]);
  await subscribe(client, cloud, gateway);
  await client.expect(mac, 'DELETE', '/api/agents/goes');
  await createAgent(client, mac, 'comes', 'comes@x.com');
  await client.expect(mac, 'PATCH', '/api/agents/stays', { name: 'stays-on' });
  // Order is promised for each agent alone.
  const told = (name: string) => toldOf(gateway, name).length;
  await gateway.until(() => told('goes') >= 2 && told('comes') >= 2 && told('stays') >= 1, HEARD_MS_MAX);
  expect([told('goes'), told('comes')]).toEqual([2, 2]);

  await mac.kill();
  await rm(mac.dataDirectory, { recursive: true });
  await cp(backup, mac.dataDirectory, { recursive: true });
  await mac.start();
  // Shown only until mac has begun another log, which may be sooner than anybody asks.
  await until(async () => cloud.log.includes('feed.refused'), 'cloud refuses the feed of mac');
  expect(cloud.log).toMatch(/copied or set back.*feed\.refused/);
  // The voters know of it too: it forgets its votes, and asks about its addresses again.
  await until(async () => mac.log.includes('mesh.rejoining'), 'mac begins anew');
  await gateway.until(
    () =>
      toldOf(gateway, 'comes').some((told) => told.startsWith('agent.deleted')) &&
      toldOf(gateway, 'goes').filter((told) => told.startsWith('agent.created')).length === 1 &&
      toldOf(gateway, 'stays').length >= 2,
    HEARD_MS_MAX,
  );
  expect([mac.log, cloud.log].map((log) => [log.includes('feed.log_renewed'), log.includes('feed.refused')])).toEqual([
    [true, false],
    [false, true],
  ]);
  // What it does from now on is heard, under other ids than before.
  await createAgent(client, mac, 'next', 'next@x.com');
  await gateway.until(() => toldOf(gateway, 'next').length >= 2, HEARD_MS_MAX);
  const ids = gateway.events.map(({ body }) => body.id);
  expect(new Set(ids).size).toBe(ids.length);
  const own = (await client.expect(mac, 'GET', '/api/agents/email-index')).body as unknown as AnswerBody['emails'];
  for (const address of ['stays@x.com', 'goes@x.com', 'comes@x.com', 'next@x.com'])
    expect([address, await ownerByCopy(client, cloud, address)]).toEqual([address, own[address]?.hostId]);
  expect([Object.keys(own).sort(), gateway.refused]).toEqual([['goes@x.com', 'next@x.com', 'stays@x.com'], []]);
});

it('a host that lost its data is told of as deleted, and heard again from its beginning', {
  timeout: 2 * LIVE_MS_MAX,
}, async () => {
  const environment = { MESH_SECRET: 'a-secret-that-all-three-hosts-share' };
  await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }, { id: 'mini' }], { environment });
  await using client = new Client();
  await using gateway = await Receiver.listen(GATEWAY_SECRET);
  const [mac, cloud] = [mesh.host('mac'), mesh.host('cloud')];
  await mesh.start();
  await untilFollowed(client, [mac, cloud]);
  await subscribe(client, cloud, gateway);
  await createAgent(client, mac, 'lost', 'lost@x.com');
  await gateway.until(() => toldOf(gateway, 'lost').length >= 2, HEARD_MS_MAX);
  await mac.kill();
  await rm(mac.dataDirectory, { recursive: true });
  await mac.start();
  await createAgent(client, mac, 'found');
  await gateway.until(() => toldOf(gateway, 'lost').length >= 4 && toldOf(gateway, 'found').length >= 1, HEARD_MS_MAX);
  expect(toldOf(gateway, 'lost').map((told) => told.split(' ')[0])).toEqual([
    ...['agent.created', 'agent.email.changed'],
    ...['agent.email.changed', 'agent.deleted'],
  ]);
  expect(toldOf(gateway, 'found')).toEqual(['agent.created 1']);
  expect([await ownerByCopy(client, cloud, 'lost@x.com'), gateway.refused]).toEqual([undefined, []]);
});

it('of a host whose data is used twice, whoever follows is told which one it follows, and ends with the copy of that', {
  timeout: 2 * LIVE_MS_MAX,
}, async () => {
  await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }, { id: 'mini' }]);
  await using client = new Client();
  await using gateway = await Receiver.listen(GATEWAY_SECRET);
  const [mac, cloud] = [mesh.host('mac'), mesh.host('cloud')];
  await mesh.start();
  await untilFollowed(client, [mac, cloud]);
  await subscribe(client, cloud, gateway);
  await mac.stop();
  // Moved to another machine by a copy, and started again where it was.
  const elsewhere = join(mesh.directory, 'elsewhere');
  const [port] = await freePorts(1);
  const twin = new HostProcess('mac', `http://127.0.0.1:${port}`, elsewhere, {});
  await cp(mac.dataDirectory, twin.dataDirectory, { recursive: true });
  const { hosts } = JSON.parse(readFileSync(join(mesh.directory, 'hosts.json'), 'utf8')) as { hosts: { id: string }[] };
  const moved = JSON.stringify({ hosts: hosts.map((host) => (host.id === 'mac' ? { ...host, url: twin.url } : host)) });
  writeFileSync(join(elsewhere, 'hosts.json'), moved);
  await mac.start();
  await createAgent(client, mac, 'here');
  await gateway.until(() => toldOf(gateway, 'here').length >= 1, HEARD_MS_MAX);

  await twin.start();
  try {
    await createAgent(client, twin, 'there');
    writeFileSync(join(mesh.directory, 'hosts.json'), moved);
    await gateway.until(
      () => toldOf(gateway, 'there').length >= 1 && toldOf(gateway, 'here').length >= 2,
      HEARD_MS_MAX,
    );
    expect(toldOf(gateway, 'here').map((told) => told.split(' ')[0])).toEqual(['agent.created', 'agent.deleted']);
    expect(cloud.log).toMatch(/copied or set back.*feed\.refused/);
    expect([twin.log.includes('feed.log_renewed'), gateway.refused]).toEqual([true, []]);
    // What the one that is followed does is heard, and of the other nothing more.
    await createAgent(client, twin, 'next');
    await gateway.until(() => toldOf(gateway, 'next').length >= 1, HEARD_MS_MAX);
    expect(toldOf(gateway, 'here')).toHaveLength(2);
  } finally {
    await twin.kill();
  }
});

it('a host that was stopped until it was given up is followed again, and its change is heard', {
  timeout: 2 * LIVE_MS_MAX,
}, async () => {
  await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }]);
  await using client = new Client();
  await using gateway = await Receiver.listen(GATEWAY_SECRET);
  const [mac, cloud] = [mesh.host('mac'), mesh.host('cloud')];
  await mesh.start();
  await untilFollowed(client, mesh.hosts);
  await subscribe(client, cloud, gateway);
  mac.signal('SIGSTOP');
  await until(async () => (await feedOf(client, cloud, 'mac'))?.state === 'silent', 'cloud sees that mac is silent');
  mac.signal('SIGCONT');
  await until(async () => (await feedOf(client, cloud, 'mac'))?.state === 'following', 'cloud follows mac again');
  await createAgent(client, mac, 'puck');
  await gateway.until(() => toldOf(gateway, 'puck').length >= 1);
  expect(toldOf(gateway, 'puck')).toEqual(['agent.created 1']);
});

it('a host that only serves the look-up is in the copy as it was last read, and gone from it with the host', {
  timeout: 2 * LIVE_MS_MAX,
}, async () => {
  await using old = await LegacyHost.open('old');
  await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }, { id: 'old', entry: { url: old.url } }]);
  await using client = new Client();
  const [mac, cloud] = [mesh.host('mac'), mesh.host('cloud')];
  old.write('oberon@x.com', 'oberon');
  await Promise.all([mac.start(), cloud.start()]);
  await until(async () => (await ownerByCopy(client, mac, 'oberon@x.com')) === 'old', 'mac has read the index of old');
  await until(async () => {
    const { body } = await client.expect(mac, 'GET', '/api/agents/email-index?federated=true&mode=index');
    return body.meta.source === 'copy' && body.meta.complete === true;
  }, 'the copy that mac has of both others is as they last said');

  // It is read once a minute, and at each start: nothing of it is kept on the disk.
  old.erase('oberon@x.com');
  old.write('puck@x.com', 'puck');
  await mac.kill();
  await mac.start();
  await until(
    async () => (await ownerByCopy(client, mac, 'puck@x.com')) === 'old',
    'mac has read the index of old again',
  );
  expect(await ownerByCopy(client, mac, 'oberon@x.com')).toBeUndefined();

  await mac.kill();
  const path = join(mesh.directory, 'hosts.json');
  const { hosts } = JSON.parse(readFileSync(path, 'utf8')) as { hosts: { id: string }[] };
  writeFileSync(path, JSON.stringify({ hosts: hosts.filter(({ id }) => id !== 'old') }));
  await mac.start();
  await untilFollowed(client, [mac, cloud]);
  expect(await ownerByCopy(client, mac, 'puck@x.com')).toBeUndefined();
});
