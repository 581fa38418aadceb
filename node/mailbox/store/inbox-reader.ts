// Inboxes as clients are shown them: the active ones alone.
import type { SQLInputValue } from 'node:sqlite';
import type { Inbox } from '../inbox.ts';
import type { Listed, ListPlace } from '../list.ts';
import type { InboxesQuestion, InboxSearch, QueryQuestions } from '../questions.ts';
import { beginningsOf } from '../search-text.ts';
import type { Connection } from './database.ts';
import { INBOX, INBOX_COLUMNS, inboxOf, type StoredInbox } from './inbox-rows.ts';
import type { Condition } from './mail-filter.ts';
import { inboxesWithin } from './scope-condition.ts';

export class InboxReader {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  find(inboxId: string): Inbox | undefined {
    const sql = `${INBOX} WHERE inbox_id = ? AND state = 'active'`;
    const stored = this.#connection.get<StoredInbox>(sql, inboxId);
    return stored === undefined ? undefined : inboxOf(stored);
  }

  /** Without a pod, in the default one. */
  findOfClient({ podId, clientId }: Parameters<QueryQuestions['inboxOfClient']>[0]): Inbox | undefined {
    const [pod, values] = podId === undefined ? ['slug IS NULL', []] : ['pod_id = ?', [podId]];
    const sql = `${INBOX} WHERE inbox.pod = (SELECT row FROM pod WHERE ${pod}) AND client_key = ? AND state = 'active'`;
    const stored = this.#connection.get<StoredInbox>(sql, ...values, clientId);
    return stored && inboxOf(stored);
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
    const pod = scope.podId && this.#connection.get<{ row: number }>(POD, scope.podId)?.row;
    if (scope.podId !== undefined && pod === undefined) return { items: [] };
    const match = beginningsOf(words, pod === undefined ? undefined : `p${pod}`);
    if (match === undefined) return { items: [] };
    const addresses = words.filter((word) => word.includes('@'));
    const within = [
      ...inboxesWithin(scope),
      ...addresses.map((word) => ({ sql: ADDRESS_BEGINS, values: [word, word, word] })),
    ];
    const exact = place === undefined ? this.#exact(text, within) : undefined;
    const found = this.#connection.all<StoredInbox>(
      `SELECT ${INBOX_COLUMNS} FROM inbox_search
       CROSS JOIN inbox ON inbox.row = inbox_search.rowid WHERE inbox_search MATCH ? AND inbox_search.rowid < CAST(? AS INTEGER)
       AND state = 'active' AND inbox_id <> ? ${within.map(({ sql }) => `AND ${sql}`).join(' ')}
       ORDER BY inbox_search.rowid DESC LIMIT ?`,
      ...[match, place?.row ?? Number.MAX_SAFE_INTEGER, text],
      ...within.flatMap((one): readonly SQLInputValue[] => one.values),
      limit + 1,
    );
    const all = exact === undefined ? found : [exact, ...found];
    const items = all.slice(0, limit).map(inboxOf);
    if (all.length <= limit) return { items };
    // Behind the one that is first wherever it stands, the others begin with the newest.
    const last = all[limit - 1];
    return { items, next: { atMs: 0, row: last === exact ? Number.MAX_SAFE_INTEGER : (last?.row ?? 0) } };
  }

  #exact(text: string, within: readonly Condition[]): StoredInbox | undefined {
    const sql = `${INBOX} WHERE state = 'active' AND inbox_id = ? ${within.map((one) => `AND ${one.sql}`).join(' ')}`;
    return this.#connection.get<StoredInbox>(
      sql,
      text,
      ...within.flatMap((one): readonly SQLInputValue[] => one.values),
    );
  }
}

/** To the index an address is words like others. One with other letters than ASCII may be asked for without their accents. */
const ADDRESS_BEGINS = `(inbox_id GLOB '*[^ -~]*' OR substr(lower(inbox_id), 1, length(?)) = ?
  OR instr(' ' || lower(coalesce(display_name, '')), ' ' || ?) > 0)`;
const POD = 'SELECT row FROM pod WHERE pod_id = ?';

/** One more than the page was read, to know whether there is one behind it. */
function paged(found: readonly StoredInbox[], limit: number): Listed<Inbox> {
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const next: ListPlace | undefined =
    found.length > limit && last !== undefined ? { atMs: last.created_at, row: last.row } : undefined;
  return { items: shown.map(inboxOf), next };
}
