// Threads as they are read again.

import type { SQLInputValue } from 'node:sqlite';
import type { Listed } from '../list.ts';
import type { MailPart } from '../message.ts';
import type { Scope } from '../scope.ts';
import type { MailsQuestion, ThreadItem, ThreadQuestion, WholeMail } from '../stored-mail.ts';
import type { Connection } from './database.ts';
import { HIDING } from './label-rows.ts';
import { and, type Condition, conditionOf, type FilteredTable, firstRows, orderOf } from './mail-filter.ts';
import { type MailReader, partOf, type StoredPart } from './mail-reader.ts';
import { inboxesWithin } from './scope-condition.ts';

const TABLE: FilteredTable = {
  ...{ name: 'thread', time: 'last_at', labels: 'thread_label' },
  ...{ from: 'senders', to: 'recipients' },
};
/** Inboxes of a pod whose threads are put together inbox by inbox. */
const MERGED_INBOXES_MAX = 1_000;
/** Attachments that a thread shows. */
export const PARTS_MAX = 100;

interface StoredThread {
  readonly row: number;
  readonly thread_id: string;
  readonly inbox_id: string;
  readonly hidden: number;
  readonly subject: string | null;
  readonly preview: string | null;
  readonly senders: string;
  readonly recipients: string;
  readonly message_count: number;
  readonly size: number;
  readonly last_message_id: string;
  readonly last_at: number;
  readonly received_at: number | null;
  readonly sent_at: number | null;
  readonly created_at: number;
  readonly updated_at: number;
}

interface StoredLabel {
  readonly thread: number;
  readonly label: string;
}

const SELECT = 'SELECT thread.*, (SELECT inbox_id FROM inbox WHERE inbox.row = thread.inbox) AS inbox_id FROM thread';
const IS_HELD_BACK = `label IN (${HIDING.map((label) => `'${label}'`).join(', ')})`;
// Of a whole page at once: a statement costs more than what it finds of one thread. What a thread counts is of all its mails; of one that has some
// that are held back, the labels of those that it shows are looked for.
const LABELS = `WITH asked AS (SELECT value AS row FROM json_each(?)),
  mixed AS MATERIALIZED (SELECT row FROM asked WHERE EXISTS (SELECT 1 FROM thread_label WHERE thread = asked.row AND ${IS_HELD_BACK}))
  SELECT thread, label FROM thread_label WHERE thread IN (SELECT row FROM asked EXCEPT SELECT row FROM mixed)
  UNION SELECT thread.row, label FROM mixed CROSS JOIN thread USING (row)
    CROSS JOIN message ON message.thread = thread.row AND message.hidden = thread.hidden
    CROSS JOIN message_label ON message_label.message = message.row
  ORDER BY thread, label`;
// Of a thread's mails the index alone is read: their rows, which are long and may be a thousand, only of those that have a part.
const PARTS =
  'message AS one CROSS JOIN part ON part.message = one.row CROSS JOIN message ON message.row = part.message';
const HAVE_PARTS = `SELECT value AS row FROM json_each(?)
  WHERE EXISTS (SELECT 1 FROM ${PARTS} WHERE one.thread = value AND message.hidden = (SELECT hidden FROM thread WHERE row = value))`;
const PARTS_OF_THREAD = `SELECT part.*, message.raw FROM ${PARTS} WHERE one.thread = ? AND message.hidden = ?
  ORDER BY one.at, one.row, number LIMIT ?`;

/** Whether a thread is of an inbox that is there, and within a scope. */
function isWithin(scope: Scope): Condition {
  const within = inboxesWithin(scope);
  return {
    sql: `EXISTS (SELECT 1 FROM inbox WHERE inbox.row = thread.inbox AND state = 'active' ${within.map(({ sql }) => `AND ${sql}`).join(' ')})`,
    values: within.flatMap(({ values }): readonly SQLInputValue[] => values),
  };
}

export class ThreadReader {
  readonly #connection: Connection;
  readonly #mails: MailReader;

  constructor(connection: Connection, mails: MailReader) {
    this.#connection = connection;
    this.#mails = mails;
  }

  /** Threads by their last mail, the newest first, unless the question says otherwise. */
  list(question: MailsQuestion): Listed<ThreadItem> {
    const { podId, inboxId, limit, isAscending } = question;
    const sql = 'SELECT row FROM inbox WHERE inbox_id = ?';
    const inbox = inboxId === undefined ? undefined : this.#connection.get<{ row: number }>(sql, inboxId);
    if (inboxId !== undefined && inbox === undefined) return { items: [] };
    const order = orderOf(TABLE, isAscending);
    const isOfPod = inboxId === undefined && podId !== undefined;
    const { sql: from, values } = isOfPod
      ? this.#inPod(podId, conditionOf(TABLE, question, undefined), order, limit + 1)
      : firstRows(TABLE, question, inbox?.row, isWithin({}));
    const rows = this.#connection.all<StoredThread>(`${SELECT} WHERE ${from} ${order} LIMIT ?`, ...values, limit + 1);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const items = this.#items(shown);
    return rows.length > limit && last !== undefined
      ? { items, next: { atMs: last.last_at, row: last.row } }
      : { items };
  }

  /**
   * Among the threads of all pods, those of a small one are far apart: of each of its inboxes the first are taken by the inbox's own index.
   * Those of one with very many inboxes are not.
   */
  #inPod(podId: string, condition: Condition, order: string, limit: number): Condition {
    const sql = `SELECT count(*) AS count FROM (SELECT 1 FROM inbox JOIN pod ON pod.row = inbox.pod WHERE pod_id = ? LIMIT ?)`;
    const { count = 0 } = this.#connection.get<{ count: number }>(sql, podId, MERGED_INBOXES_MAX + 1) ?? {};
    if (count > MERGED_INBOXES_MAX) return and(isWithin({ podId }), condition);
    return {
      sql: `thread.row IN (SELECT shown.row FROM pod JOIN inbox ON inbox.pod = pod.row CROSS JOIN thread AS shown ON shown.row IN
        (SELECT thread.row FROM thread WHERE thread.inbox = inbox.row AND ${condition.sql} ${order} LIMIT ?)
        WHERE pod_id = ? AND state = 'active')`,
      values: [...condition.values, limit, podId],
    };
  }

  /** A thread with one page of its mails. What is hidden in it is shown when it is asked for, or when there is nothing else. */
  find(question: ThreadQuestion): { thread: ThreadItem; mails: Listed<WholeMail> } | undefined {
    const { podId, inboxId, threadId, include, ...page } = question;
    const { sql, values } = isWithin({ podId, inboxId });
    const stored = this.#connection.get<StoredThread>(`${SELECT} WHERE ${sql} AND thread_id = ?`, ...values, threadId);
    if (stored === undefined) return undefined;
    const shown = stored.hidden === 1 ? page : { ...page, include };
    return { thread: this.#item(stored), mails: this.#mails.ofThread(stored.row, shown) };
  }

  /** The thread of a row that is there, whatever its inbox. */
  atRow(row: number): ThreadItem {
    const stored = this.#connection.get<StoredThread>(`${SELECT} WHERE thread.row = ?`, row);
    if (stored === undefined) throw new Error(`There is no thread in row ${row}.`);
    return this.#item(stored);
  }

  #item(stored: StoredThread): ThreadItem {
    return this.#items([stored])[0] as ThreadItem;
  }

  #items(stored: readonly StoredThread[]): readonly ThreadItem[] {
    const rows = JSON.stringify(stored.map(({ row }) => row));
    const labels = Map.groupBy(this.#connection.all<StoredLabel>(LABELS, rows), ({ thread }) => thread);
    const haveParts = new Set(this.#connection.all<{ row: number }>(HAVE_PARTS, rows).map(({ row }) => row));
    return stored.map((one) =>
      itemOf(one, {
        labels: (labels.get(one.row) ?? []).map(({ label }) => label),
        parts: haveParts.has(one.row) ? this.#parts(one) : [],
      }),
    );
  }

  #parts({ row, hidden }: StoredThread): readonly MailPart[] {
    return this.#connection.all<StoredPart>(PARTS_OF_THREAD, row, hidden, PARTS_MAX).map(partOf);
  }
}

function itemOf(stored: StoredThread, { labels, parts }: Pick<ThreadItem, 'labels' | 'parts'>): ThreadItem {
  return {
    ...{ inboxId: stored.inbox_id, threadId: stored.thread_id, lastMessageId: stored.last_message_id, labels },
    ...{ senders: JSON.parse(stored.senders), recipients: JSON.parse(stored.recipients) },
    ...{ subject: stored.subject ?? undefined, preview: stored.preview ?? undefined },
    ...{
      lastAtMs: stored.last_at,
      receivedAtMs: stored.received_at ?? undefined,
      sentAtMs: stored.sent_at ?? undefined,
    },
    ...{ messageCount: stored.message_count, size: stored.size, parts },
    ...{ createdAtMs: stored.created_at, updatedAtMs: stored.updated_at },
  };
}
