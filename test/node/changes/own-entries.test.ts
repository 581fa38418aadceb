// Own entries have places, a chain and a digest; what was heard stands beside them in the same log.
import { describe, expect, it } from 'vitest';
import { firstChain, nextChain } from '../../../mesh/feed/chain.ts';
import { changedDigest, EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import type { AddressKey } from '../../../mesh/names.ts';
import { feedEntryOf, type OwnEntry } from '../../../node/changes/change-log.ts';
import { LOG_TAIL_ENTRIES_MAX } from '../../../node/changes/log-tail.ts';
import { aRow, heardEntry, mailEntry, nothing, openTestLog, ownEntry } from '../../support/log-entries.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const placesOf = (entries: readonly OwnEntry[] | undefined) => entries?.map(({ place }) => place.n);

/** Own entries, mail and what was heard, in turns. */
async function mixedLog(turns: number) {
  const opened = await openTestLog();
  for (let at = 1; at <= turns; at += 1) {
    await opened.changes.hear([heardEntry(at)], [], nothing);
    await opened.changes.append([ownEntry(2 * at - 1), mailEntry(at), ownEntry(2 * at)], [], nothing);
  }
  return opened;
}

describe('the place of an own entry', () => {
  it('counts the own entries alone, in the log id that the log was made with', async () => {
    const { changes } = await mixedLog(2);
    expect(changes.logId).toMatch(/^[0-9a-f]{32}$/);
    const log = await changes.read(0, 100);
    expect(log.map((entry) => [entry.seq, 'place' in entry ? entry.place : undefined])).toEqual([
      ...[
        [1, undefined],
        [2, { logId: changes.logId, n: 1 }],
        [3, undefined],
        [4, { logId: changes.logId, n: 2 }],
      ],
      ...[
        [5, undefined],
        [6, { logId: changes.logId, n: 3 }],
        [7, undefined],
        [8, { logId: changes.logId, n: 4 }],
      ],
    ]);
    expect(changes.ownHead.n).toBe(4);
  });

  it('is not the same in two stores', async () => {
    const [one, other] = [await openTestLog({ seed: 1 }), await openTestLog({ seed: 2 })];
    expect(one.changes.logId).not.toBe(other.changes.logId);
  });

  it('has the chain over every own entry up to it', async () => {
    const { changes } = await mixedLog(3);
    let chain = firstChain(changes.logId);
    for (const entry of (await changes.own(0, 100)) ?? []) {
      chain = nextChain(chain, feedEntryOf(entry));
      expect(entry.chain).toBe(chain);
    }
    expect(changes.ownHead.chain).toBe(chain);
  });

  it('has the digest of what the index shows after it', async () => {
    const { changes } = await openTestLog();
    const [first, second, moved] = [aRow('a@x.com'), aRow('b@x.com'), aRow('b@x.com', { primary: false })];
    await changes.append([ownEntry(1, { rows: { put: [first, second], drop: [] } }), ownEntry(2)], [], nothing);
    const drop = ['a@x.com' as AddressKey];
    await changes.append([ownEntry(3, { rows: { put: [moved], drop }, replaced: [first, second] })], [], nothing);
    const both = changedDigest(EMPTY_DIGEST, [], [second, first]);
    const digests = ((await changes.own(0, 10)) ?? []).map(({ digest }) => digest);
    expect(digests).toEqual([both, both, changedDigest(EMPTY_DIGEST, [], [moved])]);
    // What stood before is no part of the entry.
    expect((await changes.own(2, 1))?.[0]).not.toHaveProperty('replaced');
  });

  it('is given out in the step that hands the commit over, however many are in hand', async () => {
    const { changes } = await openTestLog();
    await Promise.all(Array.from({ length: 50 }, (_, at) => changes.append([ownEntry(at + 1)], [], nothing)));
    expect(((await changes.own(0, 100)) ?? []).map(({ sequence, place }) => [sequence, place.n])).toEqual(
      Array.from({ length: 50 }, (_, at) => [at + 1, at + 1]),
    );
  });
});

describe('own entries by their places', () => {
  it('are given after any place, at most so many, from the disk and from memory alike', async () => {
    const { changes } = await openTestLog();
    const count = 2 * LOG_TAIL_ENTRIES_MAX;
    for (let at = 0; at < count; at += 512) {
      await changes.append(
        Array.from({ length: 512 }, (_, next) => ownEntry(at + next + 1)),
        [],
        nothing,
      );
      await changes.hear([heardEntry(at + 1)], [], nothing);
    }
    for (const after of [0, 511, 512, LOG_TAIL_ENTRIES_MAX, count - 2, count]) {
      const expected = Array.from({ length: Math.min(5, count - after) }, (_, at) => after + at + 1);
      expect(placesOf(await changes.own(after, 5))).toEqual(expected);
    }
    expect(await changes.own(count + 1, 5)).toEqual([]);
  });

  it('are the same after a start', async () => {
    const { changes, store } = await mixedLog(5);
    const again = await openTestLog({ disk: store.snapshot(), seed: 2 });
    expect(await again.changes.own(0, 100)).toEqual(await changes.own(0, 100));
    expect(again.changes.ownHead).toEqual(changes.ownHead);
  });

  it('are seen only when they are durable', async () => {
    const { changes, store } = await openTestLog();
    store.stall();
    const done = changes.append([ownEntry(1)], [], nothing);
    await new Promise(setImmediate);
    expect([changes.ownHead.n, await changes.own(0, 10)]).toEqual([0, []]);
    store.resume();
    await done;
    expect([changes.ownHead.n, placesOf(await changes.own(0, 10))]).toEqual([1, [1]]);
  });

  it.each([
    ['the entry', () => 'change/0000000000000004'],
    ['what says where it is', (logId: string) => `change-own/${logId}/0000000000000002`],
  ])('are damaged when %s is missing', async (_, keyOf) => {
    const { store, changes } = await mixedLog(5);
    const disk = new Map(store.snapshot());
    expect(disk.delete(keyOf(changes.logId))).toBe(true);
    const again = await openTestLog({ disk });
    await expect(again.changes.own(0, 10)).rejects.toMatchObject({ code: 'store_failed' });
  });
});

describe('what was heard', () => {
  it('stands in the log in the order it came, with its origin and the moment it was heard', async () => {
    const { changes } = await openTestLog();
    await changes.append([ownEntry(1)], [], nothing);
    await changes.hear([heardEntry(7), heardEntry(8, { event: 'agent.moved', resync: true })], [], nothing);
    expect(await changes.read(1, 10)).toEqual([
      { seq: 2, ...heardEntry(7), heardAt: '2026-01-27T12:00:00.000Z' },
      { seq: 3, ...heardEntry(8, { event: 'agent.moved', resync: true }), heardAt: '2026-01-27T12:00:00.000Z' },
    ]);
    expect([changes.head, changes.ownHead.n]).toEqual([3, 1]);
  });

  it('is read from the disk as it was written, of an event that nobody here knows', async () => {
    const { changes, store } = await openTestLog();
    await changes.hear([heardEntry(1, { event: 'agent.moved' })], [], nothing);
    const again = await openTestLog({ disk: store.snapshot() });
    expect(await again.changes.read(0, 10)).toEqual(await changes.read(0, 10));
  });

  it('is one commit with what the follower writes: after a power cut there are both, or neither', async () => {
    for (const reached of [0, 1]) {
      const { changes, store } = await openTestLog();
      store.stall();
      void changes.hear([heardEntry(1), heardEntry(2)], [{ key: 'feed/cloud', value: { n: 2 } }], nothing);
      const disk = store.crash(reached);
      const again = await openTestLog({ disk });
      expect([again.changes.head, await again.store.get('feed/cloud')]).toEqual(
        reached === 0 ? [0, undefined] : [2, { n: 2 }],
      );
    }
  });

  it('is applied before the head grows, and told to the subscribers', async () => {
    const { changes } = await openTestLog();
    const seen: string[] = [];
    changes.subscribe(() => seen.push(`told at ${changes.head}`));
    await changes.hear([heardEntry(1)], [], () => seen.push(`applied at ${changes.head}`));
    expect(seen).toEqual(['applied at 0', 'told at 1']);
  });
});

describe('a power cut', () => {
  it('leaves places, chain and digest as they were at one commit, at every one of them', async () => {
    const rows = (at: number) => ({ put: [aRow(`${at}@x.com`)], drop: [] });
    for (let reached = 0; reached <= 4; reached += 1) {
      const { changes, store } = await openTestLog();
      await changes.append([ownEntry(1, { rows: rows(1) })], [], nothing);
      store.stall();
      for (let at = 2; at <= 4; at += 1) void changes.append([ownEntry(at, { rows: rows(at) })], [], nothing);
      void changes.hear([heardEntry(1)], [], nothing);
      const again = await openTestLog({ disk: store.crash(reached), seed: 2 });
      const n = Math.min(4, 1 + reached);
      const chain = ((await again.changes.own(0, 10)) ?? []).reduce(
        (sum, entry) => nextChain(sum, feedEntryOf(entry)),
        firstChain(changes.logId),
      );
      const shown = Array.from({ length: n }, (_, at) => aRow(`${at + 1}@x.com`));
      const digest = changedDigest(EMPTY_DIGEST, [], shown);
      expect(again.changes.ownHead).toMatchObject({ logId: changes.logId, n, chain, digest });
      await again.changes.append([ownEntry(9)], [], nothing);
      expect(again.changes.ownHead.n).toBe(n + 1);
      // Beside the entry stands what says where the log ends, in the same commit.
      await openTestLog({ disk: again.store.snapshot() });
    }
  });

  it('leaves no place behind when the disk failed', async () => {
    const store = new MemoryStore();
    const { changes } = await openTestLog({ store });
    store.breakDisk(new Error('no space left'));
    await expect(changes.append([ownEntry(1)], [], nothing)).rejects.toMatchObject({ code: 'store_failed' });
    await expect(changes.hear([heardEntry(1)], [], nothing)).rejects.toMatchObject({ code: 'store_failed' });
    expect([changes.head, changes.ownHead.n, await changes.own(0, 1)]).toEqual([0, 0, []]);
  });
});
