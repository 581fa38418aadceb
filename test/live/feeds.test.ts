// One host's changes heard at others, through kill -9 of who follows, of who is followed, and of both.
import { expect, it } from 'vitest';
import { violationsOf } from '../../scripts/chaos/change-history.ts';
import { Allowance, changeAgents, createAgents } from '../../scripts/chaos/changers.ts';
import { until } from '../../scripts/chaos/claimants.ts';
import { ProcessMesh } from '../../scripts/host-process.ts';
import { Receiver } from '../../scripts/receiver.ts';
import { Client } from '../support/live.ts';
import { cursorOf, GATEWAY_SECRET, ownChanges, subscribe, untilFollowed } from '../support/live-feeds.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const CHANGES = 120;
/** Attempts of one subscription that may be under way when its host is killed. */
const IN_FLIGHT_MAX = 8;

it('kill -9 of a follower in the midst of following, and of the owner in the midst of changing, loses and invents nothing', {
  timeout: LIVE_MS_MAX,
}, async () => {
  await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }, { id: 'mini' }]);
  await using client = new Client();
  await using atCloud = await Receiver.listen(GATEWAY_SECRET);
  await using atMini = await Receiver.listen(GATEWAY_SECRET);
  const [mac, cloud, mini] = [mesh.host('mac'), mesh.host('cloud'), mesh.host('mini')];
  await mesh.start();
  await untilFollowed(client, mesh.hosts);
  const since = await cursorOf(mac);
  const webhook = await subscribe(client, cloud, atCloud);
  await subscribe(client, mini, atMini);

  const [allowance, expected] = [new Allowance(), new Map<string, number>()];
  await createAgents(mac, { client, expected });
  const changing = changeAgents(mac, { client, allowance, expected });
  const parts = ['cloud', 'mac', 'both', 'cloud', 'mac', 'both'];
  for (const who of parts) {
    const [heard, told] = [atCloud.events.length, atMini.events.length];
    allowance.allow(CHANGES / parts.length);
    // In the midst: some of these changes were heard, and others were not made yet.
    await until(
      async () => atCloud.events.length > heard && atMini.events.length > told,
      'some of the changes are heard',
    );
    const killed = who === 'both' ? [cloud, mac] : [mesh.host(who)];
    await Promise.all(killed.map((host) => host.kill()));
    await Promise.all(killed.map((host) => host.start()));
  }
  allowance.end();
  await changing;
  const total = [...expected.values()].reduce((sum, count) => sum + count, 0);
  const idsAt = ({ events }: Receiver) => new Set(events.map(({ headers }) => String(headers['webhook-id'])));
  await until(async () => {
    await client.expect(cloud, 'POST', `/api/webhooks/${webhook}/replay`, { status: 'held' });
    return idsAt(atCloud).size >= total && idsAt(atMini).size >= total;
  }, 'both gateways hear all of it');

  const hearing = (name: string, { events }: Receiver, repeatsMax: number) => ({
    ...{ name, repeatsMax },
    heard: events.map(({ body }) => body),
  });
  const hearings = [
    hearing('the gateway at cloud', atCloud, (2 * parts.length * IN_FLIGHT_MAX) / 3),
    hearing('the gateway at mini', atMini, 0),
  ];
  expect(violationsOf({ expected, told: await ownChanges(mac, since), hearings })).toEqual([]);
  // One change has one id, whoever tells of it.
  expect(idsAt(atCloud)).toEqual(idsAt(atMini));
  expect([...atCloud.refused, ...atMini.refused]).toEqual([]);
});

it('a change of one host is delivered from another one that was killed, though its own host is gone by then', {
  timeout: LIVE_MS_MAX,
}, async () => {
  await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }]);
  await using client = new Client();
  await using gateway = await Receiver.listen(GATEWAY_SECRET);
  const [mac, cloud] = [mesh.host('mac'), mesh.host('cloud')];
  await mesh.start();
  await untilFollowed(client, mesh.hosts);
  await subscribe(client, cloud, gateway);
  const attempted = new Promise<void>((resolve) => {
    gateway.answer = () => {
      resolve();
      return new Promise(() => undefined);
    };
  });
  await client.expect(mac, 'POST', '/api/agents', { id: 'puck', name: 'puck' });
  await attempted;
  await Promise.all([mac.kill(), cloud.kill()]);
  gateway.answer = () => 204;
  await cloud.start();
  await gateway.until((events) => events.length > 0, LIVE_MS_MAX / 2);
  const heard = gateway.events.map(({ headers, body }) => [
    ...[body.event, body.sequence, body.agent.id, body.agent.hostId],
    ...[headers['webhook-id'] === body.id, headers['x-webhook-attempt']],
  ]);
  expect(heard).toEqual([['agent.created', 1, 'puck', 'mac', true, '2']]);
});
