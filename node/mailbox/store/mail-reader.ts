// Mails as they are read again.

import type { SQLInputValue } from 'node:sqlite';
import type { Listed } from '../list.ts';
import type { MailPart } from '../message.ts';
import type {
  FoundPart,
  MailItem,
  MailQuestion,
  MailsQuestion,
  PartQuestion,
  StoredOctets,
  ThreadQuestion,
  WholeMail,
} from '../stored-mail.ts';
import type { Connection } from './database.ts';
import { type FilteredTable, firstRows, orderOf, shownCondition } from './mail-filter.ts';
import { COLUMNS, ITEM_BYTES, ITEM_COLUMNS, type PlacedMail, pageOf, WHOLE_BYTES } from './mail-page.ts';
import type { MessageHead } from './message-row.ts';
import { inboxesWithin } from './scope-condition.ts';

const TABLE: FilteredTable = {
  ...{ name: 'message', time: 'at', labels: 'message_label' },
  ...{ from: 'from_text', to: 'to_text' },
};

interface StoredMail {
  readonly row: number;
  readonly inbox_id: string;
  readonly thread_id: string;
  readonly message_id: string;
  readonly at: number;
  readonly from_text: string;
  readonly subject: string | null;
  readonly head: string;
  readonly text: string | null;
  readonly html: string | null;
  readonly extracted_text: string | null;
  readonly extracted_html: string | null;
  readonly size: number;
  readonly updated_at: number;
}

interface FoundOctets {
  readonly row: number;
  readonly digest: string;
  readonly trace: string;
  readonly content: Uint8Array | null;
  readonly size: number;
}

export interface StoredPart {
  readonly message: number;
  readonly number: number;
  readonly attachment_id: string;
  readonly filename: string | null;
  readonly content_type: string | null;
  readonly disposition: MailPart['disposition'] | null;
  readonly content_id: string | null;
  readonly encoding: MailPart['encoding'];
  readonly start: number;
  readonly end: number;
  readonly size: number;
  readonly raw: string;
}

const ACTIVE = "inbox.state = 'active'";
const OCTETS = `SELECT message.row, raw.digest, trace, raw.content, raw.size FROM message
  JOIN inbox ON inbox.row = message.inbox JOIN raw ON raw.digest = message.raw`;

export class MailReader {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The newest first, unless the question says otherwise. An inbox that is not there has none. */
  list(question: MailsQuestion & { readonly inboxId: string }): Listed<MailItem> {
    const inbox = this.#connection.get<{ row: number }>(
      `SELECT row FROM inbox WHERE inbox_id = ? AND ${ACTIVE}`,
      question.inboxId,
    );
    if (inbox === undefined) return { items: [] };
    const { sql, values } = firstRows(TABLE, question, inbox.row);
    const rows = this.#connection.all<PlacedMail>(
      `SELECT message.row, message.at, ${ITEM_BYTES} AS bytes FROM message
       WHERE ${sql} ${orderOf(TABLE, question.isAscending)} LIMIT ?`,
      ...values,
      question.limit + 1,
    );
    const { shown, next } = pageOf(rows, question.limit);
    const items = shown.map(({ row }) => this.#item(this.#stored(row, ITEM_COLUMNS)));
    return { items, next };
  }

  find({ inboxId, messageId }: MailQuestion): WholeMail | undefined {
    const stored = this.#connection.get<StoredMail>(
      `SELECT ${COLUMNS} FROM message JOIN inbox ON inbox.row = message.inbox
       WHERE inbox.inbox_id = ? AND ${ACTIVE} AND message.message_id = ?`,
      inboxId,
      messageId,
    );
    return stored === undefined ? undefined : this.#whole(stored);
  }

  /** Those of the mails that there are, in that order, without their texts. */
  withIds(inboxId: string, messageIds: readonly string[]): readonly WholeMail[] {
    return messageIds.flatMap((messageId) => {
      const mail = this.find({ inboxId, messageId });
      if (mail === undefined) return [];
      const { text: _, html: __, extractedText: ___, extractedHtml: ____, payload: _____, ...rest } = mail;
      return [rest];
    });
  }

  /** The mail of a row that is there, whatever its inbox. */
  atRow(row: number): WholeMail {
    const stored = this.#connection.get<StoredMail>(`SELECT ${COLUMNS} FROM message WHERE message.row = ?`, row);
    if (stored === undefined) throw new Error(`There is no mail in row ${row}.`);
    return this.#whole(stored);
  }

  /** The mail of a row that is there, as it is in a list. */
  itemAt(row: number): MailItem {
    return this.#item(this.#stored(row, ITEM_COLUMNS));
  }

  /** Mails of a thread's row before a place, the newest of them, in the order in which they came. `include`: those that are hidden, too; absent: all. */
  ofThread(
    thread: number,
    { limit, place, include }: Pick<ThreadQuestion, 'limit' | 'place'> & Partial<Pick<ThreadQuestion, 'include'>>,
  ): Listed<WholeMail> {
    const before = place === undefined ? '' : 'AND (message.at, message.row) < (?, ?)';
    const condition = include === undefined ? { sql: 'true', values: [] } : shownCondition(TABLE, include);
    const rows = this.#connection.all<PlacedMail>(
      `SELECT message.row, message.at, ${WHOLE_BYTES} AS bytes FROM message
       WHERE thread = ? AND (${condition.sql}) ${before} ORDER BY message.at DESC, message.row DESC LIMIT ?`,
      thread,
      ...condition.values,
      ...(place === undefined ? [] : [place.atMs, place.row]),
      limit + 1,
    );
    const { shown, next } = pageOf(rows, limit);
    return { items: shown.reverse().map(({ row }) => this.#whole(this.#stored(row, COLUMNS))), next };
  }

  /** The octets of a mail, by itself or by the row and the beginning of the digest that a link names. */
  octets(question: MailQuestion | Pick<StoredOctets, 'message' | 'digest'>): StoredOctets | undefined {
    const [where, values] =
      'inboxId' in question
        ? [`inbox.inbox_id = ? AND message.message_id = ?`, [question.inboxId, question.messageId]]
        : ['message.row = ? AND raw.digest LIKE ?', [question.message, `${question.digest}%`]];
    const found = this.#connection.get<FoundOctets>(`${OCTETS} WHERE ${where} AND ${ACTIVE}`, ...values);
    if (found === undefined) return undefined;
    const { row: message, digest, trace, content, size: rawSize } = found;
    return { message, digest, trace, content: content ?? undefined, rawSize };
  }

  /** The attachment of a mail, or of a thread. */
  part({ messageId, threadId, attachmentId, ...scope }: PartQuestion): FoundPart | undefined {
    const wanted = [
      ...inboxesWithin(scope),
      ...(messageId === undefined ? [] : [{ sql: 'message.message_id = ?', values: [messageId] }]),
      ...(threadId === undefined ? [] : [{ sql: 'thread.thread_id = ?', values: [threadId] }]),
    ];
    const found = this.#connection.get<StoredPart>(
      `SELECT part.*, message.raw FROM part JOIN message ON message.row = part.message JOIN thread ON thread.row = message.thread
       JOIN inbox ON inbox.row = message.inbox
       WHERE ${ACTIVE} AND attachment_id = ? ${wanted.map(({ sql }) => `AND ${sql}`).join(' ')}`,
      attachmentId,
      ...wanted.flatMap(({ values }): readonly SQLInputValue[] => values),
    );
    return found === undefined ? undefined : foundPart(found);
  }

  /** The attachment that a link names. */
  linkedPart({ message, number }: Pick<FoundPart, 'message' | 'number'>): FoundPart | undefined {
    const found = this.#connection.get<StoredPart>(
      'SELECT part.*, message.raw FROM part JOIN message ON message.row = part.message WHERE message = ? AND number = ?',
      message,
      number,
    );
    return found === undefined ? undefined : foundPart(found);
  }

  #stored(row: number, columns: string): StoredMail {
    return this.#connection.get<StoredMail>(`SELECT ${columns} FROM message WHERE row = ?`, row) as StoredMail;
  }

  #whole(stored: StoredMail): WholeMail {
    const { headerId, replyTo, payload, hiddenText, authentication } = headOf(stored);
    return {
      ...this.#item(stored),
      html: stored.html ?? undefined,
      extractedHtml: stored.extracted_html ?? undefined,
      ...{ headerId, replyTo, payload, hiddenText, authentication: authentication && { ...authentication } },
    };
  }

  #item(stored: StoredMail): MailItem {
    const { to, cc, bcc, preview, inReplyTo, references, headers } = headOf(stored);
    return {
      ...{ inboxId: stored.inbox_id, threadId: stored.thread_id, messageId: stored.message_id },
      ...{ from: stored.from_text, to, cc, bcc, subject: stored.subject ?? undefined, preview },
      ...{ inReplyTo, references, headers, size: stored.size, atMs: stored.at, updatedAtMs: stored.updated_at },
      labels: this.#connection
        .all<{ label: string }>('SELECT label FROM message_label WHERE message = ? ORDER BY label', stored.row)
        .map(({ label }) => label),
      parts: this.#connection
        .all<StoredPart>("SELECT *, '' AS raw FROM part WHERE message = ? ORDER BY number", stored.row)
        .map(partOf),
      ...{ text: stored.text ?? undefined, extractedText: stored.extracted_text ?? undefined },
    };
  }
}

function headOf({ head }: StoredMail): MessageHead {
  return JSON.parse(head) as MessageHead;
}

function foundPart(stored: StoredPart): FoundPart {
  return { message: stored.message, digest: stored.raw, number: stored.number, part: partOf(stored) };
}

export function partOf(stored: StoredPart): MailPart {
  return {
    attachmentId: stored.attachment_id,
    filename: stored.filename ?? undefined,
    contentType: stored.content_type ?? undefined,
    disposition: stored.disposition ?? undefined,
    contentId: stored.content_id ?? undefined,
    ...{ encoding: stored.encoding, start: stored.start, end: stored.end, size: stored.size },
  };
}
