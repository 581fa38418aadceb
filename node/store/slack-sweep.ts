// What was removed or replaced is overwritten in the file of the database, some pages at each step, while others write. What they write may carry
// such octets into a page that was overwritten before, for pages change places where their rows are dealt out anew: the write-ahead log has all of
// these, so that no page is forgotten. Whatever fails, or is left in between, is begun anew.
import type { DatabaseSync } from 'node:sqlite';
import type { DatabaseSlack } from '../machine/database-slack.ts';
import { pagesInLog } from '../machine/log-pages.ts';

const FIRST_PAGE = 1;
/** Pages that are overwritten once more in one go: some tens of milliseconds. */
const AGAIN_AT_ONCE_MAX = 4_096;

export interface SlackSweepParts {
  /** The only one to its database. */
  readonly connection: DatabaseSync;
  readonly slack: Pick<DatabaseSlack, 'overwrite' | 'pageBytes'>;
  /** The file of its write-ahead log. */
  readonly log: string;
  /** Pages in the log after which SQLite moves them into the database by itself. */
  readonly checkpointPages: number;
}

export class SlackSweep {
  readonly #parts: SlackSweepParts;
  /** Pages that were written since they were overwritten. */
  readonly #again = new Set<number>();

  constructor(parts: SlackSweepParts) {
    this.#parts = parts;
  }

  /**
   * Overwrites some, from a page on (the first is 1); answers what to go on with, `undefined` when all is done. What was written before the first
   * step is then in the file of the database alone. Throws what SQLite says, and an Error where somebody else reads or a tree is damaged.
   */
  step(from: number): number | undefined {
    try {
      const next = this.#overwritten(from);
      if (next === undefined) this.#keepLog(false);
      return next;
    } catch (error) {
      this.#keepLog(false);
      throw error;
    }
  }

  #overwritten(from: number): number | undefined {
    const { connection, slack, log } = this.#parts;
    if (from <= FIRST_PAGE) this.#again.clear();
    else for (const page of pagesInLog(log, slack.pageBytes)) if (page < from) this.#again.add(page);
    if (connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy !== 0)
      throw new Error('Somebody else reads the database.');
    // From here on what is in the log stays there until the next step.
    this.#keepLog(true);
    const again = new Set([...this.#again].slice(0, AGAIN_AT_ONCE_MAX));
    const next = slack.overwrite(from, again);
    for (const page of again) this.#again.delete(page);
    return next ?? (this.#again.size === 0 ? undefined : Number.MAX_SAFE_INTEGER);
  }

  #keepLog(isKept: boolean): void {
    const { connection, checkpointPages } = this.#parts;
    connection.exec(`PRAGMA wal_autocheckpoint = ${isKept ? 0 : checkpointPages}`);
  }
}
