// The commit log over a disk in memory: what calls it makes, in which order, what it refuses, and what it does when one of them fails.
// Longer than 300 lines: the disk in memory and the order of its calls are what each case is about.
import { crc32 } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { type CommitLog, openCommitLog } from '../../../../node/store/commits/commit-log.ts';
import { FILE_HEADER_BYTES, LOG_ID_BYTES } from '../../../../node/store/commits/file-header.ts';
import type { KnownLog } from '../../../../node/store/commits/known-log.ts';
import type { LogPaths } from '../../../../node/store/commits/log-files.ts';
import { pathsIn } from '../../../../node/store/paths.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { SimulatedLogDisk, type Step } from '../../../support/simulated-log-disk.ts';

const { commitLog, ...OTHERS } = pathsIn('');
const [FIRST, SECOND, THIRD = '', FOURTH = ''] = commitLog;
/** Of a log that never has more than two files. */
const PATHS = { ...OTHERS, commitLog: [FIRST, SECOND] as const };
const PATHS_OF_THREE = { ...OTHERS, commitLog: [FIRST, SECOND, THIRD] as const };
const FILE_BYTES = FILE_HEADER_BYTES + 400;
const ALL = [FIRST, SECOND, PATHS.acknowledged];
const ALL_OF_THREE = [FIRST, SECOND, THIRD, PATHS.acknowledged];
/** As many as a store has. */
const PATHS_OF_ALL = { ...OTHERS, commitLog };
const ALL_OF_ALL = [...commitLog, PATHS.acknowledged];

/** The database behind the log: what it was told, and when it has caught up. */
class Behind {
  known: KnownLog | undefined;
  readonly caughtUp: number[] = [];
  waitingBytes = 0;
  #held: PromiseWithResolvers<void> | undefined;

  hold(): void {
    this.#held = Promise.withResolvers();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  async noteLog(log: KnownLog): Promise<void> {
    this.known = log;
  }

  endFile(): void {}

  async catchUp(log: KnownLog): Promise<void> {
    await this.#held?.promise;
    this.caughtUp.push(log.applied.group);
    this.known = log;
  }
}

let disk: SimulatedLogDisk;
let behind: Behind;
let paths: LogPaths & { readonly database: string };

beforeEach(() => {
  paths = PATHS;
  disk = new SimulatedLogDisk(seededRandom(1));
  behind = new Behind();
});

const open = (at: SimulatedLogDisk = disk, id = 1): Promise<CommitLog> =>
  openCommitLog({
    ...{ disk: at, paths, fileBytes: FILE_BYTES, behind, known: behind.known },
    newId: () => new Uint8Array(LOG_ID_BYTES).fill(id),
  });

const record = (name: string, characters = 60) => [{ key: name, text: JSON.stringify('x'.repeat(characters)) }];

async function append(log: CommitLog, ...names: readonly string[]): Promise<void> {
  for (const name of names) await log.append(record(name));
}

const left = (log: CommitLog) => log.left.flat().map(({ key }) => key);

/** The groups that are there when it is opened, or why it is not. */
async function found(at: SimulatedLogDisk = disk): Promise<readonly string[] | string> {
  try {
    return left(await open(at));
  } catch (error) {
    return (error as Error).message;
  }
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a commit', () => {
  it('is written, synced and noted as acknowledged, in this order, in files that were durable before', async () => {
    const log = await open();
    expect(disk.calls).toEqual([]);
    await append(log, 'a', 'b');
    const commit = [`write ${FIRST}`, `sync ${FIRST}`, `write ${PATHS.acknowledged}`];
    expect(disk.calls).toEqual([...ALL.map((path) => `make ${path}`), ...commit, ...commit]);
  });

  it('goes into the other file when one is full, which is written again once the database has what it held', async () => {
    const log = await open();
    behind.hold();
    await append(log, 'a', 'b', 'c');
    const filled = disk.contentOf(FIRST);
    await append(log, 'd', 'e', 'f');
    expect(disk.contentOf(FIRST)).toEqual(filled);
    let isDone = false;
    const next = append(log, 'g').then(() => {
      isDone = true;
    });
    await nextTurn();
    expect([isDone, disk.contentOf(FIRST).equals(filled)]).toEqual([false, true]);
    behind.release();
    await next;
    expect([behind.caughtUp, disk.contentOf(FIRST).equals(filled)]).toEqual([[3, 6], false]);
  });

  it('that is larger than a file makes it longer, until it is used again', async () => {
    const log = await open();
    await log.append(record('large', 2_000));
    expect(disk.contentOf(FIRST).length).toBeGreaterThan(2_000);
    await append(log, 'a', 'b', 'c', 'd');
    expect([disk.contentOf(FIRST).length, disk.contentOf(SECOND).length]).toEqual([FILE_BYTES, FILE_BYTES]);
    await log.settle();
    expect(await found()).toEqual([]);
  });
});

describe('a log that may have more than two files', () => {
  beforeEach(() => {
    paths = PATHS_OF_THREE;
  });

  it('makes a third one while the second fills, and asks the database for nothing', async () => {
    const log = await open();
    await append(log, 'a', 'b', 'c', 'd');
    await nextTurn();
    expect(disk.has(THIRD)).toBe(false);
    await append(log, 'e');
    await nextTurn();
    expect([disk.contentOf(THIRD).length, behind.caughtUp]).toEqual([FILE_BYTES, []]);
    const before = disk.calls.length;
    await append(log, 'f', 'g');
    expect(disk.calls.slice(before)).toEqual(
      [SECOND, THIRD].flatMap((path) => [`write ${path}`, `sync ${path}`, `write ${PATHS.acknowledged}`]),
    );
  });

  it('has commits wait for it only where they need it', async () => {
    const held = Promise.withResolvers<void>();
    const log = await open(disk.afterKill((call) => (call === `make ${THIRD}` ? held.promise : Promise.resolve())));
    await append(log, 'a', 'b', 'c', 'd', 'e', 'f');
    let isDone = false;
    const next = append(log, 'g').then(() => {
      isDone = true;
    });
    await nextTurn();
    expect(isDone).toBe(false);
    held.resolve();
    await next;
  });

  it('is neither settled nor closed while it makes one', async () => {
    for (const end of ['settle', 'close'] as const) {
      const held = Promise.withResolvers<void>();
      const at = disk.afterKill((call) => (call === `made ${THIRD}` ? held.promise : Promise.resolve()));
      const log = await open(at);
      await append(log, 'a', 'b', 'c', 'd', 'e');
      const ended = log[end]().then(() => at.making);
      await nextTurn();
      expect(at.making).toBe(1);
      held.resolve();
      expect(await ended).toBe(0);
      behind = new Behind();
    }
  });

  it('overwrites what its files had, and nothing of one that is being made', async () => {
    const held = Promise.withResolvers<void>();
    const at = disk.afterKill((call) => (call === `put ${THIRD}` ? held.promise : Promise.resolve()));
    const log = await open(at);
    await append(log, 'a', 'b', 'c', 'd', 'e');
    const overwritten = log.overwrite();
    await nextTurn();
    held.resolve();
    await overwritten;
    await append(log, 'f');
    await log.settle();
    await log.close();
    expect([at.contentOf(THIRD).length, await found(at.afterKill()), behind.caughtUp.at(-1)]).toEqual([
      FILE_BYTES,
      [],
      7,
    ]);
  });

  it('has all that was acknowledged, wherever its process ends while it makes one', async () => {
    for (const ended of [`make ${THIRD}`, `put ${THIRD}`, 'sync names', `made ${THIRD}`, `open ${THIRD}`])
      for (const how of ['killed', 'without power'] as const) {
        const fresh = new SimulatedLogDisk(seededRandom(1));
        behind = new Behind();
        let isMaking = false;
        const at = fresh.afterKill((call) => {
          isMaking ||= call === `make ${THIRD}`;
          return isMaking && call === ended ? new Promise(() => {}) : Promise.resolve();
        });
        await append(await open(at), 'a', 'b', 'c', 'd', 'e', 'f');
        const after = how === 'killed' ? at.afterKill() : at.afterPowerCut();
        const log = await open(after);
        expect(left(log), `${how} at ${ended}`).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
        await append(log, 'g');
        // The last of these goes into the third file.
        behind.hold();
        await append(log, 'h', 'i', 'j', 'k', 'l', 'm');
        for (let cut = 0; cut < 8; cut += 1)
          expect(await found(after.afterPowerCut()), `${how} at ${ended}`).toEqual([...'ghijklm']);
      }
  });

  it('has the database take the oldest one, and no other, when the last free one is begun', async () => {
    const log = await open();
    await append(log, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i');
    expect(behind.caughtUp).toEqual([3]);
    const [second, third] = [disk.contentOf(SECOND), disk.contentOf(THIRD)];
    await append(log, 'j', 'k', 'l');
    expect([behind.caughtUp, disk.contentOf(SECOND), disk.contentOf(THIRD)]).toEqual([[3, 6], second, third]);
    expect(await found()).toEqual(['g', 'h', 'i', 'j', 'k', 'l']);
  });

  it('waits until the database has the oldest one where all are full', async () => {
    const log = await open();
    behind.hold();
    await append(log, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i');
    let isDone = false;
    const next = append(log, 'j').then(() => {
      isDone = true;
    });
    await nextTurn();
    expect(isDone).toBe(false);
    behind.release();
    await next;
    expect(behind.caughtUp).toEqual([3, 6]);
  });

  it('has it take the oldest one sooner where too much waits in memory', async () => {
    const log = await open();
    behind.waitingBytes = 17 * 1_024 * 1_024;
    await append(log, 'a', 'b', 'c', 'd');
    expect(behind.caughtUp).toEqual([3]);
    behind.waitingBytes = 0;
    await append(log, 'e', 'f', 'g');
    // The first is free again.
    expect([behind.caughtUp, disk.has(THIRD)]).toEqual([[3], false]);
  });

  it('is opened with all that the database lacks, which is handed over with the next commit, and settles', async () => {
    await append(await open(), 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
    const log = await open();
    expect(left(log)).toEqual(['d', 'e', 'f', 'g', 'h']);
    await append(log, 'i');
    expect(behind.caughtUp).toEqual([3, 8]);
    await append(log, 'j', 'k');
    await log.settle();
    expect([behind.caughtUp.at(-1), await found()]).toEqual([11, []]);
  });

  it('is refused where one of its files is missing that others came after', async () => {
    paths = { ...OTHERS, commitLog: [FIRST, SECOND, THIRD, FOURTH] };
    const log = await open();
    await append(log, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j');
    await log.settle();
    expect(await found()).toEqual([]);
    disk.spoil(THIRD, undefined);
    expect(await found()).toMatch(/mesh\.commit-log-3 is damaged: it is missing/);
  });

  it('is refused where the file of its newest groups is missing', async () => {
    await append(await open(), 'a', 'b', 'c', 'd', 'e', 'f', 'g');
    disk.spoil(THIRD, undefined);
    expect(await found()).toMatch(/is damaged: it is cut off, or an older copy: of 7 groups of commits the last 1 are/);
  });

  it.each(
    ['EIO', 'ENOSPC'].flatMap((code) =>
      ['make', 'put', 'made', 'open'].flatMap((call) =>
        ['append', 'settle'].map((next) => ({ code, call, next: next as 'append' | 'settle' })),
      ),
    ),
  )('says so with the next $next where it fails with $code while it makes one ($call)', async (how) => {
    let isReady = false;
    const at = disk.afterKill(async (call) => {
      if (isReady && call === `${how.call} ${THIRD}`) throw Object.assign(new Error('the disk'), { code: how.code });
    });
    const log = await open(at);
    await append(log, 'a', 'b', 'c', 'd');
    isReady = true;
    await append(log, 'e');
    await nextTurn();
    const next = how.next === 'append' ? append(log, 'f') : log.settle();
    await expect(next).rejects.toMatchObject({ code: 'store_failed' });
    await log.close();
    expect([at.making, await found(at.afterKill())]).toEqual([0, ['a', 'b', 'c', 'd', 'e']]);
  });
});

describe('a log that is opened again', () => {
  it('has what the database has not, and goes on behind it', async () => {
    await append(await open(), 'a', 'b', 'c', 'd');
    const log = await open();
    expect(left(log)).toEqual(['d']);
    await append(log, 'e');
    expect(await found()).toEqual(['d', 'e']);
  });

  it('brings the database up to date first where both files have something that it lacks', async () => {
    const log = await open();
    behind.hold();
    await append(log, 'a', 'b', 'c', 'd');
    behind = Object.assign(new Behind(), { known: behind.known });
    const next = await open();
    expect([left(next), behind.caughtUp]).toEqual([['a', 'b', 'c', 'd'], []]);
    await append(next, 'e');
    expect(behind.caughtUp).toEqual([4]);
  });

  it('is only read: the database is told nothing when it is closed', async () => {
    await append(await open(), 'a');
    const before = ALL.map((path) => disk.contentOf(path));
    const log = await open();
    await log.settle();
    expect([behind.caughtUp, ALL.map((path) => disk.contentOf(path))]).toEqual([[], before]);
  });

  it('is begun anew where its process was killed before the database knew of it', async () => {
    for (const killedAt of ALL) {
      const step: Step = async (call) => {
        if (call === `made ${killedAt}`) throw new Error('killed');
      };
      const half = disk.afterKill(step);
      await expect(append(await open(half), 'a')).rejects.toThrow();
      const next = half.afterKill();
      await append(await open(next), 'b');
      expect(await found(next)).toEqual(['b']);
      behind = new Behind();
    }
  });
});

/** Groups of which the database has three; each file but the first is full, and the first begun again. */
const LEFT = [
  { files: 2, names: ['d', 'e', 'f', 'g'], last: 7, all: ALL, of: PATHS },
  { files: 3, names: ['d', 'e', 'f', 'g', 'h', 'i', 'j'], last: 10, all: ALL_OF_THREE, of: PATHS_OF_THREE },
  { files: 8, names: [...'defghijklmnopqrstuvwxy'], last: 25, all: ALL_OF_ALL, of: PATHS_OF_ALL },
];

describe.each(LEFT)('a log of $files files that is not as it was left', ({ names, last, all, of }) => {
  async function prepare(): Promise<void> {
    const log = await open();
    await append(log, 'a', 'b', 'c');
    behind.hold();
    const waiting = append(log, ...names);
    await nextTurn();
    behind.release();
    await waiting;
    // As if the process had ended before the database had the second file's.
    behind.known = { id: new Uint8Array(LOG_ID_BYTES).fill(1), applied: marks[3] ?? { group: 0, sum: 0 } };
  }
  const marks: KnownLog['applied'][] = [];

  beforeEach(async () => {
    paths = of;
    const watched = behind.catchUp.bind(behind);
    behind.catchUp = async (log) => {
      marks[log.applied.group] = log.applied;
      await watched(log);
    };
    await prepare();
    expect(await found()).toEqual(names);
  });

  it('is refused or read in full, whichever octet of its files is another', async () => {
    let refused = 0;
    for (const path of all) {
      const whole = disk.contentOf(path);
      for (let at = 0; at < whole.length; at += at > LOG_ID_BYTES * 3 && at < FILE_HEADER_BYTES - 8 ? 97 : 1) {
        const spoilt = Buffer.from(whole);
        spoilt[at] = (spoilt[at] ?? 0) ^ 1;
        disk.spoil(path, spoilt);
        const after = await found();
        if (typeof after === 'string') refused += 1;
        // The note of what was acknowledged may say less, as after a power cut.
        else expect(after, `octet ${at} of ${path}`).toEqual(names);
      }
      disk.spoil(path, whole);
    }
    expect(refused).toBeGreaterThan(400);
  });

  it('is refused, wherever one of its files was cut', async () => {
    for (const path of all) {
      const whole = disk.contentOf(path);
      for (let bytes = 0; bytes < whole.length; bytes += bytes > 50 && bytes < FILE_HEADER_BYTES - 8 ? 97 : 1) {
        disk.spoil(path, whole.subarray(0, bytes));
        expect(await found(), `${path} of ${bytes}`).toMatch(/is damaged/);
      }
      disk.spoil(path, whole);
    }
  });

  it('is refused when its last groups are gone, however much of the file', async () => {
    const whole = disk.contentOf(FIRST);
    for (let bytes = FILE_HEADER_BYTES; bytes < FILE_HEADER_BYTES + 100; bytes += 1) {
      disk.spoil(FIRST, Buffer.concat([whole.subarray(0, bytes), Buffer.alloc(whole.length - bytes)]));
      expect(await found()).toMatch(
        new RegExp(`it is cut off, or an older copy: of ${last} groups of commits the last 1 are gone`),
      );
    }
  });

  it('is opened without its last group when that was not acknowledged', async () => {
    const whole = disk.contentOf(FIRST);
    disk.spoil(
      FIRST,
      Buffer.concat([whole.subarray(0, FILE_HEADER_BYTES + 50), Buffer.alloc(whole.length - FILE_HEADER_BYTES - 50)]),
    );
    disk.spoil(PATHS.acknowledged, Buffer.from(`${String(last - 1).padStart(16, '0')}\n`));
    expect(await found()).toEqual(names.slice(0, -1));
  });

  it.each([
    ['a file is missing', () => disk.spoil(FIRST, undefined), /mesh\.commit-log-1 is damaged: it is missing/],
    [
      'the note is missing',
      () => disk.spoil(PATHS.acknowledged, undefined),
      /mesh\.acknowledged is damaged: it is missing/,
    ],
    [
      'the note says something else',
      () => disk.spoil(PATHS.acknowledged, Buffer.from('many')),
      /it is not a number of 16 digits/,
    ],
    ['a file is a copy of the other', () => disk.spoil(FIRST, disk.contentOf(SECOND)), /it is the other file/],
    [
      'a newer program wrote it',
      () => {
        const newer = disk.contentOf(FIRST);
        newer.writeUInt32LE(2, 8);
        newer.writeUInt32LE(crcOf(newer), 32);
        disk.spoil(FIRST, newer);
      },
      /has format 2, and this program knows format 1.*or a newer one/,
    ],
  ])('is refused when %s', async (_name, spoil, sentence) => {
    spoil();
    expect(await found()).toMatch(sentence);
  });

  it('is refused or read in full, whichever of its files are older copies', async () => {
    const before = new Map(all.map((path) => [path, disk.contentOf(path)]));
    // The database takes one file after the other meanwhile.
    await append(await open(), ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.slice(0, last - 2));
    const after = new Map(all.map((path) => [path, disk.contentOf(path)]));
    const whole = await found();
    const logFiles = of.commitLog;
    let refused = 0;
    // With the note of what was acknowledged, the file of the newest groups takes with it all that tells of them.
    for (let older = 1; older < 2 ** logFiles.length; older += 1) {
      for (const [at, path] of logFiles.entries()) disk.spoil(path, (older & (2 ** at) ? before : after).get(path));
      const read = await found();
      if (typeof read === 'string') refused += 1;
      else expect(read, older.toString(2)).toEqual(whole);
    }
    expect(refused).toBe(2 ** logFiles.length - 2);
  });

  it('is refused when one file, or all, are older copies, unless the database has what is missing in it', async () => {
    if (of !== PATHS) return;
    const before = new Map(ALL.map((path) => [path, disk.contentOf(path)]));
    await append(await open(), 'h', 'i', 'j', 'k', 'l');
    const after = new Map(ALL.map((path) => [path, disk.contentOf(path)]));
    const foundWith = async (...older: readonly string[]) => {
      for (const path of ALL) disk.spoil(path, (older.includes(path) ? before : after).get(path));
      return found();
    };
    for (const older of [[SECOND], [FIRST, SECOND]])
      expect(await foundWith(...older), older.join(', ')).toMatch(/is damaged/);
    expect(await foundWith(...ALL)).toMatch(/it is an older copy, for the database has taken 9 groups/);
    expect([await foundWith(FIRST), behind.known?.applied.group]).toEqual([['j', 'k', 'l'], 9]);
  });

  it('is refused when its files are those of another data directory', async () => {
    const other = new SimulatedLogDisk(seededRandom(2));
    const { known } = behind;
    behind.known = undefined;
    const log = await open(other, 2);
    await append(log, 'a', 'b', 'c', 'd', 'e', 'f', 'g');
    behind.known = known;
    disk.spoil(FIRST, other.contentOf(FIRST));
    expect(await found()).toMatch(/mesh\.commit-log-1 is damaged: it belongs to another data directory/);
  });

  it('is refused when the database is from before it was begun', async () => {
    behind.known = undefined;
    expect(await found()).toMatch(
      /mesh\.sqlite is damaged: it is an older copy, for it knows nothing of the commits in/,
    );
  });

  it('is refused when the database is an older copy that needs groups which are there no more', async () => {
    behind.known = { id: new Uint8Array(LOG_ID_BYTES).fill(1), applied: { group: 0, sum: 0 } };
    expect(await found()).toMatch(/the group 1 is missing or does not fit its checksum, and \d is there/);
  });
});

/** Groups for which the log has to wait for the database once. */
const FAILING = [
  { files: 2, of: PATHS, names: [...'abcde'] },
  { files: 2, of: PATHS, names: [...'abcdefghi'] },
  { files: 3, of: PATHS_OF_THREE, names: [...'abcdefghijklm'] },
  { files: 8, of: PATHS_OF_ALL, names: [...'abcdefghijklmnopqrstuvwxyzABC'] },
].flatMap((one) => ['EIO', 'ENOSPC'].map((code) => ({ ...one, code })));

describe('a call that fails', () => {
  it.each(['EIO', 'ENOSPC'])(
    'with %s keeps a log from being opened again, whichever it is, and loses nothing',
    async (code) => {
      for (let failing = 1; ; failing += 1) {
        [paths, behind, disk] = [PATHS_OF_THREE, new Behind(), new SimulatedLogDisk(seededRandom(failing))];
        await append(await open(), ...'abcdefgh');
        let steps = 0;
        const at = disk.afterKill(async () => {
          steps += 1;
          if (steps === failing) throw Object.assign(new Error('the disk'), { code });
        });
        const opened = await open(at).catch((error: unknown) => error);
        if (opened instanceof Error) expect(opened).toMatchObject({ code: 'store_failed' });
        else {
          expect([failing > 12, left(opened as CommitLog)]).toEqual([true, ['d', 'e', 'f', 'g', 'h']]);
          return;
        }
        expect(await found(at.afterKill())).toEqual(['d', 'e', 'f', 'g', 'h']);
        expect(await found(at.afterPowerCut())).toEqual(['d', 'e', 'f', 'g', 'h']);
      }
    },
  );

  it.each(FAILING)(
    'with $code ends a log of up to $files files, whichever it is; nothing is tried again',
    async ({ code, of, names }) => {
      paths = of;
      for (let failing = 1; ; failing += 1) {
        disk = new SimulatedLogDisk(seededRandom(failing));
        behind = new Behind();
        let steps = 0;
        const step: Step = async () => {
          steps += 1;
          if (steps === failing) throw Object.assign(new Error('the disk'), { code });
        };
        const acknowledged: string[] = [];
        const at = disk.afterKill(step);
        const log = await open(at).catch(() => undefined);
        if (log === undefined) continue;
        try {
          for (const name of names) {
            await append(log, name);
            acknowledged.push(name);
          }
          expect(failing).toBeGreaterThan(20);
          return;
        } catch (error) {
          const sentence = code === 'EIO' ? /could not read or write mesh\.commit-log-1/ : /mesh\.commit-log-1 is full/;
          expect(error).toMatchObject({ code: 'store_failed', message: expect.stringMatching(sentence) });
          const dark = await found(at.afterPowerCut());
          const taken = names.slice(0, behind.known?.applied.group ?? 0);
          expect([...taken, ...dark].slice(0, acknowledged.length)).toEqual(acknowledged);
        }
      }
    },
  );
});

function crcOf(header: Buffer): number {
  return crc32(header.subarray(0, 32));
}
