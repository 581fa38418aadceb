import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Connection } from '../../../../node/mailbox/store/database.ts';
import { MailReader } from '../../../../node/mailbox/store/mail-reader.ts';
import { MIGRATIONS } from '../../../../node/mailbox/store/migrations/all.ts';
import type { Migration } from '../../../../node/mailbox/store/migrations/migration.ts';
import { prepareSchema } from '../../../../node/mailbox/store/schema.ts';
import { makeFormOne } from '../../../support/mailbox-forms.ts';

const KILLED = fileURLToPath(new URL('../../../support/killed-mailbox-migration.ts', import.meta.url));

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-forms-'));
  path = join(directory, 'mailbox.db');
});

afterEach(() => rmSync(directory, { recursive: true }));

/** What `work` makes of the database, opened for it alone. */
function within<Result>(work: (database: DatabaseSync) => Result): Result {
  const database = new DatabaseSync(path);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

const formIn = (database: DatabaseSync) => database.prepare('PRAGMA user_version').get()?.user_version;
const tablesIn = (database: DatabaseSync) =>
  database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => name);

describe('a mailbox of an earlier form', () => {
  it('is brought to the newest one, and its mail is still there', () => {
    makeFormOne(path);
    within((database) => {
      prepareSchema(database);
      expect(formIn(database)).toBe(MIGRATIONS.length);
      const reader = new MailReader(new Connection(database));
      expect(reader.find({ inboxId: 'a@x.com', messageId: '<1@y.com>' })).toMatchObject({
        ...{ text: 'Hello Bob', threadId: 'thread', labels: ['received', 'unread'] },
      });
    });
  });

  it('has the tables of a new one afterwards', () => {
    makeFormOne(path);
    const brought = within((database) => {
      prepareSchema(database);
      return tablesIn(database);
    });
    const made = new DatabaseSync(':memory:');
    prepareSchema(made);
    expect(brought).toEqual(tablesIn(made));
  });

  it.each([
    { step: 'UPDATE message', form: 1 },
    { step: 'PRAGMA user_version', form: 1 },
    { step: 'COMMIT', form: 1 },
    { step: 'nothing: all is done', form: 2 },
  ])('is whole, of form $form, when the process is killed before $step', ({ step, form }) => {
    makeFormOne(path);
    const { signal } = spawnSync(process.execPath, ['--no-warnings', KILLED, path, step]);
    expect(signal).toBe('SIGKILL');
    within((database) => {
      expect(formIn(database)).toBe(form);
      expect(database.prepare('SELECT text FROM message').get()?.text).toBe(form === 1 ? 'Hello Bob' : 'of form 2');
      expect(tablesIn(database).includes('later')).toBe(form === 2);
      expect(database.prepare('PRAGMA integrity_check').get()?.integrity_check).toBe('ok');
    });
  });

  it('stays as it was when a step fails, and what came before the step stays done', () => {
    makeFormOne(path);
    const adds: Migration = (database) => database.exec('CREATE TABLE second (row INTEGER PRIMARY KEY)');
    const fails: Migration = (database) => {
      database.exec('CREATE TABLE third (row INTEGER PRIMARY KEY)');
      throw new Error('The disk is full.');
    };
    within((database) => {
      const steps = [...MIGRATIONS.slice(0, 1), adds, fails];
      expect(() => prepareSchema(database, steps)).toThrow('The disk is full.');
      expect(formIn(database)).toBe(2);
      expect(tablesIn(database)).toContain('second');
      expect(tablesIn(database)).not.toContain('third');
    });
  });
});

describe('a mailbox of a later form', () => {
  it('is refused, and left as it is', () => {
    makeFormOne(path);
    within((database) => {
      database.exec('PRAGMA user_version = 99');
      expect(() => prepareSchema(database)).toThrow(/mailbox\.db has form 99.*later one/);
      expect(formIn(database)).toBe(99);
    });
  });
});
