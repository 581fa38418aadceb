// What erased rows have left in the files of the database is overwritten: in its log at once, in its pages behind whoever erases, some at a time,
// and by the next start where the process ended in between. What others write meanwhile may carry such octets into a page that was overwritten
// before: the log has all of it, so that no page is forgotten.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSlack } from '../../machine/database-slack.ts';
import { pagesInLog } from '../../machine/log-pages.ts';
import { type Connection, emptyLog, keepLog } from './database.ts';
import type { GroupCommit } from './group-commit.ts';

/** The page to begin with, 0: nothing was erased. Without the row an earlier program may have left something. */
const POSITION = "SELECT at FROM position WHERE name = 'overwriting'";
const SET_POSITION = "INSERT OR REPLACE INTO position VALUES ('overwriting', ?)";
const FIRST_PAGE = 1;
/** Pages that are overwritten once more in one go: some tens of milliseconds. */
const AGAIN_AT_ONCE_MAX = 4_096;

export interface ErasureParts {
  readonly connection: Connection;
  readonly group: GroupCommit;
  /** Directory of the mailbox's data. */
  readonly directory: string;
  /** Called when there is something to overwrite. */
  readonly begun?: (() => void) | undefined;
  /** Pages that are overwritten in one go; absent: as many as `DatabaseSlack` takes. */
  readonly pagesAtOnce?: number | undefined;
}

export class Erasure {
  readonly #connection: Connection;
  readonly #group: GroupCommit;
  readonly #log: string;
  readonly #slack: DatabaseSlack;
  readonly #begun: () => void;
  /** Rows were erased since the pages were begun with. */
  #isDue: boolean;
  /** Where the pages are gone on with. */
  #next: number | undefined;
  /** Pages that were written since they were overwritten. */
  readonly #again = new Set<number>();

  constructor({ connection, group, directory, begun = () => undefined, pagesAtOnce }: ErasureParts) {
    const file = join(directory, 'mailbox.db');
    this.#connection = connection;
    this.#group = group;
    this.#log = `${file}-wal`;
    this.#slack = new DatabaseSlack(connection.database, file, pagesAtOnce === undefined ? {} : { pagesAtOnce });
    this.#begun = begun;
    this.#isDue = connection.get<{ at: number }>(POSITION)?.at !== 0;
  }

  /** Does `work`, which erases rows where `isErasing` says so of its result, as the group does. `begin` is to follow. */
  erase<Result>(work: () => Result, isErasing: (result: Result) => boolean = () => true): Promise<Result> {
    return this.#group.run(() => {
      const result = work();
      if (isErasing(result)) this.#connection.run(SET_POSITION, FIRST_PAGE);
      return result;
    });
  }

  /** To be called when rows were erased: takes what it erased out of the log, where nobody reads it. */
  begin(): void {
    this.#isDue = true;
    this.#emptyLog();
    this.#begun();
  }

  /**
   * Takes out of the files some of what erased rows have left. `more`: it is to be called again. `kept`: a reader, such as a backup, still has
   * what was before. `done`: there is nothing. Throws what SQLite says, and an Error for a damaged tree.
   */
  overwriteSome(): 'more' | 'kept' | 'done' {
    if (!this.#isDue && this.#next === undefined) return 'done';
    if (!this.#emptyLog()) return 'kept';
    const { database } = this.#connection;
    database.exec('BEGIN IMMEDIATE');
    try {
      // Another program may have written between the two.
      if ((statSync(this.#log, { throwIfNoEntry: false })?.size ?? 0) > 0) return 'kept';
      if (this.#next === undefined) this.#begin();
      if (!this.#overwriteNext() || this.#isDue) return 'more';
      this.#connection.run(SET_POSITION, 0);
      database.exec('COMMIT');
      return 'done';
    } finally {
      if (database.isTransaction) database.exec('ROLLBACK');
    }
  }

  /** Whether nothing is left in the log. What it had is known from here on. */
  #emptyLog(): boolean {
    const next = this.#next;
    if (next !== undefined)
      for (const page of pagesInLog(this.#log, this.#slack.pageBytes)) if (page < next) this.#again.add(page);
    return emptyLog(this.#connection);
  }

  #begin(): void {
    [this.#isDue, this.#next] = [false, FIRST_PAGE];
    this.#again.clear();
    keepLog(this.#connection, true);
  }

  /** Whether these were the last. */
  #overwriteNext(): boolean {
    const again = new Set([...this.#again].slice(0, AGAIN_AT_ONCE_MAX));
    const next = this.#slack.overwrite(this.#next ?? FIRST_PAGE, again);
    for (const page of again) this.#again.delete(page);
    const isLast = next === undefined && this.#again.size === 0;
    this.#next = isLast ? undefined : (next ?? Number.MAX_SAFE_INTEGER);
    if (isLast) keepLog(this.#connection, false);
    return isLast;
  }

  /** To be called when the connection is closed. */
  close(): void {
    this.#slack.close();
  }
}
