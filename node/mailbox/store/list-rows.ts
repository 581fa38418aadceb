// Entries of lists, as they are written, read again, and asked about a mail. A mail looks for the few entries that can fit it, each by the index,
// however long the lists are. What writes runs within a transaction.
import { type KeptOut, keptOutBy, type ListsOfScope } from '../list-decision.ts';
import {
  type AddedListEntry,
  entryKeysFor,
  LIST_ENTRIES_MAX,
  type ListDirection,
  type ListEntriesQuestion,
  type ListEntry,
  type ListEntryMeant,
  type ListNamed,
  type ListScope,
  type NewListEntry,
  type RemovedListEntry,
} from '../list-entry.ts';
import type { Connection } from './database.ts';

interface StoredEntry {
  readonly entry: string;
  readonly entry_type: ListEntry['entryType'];
  readonly reason: string | null;
  readonly read_only: number;
  readonly created_at: number;
}

interface FoundEntry {
  readonly list_type: ListEntry['listType'];
  readonly key: string;
  readonly entry: string;
  readonly read_only: number;
}

/** Whom a mail is from, or goes to. */
export interface ListedAddress {
  readonly inboxId: string;
  readonly direction: ListDirection;
  /** Absent: there is none, so no entry fits. */
  readonly address: string | undefined;
  readonly isAuthenticated: boolean;
}

/** `isReadOnly`: no client takes that back. `endsAtMs`: of one that is read-only; absent: it is for good. */
interface OwnBlock {
  readonly reason: string;
  readonly isReadOnly: boolean;
  readonly endsAtMs?: number | undefined;
  readonly atMs: number;
}

export class ListRows {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Whether the inbox, or who is above it, has any entry at all: most have none, and then nothing else is looked for. */
  hasAny(inboxId: string): boolean {
    const sql = 'SELECT 1 FROM list_entry WHERE scope = ? LIMIT 1';
    return this.#scopesOf(inboxId).some((scope) => this.#connection.get(sql, textOf(scope)) !== undefined);
  }

  /** Why the lists of the inbox, and those above it, keep an address out; `undefined`: they do not. */
  keptOut({ inboxId, direction, address, isAuthenticated }: ListedAddress): KeptOut | undefined {
    if (!this.hasAny(inboxId)) return undefined;
    const keys = address === undefined ? [] : entryKeysFor(address);
    const scopes = this.#scopesOf(inboxId).flatMap((scope) => this.#listsOf(scope, direction, keys) ?? []);
    return keptOutBy(scopes, isAuthenticated);
  }

  add({ scope, direction, listType, key, entry, entryType, reason, atMs }: NewListEntry): AddedListEntry {
    const named = { scope, direction, listType };
    if (!this.#isThere(scope)) return { outcome: 'gone' };
    const known = this.find({ ...named, key });
    if (known !== undefined) {
      if (known.isReadOnly) this.#connection.run(OUTLIVES, textOf(scope), direction, listType, key);
      return { outcome: 'known', entry: known };
    }
    const { count = 0 } = this.#connection.get<{ count: number }>(OF_CLIENTS, textOf(scope)) ?? {};
    if (count >= LIST_ENTRIES_MAX) return { outcome: 'full' };
    this.#connection.run(
      INSERT,
      ...[textOf(scope), direction, listType, key, entry, entryType, reason ?? null, 0, atMs],
    );
    return { outcome: 'added', entry: { ...named, entry, entryType, reason, isReadOnly: false, createdAtMs: atMs } };
  }

  /** Blocks what the inbox sends to an address, by this host itself. */
  block(
    inboxId: string,
    { entry, entryType, key }: Pick<NewListEntry, 'entry' | 'entryType' | 'key'>,
    { reason, isReadOnly, endsAtMs, atMs }: OwnBlock,
  ): void {
    const scope = textOf({ kind: 'inbox', inboxId });
    this.#connection.run(
      BLOCK,
      ...[scope, 'send', 'block', key, entry, entryType, reason, Number(isReadOnly), atMs, endsAtMs ?? null],
    );
  }

  /** Ends what this host has blocked for a while; an entry that somebody wanted besides is his again. */
  endBlocks(nowMs: number): void {
    this.#connection.run(
      'UPDATE list_entry SET read_only = 0, ends_at = NULL WHERE ends_at <= ? AND outlives = 1',
      nowMs,
    );
    this.#connection.run('DELETE FROM list_entry WHERE ends_at <= ?', nowMs);
  }

  /** `isOperator`: he may take away what this host has made, too. */
  remove({ isOperator = false, ...meant }: ListEntryMeant & { readonly isOperator?: boolean }): RemovedListEntry {
    const known = this.find(meant);
    if (known === undefined) return 'gone';
    if (known.isReadOnly && !isOperator) return 'read-only';
    const sql = 'DELETE FROM list_entry WHERE scope = ? AND direction = ? AND list_type = ? AND key = ?';
    this.#connection.run(sql, textOf(meant.scope), meant.direction, meant.listType, meant.key);
    return 'removed';
  }

  find({ key, ...named }: ListEntryMeant): ListEntry | undefined {
    const sql = 'SELECT * FROM list_entry WHERE scope = ? AND direction = ? AND list_type = ? AND key = ?';
    const { scope, direction, listType } = named;
    const stored = this.#connection.get<StoredEntry>(sql, textOf(scope), direction, listType, key);
    return stored && entryOf(named, stored);
  }

  /** By their entries. `next`: the entry behind which the next page begins. */
  list({ limit, after = '', ...named }: ListEntriesQuestion): {
    readonly items: readonly ListEntry[];
    readonly next?: string;
  } {
    const sql = `SELECT * FROM list_entry WHERE scope = ? AND direction = ? AND list_type = ? AND entry > ?
      ORDER BY entry LIMIT ?`;
    const { scope, direction, listType } = named;
    const rows = this.#connection.all<StoredEntry>(sql, textOf(scope), direction, listType, after, limit + 1);
    const items = rows.slice(0, limit).map((stored) => entryOf(named, stored));
    const last = items.at(-1);
    return rows.length > limit && last !== undefined ? { items, next: last.entry } : { items };
  }

  /** Those whose lists an inbox keeps to, the narrowest first. */
  #scopesOf(inboxId: string): readonly ListScope[] {
    const sql = 'SELECT pod_id FROM inbox JOIN pod ON pod.row = inbox.pod WHERE inbox_id = ?';
    const podId = this.#connection.get<{ pod_id: string }>(sql, inboxId)?.pod_id;
    const ofPod = podId === undefined ? [] : [{ kind: 'pod', podId } as const];
    return [{ kind: 'inbox', inboxId }, ...ofPod, { kind: 'organization' }];
  }

  /** `undefined`: the scope has no list of that direction. */
  #listsOf(scope: ListScope, direction: ListDirection, keys: readonly string[]): ListsOfScope | undefined {
    const text = textOf(scope);
    if (this.#connection.get(HAS_ANY, text, direction) === undefined) return undefined;
    const found =
      keys.length === 0 ? [] : this.#connection.all<FoundEntry>(FITTING, text, direction, JSON.stringify(keys));
    return {
      scope,
      hasAllowed: this.#connection.get(HAS_ALLOWED, text, direction) !== undefined,
      fitting: found.map(({ list_type: listType, key, entry, read_only }) => ({
        ...{ listType, entry, distance: keys.indexOf(key), isReadOnly: read_only === 1 },
      })),
    };
  }

  #isThere(scope: ListScope): boolean {
    if (scope.kind === 'organization') return true;
    if (scope.kind === 'pod')
      return this.#connection.get('SELECT 1 FROM pod WHERE pod_id = ?', scope.podId) !== undefined;
    return (
      this.#connection.get("SELECT 1 FROM inbox WHERE inbox_id = ? AND state = 'active'", scope.inboxId) !== undefined
    );
  }
}

function entryOf(named: ListNamed, { entry, entry_type, reason, read_only, created_at }: StoredEntry): ListEntry {
  return {
    ...{ ...named, entry, entryType: entry_type, reason: reason ?? undefined },
    ...{ isReadOnly: read_only === 1, createdAtMs: created_at },
  };
}

/** A scope as its rows have it. */
function textOf(scope: ListScope): string {
  switch (scope.kind) {
    case 'organization':
      return 'organization';
    case 'pod':
      return `pod ${scope.podId}`;
    case 'inbox':
      return `inbox ${scope.inboxId}`;
  }
}

const OF_CLIENTS = 'SELECT count(*) AS count FROM list_entry WHERE scope = ? AND read_only = 0';
const INSERT = `INSERT INTO list_entry (scope, direction, list_type, key, entry, entry_type, reason, read_only, created_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
/** What is for good stays so, and what ends does at the latest of its times. */
const BLOCK = `INSERT INTO list_entry (scope, direction, list_type, key, entry, entry_type, reason, read_only, created_at, ends_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (scope, direction, list_type, key) DO UPDATE
  SET read_only = max(read_only, excluded.read_only), reason = coalesce(reason, excluded.reason),
  outlives = max(outlives, read_only = 0, excluded.read_only = 0),
  ends_at = CASE WHEN excluded.read_only = 0 THEN ends_at WHEN read_only = 0 THEN excluded.ends_at
    ELSE max(ends_at, excluded.ends_at) END`;
const OUTLIVES = 'UPDATE list_entry SET outlives = 1 WHERE scope = ? AND direction = ? AND list_type = ? AND key = ?';
const HAS_ANY = 'SELECT 1 FROM list_entry WHERE scope = ? AND direction = ? LIMIT 1';
const HAS_ALLOWED = "SELECT 1 FROM list_entry WHERE scope = ? AND direction = ? AND list_type = 'allow' LIMIT 1";
const FITTING = `SELECT list_type, key, entry, read_only FROM list_entry WHERE scope = ? AND direction = ?
  AND list_type IN ('allow', 'block') AND key IN (SELECT value FROM json_each(?))`;
