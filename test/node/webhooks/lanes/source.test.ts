// What a replay sends comes from the log and from the dead letters, whatever the log has lost since.
import { describe, expect, it } from 'vitest';
import { sourceOf } from '../../../../node/webhooks/lanes/source.ts';
import { DeadLetters } from '../../../../node/webhooks/records/dead-letters.ts';
import { LogPages } from '../../../../node/webhooks/records/log-pages.ts';
import { deadKey } from '../../../../node/webhooks/webhook-records.ts';
import { MemoryChangeLog } from '../../../support/memory-change-log.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

/** A log of `count` entries that has lost those up to `lost`; all in `died` are dead letters, whole, and `missing` are without their entries. */
async function open(count: number, lost: number, died: readonly number[], missing: readonly number[] = []) {
  const changes = new MemoryChangeLog(() => 0);
  for (let at = 0; at < count; at += 1) changes.append('ann');
  const store = new MemoryStore();
  const letter = (seq: number) => ({
    ...{ subscriptionId: 'w', seq, reason: 'expired', attempts: 1, diedAt: '', history: [] },
    entry: missing.includes(seq) ? null : changes.entries[seq - 1],
  });
  await store.commit([...died, ...missing].map((seq) => ({ key: deadKey('w', seq), value: letter(seq) })));
  const trimmed = {
    head: count,
    read: async (after: number, limit: number) =>
      changes.entries.slice(Math.max(after, lost), Math.max(after, lost) + limit),
    subscribe: () => () => {},
  };
  const ports = { pages: new LogPages(trimmed), deadLetters: new DeadLetters(store) };
  return (source: 'dead' | 'all', toSeq = count) => {
    const replay = { subscriptionId: 'w', id: 'r', isSingle: false, cursor: 0, sinceMs: 0, untilMs: 1, startedMs: 0 };
    const stream = { subscriptionId: 'w', replay: { ...replay, source, toSeq } };
    return sourceOf(stream, ports);
  };
}

/** All that it gives, page by page, until nothing is behind. */
async function allOf(source: ReturnType<Awaited<ReturnType<typeof open>>>, toSeq: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let at = 0; at < toSeq; ) {
    const { entries, to } = await source.after(at);
    expect(to).toBeGreaterThan(at);
    found.push(...entries.map(({ seq }) => seq));
    at = to;
  }
  return found;
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe('the source of a replay', () => {
  it('has dead letters whose entries the log has lost, and each entry once', async () => {
    const of = await open(1_000, 600, [3, 500, 601, 999]);
    expect(await allOf(of('all'), 1_000)).toEqual([3, 500, ...range(601, 1_000)]);
    expect(await of('all').find(500)).toMatchObject({ entry: { seq: 500 }, isDead: true });
    expect(await of('all').find(700)).toMatchObject({ entry: { seq: 700 }, isDead: false });
  });

  it('has nothing but dead letters, when it is of these', async () => {
    const of = await open(1_000, 0, range(1, 300));
    expect(await allOf(of('dead'), 1_000)).toEqual(range(1, 300));
  });

  it('ends where it shall end', async () => {
    const of = await open(500, 0, [10, 400]);
    expect(await allOf(of('all', 250), 250)).toEqual(range(1, 250));
    expect(await allOf(of('dead', 250), 250)).toEqual([10]);
  });

  it('passes over a dead letter without its entry', async () => {
    const of = await open(500, 400, [10], [20]);
    expect(await allOf(of('dead'), 500)).toEqual([10]);
  });
});
