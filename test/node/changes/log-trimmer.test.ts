// The log stays bounded: what its readers are done with goes after a day, and after some days everything goes.
import { describe, expect, it } from 'vitest';
import type { CursorReader } from '../../../node/changes/change-log.ts';
import {
  GIVE_UP_MS_MAX,
  LOG_KEPT_MS_MIN,
  LogTrimmer,
  TRIM_INTERVAL_MS,
  TRIM_PAGE_ENTRIES_MAX,
} from '../../../node/changes/log-trimmer.ts';
import {
  heardEntry,
  mailEntry,
  nothing,
  openTestLog,
  ownEntry,
  type TestLogOptions,
} from '../../support/log-entries.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS = 7;

/** A reader at a place; giving up moves it on. */
class TestReader implements CursorReader {
  oldestSeq: number;
  readonly gaveUp: number[] = [];
  asked = 0;
  /** Told before it moves on. */
  readonly #ask: () => Promise<void>;

  constructor(oldestSeq: number, ask: () => Promise<void> = () => Promise.resolve()) {
    this.oldestSeq = oldestSeq;
    this.#ask = ask;
  }

  async giveUp(seq: number): Promise<void> {
    this.asked += 1;
    await this.#ask();
    this.gaveUp.push(seq);
    this.oldestSeq = seq + 1;
  }
}

async function trimmedLog(readers: readonly CursorReader[] = [], options: TestLogOptions = {}) {
  const opened = await openTestLog(options);
  const { changes, clock, log, store } = opened;
  const trimmer = new LogTrimmer({ changes, readers, keptMsMax: DAYS * DAY_MS, clock, log });
  const stop = new AbortController();
  const running = { ended: Promise.resolve() };
  let made = changes.head;
  return {
    ...opened,
    /** So many own entries, of now. */
    write: async (count: number) => {
      const timestamp = new Date(clock.wallMs()).toISOString();
      const entries = Array.from({ length: count }, (_, at) => ownEntry(made + at + 1, { timestamp }));
      made += count;
      await changes.append(entries, [], nothing);
    },
    start: () => {
      running.ended = trimmer.run(stop.signal);
    },
    /** Settles when it has ended, by whatever. */
    ended: () => running.ended,
    stop: async () => {
      stop.abort();
      await running.ended;
    },
    /** Positions of what is on the disk. */
    kept: () => {
      const keys = [...store.snapshot().keys()].filter((key) => key.startsWith('change/'));
      return keys.map((key) => Number(key.slice('change/'.length))).sort((one, other) => one - other);
    },
  };
}

describe('the trimming of the log', () => {
  it('takes what is a day old and what every reader is done with, and nothing else', async () => {
    const reader = new TestReader(1);
    const { write, start, stop, kept, clock } = await trimmedLog([reader, new TestReader(Infinity)]);
    await write(10);
    await clock.advance(12 * HOUR_MS);
    await write(10);
    start();
    await clock.advance(11 * HOUR_MS);
    reader.oldestSeq = 21;
    // The first ten are not a day old yet.
    expect(kept()).toHaveLength(20);
    await clock.advance(HOUR_MS + TRIM_INTERVAL_MS);
    expect(kept()).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    reader.oldestSeq = 15;
    await clock.advance(12 * HOUR_MS);
    expect(kept()).toEqual([15, 16, 17, 18, 19, 20]);
    expect(reader.gaveUp).toEqual([]);
    await stop();
  });

  it('takes what is older than the days that are set, when its readers have given it up', async () => {
    const gate = Promise.withResolvers<void>();
    const slow = new TestReader(4, () => gate.promise);
    const away = new TestReader(1);
    const { write, start, stop, kept, clock, log } = await trimmedLog([away, slow]);
    await write(10);
    await clock.advance(DAY_MS);
    await write(10);
    start();
    await clock.advance((DAYS - 1) * DAY_MS - 1);
    expect(kept()).toHaveLength(20);
    await clock.advance(1 + TRIM_INTERVAL_MS);
    // What the slow one needs stays.
    expect([away.gaveUp, kept().length]).toEqual([[10], 17]);
    gate.resolve();
    await clock.advance(TRIM_INTERVAL_MS);
    expect([slow.gaveUp, kept()]).toEqual([[10], [11, 12, 13, 14, 15, 16, 17, 18, 19, 20]]);
    expect(log.named('change.trimmed').map(({ fields }) => fields)).toEqual([
      { entries: 3, oldestSeq: 4, late: 2 },
      { entries: 7, oldestSeq: 11, late: 0 },
    ]);
    await stop();
  });

  it('goes on when one reader never gives up, and takes what it still holds a day later, and says so', async () => {
    const hung = new TestReader(1, () => new Promise(() => {}));
    const other = new TestReader(1);
    const { write, start, stop, kept, clock, log } = await trimmedLog([hung, other]);
    await write(10);
    await clock.advance(DAY_MS);
    await write(10);
    start();
    await clock.advance((DAYS - 1) * DAY_MS + 2 * TRIM_INTERVAL_MS);
    // The other one is asked again and again, the hung one once.
    expect([other.gaveUp[0], kept().length, log.named('change.taken')]).toEqual([10, 20, []]);
    expect(hung.asked).toBe(1);
    await clock.advance(DAY_MS);
    expect([other.oldestSeq, kept()]).toEqual([21, [11, 12, 13, 14, 15, 16, 17, 18, 19, 20]]);
    await clock.advance(DAY_MS);
    expect(kept()).toEqual([]);
    expect(log.named('change.taken').map(({ level, fields }) => [level, fields])).toEqual([
      ['error', { fromSeq: 1, toSeq: 10 }],
      ['error', { fromSeq: 11, toSeq: 20 }],
    ]);
    await stop();
  });

  it('ends with the failure of a reader that was slow to fail', async () => {
    const gate = Promise.withResolvers<void>();
    const { write, start, ended, clock } = await trimmedLog([new TestReader(1, () => gate.promise)]);
    await write(1);
    await clock.advance(DAYS * DAY_MS);
    start();
    await clock.advance(TRIM_INTERVAL_MS + GIVE_UP_MS_MAX);
    gate.reject(new Error('The disk is gone.'));
    const failed = expect(ended()).rejects.toThrow('The disk is gone.');
    await clock.advance(TRIM_INTERVAL_MS);
    await failed;
  });

  it('goes by when an entry was heard, not by when the other host says that it happened', async () => {
    const { changes, start, stop, kept, clock } = await trimmedLog();
    await changes.hear([heardEntry(1, { timestamp: '2020-01-01T00:00:00.000Z' })], [], nothing);
    start();
    await clock.advance(LOG_KEPT_MS_MIN - 1);
    expect(kept()).toEqual([1]);
    await clock.advance(1 + TRIM_INTERVAL_MS);
    expect(kept()).toEqual([]);
    await stop();
  });

  it('leaves positions, places and the log id as they were, also when nothing is left', async () => {
    const { changes, write, start, stop, kept, clock, store } = await trimmedLog();
    await write(3);
    const { ownHead } = changes;
    start();
    await clock.advance(2 * DAY_MS);
    await stop();
    expect(kept()).toEqual([]);
    const again = await openTestLog({ disk: store.snapshot(), seed: 2 });
    expect([again.changes.head, again.changes.ownHead, again.changes.oldestSeq]).toEqual([3, ownHead, 4]);
    await again.changes.append([ownEntry(4)], [], nothing);
    expect(await again.changes.read(0, 10)).toMatchObject([{ seq: 4, place: { logId: ownHead.logId, n: 4 } }]);
    // Nothing of what was trimmed is left on the disk.
    const keys = [...again.store.snapshot().keys()].filter((key) => key.startsWith('change'));
    expect(keys.sort()).toEqual(['change-end', `change-own/${ownHead.logId}/${'4'.padStart(16, '0')}`, keys[2]]);
  });

  it('tells whoever follows by places that they are gone, and whoever reads by positions what comes next', async () => {
    const { changes, write, start, stop, clock, store } = await trimmedLog();
    await changes.append([mailEntry(1)], [], nothing);
    await write(5);
    await clock.advance(DAY_MS);
    await write(5);
    start();
    await clock.advance(TRIM_INTERVAL_MS);
    await stop();
    for (const { changes: log } of [{ changes }, await openTestLog({ disk: store.snapshot() })]) {
      expect([await log.own(0, 10), await log.own(4, 10)]).toEqual([undefined, undefined]);
      expect((await log.own(5, 10))?.map(({ place }) => place.n)).toEqual([6, 7, 8, 9, 10]);
      expect((await log.read(0, 2)).map(({ seq }) => seq)).toEqual([7, 8]);
      expect((await log.read(3, 100)).map(({ seq }) => seq)).toEqual([7, 8, 9, 10, 11]);
    }
  });

  it('can be cut off by a power cut at every commit of it: the log is shorter, and has no hole', async () => {
    const count = 3 * TRIM_PAGE_ENTRIES_MAX;
    for (let commits = 0; commits <= 4; commits += 1) {
      const { changes, write, start, clock, store } = await trimmedLog();
      await write(count);
      await changes.hear([heardEntry(1)], [], nothing);
      await clock.advance(DAY_MS);
      await write(1);
      let left = commits;
      const commit = store.commit.bind(store);
      const cut = Promise.withResolvers<void>();
      store.commit = (writes) => {
        left -= 1;
        if (left >= 0) return commit(writes);
        cut.resolve();
        return new Promise(() => undefined);
      };
      start();
      await clock.advance(TRIM_INTERVAL_MS);
      if (commits < 4) await cut.promise;
      const again = await openTestLog({ disk: store.crash() });
      // The first commit is where the log ends.
      const gone = Math.max(0, commits - 1) * TRIM_PAGE_ENTRIES_MAX;
      const log = await again.changes.read(0, 2 * count);
      const expected = Array.from({ length: count + 2 - gone }, (_, at) => gone + at + 1);
      expect(log.map(({ seq }) => seq)).toEqual(expected);
      const own = await again.changes.own(gone, 2 * count);
      expect(own?.length).toBe(count + 1 - gone);
    }
  });

  it('does not disturb whoever is reading what goes', async () => {
    const { store, write, clock, changes: written } = await trimmedLog();
    await write(2 * TRIM_PAGE_ENTRIES_MAX);
    await clock.advance(DAY_MS);
    await write(1);
    // From the disk, for the memory of a new start is empty.
    const again = await trimmedLog([], { disk: store.snapshot(), clock });
    const reads = [again.changes.read(0, 1_000), again.changes.read(250, 1_000), again.changes.own(0, 1_000)];
    again.start();
    await clock.advance(TRIM_INTERVAL_MS);
    const [all, some] = await Promise.all(reads);
    await again.stop();
    expect(again.kept()).toEqual([written.head]);
    for (const read of [all, some]) expect(read?.at(-1)?.seq).toBe(written.head);
  });

  it('ends when the node does, in the middle of a long log', async () => {
    const { write, start, stop, clock, kept, store } = await trimmedLog();
    await write(2 * TRIM_PAGE_ENTRIES_MAX);
    await clock.advance(2 * DAY_MS);
    start();
    await clock.advance(0);
    const commit = store.commit.bind(store);
    const stopped = Promise.withResolvers<void>();
    store.commit = (writes) => {
      stopped.resolve(stop());
      return commit(writes);
    };
    await clock.advance(TRIM_INTERVAL_MS);
    await stopped.promise;
    expect([kept().length, clock.sleepers]).toEqual([TRIM_PAGE_ENTRIES_MAX, 0]);
  });

  it('survives a clock that was set back: what was written before is judged by what came after it', async () => {
    const { write, start, stop, kept, clock } = await trimmedLog();
    await write(2);
    clock.setWall(-30 * DAY_MS);
    await write(6);
    start();
    await clock.advance(2 * DAY_MS);
    expect(kept()).toEqual([]);
    await stop();
  });
});
