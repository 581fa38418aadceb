// The change log over the store: one record an entry, written in the same commit as the state that the entry tells of. Positions, places,
// chain and digest are given out in the very step that hands the commit to the store, and the store applies commits in that order: so the
// log is in the order of the commits, without a lock. Nobody sees an entry before the entry is durable.

import { firstChain, nextChain } from '../../mesh/feed/chain.ts';
import { changedDigest } from '../../mesh/feed/digest.ts';
import type { LogId } from '../../mesh/feed/place.ts';
import { invariant, orFail } from '../../mesh/invariant.ts';
import type { IndexRow } from '../../mesh/lookup/index-entry.ts';
import type { Clock, Random, Write } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import {
  type AgentEntry,
  type ChangeEntry,
  type DomainEntry,
  type EmailEntry,
  type FeedLog,
  feedEntryOf,
  isOwn,
  type MailboxEntry,
  type NewHeardEntry,
  type OwnEntry,
  type OwnHead,
} from './change-log.ts';
import {
  END_KEY,
  ENTRY_PREFIX,
  entryWrites,
  type LogEnd,
  readEntry,
  removingWrites,
  type StoredEnd,
  seqOf,
} from './change-records.ts';
import { newLogId, type OpenedLog, openEnd } from './log-end.ts';
import { LogTail } from './log-tail.ts';
import { readStored, readStoredOwn } from './stored-entries.ts';

/** An entry that has no place in the log yet. */
export type NewEntry = NewOwnEntry | Omit<EmailEntry, 'seq'> | Omit<MailboxEntry, 'seq'> | Omit<DomainEntry, 'seq'>;

export type NewOwnEntry = Omit<AgentEntry, 'seq' | 'place' | 'chain' | 'digest'> & {
  /** The rows that the index showed until now under the keys of `rows`. */
  readonly replaced?: readonly IndexRow[];
};

export interface ChangeLogPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The digest of what the index shows; asked only for a log that does not say it. */
  readonly digest: () => string;
}

export class StoredChangeLog implements FeedLog {
  readonly #ports: Omit<ChangeLogPorts, 'digest'>;
  readonly #listeners = new Set<() => void>();
  readonly #tail = new LogTail();
  /** What is durable. */
  #durable: LogEnd;
  /** What was given out; some of it may not be durable yet. */
  #given: LogEnd;
  #oldestSeq: number;
  #oldestN: number;
  /** The digest that was found at the start, for whoever holds the index against it; absent when it was made of the index itself. */
  readonly openedDigest: string | undefined;

  private constructor(ports: Omit<ChangeLogPorts, 'digest'>, { end, isNew, oldestSeq, oldestN }: OpenedLog) {
    this.#ports = ports;
    this.#durable = end;
    this.#given = end;
    this.#oldestSeq = oldestSeq;
    this.#oldestN = oldestN;
    this.openedDigest = isNew ? undefined : end.digest;
  }

  /** Finds the end of the log. Throws `store_failed` when the log has a hole. */
  static async open({ digest, ...ports }: ChangeLogPorts): Promise<StoredChangeLog> {
    return new StoredChangeLog(ports, await openEnd(ports.store, ports.random, digest));
  }

  get head(): number {
    return this.#durable.seq;
  }

  get logId(): LogId {
    return this.#durable.logId;
  }

  get ownHead(): OwnHead {
    return this.#durable;
  }

  /** The lowest position whose entry is kept. */
  get oldestSeq(): number {
    return this.#oldestSeq;
  }

  /** The lowest place that is kept; the one that comes next when there is none. */
  get oldestN(): number {
    return this.#oldestN;
  }

  /**
   * Commits `writes` and the entries that tell of them, together. When all of that is durable, `apply` runs, then the head grows, then the
   * subscribers are called. Rejects with `store_failed`; then `apply` never runs. Ends the store when an earlier entry is not durable yet.
   */
  async append(entries: readonly NewEntry[], writes: readonly Write[], apply: () => void): Promise<void> {
    let end = this.#given;
    const placed = entries.map((entry) => {
      const [one, next] = placedAfter(end, entry);
      end = next;
      return one;
    });
    await this.#commit(placed, end, { writes, apply });
  }

  async hear(entries: readonly NewHeardEntry[], writes: readonly Write[], apply: () => void): Promise<void> {
    const heardAt = new Date(this.#ports.clock.wallMs()).toISOString();
    const { seq } = this.#given;
    const placed = entries.map((entry, at) => ({ seq: seq + 1 + at, ...entry, heardAt }));
    await this.#commit(placed, { ...this.#given, seq: seq + entries.length }, { writes, apply });
  }

  async read(after: number, limit: number): Promise<readonly ChangeEntry[]> {
    const from = Math.max(after, this.#oldestSeq - 1);
    const end = Math.min(this.head, from + limit);
    if (end <= from) return [];
    return (
      this.#tail.entries(from, end) ??
      readStored(this.#ports.store, { after: from, end, oldest: () => this.#oldestSeq })
    );
  }

  async own(after: number, limit: number): Promise<readonly OwnEntry[] | undefined> {
    const end = Math.min(this.#durable.n, after + limit);
    if (after < this.#oldestN - 1) return undefined;
    if (end <= after) return [];
    return (
      this.#tail.own(after, end) ??
      readStoredOwn(this.#ports.store, this.logId, { after, end, oldest: () => this.#oldestN })
    );
  }

  async renew(): Promise<void> {
    const logId = newLogId(this.#ports.random);
    const end = { ...this.#given, logId, n: 0, chain: firstChain(logId) };
    this.#given = end;
    this.#oldestN = 1;
    this.#tail.forgetPlaces();
    await this.#ports.store.commit([this.#endWrite()]);
    this.#durable = end;
    for (const listener of this.#listeners) this.#call(listener);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Makes the log id durable before there is an own entry, and where the log ends should all of its entries go. */
  async saveEnd(): Promise<void> {
    await this.#ports.store.commit([this.#endWrite()]);
  }

  /** Takes these, the oldest entries, from the log. From this call on nobody is given them any more. */
  async forget(entries: readonly ChangeEntry[]): Promise<void> {
    const last = entries.at(-1);
    if (last === undefined) return;
    this.#oldestSeq = last.seq + 1;
    this.#oldestN = (entries.findLast((entry) => this.#isOfThisLog(entry))?.place.n ?? this.#oldestN - 1) + 1;
    await this.#ports.store.commit([...entries.flatMap(removingWrites), this.#endWrite()]);
  }

  /**
   * Takes out of what is told of mail from an address its subject, and whom it was for. The entries stay: that something was sent, and what became
   * of it, is what readers count on.
   */
  async redactMail(from: string): Promise<void> {
    const { store } = this.#ports;
    for await (const page of store.load(ENTRY_PREFIX)) {
      const redacted = page.flatMap((record) => redactedMail(readEntry(record, seqOf(record.key)), from));
      // What is being trimmed at this moment does not come back.
      const kept = redacted.filter(({ seq }) => seq >= this.#oldestSeq);
      if (kept.length === 0) continue;
      this.#tail.replace(kept);
      await store.commit(kept.flatMap(entryWrites));
    }
  }

  /** Where the log ends and begins with all that was handed to the store so far. */
  #endWrite(): Write {
    const value: StoredEnd = { ...this.#given, oldestSeq: this.#oldestSeq, oldestN: this.#oldestN };
    return { key: END_KEY, value };
  }

  #isOfThisLog(entry: ChangeEntry): entry is OwnEntry {
    return isOwn(entry) && entry.place.logId === this.logId;
  }

  /** `end`: where the log ends with these entries. */
  async #commit(placed: readonly ChangeEntry[], end: LogEnd, { writes, apply }: Beside): Promise<void> {
    this.#given = end;
    this.#tail.push(placed);
    const records = placed.length === 0 ? [] : [...placed.flatMap(entryWrites), this.#endWrite()];
    await this.#ports.store.commit([...writes, ...records]);
    orFail(this.#ports.store, () => this.#expectNoHole(placed));
    apply();
    if (placed.length > 0) this.#durable = end;
    for (const listener of this.#listeners) this.#call(listener);
  }

  #expectNoHole([first]: readonly ChangeEntry[]): void {
    const next = this.head + 1;
    invariant(
      first === undefined || first.seq === next,
      () => `Entry ${first?.seq} of the change log became durable, and the one that must come next is ${next}.`,
    );
  }

  /** A bug of a subscriber is logged and hurts nobody else: the change that the subscriber was told of has happened. */
  #call(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#ports.log.error('change.listener_failed', { error: String(error), stack: (error as Error).stack });
    }
  }
}

/** The entry without what a mail from that address says; none where it is about something else. */
function redactedMail(entry: ChangeEntry, from: string): readonly EmailEntry[] {
  if (!('email' in entry) || entry.email.from !== from) return [];
  return [{ ...entry, email: { ...entry.email, subject: '', recipients: [] } }];
}

/** What is durable with the entries, and what is done then. */
interface Beside {
  readonly writes: readonly Write[];
  readonly apply: () => void;
}

/** The entry as it stands behind `end`, and where the log ends with it. */
function placedAfter(end: LogEnd, entry: NewEntry): readonly [ChangeEntry, LogEnd] {
  const seq = end.seq + 1;
  if (!('changes' in entry))
    return [
      { seq, ...entry },
      { ...end, seq },
    ];
  const { replaced = [], ...told } = entry;
  const place = { logId: end.logId, n: end.n + 1 };
  const chain = nextChain(end.chain, feedEntryOf({ ...told, place }));
  const digest = told.rows === undefined ? end.digest : changedDigest(end.digest, replaced, told.rows.put);
  return [
    { seq, ...told, place, chain, digest },
    { seq, ...place, chain, digest },
  ];
}
