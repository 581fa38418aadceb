// What a delivery costs among many subscriptions: the loop looks at its own, not at all that there are.
import { describe, expect, it } from 'vitest';
import type { ChangeEvent } from '../../../../node/changes/change-log.ts';
import { Channel } from '../../../../node/webhooks/delivery/channel.ts';
import { DeliveryLoop } from '../../../../node/webhooks/delivery/loop.ts';
import { DeadLetters } from '../../../../node/webhooks/records/dead-letters.ts';
import { Ledger } from '../../../../node/webhooks/records/ledger.ts';
import { NEW_ENDPOINT } from '../../../../node/webhooks/schedule/endpoint.ts';
import { newSubscription } from '../../../../node/webhooks/subscription.ts';
import { FakeReceiver } from '../../../support/fake-receiver.ts';
import { MemoryChangeLog } from '../../../support/memory-change-log.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const CHANGES = 50;
const EVENTS: ChangeEvent[] = ['agent.email.changed'];
const PROGRESS = { cursor: 0, dead: 0, deadDropped: 0, acceptedRecords: 0, endpoint: NEW_ENDPOINT };

/** Counts how often a subscription is looked at for each of its deliveries, when so many are told of every change and each answers in its own time. */
async function looksEach(subscriptions: number): Promise<number> {
  let looks = 0;
  class CountedChannel extends Channel {
    override sweep(nowMs: number) {
      looks += 1;
      return super.sweep(nowMs);
    }
  }
  const [clock, random, log, store] = [new VirtualClock(), seededRandom(1), new RecordingLog(), new MemoryStore()];
  const [changes, receiver] = [new MemoryChangeLog(() => clock.wallMs()), new FakeReceiver(clock)];
  receiver.reply = async () => {
    await clock.sleep(5 + 20 * random.next());
    return 204;
  };
  const ledger = new Ledger(store);
  const ports = { clock, random, log, ledger };
  const loop = new DeliveryLoop({ ...ports, changes, deadLetters: new DeadLetters(store), sender: receiver });
  for (let at = 0; at < subscriptions; at += 1) {
    const request = { url: `http://127.0.0.1:${1_000 + at}/`, events: EVENTS };
    const making = { id: `wh-${at}`, events: EVENTS, secret: 'a secret of the test', head: 0, nowMs: clock.wallMs() };
    const subscription = newSubscription(request, making);
    loop.add(new CountedChannel({ subscription, progress: PROGRESS, lanes: [], replays: [] }, ports));
  }
  const stopping = new AbortController();
  const running = loop.run(stopping.signal);
  for (let at = 0; at < CHANGES; at += 1) changes.append(`agent-${at}`);
  await clock.advance(60_000);
  expect(receiver.accepted).toHaveLength(subscriptions * CHANGES);
  stopping.abort();
  await running;
  return looks / (subscriptions * CHANGES);
}

describe('a delivery', () => {
  it('is looked at as often among a hundred subscriptions as among five', async () => {
    const [few, many] = [await looksEach(5), await looksEach(100)];
    expect(few).toBeLessThan(10);
    expect(many / few).toBeLessThan(1.5);
  });
});
