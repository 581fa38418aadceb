import { describe, expect, it } from 'vitest';
import type { ChangeEntry, ChangeEvent } from '../../../node/changes/change-log.ts';
import { eventsOf, wants, withEvents } from '../../../node/webhooks/epochs.ts';
import { EPOCHS_MAX } from '../../../node/webhooks/limits.ts';

const epoch = (fromSeq: number, ...events: ChangeEvent[]) => ({ fromSeq, events });
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

  it('say what is wanted now by the last', () => {
    expect(eventsOf({ epochs })).toEqual(['agent.deleted']);
  });

  it('gain one after the head, and lose those that nothing waits under', () => {
    expect(withEvents({ epochs }, ['agent.updated'], { head: 20, oldestSeq: 9 })).toEqual([
      ...epochs,
      epoch(21, 'agent.updated'),
    ]);
    expect(withEvents({ epochs }, ['agent.updated'], { head: 20, oldestSeq: 10 })).toEqual([
      epoch(10, 'agent.deleted'),
      epoch(21, 'agent.updated'),
    ]);
  });

  it('lose one that no entry was committed in', () => {
    expect(withEvents({ epochs }, ['agent.updated'], { head: 9, oldestSeq: 5 })).toEqual([
      epoch(5, 'agent.created'),
      epoch(10, 'agent.updated'),
    ]);
  });

  it('are bounded while something waits under each', () => {
    const many = Array.from({ length: EPOCHS_MAX }, (_, at) => epoch(at + 1, 'agent.created'));
    expect(() => withEvents({ epochs: many }, ['agent.deleted'], { head: 500, oldestSeq: 1 })).toThrow(
      `'events' was changed ${EPOCHS_MAX} times`,
    );
    expect(withEvents({ epochs: many }, ['agent.deleted'], { head: 500, oldestSeq: 2 })).toHaveLength(EPOCHS_MAX);
  });
});
