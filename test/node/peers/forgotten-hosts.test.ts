// What is kept of hosts that left goes when nothing names them any more, and not a moment earlier.
import { describe, expect, it } from 'vitest';
import { parseRoster } from '../../../mesh/hosts-json.ts';
import type { HostId } from '../../../mesh/names.ts';
import { parsePublicKey } from '../../../mesh/signature/ed25519.ts';
import { FORGETTING_HOSTS_INTERVAL_MS, forgetHosts } from '../../../node/peers/forgotten-hosts.ts';
import { HostBook } from '../../../node/peers/host-book.ts';
import { PinnedKeys } from '../../../node/peers/keys/pinned-keys.ts';
import { KeyedHosts } from '../../../node/peers/legacy/keyed-hosts.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { urlOf } from '../../support/roster-of.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const [mac, cloud, mini] = ['mac', 'cloud', 'mini'] as string[] as [HostId, HostId, HostId];
const KEY = parsePublicKey('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo');
const list = (...ids: readonly HostId[]) =>
  parseRoster(JSON.stringify({ hosts: ids.map((id) => ({ id, url: urlOf(id) })) }), { id: 'mac', hostName: 'mac' });

/** Three hosts are listed, and then `mini` no more. */
async function afterLeaving() {
  const store = new MemoryStore();
  const clock = new VirtualClock();
  const log = new RecordingLog();
  const world: { roster: ReturnType<typeof list>; concerned: Set<HostId> | undefined } = {
    roster: list(mac, cloud, mini),
    concerned: undefined,
  };
  const hosts = await HostBook.open({ store, roster: () => world.roster });
  const keyed = await KeyedHosts.open(store);
  const pins = await PinnedKeys.open(store, false);
  await keyed.note([cloud, mini]);
  for (const id of [cloud, mini])
    if (KEY !== undefined) await pins.pin(id, { kind: 'introduced', key: KEY, proven: true, address: '127.0.0.1' }, '');
  world.roster = list(mac, cloud);
  const known = () => {
    const { roster, concerned } = world;
    return concerned && ((id: HostId) => roster.get(id) !== undefined || concerned.has(id));
  };
  const stop = new AbortController();
  const records = [hosts, keyed, { hosts: () => pins.hosts(), forget: (ids: readonly HostId[]) => pins.drop(ids) }];
  const ended = forgetHosts({ records, known, clock, log }, stop.signal);
  return {
    ...{ world, clock, log, hosts, keyed, pins },
    kept: () => [...store.snapshot().keys()].filter((key) => key.endsWith('/mini')).sort(),
    stop: () => {
      stop.abort();
      return ended;
    },
  };
}

describe('what is kept of a host that hosts.json lists no more', () => {
  it('stays while there is no mesh, and while the mesh names the host', async () => {
    const { world, clock, kept, stop } = await afterLeaving();
    await clock.advance(FORGETTING_HOSTS_INTERVAL_MS);
    expect(kept()).toEqual(['host/mini', 'keyed/mini', 'pin/mini']);
    world.concerned = new Set([mini]);
    await clock.advance(FORGETTING_HOSTS_INTERVAL_MS);
    expect(kept()).toEqual(['host/mini', 'keyed/mini', 'pin/mini']);
    await stop();
  });

  it('goes once the mesh names it no more, and what is kept of others stays', async () => {
    const { world, clock, log, kept, hosts, keyed, pins, stop } = await afterLeaving();
    world.concerned = new Set();
    await clock.advance(FORGETTING_HOSTS_INTERVAL_MS);
    expect([kept(), hosts.get(mini), keyed.has(mini), pins.get(mini)]).toEqual([[], undefined, false, undefined]);
    expect([hosts.get(cloud)?.url, keyed.has(cloud), pins.get(cloud)?.text]).toEqual([urlOf('cloud'), true, KEY?.text]);
    expect(log.named('hosts.forgotten')).toMatchObject([{ fields: { hosts: ['mini'] } }]);
    await stop();
  });

  it('stays when the host is listed again in time', async () => {
    const { world, clock, kept, stop } = await afterLeaving();
    world.concerned = new Set();
    world.roster = list(mac, cloud, mini);
    await clock.advance(FORGETTING_HOSTS_INTERVAL_MS);
    expect(kept()).toEqual(['host/mini', 'keyed/mini', 'pin/mini']);
    await stop();
  });
});
