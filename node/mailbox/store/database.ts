// The two ways to open `mailbox.db`: one connection of the whole program writes, another reads. Statements are prepared once.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { makeOwnDirectory, refuseForeignFile } from '../../machine/own-files.ts';
import { prepareSchema } from './schema.ts';

/** SQLite moves the log's pages into the database after so many, of 4 KiB; until then a page that each mail changes is moved once for all. */
const CHECKPOINT_PAGES = 4_000;
/** KiB of pages that the connection that writes remembers: those of one group of mails, and what they look for. */
const CACHE_KIB = 16 * 1_024;

/** A function of SQL: a text with all of its letters in lower case, where SQLite's own knows those of ASCII. */
export const LOWER_CASE = 'lower_case';

type Row = Readonly<Record<string, unknown>>;

/** A connection with statements that were prepared once. */
export class Connection {
  readonly database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.database = database;
    const lowered = (text: unknown) => (typeof text === 'string' ? text.toLowerCase() : null);
    database.function(LOWER_CASE, { deterministic: true }, lowered);
  }

  all<Found = Row>(sql: string, ...values: readonly SQLInputValue[]): readonly Found[] {
    return this.#statement(sql).all(...values) as readonly unknown[] as readonly Found[];
  }

  get<Found = Row>(sql: string, ...values: readonly SQLInputValue[]): Found | undefined {
    return this.#statement(sql).get(...values) as Found | undefined;
  }

  /** Rows that were changed, and the id of the last that was added. */
  run(sql: string, ...values: readonly SQLInputValue[]): { readonly changes: number; readonly row: number } {
    const { changes, lastInsertRowid } = this.#statement(sql).run(...values);
    return { changes: Number(changes), row: Number(lastInsertRowid) };
  }

  close(): void {
    this.#prepared.clear();
    this.database.close();
  }

  #statement(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.database.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }
}

/** Opens the database in `directory` for writing, and makes both when there are none. What was committed survives a power cut. */
export function openForWriting(directory: string): Connection {
  makeOwnDirectory(directory);
  const path = join(directory, 'mailbox.db');
  refuseForeignFile(path);
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    database.exec('PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000');
    // What a group would need to be undone is of no worth after a crash; as a file it would cost as much as the log.
    database.exec(
      `PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA cache_size = -${CACHE_KIB}`,
    );
    chmodSync(path, 0o600);
    prepareSchema(database);
    return new Connection(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Whether nothing is left in the log of the database; else somebody reads what it was before, for whom writes do not wait long. */
export function emptyLog(connection: Connection): boolean {
  connection.database.exec('PRAGMA busy_timeout = 200');
  const { busy } = connection.get<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)') ?? { busy: 1 };
  connection.database.exec('PRAGMA busy_timeout = 5000');
  return busy === 0;
}

/** `isKept`: until it is called again, nothing but `emptyLog` moves pages out of the log, and what is in it stays there. */
export function keepLog(connection: Connection, isKept: boolean): void {
  connection.database.exec(`PRAGMA wal_autocheckpoint = ${isKept ? 0 : CHECKPOINT_PAGES}`);
}

/** Opens the database, which is there, for reading alone. */
export function openForReading(directory: string): Connection {
  const database = new DatabaseSync(join(directory, 'mailbox.db'), { readOnly: true });
  database.exec('PRAGMA busy_timeout = 5000');
  return new Connection(database);
}
