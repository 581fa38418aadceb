// Keys of clients, as they are written and read again. What writes runs within a transaction.
import type { SQLInputValue } from 'node:sqlite';
import {
  type AddedKey,
  type ApiKey,
  type ChangedKey,
  type DeletedKey,
  KEY_LINE_MAX,
  KEYS_MAX,
  type KeyChange,
  type KeyHandled,
  type KeyMeant,
  type KeyRefused,
  type NewKey,
} from '../api-key.ts';
import type { Listed } from '../list.ts';
import { excessOf, type Permissions, withinBoth } from '../permission.ts';
import type { KeysQuestion } from '../questions.ts';
import type { Scope } from '../scope.ts';
import type { Connection } from './database.ts';
import type { Condition } from './mail-filter.ts';

interface StoredKey {
  readonly row: number;
  readonly key_id: string;
  readonly prefix: string;
  readonly name: string;
  readonly pod_id: string | null;
  readonly inbox_id: string | null;
  readonly permissions: string | null;
  /** The row of the key that made it. */
  readonly maker: number | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly used_at: number | null;
}

/** A key of an inbox that is being deleted opens nothing any more. */
const SELECT = `SELECT api_key.row, key_id, prefix, api_key.name, pod.pod_id, inbox_id, permissions, maker,
    api_key.created_at, api_key.updated_at, used_at
  FROM api_key LEFT JOIN inbox ON inbox.row = api_key.inbox LEFT JOIN pod ON pod.row = coalesce(api_key.pod, inbox.pod)
  WHERE (api_key.inbox IS NULL OR inbox.state = 'active')`;
const ROW = 'SELECT row FROM api_key WHERE key_id = ?';
const MAKER = 'SELECT maker FROM api_key WHERE key_id = ?';
const LINE = `WITH RECURSIVE line (permissions, maker) AS (
    SELECT permissions, maker FROM api_key WHERE row = ?
    UNION ALL SELECT api_key.permissions, api_key.maker FROM line JOIN api_key ON api_key.row = line.maker)
  SELECT permissions FROM line`;
const MADE_WITH = `WITH RECURSIVE made (row, key_id) AS (
    SELECT row, key_id FROM api_key WHERE key_id = ?
    UNION ALL SELECT api_key.row, api_key.key_id FROM made JOIN api_key ON api_key.maker = made.row)
  SELECT key_id FROM made`;

export class KeyRows {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  add({ keyId, digest, prefix, name, podId, inboxId, permissions, maker, atMs }: NewKey): AddedKey {
    const connection = this.#connection;
    const { count = 0 } = connection.get<{ count: number }>('SELECT count(*) AS count FROM api_key') ?? {};
    if (count >= KEYS_MAX) return 'full';
    const place = this.#placeOf({ podId, inboxId });
    if (place === undefined) return 'gone';
    const made = maker === undefined ? null : connection.get<{ row: number }>(ROW, maker)?.row;
    if (made === undefined) return 'unmade';
    if (this.#lineOf(made).length >= KEY_LINE_MAX) return 'long';
    connection.run(
      `INSERT INTO api_key (key_id, digest, prefix, name, pod, inbox, permissions, maker, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[keyId, digest, prefix, name, place.pod, place.inbox, textOf(permissions), made, atMs, atMs],
    );
    return 'added';
  }

  change({ meant, name, permissions, by, atMs }: KeyChange): ChangedKey {
    const refused = this.#refusal({ meant, by });
    if (refused !== undefined) return refused;
    const beyond = permissions && excessOf(permissions, this.#makerOpens(meant.keyId));
    if (beyond !== undefined) return { outcome: 'beyond', excess: beyond };
    const sql = `UPDATE api_key SET name = coalesce(?, name), permissions = coalesce(?, permissions), updated_at = ?
      WHERE key_id = ?`;
    this.#connection.run(sql, name ?? null, textOf(permissions), atMs, meant.keyId);
    const key = this.find(meant);
    return key === undefined ? { outcome: 'gone' } : { outcome: 'changed', key, keyIds: this.#madeWith(meant.keyId) };
  }

  remove(handled: KeyHandled): DeletedKey {
    const refused = this.#refusal(handled);
    if (refused !== undefined) return refused;
    const keyIds = this.#madeWith(handled.meant.keyId);
    this.#connection.run('DELETE FROM api_key WHERE key_id = ?', handled.meant.keyId);
    return { outcome: 'deleted', keyIds };
  }

  noteUse(keyId: string, atMs: number): void {
    this.#connection.run('UPDATE api_key SET used_at = ? WHERE key_id = ?', atMs, keyId);
  }

  find({ keyId, scope = {} }: KeyMeant): ApiKey | undefined {
    const [and, values] = joined(keysWithin(scope));
    return this.#one(`${SELECT} AND key_id = ? ${and}`, keyId, ...values);
  }

  withDigest(digest: string): ApiKey | undefined {
    return this.#one(`${SELECT} AND digest = ?`, digest);
  }

  /** The newest first, unless the question says otherwise. */
  list({ limit, isAscending, place, ...scope }: KeysQuestion): Listed<ApiKey> {
    const [order, beyond] = isAscending ? ['ASC', '>'] : ['DESC', '<'];
    const [and, values] = joined([
      ...keysWithin(scope),
      ...(place === undefined
        ? []
        : [{ sql: `(api_key.created_at, api_key.row) ${beyond} (?, ?)`, values: [place.atMs, place.row] }]),
    ]);
    const rows = this.#connection.all<StoredKey>(
      `${SELECT} ${and} ORDER BY api_key.created_at ${order}, api_key.row ${order} LIMIT ?`,
      ...values,
      limit + 1,
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const items = shown.flatMap((stored) => this.#opened(stored) ?? []);
    return rows.length > limit && last !== undefined
      ? { items, next: { atMs: last.created_at, row: last.row } }
      : { items };
  }

  #refusal({ meant, by }: KeyHandled): KeyRefused | undefined {
    const key = this.find(meant);
    if (key === undefined) return { outcome: 'gone' };
    const excess = excessOf(key.permissions, by);
    return excess && { outcome: 'excess', excess };
  }

  /** Rows of what a key shall be of; `undefined`: that is not there any more. */
  #placeOf({ podId, inboxId }: Scope): { readonly pod: number | null; readonly inbox: number | null } | undefined {
    const active = "SELECT row FROM inbox WHERE inbox_id = ? AND state = 'active'";
    const [sql, value] = inboxId === undefined ? ['SELECT row FROM pod WHERE pod_id = ?', podId] : [active, inboxId];
    if (value === undefined) return { pod: null, inbox: null };
    const row = this.#connection.get<{ row: number }>(sql, value)?.row;
    if (row === undefined) return undefined;
    return inboxId === undefined ? { pod: row, inbox: null } : { pod: null, inbox: row };
  }

  #one(sql: string, ...values: readonly SQLInputValue[]): ApiKey | undefined {
    const stored = this.#connection.get<StoredKey>(sql, ...values);
    return stored === undefined ? undefined : this.#opened(stored);
  }

  /** A key with what it opens now; `undefined`: it has gone, with its maker, since it was read. */
  #opened(stored: StoredKey): ApiKey | undefined {
    const line = this.#lineOf(stored.maker);
    if (stored.maker !== null && line.length === 0) return undefined;
    return keyOf(stored, line.reduce(withinBoth, permissionsOf(stored.permissions)));
  }

  /** What the maker of a key opens now; `undefined`: everything. */
  #makerOpens(keyId: string): Permissions | undefined {
    const { maker = null } = this.#connection.get<Pick<StoredKey, 'maker'>>(MAKER, keyId) ?? {};
    const [first, ...more] = this.#lineOf(maker);
    return more.reduce(withinBoth, first);
  }

  /** What each key of a line was given, from the one of that row up to the first. In one statement: nothing happens in between. */
  #lineOf(row: number | null): readonly (Permissions | undefined)[] {
    if (row === null) return [];
    const line = this.#connection.all<Pick<StoredKey, 'permissions'>>(LINE, row);
    return line.map(({ permissions }) => permissionsOf(permissions));
  }

  /** Ids of a key and of all that were made with it, and with these. */
  #madeWith(keyId: string): readonly string[] {
    return this.#connection.all<{ key_id: string }>(MADE_WITH, keyId).map(({ key_id }) => key_id);
  }
}

function keysWithin({ podId, inboxId }: Scope): readonly Condition[] {
  if (inboxId !== undefined) return [{ sql: 'inbox_id = ?', values: [inboxId] }];
  return podId === undefined ? [] : [{ sql: 'pod.pod_id = ?', values: [podId] }];
}

function joined(conditions: readonly Condition[]): readonly [and: string, values: readonly SQLInputValue[]] {
  return [conditions.map(({ sql }) => `AND ${sql}`).join(' '), conditions.flatMap(({ values }) => values)];
}

function textOf(permissions: Permissions | undefined): string | null {
  return permissions === undefined ? null : JSON.stringify(permissions);
}

function permissionsOf(text: string | null): Permissions | undefined {
  return text === null ? undefined : (JSON.parse(text) as Permissions);
}

function keyOf(stored: StoredKey, permissions: Permissions | undefined): ApiKey {
  return {
    ...{ keyId: stored.key_id, prefix: stored.prefix, name: stored.name },
    ...{ podId: stored.pod_id ?? undefined, inboxId: stored.inbox_id ?? undefined },
    permissions,
    ...{ createdAtMs: stored.created_at, updatedAtMs: stored.updated_at, usedAtMs: stored.used_at ?? undefined },
  };
}
