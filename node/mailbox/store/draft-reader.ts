// Drafts as they are read, by the connection that reads and by the one that writes.
import type { SQLInputValue } from 'node:sqlite';
import type {
  Draft,
  DraftCounts,
  DraftFile,
  DraftItem,
  DraftOrigin,
  DraftQuestion,
  DraftReads,
  DraftStatus,
  DraftsQuestion,
  DraftWords,
} from '../draft.ts';
import type { Listed } from '../list.ts';
import type { Scope } from '../scope.ts';
import type { Connection } from './database.ts';
import { inboxesWithin } from './scope-condition.ts';

/** What is read with a draft, and nothing looks for. */
export interface DraftHead extends Pick<DraftWords, 'to' | 'cc' | 'bcc' | 'replyTo' | 'textPreview' | 'htmlPreview'> {
  readonly origin?: DraftOrigin | undefined;
}

export interface StoredDraft {
  readonly row: number;
  readonly draft_id: string;
  readonly inbox: number;
  readonly inbox_id: string;
  readonly client_id: string | null;
  readonly revision: number;
  readonly attempt: number;
  readonly status: DraftStatus | null;
  readonly reason: string | null;
  readonly send_at: number | null;
  readonly due_at: number | null;
  readonly head: string;
  readonly subject: string | null;
  readonly text: string | null;
  readonly html: string | null;
  readonly size: number;
  readonly created_at: number;
  readonly updated_at: number;
}

interface StoredFile {
  readonly row: number;
  readonly attachment_id: string;
  readonly filename: string;
  readonly content_type: string | null;
  readonly disposition: DraftFile['disposition'] | null;
  readonly content_id: string | null;
  readonly raw: string;
  readonly size: number;
}

const INBOX_ID = '(SELECT inbox_id FROM inbox WHERE inbox.row = draft.inbox) AS inbox_id';
/** Bodies of a draft in a list are not even read. */
const ITEM_COLUMNS = `row, draft_id, inbox, client_id, revision, attempt, status, reason, send_at, due_at, head, subject, NULL AS text,
  NULL AS html, size, created_at, updated_at, ${INBOX_ID}`;
const IS_ACTIVE = "EXISTS (SELECT 1 FROM inbox WHERE inbox.row = draft.inbox AND state = 'active')";
/** Whether the mail that a draft answers or passes on is here, and has one of some labels. */
export const OF_LABELLED = `EXISTS (SELECT 1 FROM message JOIN message_label ON message_label.message = message.row
  WHERE message.inbox = draft.inbox AND message.message_id = draft.head ->> '$.origin.messageId'
  AND label IN (SELECT value FROM json_each(?)))`;
const OF_CLIENT = `SELECT draft_id FROM draft
  WHERE inbox = (SELECT row FROM inbox WHERE inbox_id = ?) AND client_id = ? AND NOT ${OF_LABELLED}`;
const HAS_LABEL =
  '(status = ? OR EXISTS (SELECT 1 FROM draft_label WHERE draft_label.draft = draft.row AND label = ?))';

/** Counts drafts by an index alone. */
export const COUNTED_DRAFTS = "SELECT coalesce(status, 'open') AS state, count(*) AS count FROM draft GROUP BY status";

export class DraftReader implements Omit<DraftReads, 'draftPreview' | 'sentDraft'> {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  draft(question: DraftQuestion): Draft | undefined {
    const stored = this.stored(question);
    return stored && this.whole(stored);
  }

  draftOfClient({ inboxId, clientId, denied }: Parameters<DraftReads['draftOfClient']>[0]): Draft | undefined {
    const found = this.#connection.get<{ draft_id: string }>(OF_CLIENT, inboxId, clientId, JSON.stringify(denied));
    return found && this.draft({ inboxId, draftId: found.draft_id });
  }

  /** The row of a draft whose inbox is there. */
  stored({ draftId, ...scope }: DraftQuestion): StoredDraft | undefined {
    const [within, values] = isWithin(scope);
    return this.#connection.get<StoredDraft>(
      `SELECT *, ${INBOX_ID} FROM draft WHERE draft_id = ? AND ${within}`,
      draftId,
      ...values,
    );
  }

  /** The last changed first, unless the question says otherwise. */
  drafts(question: DraftsQuestion): Listed<DraftItem> {
    const { limit, isAscending } = question;
    const conditions = conditionsOf(question);
    const order = isAscending ? 'ASC' : 'DESC';
    const rows = this.#connection.all<StoredDraft>(
      `SELECT ${ITEM_COLUMNS} FROM draft WHERE ${conditions.map(([sql]) => sql).join(' AND ')}
       ORDER BY updated_at ${order}, row ${order} LIMIT ?`,
      ...conditions.flatMap(([, values]) => values),
      limit + 1,
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const items = shown.map((stored) => this.#item(stored));
    return rows.length > limit && last !== undefined
      ? { items, next: { atMs: last.updated_at, row: last.row } }
      : { items };
  }

  draftCounts(): DraftCounts {
    const found = this.#connection.all<{ state: keyof DraftCounts; count: number }>(COUNTED_DRAFTS);
    const counts = Object.fromEntries(found.map(({ state, count }) => [state, count]));
    return { open: 0, scheduled: 0, sending: 0, failed: 0, ...counts };
  }

  draftFile({ attachmentId, ...meant }: Parameters<DraftReads['draftFile']>[0]): ReturnType<DraftReads['draftFile']> {
    const draft = this.stored(meant);
    const sql = 'SELECT * FROM draft_file WHERE draft = ? AND attachment_id = ?';
    const found = draft && this.#connection.get<StoredFile>(sql, draft.row, attachmentId);
    return found && { row: found.row, file: fileOf(found) };
  }

  draftOctets({ row, digest }: Parameters<DraftReads['draftOctets']>[0]): ReturnType<DraftReads['draftOctets']> {
    const found = this.#connection.get<StoredFile & { readonly content: Uint8Array | null }>(
      `SELECT draft_file.*, raw.content FROM draft_file JOIN draft ON draft.row = draft_file.draft JOIN raw ON raw.digest = draft_file.raw
       WHERE draft_file.row = ? AND raw LIKE ? AND ${IS_ACTIVE}`,
      row,
      `${digest}%`,
    );
    return found && { file: fileOf(found), content: found.content ?? undefined };
  }

  whole(stored: StoredDraft): Draft {
    const { replyTo } = JSON.parse(stored.head) as DraftHead;
    return {
      ...this.#item(stored),
      ...{ replyTo, text: stored.text ?? undefined, html: stored.html ?? undefined, revision: stored.revision },
      ...{ clientId: stored.client_id ?? undefined, createdAtMs: stored.created_at },
    };
  }

  #item(stored: StoredDraft): DraftItem {
    const { to, cc, bcc, textPreview, htmlPreview, origin } = JSON.parse(stored.head) as DraftHead;
    const labels = 'SELECT label FROM draft_label WHERE draft = ? ORDER BY label';
    const files = 'SELECT * FROM draft_file WHERE draft = ? ORDER BY row';
    return {
      ...{ inboxId: stored.inbox_id, draftId: stored.draft_id, to, cc, bcc, textPreview, htmlPreview, origin },
      labels: this.#connection.all<{ label: string }>(labels, stored.row).map(({ label }) => label),
      files: this.#connection.all<StoredFile>(files, stored.row).map(fileOf),
      ...{ subject: stored.subject ?? undefined, status: stored.status ?? undefined },
      ...{ reason: stored.reason ?? undefined, sendAtMs: stored.send_at ?? undefined, updatedAtMs: stored.updated_at },
    };
  }
}

type Condition = readonly [sql: string, values: readonly SQLInputValue[]];

/** Whether a draft is of an inbox that is there, and within a scope. */
function isWithin({ podId, inboxId }: Scope): Condition {
  const within = inboxesWithin({ podId, inboxId });
  return [
    `EXISTS (SELECT 1 FROM inbox WHERE inbox.row = draft.inbox AND state = 'active' ${within.map(({ sql }) => `AND ${sql}`).join(' ')})`,
    within.flatMap(({ values }) => values),
  ];
}

function conditionsOf({
  podId,
  inboxId,
  labels,
  denied = [],
  before,
  after,
  isUndecided = false,
  isAscending,
  place,
}: DraftsQuestion): readonly Condition[] {
  const optional: readonly (Condition | undefined)[] = [
    inboxId === undefined ? undefined : ['inbox = (SELECT row FROM inbox WHERE inbox_id = ?)', [inboxId]],
    isUndecided ? ["(status IS NULL OR status = 'failed')", []] : undefined,
    before === undefined ? undefined : ['updated_at < ?', [before]],
    after === undefined ? undefined : ['updated_at > ?', [after]],
    denied.length === 0 ? undefined : [`NOT ${OF_LABELLED}`, [JSON.stringify(denied)]],
    place && [`(updated_at, row) ${isAscending ? '>' : '<'} (?, ?)`, [place.atMs, place.row]],
  ];
  return [
    isWithin({ podId, inboxId }),
    ...labels.map((label): Condition => [HAS_LABEL, [label, label]]),
    ...optional.filter((one) => one !== undefined),
  ];
}

function fileOf(stored: StoredFile): DraftFile {
  return {
    ...{ attachmentId: stored.attachment_id, filename: stored.filename, digest: stored.raw, size: stored.size },
    contentType: stored.content_type ?? undefined,
    disposition: stored.disposition ?? undefined,
    contentId: stored.content_id ?? undefined,
  };
}
