// The database behind the store: SQLite on node:sqlite, in WAL mode, each commit fsynced before it returns. Everything here
// is synchronous and blocks its thread for as long as the disk takes; it runs in the store's worker (worker.ts).
import { chmodSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { DatabaseSlack } from '../machine/database-slack.ts';
import { CommitNote } from './commit-note.ts';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import { type Inspected, inspect, isFresh } from './inspection.ts';
import { isOfLog } from './log-keys.ts';
import { writeMarker } from './marker.ts';
import { migrate } from './migration.ts';
import { claimDirectory, pathsIn, type StorePaths, sizeOf } from './paths.ts';
import { type CopyRules, copyRecords } from './record-copy.ts';
import { checksum, RecordReader } from './record-reader.ts';
import { explain } from './refusals.ts';
import { createDatabase, FORMAT_VERSION, SET_COMMITS, SET_LOG, SET_ROUND } from './schema.ts';
import { SlackSweep } from './slack-sweep.ts';
import { PAGE_RECORDS_MAX } from './store.ts';

/** SQLite moves the -wal file's content into the database after so many pages of 4 KiB; it costs two more fsyncs. */
export const CHECKPOINT_PAGES = 4_000;
/** A -wal that one huge commit made longer is cut back to this. */
const WAL_BYTES_KEPT_MAX = 64 * 1_024 * 1_024;

/** Opens the store in `directory`, making it when there never was one. Throws `store_failed`, and then no data is changed. */
export function openDatabase(directory: string): Database {
  const paths = pathsIn(directory);
  let lock: DirectoryLock | undefined;
  let inspected: Inspected | undefined;
  try {
    claimDirectory(directory);
    lock = lockDirectory(paths);
    if (isFresh(paths)) createDatabase(paths);
    inspected = inspect(paths);
    chmodSync(paths.database, 0o600);
    // A process that was killed while it made the database left none.
    if (sizeOf(paths.marker) === undefined) writeMarker(paths, inspected.round);
    return new Database(paths, lock, inspected);
  } catch (error) {
    inspected?.close();
    lock?.release();
    throw explain(error, paths.database);
  }
}

interface Writer {
  readonly connection: DatabaseSync;
  readonly records: TableWriter;
  /** Writes what is known of the commit log. */
  readonly log: TableWriter;
  readonly setCommits: StatementSync;
  readonly note: CommitNote;
  readonly sweep: SlackSweep;
}

interface TableWriter {
  readonly put: StatementSync;
  readonly remove: StatementSync;
}

export class Database {
  /** What it knew of its commit log at opening (commits/known-log.ts); `undefined`: of none. */
  readonly log: string | undefined;
  /** The version of its form at opening (schema.ts). */
  readonly format: number;
  readonly #paths: StorePaths;
  readonly #file: string;
  readonly #lock: DirectoryLock;
  #reader: RecordReader;
  /** Absent until something is written. */
  #writer: Writer | undefined;
  /** Closes the connection that is open now, the one that reads or the one that writes. */
  #disconnect: () => void;
  #round: number;
  #commits: number;
  /** When SQLite last wrote to the database file, in nanoseconds since 1970: it does so only to move the -wal into it. */
  #movedNs = 0n;

  constructor(paths: StorePaths, lock: DirectoryLock, inspected: Inspected) {
    this.log = inspected.log;
    this.format = inspected.format;
    this.#round = inspected.round;
    this.#commits = inspected.commits;
    this.#paths = paths;
    this.#lock = lock;
    this.#file = basename(paths.database);
    this.#reader = inspected.reader;
    this.#disconnect = inspected.close;
  }

  /** One transaction: key, text, key, text, …; `null` removes the key. Returns when it survives a power cut. */
  write(records: readonly (string | null)[]): void {
    this.#commit(({ records: table, log }) => {
      for (let at = 0; at < records.length; at += 2) {
        const key = records[at] as string;
        const text = records[at + 1] ?? null;
        const { put, remove } = isOfLog(key) ? log : table;
        if (text === null) remove.run(key);
        else put.run(key, text, checksum(key, text));
      }
    });
  }

  /** Notes what it knows of its commit log, durably. */
  noteLog(log: string): void {
    this.#commit(({ connection }) => connection.prepare(SET_LOG).run(log));
  }

  /** Gives it the newest form, if it has another: what every write does before. */
  migrate(): void {
    this.#explained(() => {
      this.#writer ??= this.#beginWriting();
    });
  }

  /** The JSON text of each key, `null` where there is none. */
  read(keys: readonly string[]): (string | null)[] {
    return this.#explained(() => keys.map((key) => this.#reader.read(key) ?? null));
  }

  /** One page of records, as `RecordReader.page` reads it. */
  page(prefix: string, after: string, limit: number): string[] {
    return this.#explained(() => this.#reader.page(prefix, after, limit));
  }

  /** One such page in parts of `PAGE_RECORDS_MAX`: what is read of a part is garbage before the next, and young. */
  *parts(prefix: string, after: string, limit: number): Generator<readonly string[]> {
    for (let [from, left] = [after, limit]; left > 0; ) {
      const part = this.page(prefix, from, Math.min(left, PAGE_RECORDS_MAX));
      yield part;
      if (part.length < 2 * PAGE_RECORDS_MAX) return;
      from = part.at(-2) ?? '';
      left -= PAGE_RECORDS_MAX;
    }
  }

  /** Copies all records into a file of its own, with `newest` over them (record-copy.ts). */
  copy(newest: readonly (string | null)[], rules: CopyRules): void {
    try {
      copyRecords(this.#reader, newest, rules);
    } catch (error) {
      throw explain(error, basename(rules.file), 'ask for the copy again');
    }
  }

  /** Overwrites in the files some of what was removed or replaced, as `SlackSweep.step` does. */
  overwrite(from: number): number | undefined {
    return this.#explained(() => {
      this.#writer ??= this.#beginWriting();
      return this.#writer.sweep.step(from);
    });
  }

  /** Moves what was written into the database file, which SQLite does by itself at the last closing, and gives the directory free. */
  close(): void {
    try {
      this.#disconnect();
    } finally {
      this.#lock.release();
    }
  }

  #commit(change: (writer: Writer) => void): void {
    this.#explained(() => {
      this.#writer ??= this.#beginWriting();
      const { connection, setCommits, note } = this.#writer;
      connection.exec('BEGIN IMMEDIATE');
      change(this.#writer);
      setCommits.run(String(this.#commits + 1));
      connection.exec('COMMIT');
      this.#commits += 1;
      note.write(this.#commits);
      if (this.#lastMovedNs() !== this.#movedNs) this.#beginRound(connection);
    });
  }

  /** From reading alone to writing. */
  #beginWriting(): Writer {
    this.#disconnect();
    // Should one of the next steps fail, this is what is left to be closed.
    this.#disconnect = () => {};
    const connection = new DatabaseSync(this.#paths.database, { timeout: 0 });
    const note = new CommitNote(this.#paths);
    let slack: DatabaseSlack | undefined;
    this.#disconnect = () => {
      note.close();
      connection.close();
      slack?.close();
    };
    // EXCLUSIVE also keeps the index of the -wal in memory, so that there is no -shm file. fullfsync is for macOS, where
    // fsync alone does not reach the disk. With secure_delete=FAST a page that becomes free would not be zeroed, and a shorter record that gets
    // it next would keep the octets of the one before behind its own, where `overwrite` does not look.
    connection.exec(`
      PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
      PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${WAL_BYTES_KEPT_MAX};
    `);
    // Behind these: it reads of the database, and the first to read decides whether there is a -shm file.
    slack = new DatabaseSlack(connection, this.#paths.database);
    const log = `${this.#paths.database}-wal`;
    const sweep = new SlackSweep({ connection, slack, log, checkpointPages: CHECKPOINT_PAGES });
    // What a crash left in the -wal goes where it belongs first, so that our own commits begin it anew.
    connection.exec('PRAGMA wal_checkpoint(PASSIVE)');
    if (this.format !== FORMAT_VERSION) migrate(connection, this.format);
    // From here on sentences may reach a client: they name the file, not where it is.
    this.#reader = new RecordReader(connection, this.#file, 'log');
    this.#beginRound(connection);
    return {
      connection,
      records: tableWriter(connection, 'records'),
      log: tableWriter(connection, 'log'),
      setCommits: connection.prepare(SET_COMMITS),
      ...{ note, sweep },
    };
  }

  #beginRound(connection: DatabaseSync): void {
    this.#movedNs = this.#lastMovedNs();
    this.#round += 1;
    connection.prepare(SET_ROUND).run(String(this.#round));
    // Only now that the commit above is durable: a marker ahead of its database would look like damage.
    writeMarker(this.#paths, this.#round);
  }

  #lastMovedNs(): bigint {
    return statSync(this.#paths.database, { bigint: true }).mtimeNs;
  }

  #explained<T>(use: () => T): T {
    try {
      return use();
    } catch (error) {
      throw explain(error, this.#file);
    }
  }
}

function tableWriter(connection: DatabaseSync, table: 'records' | 'log'): TableWriter {
  return {
    put: connection.prepare(`INSERT OR REPLACE INTO ${table} (key, value, sum) VALUES (?, ?, ?)`),
    remove: connection.prepare(`DELETE FROM ${table} WHERE key = ?`),
  };
}
