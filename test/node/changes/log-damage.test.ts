// Damage of the stored log, whose table no start looks through: what is damaged is refused when it is read, and never read as something else.
import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import type { ChangeEntry } from '../../../node/changes/change-log.ts';
import { entryKey, ownKey } from '../../../node/changes/change-records.ts';
import { StoredChangeLog } from '../../../node/changes/stored-change-log.ts';
import { type Database, openDatabase } from '../../../node/store/database.ts';
import { openStore } from '../../../node/store/disk-store.ts';
import { isOfLog } from '../../../node/store/log-keys.ts';
import { pathsIn, type StorePaths } from '../../../node/store/paths.ts';
import { checksum } from '../../../node/store/record-reader.ts';
import type { Store, StoredRecord } from '../../../node/store/store.ts';
import { nothing, ownEntry } from '../../support/log-entries.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { copyData, flipOctet, makeDataDirectory } from '../../support/store-directory.ts';
import { WHOLE_MESH_MS_MAX } from '../../support/time-bounds.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const ENTRIES = 60;
const PAGE_BYTES = 4_096;
/** A page of a table without rowids begins with its kind, and has its number of records at octets 3 and 4. */
const LEAF = 10;

let place: ReturnType<typeof makeDataDirectory>;
let sound: StorePaths;
let paths: StorePaths;
let logId: string;

const ports = (store: Store) => {
  const [clock, random, log] = [new VirtualClock(), seededRandom(1), new RecordingLog()];
  return { store, clock, random, log, digest: () => EMPTY_DIGEST };
};

/** A closed store with a log, and records before and behind it. */
beforeEach(async () => {
  place = makeDataDirectory();
  sound = pathsIn(place.directory);
  const store = await openStore({ directory: sound.directory, log: new RecordingLog() });
  const changes = await StoredChangeLog.open(ports(store));
  logId = changes.logId;
  for (let n = 1; n <= ENTRIES; n += 1) {
    const beside = ['agent', 'z'].map((kind) => ({ key: `${kind}/${n}`, value: 'x'.repeat(n * 10) }));
    await changes.append([ownEntry(n, { id: `entry-${n}-${'y'.repeat(n * 10)}` })], beside, nothing);
  }
  await store.close();
  copyAgain();
});
afterEach(() => place.remove());

function copyAgain(): void {
  paths = pathsIn(`${sound.directory}-spoilt`);
  rmSync(paths.directory, { recursive: true, force: true });
  copyData(sound.directory, paths.directory);
}

/** Changes the database behind the store's back, as no disk would: by SQL. */
function change(sql: string, ...values: (string | number)[]): void {
  const database = new DatabaseSync(paths.database);
  database.prepare(sql).run(...values);
  database.close();
}

/** The database as a store to read from, without a thread and a commit log. */
function readOnly(database: Database): Store {
  const parse = (key: string, json: string): StoredRecord => ({ key, value: JSON.parse(json) });
  const never = () => Promise.reject(new Error('It is only to be read.'));
  return {
    get: async (key) => JSON.parse(database.read([key])[0] ?? 'null') ?? undefined,
    async *load(prefix, { after = '', limit = 1_000 } = {}) {
      const flat = database.page(prefix, after, limit);
      yield flat.flatMap((key, at) => (at % 2 === 0 ? [parse(key, flat[at + 1] ?? '')] : []));
    },
    loadPacked: () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }),
    loadOctets: () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }),
    ...{ commit: never, fail: () => {}, failed: new Promise(() => {}), close: never },
  };
}

/** Every record that is not of the log, and then the log by its positions and by its places; or what refuses them. */
async function readAll(): Promise<{ readonly rest: readonly string[]; readonly log: readonly ChangeEntry[] } | Error> {
  let database: Database | undefined;
  try {
    database = openDatabase(paths.directory);
    const all = database.page('', '', 1_000);
    const rest = all.filter((_, at) => !isOfLog(all[at - (at % 2)] ?? ''));
    const changes = await StoredChangeLog.open(ports(readOnly(database)));
    const log = [await changes.read(0, ENTRIES), (await changes.own(0, ENTRIES)) ?? []].flat();
    return { rest, log };
  } catch (error) {
    return error as Error;
  } finally {
    database?.close();
  }
}

describe('a log of which something is damaged on the disk', () => {
  it(
    'is refused or read in full, wherever one octet of the database is turned over',
    async () => {
      const whole = await readAll();
      expect(whole).toMatchObject({ log: { length: 2 * ENTRIES } });
      const size = statSync(paths.database).size;
      const seen = { refused: 0, whole: 0 };
      for (let at = 0; at < size; at += 211) {
        copyFileSync(sound.database, paths.database);
        copyFileSync(sound.marker, paths.marker);
        flipOctet(paths.database, at);
        const found = await readAll();
        if (found instanceof Error) expect(found, `octet ${at}`).toMatchObject({ code: 'store_failed' });
        else expect(found, `octet ${at}`).toEqual(whole);
        seen[found instanceof Error ? 'refused' : 'whole'] += 1;
      }
      // Octets that carry nothing are many: free space in pages.
      expect(seen.refused).toBeGreaterThan(seen.whole / 4);
    },
    WHOLE_MESH_MS_MAX,
  );

  it('is refused or read in full, whichever of its pages has forgotten its last record', async () => {
    const whole = await readAll();
    const octets = readFileSync(paths.database);
    const pages = Array.from({ length: octets.length / PAGE_BYTES }, (_, index) => index * PAGE_BYTES);
    const leaves = pages.filter((at) => octets[at] === LEAF && octets.readUInt16BE(at + 3) > 2);
    let refused = 0;
    for (const at of leaves) {
      const forgetful = Buffer.from(octets);
      forgetful.writeUInt16BE(octets.readUInt16BE(at + 3) - 1, at + 3);
      writeFileSync(paths.database, forgetful);
      const found = await readAll();
      if (found instanceof Error) refused += 1;
      else expect(found, `page at ${at}`).toEqual(whole);
    }
    // A page that was given free still looks like one.
    expect(refused).toBeGreaterThan(leaves.length / 2);
    expect(leaves.length).toBeGreaterThan(10);
  });

  it('is opened when an entry within is damaged, which is refused when somebody reads it', async () => {
    const value = "UPDATE log SET value = '{}' WHERE key = ?";
    change(value, entryKey(30));
    const database = openDatabase(paths.directory);
    const changes = await StoredChangeLog.open(ports(readOnly(database)));
    expect(await changes.read(30, ENTRIES)).toHaveLength(ENTRIES - 30);
    await expect(changes.read(0, ENTRIES)).rejects.toThrow(/its record 'change\/0*30' does not fit its checksum/);
    database.close();
  });

  it.each([
    ['its newest entry', () => entryKey(ENTRIES)],
    ['its oldest entry', () => entryKey(1)],
    ['its newest place', () => ownKey(logId, ENTRIES)],
    ['its oldest place', () => ownKey(logId, 1)],
  ])('is not opened when %s is damaged', (_, key) => {
    change("UPDATE log SET value = '{}' WHERE key = ?", key());
    expect(() => openDatabase(paths.directory)).toThrow(/does not fit its checksum/);
  });

  it('is not believed when an entry has changed places with another of the same checksum', async () => {
    const text = JSON.stringify(await entryAt(31));
    change('UPDATE log SET value = ?, sum = ? WHERE key = ?', text, checksum(entryKey(30), text), entryKey(30));
    expect(await readAll()).toMatchObject({ code: 'store_failed' });
  });
});

async function entryAt(seq: number): Promise<unknown> {
  const database = openDatabase(paths.directory);
  const value = await readOnly(database).get(entryKey(seq));
  database.close();
  return value;
}

describe('the keys of the log', () => {
  it('are those that stand in its table', () => {
    const database = new DatabaseSync(paths.database, { readOnly: true });
    const keysIn = (table: string) => database.prepare(`SELECT key FROM ${table}`).all();
    const keys = keysIn('log').map(({ key }) => key);
    const expected = Array.from({ length: ENTRIES }, (_, at) => [entryKey(at + 1), ownKey(logId, at + 1)]).flat();
    expect(new Set(keys)).toEqual(new Set(expected));
    expect(keysIn('records').filter(({ key }) => isOfLog(String(key)))).toEqual([]);
    database.close();
  });
});
