// A data directory of a version before: what is in it, and when it becomes one of this version. Format 1 had no commit log, formats 1 and 2 one
// table for all records, and format 3 never more than two files of the commit log.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../../node/store/database.ts';
import { openStore } from '../../../node/store/disk-store.ts';
import { isOfLog } from '../../../node/store/log-keys.ts';
import { pathsIn, type StorePaths } from '../../../node/store/paths.ts';
import type { Store } from '../../../node/store/store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { copyData, dataIn, formatOf, makeDataDirectory, makeEarlier } from '../../support/store-directory.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';

/** Keys of the log, and some that only look like it. */
const OLD: ReadonlyMap<string, number> = new Map(
  ['a', 'change', 'change-end', 'change-own/l/1', 'change-own0', 'change/1', 'change/2', 'change0', 'z'].map(
    (key, at) => [key, at],
  ),
);
const MIGRATING = fileURLToPath(new URL('../../support/killed-migration.ts', import.meta.url));
const ENTRIES = 200_000;
const PAGE_RECORDS = 1_000;

let place: ReturnType<typeof makeDataDirectory>;
let paths: StorePaths;
let log: RecordingLog;

const open = (directory = place.directory) => openStore({ directory, log });

async function everything(store: Store): Promise<ReadonlyMap<string, unknown>> {
  const found = new Map<string, unknown>();
  for await (const page of store.load('')) for (const { key, value } of page) found.set(key, value);
  return found;
}

function prepare(
  format: 1 | 2 | 3,
  records: readonly string[] = [...OLD].flatMap(([key, n]) => [key, String(n)]),
): void {
  const before = openDatabase(place.directory);
  before.write(records);
  before.close();
  makeEarlier(paths.database, format);
}

function keysOf(table: 'records' | 'log'): readonly string[] {
  const database = new DatabaseSync(paths.database, { readOnly: true });
  const keys = database.prepare(`SELECT key FROM ${table} ORDER BY key`).all();
  database.close();
  return keys.map(({ key }) => String(key));
}

beforeEach(() => {
  place = makeDataDirectory();
  paths = pathsIn(place.directory);
  log = new RecordingLog();
});
afterEach(() => place.remove());

describe.each([1, 2, 3] as const)('a data directory of format %i', (format) => {
  beforeEach(() => prepare(format));

  it('is read as it is, and stays so until something is written', async () => {
    const before = dataIn(place.directory);
    const store = await open();
    expect(await everything(store)).toEqual(OLD);
    expect([await store.get('change/2'), await store.get('change-end')]).toEqual([6, 2]);
    await store.close();
    expect([dataIn(place.directory), formatOf(paths.database)]).toEqual([before, format]);
    expect(log.named('store.migrated')).toEqual([]);
  });

  it('is of this one with the first commit, which is told, and from then on the version before refuses it', async () => {
    const store = await open();
    await store.commit([
      { key: 'change/1', value: undefined },
      { key: 'change/3', value: 3 },
      { key: 'new', value: 3 },
    ]);
    const after = new Map([...OLD, ['change/3', 3], ['new', 3]]);
    after.delete('change/1');
    expect(await everything(store)).toEqual(after);
    const killed = `${place.directory}-killed`;
    copyData(place.directory, killed);
    await store.close();
    expect([formatOf(paths.database), ...paths.commitLog.slice(0, 3).map((path) => existsSync(path))]).toEqual([
      ...[4, true, true, false],
    ]);
    expect(log.named('store.migrated')).toEqual([
      expect.objectContaining({ fields: { fromFormat: format, toFormat: 4 } }),
    ]);
    for (const directory of [place.directory, killed]) {
      const again = await open(directory);
      expect(await everything(again)).toEqual(after);
      await again.close();
    }
    expect(keysOf('log')).toEqual([...after.keys()].filter(isOfLog).sort());
    expect(keysOf('records')).toEqual([...after.keys()].filter((key) => !isOfLog(key)).sort());
  });

  it('is put into the database whole when the node ends in order', async () => {
    const store = await open();
    await store.commit([{ key: 'new', value: 3 }]);
    await store.close();
    const database = openDatabase(place.directory);
    expect(database.read(['a', 'change/1', 'new'])).toEqual(['0', '5', '3']);
    database.close();
  });
});

describe('a migration', () => {
  it(`of ${ENTRIES.toLocaleString('en')} entries leaves every record as it was`, { timeout: LIVE_MS_MAX }, () => {
    const records: string[] = [];
    for (let n = 1; n <= ENTRIES; n += 1) {
      const digits = String(n).padStart(16, '0');
      records.push(`change/${digits}`, `{"seq":${n}}`, `change-own/l/${digits}`, String(n));
    }
    prepare(2, [...records, 'before', '1', 'changed', '2']);
    const database = openDatabase(place.directory);
    const before = contentOf(database);
    database.migrate();
    expect(contentOf(database)).toEqual(before);
    database.close();
    const again = openDatabase(place.directory);
    expect([again.format, contentOf(again)]).toEqual([4, before]);
    again.close();
    expect(before.records).toBe(2 * ENTRIES + 2);
  });

  it.each([
    { from: 2, steps: ['ALTER', 'CREATE', 'PRAGMA user_version', 'COMMIT'] },
    { from: 3, steps: ['PRAGMA user_version', 'COMMIT'] },
  ] as const)(
    'from $from that was killed at any of its steps has changed all or nothing',
    {
      timeout: LIVE_MS_MAX,
    },
    ({ from, steps }) => {
      // More than SQLite keeps in memory: a part of the transaction is in the -wal before its end.
      const large = Array.from({ length: 1_000 }, (_, n) => [`other/${n}`, JSON.stringify('x'.repeat(4_000))]).flat();
      prepare(from, [...large, 'change/1', '1', 'change-own/l/1', '1']);
      const whole = openDatabase(place.directory);
      const before = contentOf(whole);
      whole.close();
      const formats = [...steps, 'after'].map((step) => {
        const directory = `${place.directory}-${step.slice(0, 3)}`;
        copyData(place.directory, directory);
        expect(spawnSync(process.execPath, [MIGRATING, directory, step]).signal).toBe('SIGKILL');
        const database = openDatabase(directory);
        expect(contentOf(database)).toEqual(before);
        const { format } = database;
        database.migrate();
        expect(contentOf(database)).toEqual(before);
        database.close();
        return format;
      });
      expect(formats).toEqual([...steps.map(() => from), 4]);
    },
  );
});

/** How many records there are, and the hash of them all in their order. */
function contentOf(database: Database): { readonly records: number; readonly hash: string } {
  const hash = createHash('sha256');
  let [records, after] = [0, ''];
  for (;;) {
    const page = database.page('', after, PAGE_RECORDS);
    if (page.length === 0) return { records, hash: hash.digest('hex') };
    hash.update(JSON.stringify(page));
    records += page.length / 2;
    after = page.at(-2) ?? '';
  }
}

describe('a data directory without its commit log', () => {
  it.each([0, 1] as const)('is refused, and left as it is (file %i)', async (index) => {
    const store = await open();
    await store.commit([{ key: 'new', value: 3 }]);
    await store.close();
    rmSync(paths.commitLog[index]);
    const before = dataIn(place.directory);
    await expect(open()).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringMatching(/mesh\.commit-log-\d is damaged: it is missing.*Nothing was changed/),
    });
    expect(dataIn(place.directory)).toEqual(before);
    // The refusal has given the directory free.
    openDatabase(place.directory).close();
  });
});
