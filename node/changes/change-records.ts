// What the change log keeps on disk: the door through which stored records come back.
//   change/<seq>               an entry
//   change-own/<log id>/<n>    the position of the own entry at that place
//   change-end                 where the log ends; in the same commit as the newest entry

import type { MeshError } from '../../mesh/errors.ts';
import type { LogId } from '../../mesh/feed/place.ts';
import type { Write } from '../../mesh/ports.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { StoredRecord } from '../store/store.ts';
import {
  AGENT_EVENTS,
  type AgentEntry,
  type ChangeEntry,
  EMAIL_EVENTS,
  isOwn,
  MAILBOX_EVENTS,
  type OwnHead,
} from './change-log.ts';

export const ENTRY_PREFIX = 'change/';
export const OWN_PREFIX = 'change-own/';
export const END_KEY = 'change-end';

/** Digits of a position in its key: every safe integer, in the order of the keys. */
const DIGITS = 16;

/** The end of the log: the position of the newest entry, and where the own entries are. */
export interface LogEnd extends OwnHead {
  readonly seq: number;
}

/** The end as it is stored, with where the log begins: so entries that are missing there are not taken for trimmed. */
export interface StoredEnd extends LogEnd {
  /** The lowest position and the lowest place that are kept; those that come next when there are none. Not in what a version before wrote. */
  readonly oldestSeq?: number;
  readonly oldestN?: number;
}

/** The key of the entry at that position; keys sort as positions do. */
export function entryKey(seq: number): string {
  return ENTRY_PREFIX + digits(seq);
}

/** The position in a key of `entryKey`. */
export function seqOf(key: string): number {
  return Number(key.slice(ENTRY_PREFIX.length));
}

/** The prefix of all own entries with that log id. */
export function ownPrefix(logId: LogId): string {
  return `${OWN_PREFIX}${logId}/`;
}

/** The key under which the position of the own entry at place `n` stands. */
export function ownKey(logId: LogId, n: number): string {
  return ownPrefix(logId) + digits(n);
}

/**
 * What keeps an entry: the entry, and of an own one where it is found by its place. The end is another record (`END_KEY`), of the same
 * commit.
 */
export function entryWrites(entry: ChangeEntry): readonly Write[] {
  const write = { key: entryKey(entry.seq), value: entry };
  return isOwn(entry) ? [write, { key: ownKey(entry.place.logId, entry.place.n), value: entry.seq }] : [write];
}

/** What takes an entry from the disk. */
export function removingWrites(entry: ChangeEntry): readonly Write[] {
  return entryWrites(entry).map(({ key }) => ({ key, value: undefined }));
}

/** Checks what a reader relies on. What stands deeper inside was written by this program, under the store's checksum. */
export function readEntry({ key, value }: StoredRecord, seq: number): ChangeEntry {
  if (key !== entryKey(seq)) throw holeAt(seq);
  const entry = value as (Partial<AgentEntry> & Content) | null;
  const isWhole =
    typeof entry === 'object' &&
    entry !== null &&
    entry.seq === seq &&
    typeof entry.id === 'string' &&
    typeof entry.timestamp === 'string' &&
    typeof entry.agent === 'object' &&
    typeof entry.sequence === 'number' &&
    hasContent(entry);
  if (isWhole) return entry as ChangeEntry;
  throw damagedRecords(`The stored record '${key}' is not a change entry`);
}

type Content = Partial<Readonly<Record<'event' | 'changes' | 'email' | 'message' | 'domain' | 'origin', unknown>>>;

function hasContent({ event, changes, email, message, domain, origin }: Content): boolean {
  const isOf = (events: readonly string[]) => events.some((known) => known === event);
  if (typeof origin === 'object') return typeof event === 'string' && typeof changes === 'object';
  if (isOf(AGENT_EVENTS)) return typeof changes === 'object';
  if (event === 'domain.verified') return typeof domain === 'object';
  return isOf(EMAIL_EVENTS) ? typeof email === 'object' : isOf(MAILBOX_EVENTS) && typeof message === 'object';
}

/** Throws `store_failed` when the record is not the end of a log. */
export function readEnd(value: unknown): StoredEnd {
  const end = value as Partial<StoredEnd> | null;
  const isWhole =
    typeof end === 'object' &&
    end !== null &&
    [end.seq, end.n, end.oldestSeq ?? 0, end.oldestN ?? 0].every((count) => Number.isSafeInteger(count)) &&
    [end.logId, end.chain, end.digest].every((text) => typeof text === 'string');
  if (isWhole) return end as StoredEnd;
  throw damagedRecords(`The stored record '${END_KEY}' is not the end of a change log`);
}

/** The position that the record of an own place has. Throws `store_failed` when it is none. */
export function readPosition({ key, value }: StoredRecord): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw damagedRecords(`The stored record '${key}' is not a position in the change log`);
}

/** The refusal (`store_failed`) of a log that lacks an entry between others. */
export function holeAt(seq: number): MeshError {
  return damagedRecords(`The change log has no entry ${seq}, though later ones exist`);
}

/** The refusal (`store_failed`) of a log that lacks an own entry between others. */
export function missingAt(n: number): MeshError {
  return damagedRecords(`The change log has no own entry ${n}, though later ones exist`);
}

function digits(count: number): string {
  return String(count).padStart(DIGITS, '0');
}
