import { describe, expect, it } from 'vitest';
import type { ChangeEntry, ChangeEvent } from '../../../node/changes/change-log.ts';
import { EPOCHS_MAX, wants, wishOf, withWish } from '../../../node/webhooks/epochs.ts';

const epoch = (fromSeq: number, ...events: ChangeEvent[]) => ({ fromSeq, events, scope: 'mesh' as const });
const wish = (event: ChangeEvent) => ({ events: [event], scope: 'mesh' as const });
const entry = (seq: number, event: ChangeEvent) => ({ seq, event }) as ChangeEntry;

describe('the epochs of a subscription', () => {
  const epochs = [epoch(5, 'agent.created'), epoch(10, 'agent.deleted')];

  it.each([
    [4, 'agent.created', false],
    [5, 'agent.created', true],
    [5, 'agent.deleted', false],
    [9, 'agent.created', true],
    [10, 'agent.created', false],
    [10, 'agent.deleted', true],
    [99, 'agent.deleted', true],
  ] as const)('judge entry %i, %s, by the one it was committed in: %s', (seq, event, wanted) => {
    expect(wants({ epochs }, entry(seq, event))).toBe(wanted);
  });

  it("leave out other hosts' changes while only this host's are wanted", () => {
    const narrowed = [epoch(1, 'agent.created'), { ...epoch(10, 'agent.created'), scope: 'host' as const }];
    const heard = (seq: number) =>
      ({ ...entry(seq, 'agent.created'), origin: { hostId: 'cloud' } }) as unknown as ChangeEntry;
    expect([9, 10].map((seq) => wants({ epochs: narrowed }, heard(seq)))).toEqual([true, false]);
    expect([9, 10].map((seq) => wants({ epochs: narrowed }, entry(seq, 'agent.created')))).toEqual([true, true]);
  });

  it("leave out what happens in another pod's inbox, which has the address of one that the webhook of a pod names", () => {
    const named = [{ ...epoch(1, 'message.received'), inboxIds: ['a@x.com'] }];
    const told = (pod_id?: string) =>
      ({ ...entry(1, 'message.received'), message: { inbox_id: 'a@x.com', pod_id } }) as unknown as ChangeEntry;
    const heard = (ownerPodId: string | undefined) =>
      ['acme', 'globex', undefined].map((pod) => wants({ epochs: named, ownerPodId }, told(pod)));
    expect(heard('acme')).toEqual([true, false, true]);
    expect(heard(undefined)).toEqual([true, true, true]);
  });

  it('say what is wanted now by the last', () => {
    expect(wishOf({ epochs })).toEqual(wish('agent.deleted'));
  });

  it('gain one after the head, and lose those that nothing waits under', () => {
    expect(withWish({ epochs }, wish('agent.updated'), { head: 20, oldestSeq: 9 })).toEqual([
      ...epochs,
      epoch(21, 'agent.updated'),
    ]);
    expect(withWish({ epochs }, wish('agent.updated'), { head: 20, oldestSeq: 10 })).toEqual([
      epoch(10, 'agent.deleted'),
      epoch(21, 'agent.updated'),
    ]);
  });

  it('lose one that no entry was committed in', () => {
    expect(withWish({ epochs }, wish('agent.updated'), { head: 9, oldestSeq: 5 })).toEqual([
      epoch(5, 'agent.created'),
      epoch(10, 'agent.updated'),
    ]);
  });

  it('are bounded while something waits under each', () => {
    const many = Array.from({ length: EPOCHS_MAX }, (_, at) => epoch(at + 1, 'agent.created'));
    expect(() => withWish({ epochs: many }, wish('agent.deleted'), { head: 500, oldestSeq: 1 })).toThrow(
      `'events' and 'scope' were changed ${EPOCHS_MAX} times`,
    );
    expect(withWish({ epochs: many }, wish('agent.deleted'), { head: 500, oldestSeq: 2 })).toHaveLength(EPOCHS_MAX);
  });
});
