// Ports with a stopwatch before them: they do what the port behind them does, and what it came to is noted.
import { describe, expect, it } from 'vitest';
import type { ClaimStore } from '../../../mesh/state/claim-store.ts';
import type { Times } from '../../../node/metrics/measure.ts';
import { timedClaims, timedLogDisk, timedMailer, timedSender } from '../../../node/metrics/timed-ports.ts';
import { claimTimes, deliveryTimes, shipmentTimes, syncTimes } from '../../../node/metrics/times.ts';
import type { ShipmentOutcome } from '../../../node/send/mailer.ts';
import type { LogFile } from '../../../node/store/commits/log-disk.ts';
import type { Outcome } from '../../../node/webhooks/schedule/outcome.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** Outcomes that were noted, with their seconds. */
function noted(times: Times): Record<string, number> {
  const counted = [...times.counted()].filter(([, { buckets }]) => buckets.some((count) => count > 0));
  return Object.fromEntries(counted.map(([outcome, { sumSeconds }]) => [outcome, sumSeconds]));
}

const { signal } = new AbortController();

describe('a sender with a stopwatch', () => {
  it.each<[string, Outcome]>([
    ['accepted', { kind: 'answered', status: 204, retryAfter: undefined, tookMs: 1_500 }],
    ['refused', { kind: 'answered', status: 302, retryAfter: undefined, tookMs: 1_500 }],
    ['refused', { kind: 'answered', status: 503, retryAfter: undefined, tookMs: 1_500 }],
    ['failed', { kind: 'failed', error: 'timeout', message: 'It was late.', tookMs: 1_500 }],
  ])('notes as %s what came to %j', async (outcome, came) => {
    const times = deliveryTimes();
    const sender = timedSender({ post: () => Promise.resolve(came) }, times);
    expect(await sender.post({ url: 'http://x.com', headers: {}, body: new Uint8Array() }, signal)).toBe(came);
    expect(noted(times)).toEqual({ [outcome]: 1.5 });
  });
});

describe('a mailer with a stopwatch', () => {
  it('notes what an attempt came to', async () => {
    const times = shipmentTimes();
    const came: ShipmentOutcome = { kind: 'unknown', reply: 'The connection died.', tookMs: 250 };
    const mailer = timedMailer(
      { ship: () => Promise.resolve(came), readyFor: () => 3, close: () => Promise.resolve() },
      times,
    );
    expect(await mailer.ship({} as never, signal)).toBe(came);
    expect([mailer.readyFor({} as never), noted(times)]).toEqual([3, { unknown: 0.25 }]);
  });
});

describe('claims with a stopwatch', () => {
  it('note what the voters said, and how long they took', async () => {
    const [clock, times] = [new VirtualClock(), claimTimes()];
    const held = { kind: 'held', intentsDone: [] } as const;
    const store = { claim: () => clock.sleep(20).then(() => held) } as unknown as ClaimStore;
    const claimed = timedClaims(store, times, clock).claim([]);
    await clock.advance(20);
    expect(await claimed).toBe(held);
    expect(noted(times)).toEqual({ held: 0.02 });
  });
});

describe('a disk with a stopwatch', () => {
  const diskOf = (sync: LogFile['sync']) => ({
    open: () => Promise.resolve({ sync, writeDurably: sync } as Partial<LogFile> as LogFile),
    make: () => Promise.resolve(),
    syncNames: () => Promise.resolve(),
  });

  it('notes each sync, and one that failed as such', async () => {
    const [clock, times] = [new VirtualClock(), syncTimes()];
    const good = timedLogDisk(
      diskOf(() => clock.sleep(4)),
      times,
      clock,
    );
    const bad = timedLogDisk(
      diskOf(() => Promise.reject(new Error('EIO'))),
      times,
      clock,
    );
    const done = (await good.open('log'))?.sync();
    await clock.advance(4);
    await done;
    await expect((await bad.open('log'))?.sync()).rejects.toThrow('EIO');
    expect(noted(times)).toEqual({ done: 0.004, failed: 0 });
    const durable = (await good.open('log'))?.writeDurably(new Uint8Array(), 0);
    await clock.advance(4);
    await durable;
    expect(noted(times)).toEqual({ done: 0.008, failed: 0 });
  });

  it('has no file where there is none', async () => {
    const disk = timedLogDisk(
      { open: async () => undefined, make: async () => {}, syncNames: async () => {} },
      syncTimes(),
      new VirtualClock(),
    );
    expect(await disk.open('log')).toBeUndefined();
  });
});
