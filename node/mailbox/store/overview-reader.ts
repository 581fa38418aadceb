// What people are shown of all inboxes at once. Every count looks at so many rows and no more, whatever there is.
import type { SQLInputValue } from 'node:sqlite';
import type { Listed } from '../list.ts';
import type { BoundedCount, HeldBackMail, HeldBackQuestion, OverviewReads, PodCounts, Waiting } from '../overview.ts';
import type { Connection } from './database.ts';
import type { MessageHead } from './message-row.ts';

/** Rows that one count looks at; fewer for an inbox of a whole page of them. */
const COUNTED_MAX = 1_000;
const UNREAD_LOOKED_AT_MAX = 200;

interface StoredHeldBack {
  readonly row: number;
  readonly at: number;
  readonly inbox_id: string;
  readonly message_id: string;
  readonly from_text: string;
  readonly subject: string | null;
  readonly head: string;
}

export class OverviewReader implements OverviewReads {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  heldBackMails({ label, limit, place }: HeldBackQuestion): Listed<HeldBackMail> {
    const conditions: readonly (readonly [sql: string, values: readonly SQLInputValue[]])[] = [
      // A mail with two of these labels is there once.
      label === undefined ? [`held.label = (${FIRST_LABEL})`, []] : ['held.label = ?', [label]],
      ...(place === undefined ? [] : [['(held.at, held.message) < (?, ?)', [place.atMs, place.row]] as const]),
    ];
    const rows = this.#connection.all<StoredHeldBack>(
      `${HELD_BACK} AND ${conditions.map(([sql]) => sql).join(' AND ')} ORDER BY held.at DESC, held.message DESC LIMIT ?`,
      ...conditions.flatMap(([, values]) => values),
      limit + 1,
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const items = shown.map((stored) => this.#heldBack(stored));
    return rows.length > limit && last !== undefined ? { items, next: { atMs: last.at, row: last.row } } : { items };
  }

  waitingForPeople(): Waiting {
    return { drafts: this.#bounded(DRAFTS, []), heldBack: this.#bounded(HELD_BACK_ROWS, []) };
  }

  unreadIn(inboxIds: readonly string[]): readonly BoundedCount[] {
    return inboxIds.map((inboxId) => {
      const found = this.#connection.get<{ looked: number; unread: number }>(UNREAD, inboxId, UNREAD_LOOKED_AT_MAX);
      return { count: found?.unread ?? 0, isMore: (found?.looked ?? 0) >= UNREAD_LOOKED_AT_MAX };
    });
  }

  countedPods(podIds: readonly string[]): readonly PodCounts[] {
    const domains = 'SELECT count(*) AS count FROM domain JOIN pod ON pod.row = domain.pod WHERE pod_id = ?';
    return podIds.map((podId) => ({
      inboxes: this.#bounded(INBOXES, [podId]),
      domains: this.#connection.get<{ count: number }>(domains, podId)?.count ?? 0,
    }));
  }

  #heldBack({ row, at, inbox_id: inboxId, message_id: messageId, from_text: from, subject, head }: StoredHeldBack) {
    const sql = 'SELECT label FROM message_label WHERE message = ? ORDER BY label';
    const labels = this.#connection.all<{ label: string }>(sql, row).map(({ label }) => label);
    const { preview } = JSON.parse(head) as MessageHead;
    return { inboxId, messageId, from, subject: subject ?? undefined, preview, labels, atMs: at };
  }

  #bounded(rows: string, values: readonly SQLInputValue[]): BoundedCount {
    const sql = `SELECT count(*) AS count FROM (${rows} LIMIT ?)`;
    const { count = 0 } = this.#connection.get<{ count: number }>(sql, ...values, COUNTED_MAX + 1) ?? {};
    return { count: Math.min(count, COUNTED_MAX), isMore: count > COUNTED_MAX };
  }
}

/** In the words of the index, which is of no other rows. */
const IS_HELD_BACK = "held.label IN ('spam', 'blocked', 'unauthenticated')";
const HELD_BACK_ROWS = `SELECT DISTINCT held.message FROM message_label AS held INDEXED BY label_of_held_back WHERE ${IS_HELD_BACK}`;
const HELD_BACK = `SELECT message.row, held.at, inbox.inbox_id, message.message_id, from_text, message.subject, head
  FROM message_label AS held INDEXED BY label_of_held_back CROSS JOIN message ON message.row = held.message
  CROSS JOIN inbox ON inbox.row = message.inbox WHERE ${IS_HELD_BACK} AND inbox.state = 'active'`;
const FIRST_LABEL = `SELECT min(label) FROM message_label AS one WHERE one.message = held.message
  AND one.label IN ('spam', 'blocked', 'unauthenticated')`;
const DRAFTS = "SELECT 1 FROM draft WHERE status IS NULL OR status = 'failed'";
const UNREAD = `SELECT count(*) AS looked, coalesce(sum(NOT message.hidden), 0) AS unread FROM
  (SELECT label.message FROM message_label AS label WHERE label.inbox = (SELECT row FROM inbox WHERE inbox_id = ?)
   AND label.label = 'unread' ORDER BY label.at DESC, label.message DESC LIMIT ?) AS newest
  CROSS JOIN message ON message.row = newest.message`;
const INBOXES = `SELECT 1 FROM inbox WHERE state = 'active' AND pod = (SELECT row FROM pod WHERE pod_id = ?)`;
