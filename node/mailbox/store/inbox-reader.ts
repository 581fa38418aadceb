// Inboxes as clients are shown them: the active ones alone.
import type { Inbox } from '../inbox.ts';
import type { Listed, ListPlace } from '../list.ts';
import type { InboxesQuestion, InboxSearch } from '../questions.ts';
import type { Connection } from './database.ts';
import { inboxOf, type StoredInbox } from './inbox-rows.ts';

export class InboxReader {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  find(inboxId: string): Inbox | undefined {
    const sql = "SELECT * FROM inbox WHERE inbox_id = ? AND state = 'active'";
    const stored = this.#connection.get<StoredInbox>(sql, inboxId);
    return stored === undefined ? undefined : inboxOf(stored);
  }

  /** The newest first, unless the question says otherwise. */
  list({ limit, isAscending, after }: InboxesQuestion): Listed<Inbox> {
    const [order, beyond] = isAscending ? ['ASC', '>'] : ['DESC', '<'];
    const from = after === undefined ? '' : `AND (created_at, row) ${beyond} (?, ?)`;
    const sql = `SELECT * FROM inbox WHERE state = 'active' ${from} ORDER BY created_at ${order}, row ${order} LIMIT ?`;
    const place = after === undefined ? [] : [after.atMs, after.row];
    return paged(this.#connection.all<StoredInbox>(sql, ...place, limit + 1), limit);
  }

  /** Inboxes in which each word begins a word of the address or the display name; the one whose address is the whole text first. */
  search({ words, text, limit, skip }: InboxSearch): Listed<Inbox> {
    const each = words.map(
      () =>
        "(' ' || replace(replace(replace(inbox_id, '@', ' '), '.', ' '), '-', ' ') || ' ' || inbox_id || ' ' || lower(coalesce(display_name, ''))) LIKE ? ESCAPE '\\'",
    );
    const sql = `SELECT * FROM inbox WHERE state = 'active' AND ${each.join(' AND ')}
      ORDER BY inbox_id = ? DESC, created_at DESC, row DESC LIMIT ? OFFSET ?`;
    const patterns = words.map((word) => `% ${word.replace(/[\\%_]/g, '\\$&')}%`);
    const found = this.#connection.all<StoredInbox>(sql, ...patterns, text, limit + 1, skip);
    const { items, next } = paged(found, limit);
    return next === undefined ? { items } : { items, next: { atMs: 0, row: skip + limit } };
  }
}

/** One more than the page was read, to know whether there is one behind it. */
function paged(found: readonly StoredInbox[], limit: number): Listed<Inbox> {
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const next: ListPlace | undefined =
    found.length > limit && last !== undefined ? { atMs: last.created_at, row: last.row } : undefined;
  return { items: shown.map(inboxOf), next };
}
