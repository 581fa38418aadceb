// Keys of clients, as they are written and read again. What writes runs within a transaction.
import type { SQLInputValue } from 'node:sqlite';
import { type AddedKey, type ApiKey, KEYS_MAX, type KeyMeant, type NewKey } from '../api-key.ts';
import type { Listed } from '../list.ts';
import type { KeysQuestion } from '../questions.ts';
import type { Connection } from './database.ts';

interface StoredKey {
  readonly row: number;
  readonly key_id: string;
  readonly prefix: string;
  readonly name: string;
  readonly inbox_id: string | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly used_at: number | null;
}

/** A key of an inbox that is being deleted opens nothing any more. */
const SELECT = `SELECT api_key.row, key_id, prefix, name, inbox_id, api_key.created_at, api_key.updated_at, used_at
  FROM api_key LEFT JOIN inbox ON inbox.row = api_key.inbox WHERE (api_key.inbox IS NULL OR inbox.state = 'active')`;

export class KeyRows {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  add({ keyId, digest, prefix, name, inboxId, atMs }: NewKey): AddedKey {
    const connection = this.#connection;
    const { count = 0 } = connection.get<{ count: number }>('SELECT count(*) AS count FROM api_key') ?? {};
    if (count >= KEYS_MAX) return 'full';
    const active = "SELECT row FROM inbox WHERE inbox_id = ? AND state = 'active'";
    const inbox = inboxId === undefined ? undefined : connection.get<{ row: number }>(active, inboxId)?.row;
    if (inboxId !== undefined && inbox === undefined) return 'gone';
    connection.run(
      'INSERT INTO api_key (key_id, digest, prefix, name, inbox, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[keyId, digest, prefix, name, inbox ?? null, atMs, atMs],
    );
    return 'added';
  }

  /** `undefined` when there is no such key. */
  rename(meant: KeyMeant, name: string, atMs: number): ApiKey | undefined {
    if (this.find(meant) === undefined) return undefined;
    this.#connection.run('UPDATE api_key SET name = ?, updated_at = ? WHERE key_id = ?', name, atMs, meant.keyId);
    return this.find(meant);
  }

  /** Whether there was such a key. */
  remove(meant: KeyMeant): boolean {
    if (this.find(meant) === undefined) return false;
    return this.#connection.run('DELETE FROM api_key WHERE key_id = ?', meant.keyId).changes === 1;
  }

  noteUse(keyId: string, atMs: number): void {
    this.#connection.run('UPDATE api_key SET used_at = ? WHERE key_id = ?', atMs, keyId);
  }

  find({ keyId, inboxId }: KeyMeant): ApiKey | undefined {
    const [and, values] = inboxId === undefined ? ['', []] : ['AND inbox_id = ?', [inboxId]];
    return this.#one(`${SELECT} AND key_id = ? ${and}`, keyId, ...values);
  }

  withDigest(digest: string): ApiKey | undefined {
    return this.#one(`${SELECT} AND digest = ?`, digest);
  }

  /** The newest first, unless the question says otherwise. */
  list({ inboxId, limit, isAscending, place }: KeysQuestion): Listed<ApiKey> {
    const [order, beyond] = isAscending ? ['ASC', '>'] : ['DESC', '<'];
    const where = [
      ...(inboxId === undefined ? [] : [{ sql: 'AND inbox_id = ?', values: [inboxId] }]),
      ...(place === undefined
        ? []
        : [{ sql: `AND (api_key.created_at, api_key.row) ${beyond} (?, ?)`, values: [place.atMs, place.row] }]),
    ];
    const rows = this.#connection.all<StoredKey>(
      `${SELECT} ${where.map(({ sql }) => sql).join(' ')} ORDER BY api_key.created_at ${order}, api_key.row ${order} LIMIT ?`,
      ...where.flatMap(({ values }): readonly SQLInputValue[] => values),
      limit + 1,
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const items = shown.map(keyOf);
    return rows.length > limit && last !== undefined
      ? { items, next: { atMs: last.created_at, row: last.row } }
      : { items };
  }

  #one(sql: string, ...values: readonly SQLInputValue[]): ApiKey | undefined {
    const stored = this.#connection.get<StoredKey>(sql, ...values);
    return stored === undefined ? undefined : keyOf(stored);
  }
}

function keyOf(stored: StoredKey): ApiKey {
  return {
    ...{ keyId: stored.key_id, prefix: stored.prefix, name: stored.name, inboxId: stored.inbox_id ?? undefined },
    ...{ createdAtMs: stored.created_at, updatedAtMs: stored.updated_at, usedAtMs: stored.used_at ?? undefined },
  };
}
