// One listener's way through the log. It holds a position and no entries: a listener that is slow waits behind in the log, where every other
// reader's entries are too, and costs no memory. It does not hold entries back from the trimming.
import type { Clock } from '../../mesh/ports.ts';
import { Turns } from '../../mesh/time/turns.ts';
import { type ChangeFilter, isWanted } from './change-filter.ts';
import type { ChangeEntry, ChangeLog } from './change-log.ts';
import { type CursorLog, cursorAt, trimmed } from './cursor.ts';
import { payloadOf } from './payload.ts';

/** Entries that a listener reads at once, and before others have their turn to be answered. */
const LISTENED_PAGE_ENTRIES = 64;
const LISTENED_ENTRIES_MAX = 20_000;

export interface ToldChange {
  /** What a listener keeps that was told this change and all before it. */
  readonly cursor: string;
  /** What a webhook carries: JSON without a line's end, in UTF-8. */
  readonly payload: Uint8Array;
}

export type ListenedLog = ChangeLog & CursorLog;

interface ReaderOptions {
  /** What comes first has a higher position. */
  readonly after: number;
  readonly clock: Clock;
  /** Runs a read of the log when it is its turn: there may be many readers, and commits wait behind what they read from the disk. */
  readonly turn: <Result>(read: () => Promise<Result>) => Promise<Result>;
}

interface PartBounds {
  readonly changesMax: number;
  /** Above it only when there is a single change. */
  readonly octetsMax: number;
}

export class ChangeReader {
  readonly #log: ListenedLog;
  readonly #filter: ChangeFilter;
  readonly #options: ReaderOptions;
  #seq: number;

  constructor(log: ListenedLog, filter: ChangeFilter, options: ReaderOptions) {
    this.#log = log;
    this.#filter = filter;
    this.#options = options;
    this.#seq = options.after;
  }

  /** After everything that was told, or passed over as not wanted. */
  get cursor(): string {
    return cursorAt(this.#log, this.#seq);
  }

  /** Whether there is something that it has not seen. */
  get isBehind(): boolean {
    return this.#log.head > this.#seq;
  }

  /**
   * What comes next, oldest first; empty when nothing that is wanted is there, among `LISTENED_ENTRIES_MAX` entries at most. Rejects with
   * `gone` when some of it was trimmed, and with `store_failed`.
   */
  async next({ changesMax, octetsMax }: PartBounds): Promise<readonly ToldChange[]> {
    const turns = new Turns(this.#options.clock);
    const told: ToldChange[] = [];
    let octets = 0;
    for (let read = 0; this.isBehind && read < LISTENED_ENTRIES_MAX; ) {
      const page = await this.#page();
      read += page.length;
      for (const entry of page) {
        if (turns.isOver) await turns.next();
        if (isWanted(entry, this.#filter)) {
          const payload = payloadOf(entry);
          octets += payload.byteLength;
          if (told.length > 0 && (told.length === changesMax || octets > octetsMax)) return told;
          told.push({ cursor: cursorAt(this.#log, entry.seq), payload });
        }
        this.#seq = entry.seq;
      }
    }
    return told;
  }

  /** Resolves when there is something that it has not seen, after `ms`, or when the signal aborts. */
  async more(ms: number, signal: AbortSignal): Promise<void> {
    if (this.isBehind || signal.aborted) return;
    const woken = new AbortController();
    const wake = () => woken.abort();
    const stop = this.#log.subscribe(() => {
      if (this.isBehind) wake();
    });
    signal.addEventListener('abort', wake, { once: true });
    await this.#options.clock.sleep(ms, woken.signal);
    signal.removeEventListener('abort', wake);
    stop();
  }

  async #page(): Promise<readonly ChangeEntry[]> {
    const page = await this.#options.turn(() => this.#log.read(this.#seq, LISTENED_PAGE_ENTRIES));
    if (page[0]?.seq !== this.#seq + 1) throw trimmed(this.#log);
    return page;
  }
}
