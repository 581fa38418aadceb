// The change log over the store: one record an entry, written in the same commit as the state that the entry tells of. Places are given
// out in the very step that hands the commit to the store, and the store applies commits in that order: so the log is in the order of the
// commits, without a lock. Nobody sees an entry before the entry is durable.

import type { MeshError } from '../../mesh/errors.ts';
import { invariant, orFail } from '../../mesh/invariant.ts';
import type { Write } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store, StoredRecord } from '../store/store.ts';
import {
  AGENT_EVENTS,
  type AgentEntry,
  type ChangeEntry,
  type ChangeLog,
  EMAIL_EVENTS,
  type EmailEntry,
} from './change-log.ts';
import { LOG_TAIL_ENTRIES_MAX } from './limits.ts';

const PREFIX = 'change/';
/** Digits of a position in its key: every safe integer, in the order of the keys. */
const SEQ_DIGITS = 16;

/** An entry that has no place in the log yet. */
export type NewEntry = Omit<AgentEntry, 'seq'> | Omit<EmailEntry, 'seq'>;

export class StoredChangeLog implements ChangeLog {
  readonly #store: Store;
  readonly #log: Log;
  readonly #listeners = new Set<() => void>();
  /** The newest entries, in order; those above `#head` are not durable yet. */
  #tail: ChangeEntry[] = [];
  #head: number;
  #last: number;

  private constructor(store: Store, log: Log, head: number) {
    this.#store = store;
    this.#log = log;
    this.#head = head;
    this.#last = head;
  }

  /** Finds the end of the log. Throws `store_failed` when the log has a hole. */
  static async open(store: Store, log: Log): Promise<StoredChangeLog> {
    return new StoredChangeLog(store, log, await findHead(store));
  }

  get head(): number {
    return this.#head;
  }

  /**
   * Commits `writes` and the entries that tell of them, together. When all of that is durable, `apply` runs, then the head grows, then the
   * subscribers are called. Rejects with `store_failed`; then `apply` never runs. Ends the store when an earlier entry is not durable yet.
   */
  async append(entries: readonly NewEntry[], writes: readonly Write[], apply: () => void): Promise<void> {
    const placed = entries.map((entry, at): ChangeEntry => ({ seq: this.#last + 1 + at, ...entry }));
    this.#last += placed.length;
    this.#remember(placed);
    const last = this.#last;
    await this.#store.commit([...writes, ...placed.map((entry) => ({ key: entryKey(entry.seq), value: entry }))]);
    orFail(this.#store, () => this.#expectNoHole(placed));
    apply();
    this.#head = Math.max(this.#head, last);
    for (const listener of this.#listeners) this.#call(listener);
  }

  async read(after: number, limit: number): Promise<readonly ChangeEntry[]> {
    const end = Math.min(this.#head, after + limit);
    if (end <= after) return [];
    const oldest = this.#tail[0]?.seq;
    if (oldest !== undefined && after >= oldest - 1) return this.#tail.slice(after + 1 - oldest, end + 1 - oldest);
    return readStored(this.#store, after, end);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #expectNoHole([first]: readonly ChangeEntry[]): void {
    const next = this.#head + 1;
    invariant(
      first === undefined || first.seq === next,
      () => `Entry ${first?.seq} of the change log became durable, and the one that must come next is ${next}.`,
    );
  }

  #remember(entries: readonly ChangeEntry[]): void {
    this.#tail.push(...entries);
    // Cut back by half at a time: the cost per entry stays constant.
    if (this.#tail.length > 2 * LOG_TAIL_ENTRIES_MAX) this.#tail = this.#tail.slice(-LOG_TAIL_ENTRIES_MAX);
  }

  /** A bug of a subscriber is logged and hurts nobody else: the change that the subscriber was told of has happened. */
  #call(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#log.error('change.listener_failed', { error: String(error), stack: (error as Error).stack });
    }
  }
}

function entryKey(seq: number): string {
  return PREFIX + String(seq).padStart(SEQ_DIGITS, '0');
}

/** Entries `after + 1` to `end`, from the disk. */
async function readStored(store: Store, after: number, end: number): Promise<readonly ChangeEntry[]> {
  const entries: ChangeEntry[] = [];
  for await (const page of store.load(PREFIX, { after: entryKey(after), limit: end - after })) {
    for (const record of page) {
      if (after + entries.length === end) return entries;
      entries.push(parseEntry(record, after + entries.length + 1));
    }
  }
  if (after + entries.length < end) throw holeAt(after + entries.length + 1);
  return entries;
}

/** Checks what a reader relies on. What stands deeper inside was written by this program, under the store's checksum. */
function parseEntry(record: StoredRecord, seq: number): ChangeEntry {
  if (record.key !== entryKey(seq)) throw holeAt(seq);
  const entry = record.value as Partial<AgentEntry & { readonly email: unknown }> | null;
  const isWhole =
    typeof entry === 'object' &&
    entry !== null &&
    entry.seq === seq &&
    typeof entry.id === 'string' &&
    typeof entry.timestamp === 'string' &&
    typeof entry.agent === 'object' &&
    typeof entry.sequence === 'number' &&
    (AGENT_EVENTS.some((event) => event === entry.event)
      ? typeof entry.changes === 'object'
      : EMAIL_EVENTS.some((event) => event === (entry.event as string)) && typeof entry.email === 'object');
  if (isWhole) return entry as ChangeEntry;
  throw damagedRecords(`The stored record '${record.key}' is not a change entry`);
}

/**
 * The place of the newest entry. The log has no holes, so its end is found by doubling and halving: some forty look-ups for a million
 * entries. A record of the end would have to be written again by every commit.
 */
async function findHead(store: Store): Promise<number> {
  const has = async (seq: number) => (await store.get(entryKey(seq))) !== undefined;
  const oldest = await firstAfter(store, undefined);
  if (oldest === undefined) return 0;
  let low = oldest;
  let step = 1;
  for (; await has(low + step); step *= 2) low += step;
  while (step > 1) {
    step /= 2;
    if (await has(low + step)) low += step;
  }
  if ((await firstAfter(store, low)) !== undefined) throw holeAt(low + 1);
  return low;
}

/** Position of the first stored entry after `seq`. */
async function firstAfter(store: Store, seq: number | undefined): Promise<number | undefined> {
  const options = seq === undefined ? { limit: 1 } : { after: entryKey(seq), limit: 1 };
  for await (const page of store.load(PREFIX, options)) {
    if (page[0] !== undefined) return Number(page[0].key.slice(PREFIX.length));
  }
  return undefined;
}

function holeAt(seq: number): MeshError {
  return damagedRecords(`The change log has no entry ${seq}, though later ones exist`);
}
