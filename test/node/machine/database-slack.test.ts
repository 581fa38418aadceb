import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseSlack } from '../../../node/machine/database-slack.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const WORD = 'sesquipedalian';

let directory: string;
let file: string;
let database: DatabaseSync;
let slack: DatabaseSlack;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'slack-'));
  file = join(directory, 'some.db');
  database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON');
  database.exec('CREATE TABLE text (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID');
  slack = new DatabaseSlack(database, file);
});

afterEach(() => {
  database.close();
  slack.close();
  rmSync(directory, { recursive: true });
});

const random = seededRandom(1);
const key = () => Buffer.from(random.bytes(16)).toString('hex');
const put = (value: string) => {
  const name = key();
  database.prepare('INSERT INTO text VALUES (?, ?)').run(name, value);
  return name;
};
function removeAll(names: readonly string[]): void {
  database.exec('BEGIN');
  for (const name of names) database.prepare('DELETE FROM text WHERE key = ?').run(name);
  database.exec('COMMIT');
}
const intoFile = () => expect(database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()).toMatchObject({ busy: 0 });
const timesIn = (word: string) => readFileSync(file).toString('latin1').split(word).length - 1;

/** Rows of some lengths among each other, in an order of their own. */
function fill(count: number): { readonly erased: readonly string[]; readonly left: ReadonlyMap<string, string> } {
  const erased: string[] = [];
  const left = new Map<string, string>();
  database.exec('BEGIN');
  for (let at = 0; at < count; at += 1) {
    const isLeft = at % 2 === 0;
    const value = `${isLeft ? 'other' : WORD} ${at} ${'x'.repeat((at * 37) % 700)}`;
    const name = put(value);
    if (isLeft) left.set(name, value);
    else erased.push(name);
  }
  database.exec('COMMIT');
  return { erased, left };
}

function overwriteAll(): number {
  let steps = 0;
  for (let next: number | undefined = 1; next !== undefined; steps += 1) {
    intoFile();
    database.exec('BEGIN IMMEDIATE');
    next = slack.overwrite(next);
    database.exec('ROLLBACK');
  }
  return steps;
}

const rows = () =>
  new Map(
    database
      .prepare('SELECT key, value FROM text')
      .all()
      .map(({ key, value }) => [key, value]),
  );

describe.each([
  ['by what each of its pages says of itself', {}],
  ['by its trees', { pagesToldMax: 0 }],
])('what belongs to nothing in a database, %s', (_, bounds) => {
  beforeEach(() => {
    slack.close();
    slack = new DatabaseSlack(database, file, bounds);
  });

  it('is all that SQLite leaves of rows that were deleted, and is gone when it was overwritten', () => {
    const { erased, left } = fill(3_000);
    removeAll(erased);
    intoFile();
    expect(rows()).toEqual(left);
    expect(timesIn(WORD)).toBeGreaterThan(0);
    expect(overwriteAll()).toBe(1);
    expect(timesIn(WORD)).toBe(0);
    expect(rows()).toEqual(left);
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  });

  it('does not come back with what is written later to the same pages', () => {
    const { erased, left } = fill(3_000);
    removeAll(erased);
    overwriteAll();
    const added = new Map<string, string>();
    for (let at = 0; at < 50; at += 1) added.set(put(`new ${at}`), `new ${at}`);
    intoFile();
    expect(timesIn(WORD)).toBe(0);
    expect(rows()).toEqual(new Map([...left, ...added]));
  });

  it('is overwritten some pages at a time, in which others write', () => {
    const { erased } = fill(4_000);
    removeAll(erased);
    intoFile();
    const pages = readFileSync(file).length / 4_096;
    expect(pages).toBeGreaterThan(3 * 100);
    slack = new DatabaseSlack(database, file, { ...bounds, pagesAtOnce: 100 });
    let next: number | undefined = 1;
    let steps = 0;
    while (next !== undefined) {
      intoFile();
      database.exec('BEGIN IMMEDIATE');
      next = slack.overwrite(next);
      database.exec('ROLLBACK');
      for (let at = 0; at < 5; at += 1) put(`new ${at} ${'y'.repeat(at * 20)}`);
      steps += 1;
    }
    expect(steps).toBeGreaterThanOrEqual(Math.ceil(pages / 100));
    intoFile();
    expect(timesIn(WORD)).toBe(0);
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  });

  it('is also in pages that are free, of a database that did not always overwrite', () => {
    database.exec('PRAGMA secure_delete = OFF');
    database.exec('BEGIN');
    for (let at = 0; at < 2_000; at += 1) put(`${WORD} ${'x'.repeat(1_000)}`);
    database.exec('DELETE FROM text; COMMIT');
    put('other');
    intoFile();
    expect(timesIn(WORD)).toBeGreaterThan(1_000);
    overwriteAll();
    expect(timesIn(WORD)).toBe(0);
    database.exec('BEGIN');
    for (let at = 0; at < 2_000; at += 1) put('other');
    database.exec('COMMIT');
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  });

  it('is nothing of what tables, indexes, an index of words and long rows hold', () => {
    database.exec(`
      CREATE TABLE mail (at INTEGER PRIMARY KEY, sender TEXT, body BLOB);
      CREATE INDEX mail_by_sender ON mail (sender, at DESC);
      CREATE VIRTUAL TABLE words USING fts5 (body);
    `);
    const all = () =>
      ['mail', 'words', 'words_data', 'words_docsize', 'text'].map((table) =>
        database.prepare(`SELECT * FROM ${table}`).all(),
      );
    const drawn = seededRandom(2);
    const below = (max: number) => Math.floor(drawn.next() * max);
    for (let round = 0; round < 12; round += 1) {
      database.exec('BEGIN');
      for (let step = 0; step < 200; step += 1) {
        const at = below(400);
        const body = `${WORD} ${at} `.repeat(below(8) === 0 ? below(900) : below(30));
        database.prepare('DELETE FROM mail WHERE at = ?').run(at);
        database.prepare('DELETE FROM words WHERE rowid = ?').run(at);
        if (below(3) === 0) continue;
        database.prepare('INSERT INTO mail VALUES (?, ?, ?)').run(at, `${below(50)}@x.com`, Buffer.from(body));
        database.prepare('INSERT INTO words (rowid, body) VALUES (?, ?)').run(at, body);
      }
      database.exec('COMMIT');
      const before = all();
      overwriteAll();
      expect(all()).toEqual(before);
      expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
      database.exec("INSERT INTO words (words) VALUES ('integrity-check')");
    }
  });

  it('is not looked for in a tree that is damaged, of which nothing is changed', () => {
    fill(3_000);
    intoFile();
    const root = Number(database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'text'").get()?.rootpage);
    const damaged = readFileSync(file);
    damaged[(root - 1) * 4_096] = 7;
    const other = join(directory, 'damaged.db');
    writeFileSync(other, damaged);
    const ofOther = new DatabaseSlack(database, other, bounds);
    expect(() => ofOther.overwrite(1)).toThrow(`Page ${root} of the database is no sound page of a tree.`);
    expect(readFileSync(other)).toEqual(damaged);
    ofOther.close();
  });
});

describe('a step over a large database', () => {
  it('reads no page of a tree but its own, however many there are', () => {
    const { erased } = fill(4_000);
    removeAll(erased);
    intoFile();
    const root = Number(database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'text'").get()?.rootpage);
    const damaged = readFileSync(file);
    damaged.fill(7, (root - 1) * 4_096, root * 4_096);
    const other = join(directory, 'damaged.db');
    writeFileSync(other, damaged);
    const ofOther = new DatabaseSlack(database, other, { pagesAtOnce: 100 });
    expect(ofOther.overwrite(101)).toBe(201);
    ofOther.close();
    const hasWord = (octets: Buffer) => octets.subarray(100 * 4_096, 200 * 4_096).includes(WORD);
    expect([hasWord(damaged), hasWord(readFileSync(other))]).toEqual([true, false]);
  });
});
