// The commit log when what it held is overwritten: what is left of it, and what a crash at any step leaves.
import { beforeEach, describe, expect, it } from 'vitest';
import { type CommitLog, openCommitLog } from '../../../../node/store/commits/commit-log.ts';
import { FILE_HEADER_BYTES, LOG_ID_BYTES } from '../../../../node/store/commits/file-header.ts';
import type { KnownLog } from '../../../../node/store/commits/known-log.ts';
import type { LogPaths } from '../../../../node/store/commits/log-files.ts';
import { pathsIn } from '../../../../node/store/paths.ts';
import type { RecordText } from '../../../../node/store/record.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { SimulatedLogDisk, type Step } from '../../../support/simulated-log-disk.ts';

const { commitLog, ...OTHERS } = pathsIn('');
const [FIRST, SECOND, THIRD = ''] = commitLog;
const OF_TWO: Paths = { ...OTHERS, commitLog: [FIRST, SECOND] };
const OF_THREE: Paths = { ...OTHERS, commitLog: [FIRST, SECOND, THIRD] };
const FILE_BYTES = FILE_HEADER_BYTES + 400;
const WORD = 'sesquipedalian';

type Paths = LogPaths & { readonly database: string };

let paths: Paths;
let disk: SimulatedLogDisk;
/** What the database has, and what is on its way to it. */
let database: { known: KnownLog | undefined; readonly keys: string[] };
let waiting: RecordText[];

beforeEach(() => {
  paths = OF_TWO;
  disk = new SimulatedLogDisk(seededRandom(1));
  database = { known: undefined, keys: [] };
  waiting = [];
});

async function open(at = disk): Promise<CommitLog> {
  const log = await openCommitLog({
    ...{ disk: at, paths, fileBytes: FILE_BYTES, known: database.known },
    newId: () => new Uint8Array(LOG_ID_BYTES).fill(1),
    behind: {
      waitingBytes: 0,
      endFile: () => {},
      noteLog: async (known) => {
        database.known = known;
      },
      catchUp: async (known) => {
        database.keys.push(...waiting.splice(0).map(({ key }) => key));
        database.known = known;
      },
    },
  });
  waiting = [...log.left.flat()];
  return log;
}

async function append(log: CommitLog, ...names: readonly string[]): Promise<void> {
  for (const key of names) {
    const records = [{ key, text: JSON.stringify(`${WORD} ${'x'.repeat(40)}`) }];
    await log.append(records);
    waiting.push(...records);
  }
}

/** All keys that are durable, wherever, or why the log is not opened. */
async function found(at = disk): Promise<readonly string[] | string> {
  try {
    const { left } = await open(at);
    return [...database.keys, ...left.flat().map(({ key }) => key)];
  } catch (error) {
    return (error as Error).message;
  }
}

const filesWithWord = (at = disk) =>
  paths.commitLog.filter((path) => at.has(path) && at.contentOf(path).includes(WORD));
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

describe('a commit log that is overwritten', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8].flatMap((count) => [OF_TWO, OF_THREE].map((of) => ({ count, of }))))(
    'has nothing of its $count groups in files, which the database has, and goes on',
    async ({ count, of }) => {
      paths = of;
      const log = await open();
      await append(log, ...NAMES.slice(0, count));
      expect(filesWithWord()).not.toEqual([]);
      await log.overwrite();
      expect(filesWithWord()).toEqual([]);
      expect(database.keys).toEqual(NAMES.slice(0, count));
      expect(await found()).toEqual(NAMES.slice(0, count));
      await append(log, 'next');
      expect(await found()).toEqual([...NAMES.slice(0, count), 'next']);
    },
  );

  it('gives the database first what an earlier process has left in both files', async () => {
    const log = await open();
    await append(log, 'a', 'b', 'c', 'd');
    // As if the process had ended before the database had anything.
    database = { known: { id: new Uint8Array(LOG_ID_BYTES).fill(1), applied: { group: 0, sum: 0 } }, keys: [] };
    const next = await open();
    await next.overwrite();
    expect([database.keys, filesWithWord()]).toEqual([['a', 'b', 'c', 'd'], []]);
    expect(await found()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('makes a file as short as it was made that a large group has made longer', async () => {
    const log = await open();
    await log.append([{ key: 'large', text: JSON.stringify(WORD.repeat(500)) }]);
    await log.overwrite();
    await log.overwrite();
    expect(paths.commitLog.map((path) => disk.contentOf(path).length)).toEqual([FILE_BYTES, FILE_BYTES]);
    expect(filesWithWord()).toEqual([]);
  });

  it('is nothing where nothing was ever written', async () => {
    await (await open()).overwrite();
    expect(disk.calls).toEqual([]);
  });

  it('is still refused when it is an older copy, or one of its files is cut', async () => {
    const log = await open();
    await append(log, 'a', 'b');
    const older = paths.commitLog.map((path) => disk.contentOf(path));
    await log.overwrite();
    await log.settle();
    const whole = paths.commitLog.map((path) => disk.contentOf(path));
    for (const [index, path] of paths.commitLog.entries()) disk.spoil(path, older[index]);
    expect(await found()).toMatch(/is damaged/);
    for (const [index, path] of paths.commitLog.entries()) disk.spoil(path, whole[index]);
    expect(await found()).toEqual(['a', 'b']);
    const [, second] = paths.commitLog;
    disk.spoil(second, Buffer.concat([disk.contentOf(second).subarray(0, FILE_HEADER_BYTES), Buffer.alloc(400)]));
    expect(await found()).toMatch(/is damaged/);
  });

  it.each([
    ['killed', OF_TWO],
    ['without power', OF_TWO],
    ['killed', OF_THREE],
    ['without power', OF_THREE],
  ])('loses nothing wherever its process is %s, and is not refused', async (how, of) => {
    paths = of;
    for (let ending = 1; ; ending += 1) {
      disk = new SimulatedLogDisk(seededRandom(ending));
      database = { known: undefined, keys: [] };
      await append(await open(), 'a', 'b', 'c', 'd', 'e');
      let steps = 0;
      const step: Step = async () => {
        steps += 1;
        if (steps >= ending) throw new Error('ended');
      };
      const at = disk.afterKill(step);
      const log = await open(at).catch(() => undefined);
      if (log === undefined) continue;
      const isDone = await log.overwrite().then(
        () => true,
        () => false,
      );
      const after = how === 'killed' ? at.afterKill() : at.afterPowerCut();
      expect(await found(after), `step ${ending}`).toEqual(['a', 'b', 'c', 'd', 'e']);
      const next = await open(after);
      await next.overwrite();
      expect(filesWithWord(after)).toEqual([]);
      if (!isDone) continue;
      expect(ending).toBeGreaterThan(8);
      return;
    }
  });
});
