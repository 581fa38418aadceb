// A data directory of the version before, which had no commit log: what is in it, and when it becomes one of this version.
import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../node/store/database.ts';
import { openStore } from '../../../node/store/disk-store.ts';
import { pathsIn, type StorePaths } from '../../../node/store/paths.ts';
import type { Store } from '../../../node/store/store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { copyData, dataIn, makeDataDirectory } from '../../support/store-directory.ts';

let place: ReturnType<typeof makeDataDirectory>;
let paths: StorePaths;

const open = (directory = place.directory) => openStore({ directory, log: new RecordingLog() });

/** What its own programs look at first. */
function formatOf(): unknown {
  const database = new DatabaseSync(paths.database, { readOnly: true });
  const version = database.prepare('PRAGMA user_version').get()?.user_version;
  database.close();
  return version;
}

async function everything(store: Store): Promise<ReadonlyMap<string, unknown>> {
  const found = new Map<string, unknown>();
  for await (const page of store.load('')) for (const { key, value } of page) found.set(key, value);
  return found;
}

beforeEach(() => {
  place = makeDataDirectory();
  paths = pathsIn(place.directory);
  const before = openDatabase(place.directory);
  before.write(['old/1', '1', 'old/2', '2']);
  before.close();
  const database = new DatabaseSync(paths.database);
  database.exec('PRAGMA user_version = 1');
  database.close();
});
afterEach(() => place.remove());

describe('a data directory of the version before', () => {
  it('is read as it is, and stays so until something is written', async () => {
    const before = dataIn(place.directory);
    const store = await open();
    expect(await everything(store)).toEqual(
      new Map([
        ['old/1', 1],
        ['old/2', 2],
      ]),
    );
    await store.close();
    expect([dataIn(place.directory), formatOf()]).toEqual([before, 1]);
  });

  it('gets its commit log with the first commit, and from then on the version before refuses it', async () => {
    const store = await open();
    await store.commit([
      { key: 'old/2', value: undefined },
      { key: 'new', value: 3 },
    ]);
    const killed = `${place.directory}-killed`;
    copyData(place.directory, killed);
    await store.close();
    expect([formatOf(), ...paths.commitLog.map((path) => existsSync(path))]).toEqual([2, true, true]);
    for (const directory of [place.directory, killed]) {
      const again = await open(directory);
      expect(await everything(again)).toEqual(
        new Map([
          ['new', 3],
          ['old/1', 1],
        ]),
      );
      await again.close();
    }
  });

  it('is put into the database whole when the node ends in order', async () => {
    const store = await open();
    await store.commit([{ key: 'new', value: 3 }]);
    await store.close();
    const database = openDatabase(place.directory);
    expect(database.read(['old/1', 'new'])).toEqual(['1', '3']);
    database.close();
  });
});

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
