// A start finds where the log ends, whatever the log went through, and reads no more of it than its ends.
import { describe, expect, it } from 'vitest';
import { firstChain } from '../../../mesh/feed/chain.ts';
import { changedDigest, EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import type { Store } from '../../../node/store/store.ts';
import { aRow, heardEntry, mailEntry, nothing, openTestLog, ownEntry } from '../../support/log-entries.ts';
import { type MemoryDisk, MemoryStore } from '../../support/memory-store.ts';

const keyOf = (seq: number) => `change/${String(seq).padStart(16, '0')}`;
const DIGEST = changedDigest(EMPTY_DIGEST, [], [aRow('a@x.com')]);

/** A log as it was written before logs had places. */
function oldDisk(count: number): MemoryDisk {
  const entries = Array.from({ length: count }, (_, at) => ({ seq: at + 1, ...ownEntry(at + 1) }));
  return new Map(entries.map((entry) => [keyOf(entry.seq), JSON.stringify(entry)]));
}

describe('a log from before there were places', () => {
  it.each([0, 1, 7, 100])('gets a log id at its first start, and begins at n = 0, after %i entries', async (count) => {
    const { changes, store } = await openTestLog({ disk: oldDisk(count), digest: DIGEST });
    const { logId, ownHead } = changes;
    expect([changes.head, ownHead]).toMatchObject([count, { logId, n: 0, chain: firstChain(logId), digest: DIGEST }]);
    expect((await changes.read(0, 1_000)).map(({ seq }) => seq)).toEqual(
      Array.from({ length: count }, (_, at) => at + 1),
    );
    expect(await changes.own(0, 10)).toEqual([]);
    await changes.append([ownEntry(count + 1)], [], nothing);
    const again = await openTestLog({ disk: store.snapshot(), seed: 2, digest: 'never asked' });
    expect([again.changes.head, again.changes.ownHead]).toMatchObject([count + 1, { logId, n: 1, digest: DIGEST }]);
    expect(await again.changes.own(0, 10)).toMatchObject([{ seq: count + 1, place: { logId, n: 1 } }]);
  });

  it('keeps its id from the first moment on that it was made durable, also without an entry', async () => {
    const { changes, store } = await openTestLog({ disk: oldDisk(3), digest: DIGEST });
    await changes.saveEnd();
    const again = await openTestLog({ disk: store.snapshot(), seed: 2 });
    expect(again.changes.ownHead).toEqual(changes.ownHead);
  });
});

describe('a log that an earlier version of the program went on with', () => {
  it('gets another log id: what that version wrote has no places', async () => {
    const { changes, store } = await openTestLog();
    await changes.append([ownEntry(1), ownEntry(2)], [], nothing);
    const disk = new Map(store.snapshot());
    for (const seq of [3, 4, 5]) disk.set(keyOf(seq), JSON.stringify({ seq, ...ownEntry(seq) }));
    const again = await openTestLog({ disk, seed: 2, digest: DIGEST });
    expect([again.changes.head, again.changes.ownHead.n, again.changes.ownHead.digest]).toEqual([5, 0, DIGEST]);
    expect(again.changes.logId).not.toBe(changes.logId);
    await again.changes.append([ownEntry(6)], [], nothing);
    expect(await again.changes.own(0, 10)).toMatchObject([{ seq: 6, place: { n: 1 } }]);
    expect((await again.changes.read(0, 10)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('the end of a log', () => {
  async function threeKinds() {
    const opened = await openTestLog();
    await opened.changes.append([ownEntry(1), mailEntry(2)], [], nothing);
    await opened.changes.hear([heardEntry(1)], [], nothing);
    return opened;
  }

  it('is found behind mail and what was heard', async () => {
    const { changes, store } = await threeKinds();
    const again = await openTestLog({ disk: store.snapshot() });
    expect([again.changes.head, again.changes.ownHead]).toEqual([3, changes.ownHead]);
  });

  it.each([
    ['its oldest entry', [keyOf(3)], /has no entry 3,/],
    ['all entries', [3, 4, 5].map(keyOf), /has no entry 3,/],
    ['its oldest place', [], /has no own entry 2,/],
  ])('is refused when %s is missing, which is not taken for trimmed', async (_, keys, sentence) => {
    const { changes, store } = await openTestLog();
    await changes.append([mailEntry(1), ownEntry(1), ownEntry(2), ownEntry(3), mailEntry(2)], [], nothing);
    await changes.forget(await changes.read(0, 2));
    const disk = new Map(store.snapshot());
    expect((await openTestLog({ disk })).changes).toMatchObject({ oldestSeq: 3, oldestN: 2, head: 5 });
    for (const key of keys) disk.delete(key);
    if (keys.length === 0) disk.delete(`change-own/${changes.logId}/${'2'.padStart(16, '0')}`);
    await expect(openTestLog({ disk })).rejects.toThrow(sentence);
  });

  it('is found by asking for as many records of a long log as of a short one', async () => {
    const asked = async (count: number) => {
      const { changes, store } = await openTestLog();
      for (let at = 0; at < count; at += 100)
        await changes.append(
          Array.from({ length: 100 }, (_, next) => ownEntry(at + next + 1)),
          [],
          nothing,
        );
      const again = new CountingStore(store.snapshot());
      await openTestLog({ store: again });
      return again.records;
    };
    const short = await asked(100);
    expect(short).toBeGreaterThan(0);
    expect(await asked(5_000)).toBe(short);
  });

  it.each([
    ['the newest entry is missing', (disk: Map<string, string>) => disk.delete(keyOf(3))],
    ['its record is none', (disk: Map<string, string>) => disk.set('change-end', '{"seq":3}')],
    ['its record is null', (disk: Map<string, string>) => disk.set('change-end', 'null')],
  ])('is refused when %s', async (_, spoil) => {
    const disk = new Map((await threeKinds()).store.snapshot());
    spoil(disk);
    await expect(openTestLog({ disk })).rejects.toMatchObject({ code: 'store_failed' });
  });

  it.each(['n', 'chain', 'digest'])("is refused when its '%s' is not that of the newest entry", async (member) => {
    const { changes, store } = await openTestLog();
    await changes.append([ownEntry(1), ownEntry(2)], [], nothing);
    const disk = new Map(store.snapshot());
    const end = JSON.parse(disk.get('change-end') ?? '') as Record<string, unknown>;
    disk.set('change-end', JSON.stringify({ ...end, [member]: member === 'n' ? 1 : 'AAAA' }));
    await expect(openTestLog({ disk })).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining('does not fit entry 2'),
    });
  });
});

/** Counts the records that it hands out. */
class CountingStore extends MemoryStore {
  records = 0;

  constructor(disk: MemoryDisk) {
    super({ disk });
  }

  override get(key: string): Promise<unknown> {
    this.records += 1;
    return super.get(key);
  }

  override async *load(...asked: Parameters<Store['load']>): ReturnType<Store['load']> {
    for await (const page of super.load(...asked)) {
      this.records += page.length;
      yield page;
    }
  }
}
