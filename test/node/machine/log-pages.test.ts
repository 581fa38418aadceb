import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pagesInLog } from '../../../node/machine/log-pages.ts';

const PAGE_BYTES = 4_096;

let directory: string;
let database: DatabaseSync;
const inLog = () => [...pagesInLog(join(directory, 'some.db-wal'), PAGE_BYTES)].toSorted((a, b) => a - b);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'log-pages-'));
  database = new DatabaseSync(join(directory, 'some.db'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE text (value TEXT)');
});

afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true });
});

describe('the pages in a write-ahead log', () => {
  it('are those that were written since it was emptied', () => {
    expect(inLog()).toEqual([1, 2]);
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    expect(inLog()).toEqual([]);
    database.exec("INSERT INTO text VALUES ('some')");
    expect(inLog()).toEqual([2]);
    database.prepare('INSERT INTO text VALUES (?)').run('x'.repeat(3 * PAGE_BYTES));
    expect(inLog()).toEqual([1, 2, 3, 4, 5]);
  });

  it('are none where there is no log', () => {
    expect([...pagesInLog(join(directory, 'other.db-wal'), PAGE_BYTES)]).toEqual([]);
  });
});
