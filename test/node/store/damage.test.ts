// Damage: refused with a sentence, never read as empty, and never touched by the refusal.
import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../../node/store/database.ts';
import { openStore } from '../../../node/store/disk-store.ts';
import { pathsIn, type StorePaths } from '../../../node/store/paths.ts';
import { checksum } from '../../../node/store/record-reader.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { copyData, dataIn, flipOctet, makeDataDirectory } from '../../support/store-directory.ts';

let place: ReturnType<typeof makeDataDirectory>;
let sound: StorePaths;
let paths: StorePaths;

/**
 * `sound`: a store with 60 records under `a/` that were closed in, and 60 under `z/` of a later run: closed as well, or as
 * they stand when its process is killed. `paths`: a copy of it, to be spoilt.
 */
function prepare(ending: 'closed' | 'killed'): void {
  place = makeDataDirectory();
  sound = pathsIn(place.directory);
  const first = openDatabase(sound.directory);
  commitTwenty(first, 'a');
  first.close();
  const second = openDatabase(sound.directory);
  commitTwenty(second, 'z');
  if (ending === 'killed') {
    const killed = pathsIn(`${sound.directory}-killed`);
    copyData(sound.directory, killed.directory);
    sound = killed;
  }
  second.close();
  copyAgain();
}

function commitTwenty(database: Database, prefix: string): void {
  for (let n = 0; n < 20; n += 1) {
    const record = (part: number) => [
      `${prefix}/${String(n).padStart(2, '0')}/${part}`,
      JSON.stringify({ text: 'x'.repeat(n * 30 + part) }),
    ];
    database.write([0, 1, 2].flatMap(record));
  }
}

function copyAgain(): void {
  paths = pathsIn(`${sound.directory}-spoilt`);
  rmSync(paths.directory, { recursive: true, force: true });
  copyData(sound.directory, paths.directory);
}

/** What a node does before it writes anything: it opens the store and reads it. */
function readAll(directory: string): readonly string[] {
  const database = openDatabase(directory);
  try {
    return database.page('', '', 1_000);
  } finally {
    database.close();
  }
}

/** The refusal's sentence, after seeing that it left the data as it was. */
function refusal(): string {
  const before = dataIn(paths.directory);
  let sentence = 'it was opened';
  try {
    readAll(paths.directory);
  } catch (error) {
    sentence = (error as Error).message;
  }
  expect(dataIn(paths.directory)).toEqual(before);
  return sentence;
}

function content(directory: string): readonly string[] | 'refused' {
  try {
    return readAll(directory);
  } catch {
    // Which sentence it is, the other tests ask.
    return 'refused';
  }
}

/** Changes the database behind the store's back, as no disk would: by SQL. */
function change(sql: string, ...values: (string | number)[]): void {
  const database = new DatabaseSync(paths.database);
  database.prepare(sql).run(...values);
  database.close();
}

afterEach(() => place.remove());

describe('a data directory of a node that was stopped', () => {
  beforeEach(() => prepare('closed'));

  it('is opened when nothing is wrong with it', () => {
    expect(content(paths.directory)).toHaveLength(240);
  });

  it.each([
    ['is missing', () => rmSync(paths.database), /mesh\.sqlite is damaged: it is missing/],
    ['is empty', () => truncateSync(paths.database, 0), /mesh\.sqlite is damaged: it is empty\./],
    ['is cut in its header', () => truncateSync(paths.database, 60), /mesh\.sqlite is damaged: it is cut off/],
    ['is cut after its first page', () => truncateSync(paths.database, 4_096), /mesh\.sqlite is damaged/],
    [
      'lacks its last octet',
      () => truncateSync(paths.database, statSync(paths.database).size - 1),
      /mesh\.sqlite is damaged/,
    ],
    [
      'is another file',
      () => writeFileSync(paths.database, 'x'.repeat(8_192)),
      /mesh\.sqlite is damaged: it does not begin/,
    ],
    ['is all zeros', () => writeFileSync(paths.database, Buffer.alloc(8_192)), /mesh\.sqlite is damaged/],
  ])('whose database %s is refused, naming the file and what to do', (_name, spoil, sentence) => {
    spoil();
    const said = refusal();
    expect(said).toMatch(sentence);
    expect(said).toContain(paths.directory);
    expect(said).toMatch(/Move the data directory away and start with an empty one, never with an older copy/);
  });

  it('whose database is missing and whose marker too, but not its -wal, is refused', () => {
    rmSync(paths.database);
    rmSync(paths.marker);
    writeFileSync(paths.wal, 'some commits');
    expect(refusal()).toMatch(/mesh\.sqlite is damaged: it is missing/);
  });

  it('whose marker can not be read is refused', () => {
    writeFileSync(paths.marker, 'round and round');
    expect(refusal()).toMatch(/mesh\.created is damaged/);
  });

  it('that a newer program wrote is refused, with both formats', () => {
    change('PRAGMA user_version = 5');
    expect(refusal()).toMatch(/has format 5, and this program knows format 4.*or a newer one/);
  });

  it('with the database of another program is refused, as damage where there was one of ours', () => {
    change('PRAGMA application_id = 7');
    expect(refusal()).toMatch(/is damaged: it does not bear the stamp of this program/);
    rmSync(paths.marker);
    expect(refusal()).toMatch(/not one of this program's.*--data/);
  });

  it('whose tables are others is refused', () => {
    change('ALTER TABLE records RENAME COLUMN value TO text');
    expect(refusal()).toMatch(/its tables are not as this program makes them/);
  });

  it('with a record that was changed under its checksum is refused, naming the record', () => {
    change("UPDATE records SET value = '{}' WHERE key = ?", 'a/07/1');
    expect(refusal()).toMatch(/mesh\.sqlite is damaged: its record 'a\/07\/1' does not fit its checksum/);
  });

  it('with two records whose values changed places is refused', () => {
    const value = JSON.stringify({ text: 'x'.repeat(7 * 30 + 1) });
    change('UPDATE records SET value = ?, sum = ? WHERE key = ?', value, checksum('a/07/1', value), 'a/08/1');
    expect(refusal()).toMatch(/its record 'a\/08\/1' does not fit its checksum/);
  });

  it('with a page that has forgotten its last record is refused, though all others are sound', () => {
    // A page of a table without rowids begins with its kind, 10 for a leaf, and has its number of records at octets 3 and 4.
    const pages = Array.from({ length: statSync(paths.database).size / 4_096 }, (_, index) => index * 4_096);
    const octets = readFileSync(paths.database);
    const leaves = pages.filter((at) => octets[at] === 10 && octets.readUInt16BE(at + 3) > 2);
    for (const at of leaves) {
      const forgetful = Buffer.from(octets);
      forgetful.writeUInt16BE(octets.readUInt16BE(at + 3) - 1, at + 3);
      writeFileSync(paths.database, forgetful);
      expect(refusal(), `page at ${at}`).toMatch(/mesh\.sqlite is damaged: SQLite finds/);
    }
    expect(leaves.length).toBeGreaterThan(3);
  });

  it('is refused or read in full, wherever one octet of the database is turned over', () => {
    const whole = content(sound.directory);
    const size = statSync(paths.database).size;
    const seen = { refused: 0, whole: 0 };
    for (let at = 0; at < size; at += 401) {
      copyFileSync(sound.database, paths.database);
      copyFileSync(sound.marker, paths.marker);
      flipOctet(paths.database, at);
      const found = content(paths.directory);
      if (found !== 'refused') expect(found, `octet ${at}`).toEqual(whole);
      seen[found === 'refused' ? 'refused' : 'whole'] += 1;
    }
    // Octets that carry nothing are many: free space in pages.
    expect(seen.refused).toBeGreaterThan(seen.whole / 4);
  }, 60_000);
});

describe('a data directory of a node that was killed', () => {
  beforeEach(() => prepare('killed'));

  it('is opened when nothing is wrong with it', () => {
    expect(content(paths.directory)).toHaveLength(240);
  });

  it('is refused and left as it is when its database is damaged', () => {
    // Pages also keep remains of records that were moved: all of them are spoilt.
    const octets = readFileSync(paths.database);
    for (let at = octets.indexOf('a/07/1{'); at !== -1; at = octets.indexOf('a/07/1{', at + 1))
      flipOctet(paths.database, at + 20);
    expect(refusal()).toMatch(/mesh\.sqlite is damaged: its record 'a\/07\/1' does not fit its checksum/);
  });

  it('is refused and left as it is when its -wal is damaged', () => {
    flipOctet(paths.wal, Math.floor(statSync(paths.wal).size / 2));
    expect(refusal()).toMatch(/mesh\.sqlite-wal is damaged: a commit before octet \d+ does not fit its checksum/);
  });
});

describe('a data directory whose -wal has lost its end', () => {
  beforeEach(() => prepare('killed'));

  it('is refused, wherever it was cut, as long as a commit is missing', () => {
    const size = statSync(sound.wal).size;
    for (let cut = 0; cut < size; cut += 4_120) {
      copyAgain();
      truncateSync(paths.wal, cut);
      expect(refusal(), `cut at ${cut} of ${size}`).toMatch(
        /mesh\.sqlite-wal is damaged: it is (?:missing or )?cut off/,
      );
    }
    expect(size).toBeGreaterThan(20 * 4_120);
  });

  it('says how many commits are gone', () => {
    truncateSync(paths.wal, statSync(paths.wal).size - 1);
    expect(refusal()).toMatch(/of 40 commits the last 1 are gone/);
  });

  it('is opened when the note of its commits is behind, as after a power cut', () => {
    for (const text of ['0000000000000012\n', '', '\0\0\0\0']) {
      writeFileSync(paths.commits, text);
      expect(content(paths.directory)).toHaveLength(240);
      copyAgain();
    }
  });

  it('is refused when the note of its commits is something else', () => {
    writeFileSync(paths.commits, 'many');
    expect(refusal()).toMatch(/mesh\.commits is damaged: it is not a number/);
  });

  it('is not taken for a new one when only the note is left', () => {
    for (const path of [paths.database, paths.wal, paths.marker]) rmSync(path);
    expect(refusal()).toMatch(/mesh\.sqlite is damaged: it is missing/);
  });
});

describe('a record whose value is not JSON, though its checksum fits', () => {
  beforeEach(() => prepare('closed'));

  it.each(['get', 'load'] as const)('fails the store when it is read by %s, naming it', async (way) => {
    change('UPDATE records SET value = ?, sum = ? WHERE key = ?', '{"half":', checksum('a/07/1', '{"half":'), 'a/07/1');
    const log = new RecordingLog();
    const store = await openStore({ directory: paths.directory, log });
    const read = async () => {
      if (way === 'get') return store.get('a/07/1');
      const found: unknown[] = [];
      for await (const page of store.load('a/')) found.push(...page.map(({ value }) => value));
      return found;
    };
    const message = expect.stringMatching(/mesh\.sqlite is damaged: the value of its record 'a\/07\/1' is not JSON/);
    await expect(read()).rejects.toMatchObject({ code: 'store_failed', message, cause: expect.any(SyntaxError) });
    await expect(store.commit([{ key: 'a', value: 1 }])).rejects.toMatchObject({ code: 'store_failed' });
    expect(await store.failed).toMatchObject({ message });
    expect(log.named('store.failed')).toHaveLength(1);
    await store.close();
    expect(readFileSync(join(paths.directory, 'mesh.sqlite')).includes('{"half":')).toBe(true);
  });
});
