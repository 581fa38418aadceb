// Inboxes as clients are shown them: the active ones alone.
import type { SQLInputValue } from 'node:sqlite';
import type { Inbox } from '../inbox.ts';
import type { Listed, ListPlace } from '../list.ts';
import type { InboxesQuestion, InboxSearch } from '../questions.ts';
import { folded } from '../search-text.ts';
import type { Connection } from './database.ts';
import { INBOX, inboxOf, type StoredInbox } from './inbox-rows.ts';
import { inboxesWithin } from './scope-condition.ts';

export class InboxReader {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
    // SQLite itself knows the case of ASCII letters alone.
    connection.database.function('folded', { deterministic: true }, (text) => folded(String(text)));
  }

  find(inboxId: string): Inbox | undefined {
    const sql = `${INBOX} WHERE inbox_id = ? AND state = 'active'`;
    const stored = this.#connection.get<StoredInbox>(sql, inboxId);
    return stored === undefined ? undefined : inboxOf(stored);
  }

  /** The newest first, unless the question says otherwise. */
  list({ limit, isAscending, after, ...scope }: InboxesQuestion): Listed<Inbox> {
    const [order, beyond] = isAscending ? ['ASC', '>'] : ['DESC', '<'];
    const where = [
      ...inboxesWithin(scope),
      ...(after === undefined ? [] : [{ sql: `(created_at, row) ${beyond} (?, ?)`, values: [after.atMs, after.row] }]),
    ];
    const sql = `${INBOX} WHERE state = 'active' ${where.map((one) => `AND ${one.sql}`).join(' ')}
      ORDER BY created_at ${order}, row ${order} LIMIT ?`;
    const values = where.flatMap((one): readonly SQLInputValue[] => one.values);
    return paged(this.#connection.all<StoredInbox>(sql, ...values, limit + 1), limit);
  }

  /** Inboxes in which each word, folded, begins a word of the address or the display name; the one whose address is the whole text first. */
  search({ words, text, limit, place, ...scope }: InboxSearch): Listed<Inbox> {
    const where = [
      ...words.map((word) => ({ sql: WORD_BEGINS, values: [`% ${word.replace(/[\\%_]/g, '\\$&')}%`] })),
      ...inboxesWithin(scope),
      ...(place === undefined
        ? []
        : [{ sql: 'inbox_id <> ? AND (created_at, row) < (?, ?)', values: [text, place.atMs, place.row] }]),
    ];
    const sql = `${INBOX} WHERE state = 'active' AND ${where.map((one) => one.sql).join(' AND ')}
      ORDER BY inbox_id = ? DESC, created_at DESC, row DESC LIMIT ?`;
    const values = where.flatMap((one): readonly SQLInputValue[] => one.values);
    const found = this.#connection.all<StoredInbox>(sql, ...values, text, limit + 1);
    const { items, next } = paged(found, limit);
    if (next === undefined) return { items };
    // Behind the one that is first wherever it stands, the others begin with the newest.
    return { items, next: items.at(-1)?.inboxId === text ? FIRST_PLACE : next };
  }
}

const FIRST_PLACE: ListPlace = { atMs: Number.MAX_SAFE_INTEGER, row: Number.MAX_SAFE_INTEGER };
const WORDS =
  "' ' || replace(replace(replace(inbox_id, '@', ' '), '.', ' '), '-', ' ') || ' ' || inbox_id || ' ' || lower(coalesce(display_name, ''))";
/** Most have ASCII letters alone, for which nothing need be called. */
const WORD_BEGINS = `CASE WHEN inbox_id || coalesce(display_name, '') GLOB '*[^ -~]*' THEN folded(${WORDS}) ELSE ${WORDS} END
  LIKE ? ESCAPE '\\'`;

/** One more than the page was read, to know whether there is one behind it. */
function paged(found: readonly StoredInbox[], limit: number): Listed<Inbox> {
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const next: ListPlace | undefined =
    found.length > limit && last !== undefined ? { atMs: last.created_at, row: last.row } : undefined;
  return { items: shown.map(inboxOf), next };
}
