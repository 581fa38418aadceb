// Keeps the log bounded: what every reader is done with goes after a day, and what is older than some days goes whoever still wants it. Old
// entries go from the front, a page to a commit, so a crash in between leaves a shorter log and no hole. Ages are judged by the wall clock:
// where that was set, entries go too early or too late by as much.
import type { Clock } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import { type ChangeEntry, type CursorReader, cameMs } from './change-log.ts';

/** A day, in which the operator says how long the log is kept. */
export const DAY_MS = 24 * 60 * 60 * 1_000;
/** However far its readers are, no entry goes earlier: followers that were away for less resume where they were. */
export const LOG_KEPT_MS_MIN = 1 * DAY_MS;
/** How often the log is trimmed. */
export const TRIM_INTERVAL_MS = 10 * 60 * 1_000;
/** How long one round of trimming waits for readers to give up what they are late for. */
export const GIVE_UP_MS_MAX = 60 * 1_000;
/** What is so much older than what readers must give up goes, whoever still has not done it. */
const GIVE_UP_OVERDUE_MS = 24 * 60 * 60 * 1_000;
/** Entries that go in one commit: few enough that other commits beside it wait for some milliseconds only. */
export const TRIM_PAGE_ENTRIES_MAX = 200;

export interface LogTrimmerOptions {
  readonly changes: TrimmedLog;
  readonly readers: readonly CursorReader[];
  /** What is older than this is given up, whoever still wants it. */
  readonly keptMsMax: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the trimming does to a log. */
interface TrimmedLog {
  readonly head: number;
  readonly oldestSeq: number;
  read(after: number, limit: number): Promise<readonly ChangeEntry[]>;
  /** Makes durable where the log ends, so that it is found again when no entry is left. */
  saveEnd(): Promise<void>;
  /** Takes these, the oldest entries, from the log, durably. */
  forget(entries: readonly ChangeEntry[]): Promise<void>;
}

export class LogTrimmer {
  readonly #options: LogTrimmerOptions;
  /** Holders that have been asked and have not done it yet. */
  readonly #givingUp = new Set<CursorReader>();
  #failure: unknown;

  constructor(options: LogTrimmerOptions) {
    this.#options = options;
  }

  /** Trims now and then until `signal` aborts. Rejects with `store_failed`. */
  async run(signal: AbortSignal): Promise<void> {
    const { changes, clock } = this.#options;
    await changes.saveEnd();
    // After a pause, for readers that have just started are still finding out what they need.
    for (;;) {
      await clock.sleep(TRIM_INTERVAL_MS, signal);
      if (signal.aborted) return;
      await this.#trim(signal);
    }
  }

  async #trim(signal: AbortSignal): Promise<void> {
    const { changes, readers, keptMsMax, clock, log } = this.#options;
    const nowMs = clock.wallMs();
    const old = await this.#lastBefore(nowMs - keptMsMax);
    const late = readers.filter(({ oldestSeq }) => oldestSeq <= old);
    await this.#haveGivenUp(late, old, signal);
    const behind = Math.min(...readers.map(({ oldestSeq }) => oldestSeq)) - 1;
    const overdue = await this.#lastBefore(nowMs - keptMsMax - GIVE_UP_OVERDUE_MS);
    const last = Math.min(await this.#lastBefore(nowMs - LOG_KEPT_MS_MIN), Math.max(behind, overdue));
    const from = changes.oldestSeq;
    if (overdue >= from && overdue > behind)
      log.error('change.taken', { fromSeq: Math.max(behind + 1, from), toSeq: overdue });
    while (changes.oldestSeq <= last && !signal.aborted) {
      const after = changes.oldestSeq - 1;
      await changes.forget(await changes.read(after, Math.min(TRIM_PAGE_ENTRIES_MAX, last - after)));
    }
    const trimmed = changes.oldestSeq - from;
    if (trimmed > 0) log.info('change.trimmed', { entries: trimmed, oldestSeq: changes.oldestSeq, late: late.length });
  }

  /** Waits a bounded time. A reader that was asked before is not asked again meanwhile. Rejects with `store_failed`. */
  async #haveGivenUp(late: readonly CursorReader[], seq: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const asked = late.filter((reader) => !this.#givingUp.has(reader)).map((reader) => this.#askToGiveUp(reader, seq));
    const ended = Promise.all(asked).then(() => over.abort());
    const stop = () => over.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (asked.length > 0) await this.#options.clock.sleep(GIVE_UP_MS_MAX, over.signal);
    signal.removeEventListener('abort', stop);
    if (over.signal.aborted && !signal.aborted) await ended;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Never rejects: what failed is thrown by the trimming. */
  async #askToGiveUp(reader: CursorReader, seq: number): Promise<void> {
    this.#givingUp.add(reader);
    try {
      await reader.giveUp(seq);
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#givingUp.delete(reader);
    }
  }

  /**
   * The position up to which entries came before `ms` of the wall clock. They came in the order of the log, so the log is halved until it is
   * found. Where the clock was set meanwhile there may be several such positions, and this is one of them.
   */
  async #lastBefore(ms: number): Promise<number> {
    let [before, after] = [this.#options.changes.oldestSeq - 1, this.#options.changes.head + 1];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      const [entry] = await this.#options.changes.read(middle - 1, 1);
      if (entry !== undefined && cameMs(entry) <= ms) before = middle;
      else after = middle;
    }
    return before;
  }
}
