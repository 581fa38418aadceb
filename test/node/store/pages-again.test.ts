// Pages of the database that are written while others are overwritten.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseSlack } from '../../../node/machine/database-slack.ts';
import { SlackSweep } from '../../../node/store/slack-sweep.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const WORD = 'sesquipedalian';
const CHECKPOINT_PAGES = 200;

let directory: string;
let database: DatabaseSync;
let slack: DatabaseSlack;
let sweep: SlackSweep;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pages-again-'));
  const path = join(directory, 'some.sqlite');
  database = new DatabaseSync(path);
  database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    CREATE TABLE text (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID`);
  slack = new DatabaseSlack(database, path, { pagesAtOnce: 10 });
  const parts = { connection: database, slack, log: `${path}-wal`, checkpointPages: CHECKPOINT_PAGES };
  sweep = new SlackSweep(parts);
});

afterEach(() => {
  database.close();
  slack.close();
  rmSync(directory, { recursive: true });
});

const put = (key: string, value: string) => database.prepare('INSERT INTO text VALUES (?, ?)').run(key, value);
const remove = (key: string) => database.prepare('DELETE FROM text WHERE key = ?').run(key);
const hasWord = () => readFileSync(join(directory, 'some.sqlite')).includes(WORD.slice(4));

/** Rows among each other, in an order of their own; half of them with the word, which are erased. Answers the others' keys. */
function rowsLeft(key: () => string): string[] {
  const [erased, left]: [string[], string[]] = [[], []];
  database.exec('BEGIN');
  for (let at = 0; at < 1_500; at += 1) {
    const [name, keys, word] = at % 2 === 0 ? [key(), left, 'other'] : [key(), erased, WORD];
    put(name, `${word} ${at} ${'x'.repeat((at * 37) % 700)}`);
    keys.push(name);
  }
  for (const name of erased) remove(name);
  database.exec('COMMIT');
  return left;
}

describe('pages that are written between two steps', () => {
  it.each([4, 5, 10])('are overwritten once more: they may have got the octets of others (seed %i)', (seed) => {
    const random = seededRandom(seed);
    const key = () => Buffer.from(random.bytes(16)).toString('hex');
    const left = rowsLeft(key);
    let steps = 0;
    for (let next = sweep.step(1); next !== undefined; next = sweep.step(next)) {
      steps += 1;
      database.exec('BEGIN');
      for (let at = 0; at < 30; at += 1) {
        put(key(), `new ${'y'.repeat(Math.floor(random.next() * 600))}`);
        remove(left.splice(Math.floor(random.next() * left.length), 1)[0] ?? '');
      }
      database.exec('COMMIT');
    }
    expect(steps).toBeGreaterThan(10);
    database.close();
    expect(hasWord()).toBe(false);
    database = new DatabaseSync(':memory:');
  });
});

describe('the write-ahead log', () => {
  const asked = () => database.prepare('PRAGMA wal_autocheckpoint').get()?.wal_autocheckpoint;

  it('is kept whole until all is overwritten, and then no longer', () => {
    const random = seededRandom(1);
    rowsLeft(() => Buffer.from(random.bytes(16)).toString('hex'));
    let next = sweep.step(1);
    const path = join(directory, 'some.sqlite-wal');
    expect([statSync(path).size, asked()]).toEqual([0, 0]);
    while (next !== undefined) next = sweep.step(next);
    expect(asked()).toBe(CHECKPOINT_PAGES);
  });

  it('is no longer kept when a step has failed', () => {
    sweep.step(1);
    const fail = () => {
      throw new Error('Page 2 of the database is missing.');
    };
    const failing = { pageBytes: 4_096, overwrite: fail };
    const log = join(directory, 'some.sqlite-wal');
    const broken = new SlackSweep({ connection: database, slack: failing, log, checkpointPages: CHECKPOINT_PAGES });
    expect(() => broken.step(1)).toThrow('Page 2 of the database is missing.');
    expect(asked()).toBe(CHECKPOINT_PAGES);
  });
});
