// A voter of a large mesh asks everybody in the moment in which it starts: it does not shake hands with all of them at once.
import { expect, it, vi } from 'vitest';
import type { HostId } from '../../../../mesh/names.ts';
import { CHANNELS_OPENING_MAX, Channels } from '../../../../node/peers/channel/channels.ts';
import { CHANNEL_OPEN_MS_MAX } from '../../../../node/peers/channel/limits.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { testKeys } from '../../../support/test-keys.ts';
import { LIVE_MS_MAX } from '../../../support/time-bounds.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const { mac, cloud } = testKeys('mac', 'cloud');

it('so many channels are opened at once, and others later', async () => {
  const clock = new VirtualClock();
  const resolving = new Set<string>();
  await using channels = new Channels({
    ...{ self: mac.id, signer: mac.signer, clock, random: seededRandom(1), log: new RecordingLog(), secret: undefined },
    keys: { known: () => cloud.key, confirm: () => undefined, suspect: () => undefined },
    start: () => 'first',
    lost: () => undefined,
    // A name that nobody answers for keeps a handshake under way.
    addresses: { lookup: (name) => resolving.add(name), forget: () => undefined },
  });
  const hosts = Array.from({ length: 2 * CHANNELS_OPENING_MAX }, (_, at) => ({
    ...{
      id: `n${at}` as HostId,
      name: `n${at}`,
      url: `http://n${at}.test:23000`,
      enabled: true,
      aliases: [],
      entry: {},
    },
    ...{ voter: undefined, legacy: undefined, publicKey: undefined },
  }));
  const askAll = () => {
    for (const host of hosts) expect(channels.towards(host, 0)).toBeUndefined();
  };
  askAll();
  await clock.settle();
  expect([...resolving]).toEqual(hosts.slice(0, CHANNELS_OPENING_MAX).map(({ url }) => new URL(url).hostname));
  await clock.advance(CHANNEL_OPEN_MS_MAX);
  await vi.waitFor(() => {
    askAll();
    expect(resolving.size).toBe(hosts.length);
  }, LIVE_MS_MAX);
});
