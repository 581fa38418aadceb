// Takes away what was counted and is asked for no more; what counts are triggers of the database. All of it runs within a transaction.
import { METRIC_MS_MAX } from '../metric.ts';
import type { Connection } from './database.ts';

/** Rows that are taken away in one transaction: the writes that come meanwhile wait for it. */
const TRIMMED_AT_ONCE_MAX = 2_000;
/** The range that may be asked for has a second's part of a day before it. */
const KEPT_MS = METRIC_MS_MAX + 86_400_000;

export class CountRows {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Answers whether there is more. */
  trim(nowMs: number): boolean {
    const before = Math.floor((nowMs - KEPT_MS) / 1_000);
    const tally = this.#connection.run(TALLY_AGED, before, TRIMMED_AT_ONCE_MAX);
    const usage = this.#connection.run(USAGE_AGED, before, before, TRIMMED_AT_ONCE_MAX);
    this.#connection.run('DELETE FROM domain_lifetime WHERE ended_at < ?', nowMs - KEPT_MS);
    return [tally, usage].some(({ changes }) => changes === TRIMMED_AT_ONCE_MAX);
  }

  /** Takes away what was counted of an inbox that is being deleted; answers whether there is more. */
  drop(inbox: number): boolean {
    const tally = this.#connection.run(TALLY_OF, inbox, TRIMMED_AT_ONCE_MAX);
    const usage = this.#connection.run(USAGE_OF, inbox, inbox, TRIMMED_AT_ONCE_MAX);
    return [tally, usage].some(({ changes }) => changes > 0);
  }
}

const TALLY_AGED = `DELETE FROM tally WHERE (scope, type, second) IN (
  SELECT scope, type, second FROM tally INDEXED BY tally_by_time WHERE second < ? LIMIT ?)`;
/** The last one before the time says what there was then. */
const USAGE_AGED = `DELETE FROM usage WHERE (scope, second) IN (
  SELECT scope, second FROM usage INDEXED BY usage_by_time WHERE second < ? AND EXISTS (
    SELECT 1 FROM usage AS later WHERE later.scope = usage.scope AND later.second > usage.second AND later.second <= ?) LIMIT ?)`;
const TALLY_OF = `DELETE FROM tally WHERE (scope, type, second) IN (SELECT scope, type, second FROM tally WHERE scope = ? LIMIT ?)`;
/** What is erased after it still counts from the last. */
const USAGE_OF = `DELETE FROM usage WHERE (scope, second) IN (SELECT scope, second FROM usage WHERE scope = ? AND second < (
  SELECT max(second) FROM usage WHERE scope = ?) LIMIT ?)`;
