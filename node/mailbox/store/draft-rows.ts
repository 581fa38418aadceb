// The rows of drafts. All of these run within a transaction, but for what only reads. Digests that they answer are of files that nobody
// needs any more.
import {
  type BegunSending,
  type ChangedDraft,
  type CreatedDraft,
  DRAFTS_MAX,
  type Draft,
  type DraftChange,
  type DraftMeant,
  type DraftToSend,
  type DraftWords,
  type DueDrafts,
  type DueQuestion,
  draftFault,
  type EndedSending,
  LATE_MS_MAX,
  type NewDraft,
  type NewDraftFile,
} from '../draft.ts';
import type { DraftAttempt } from '../outgoing-mail.ts';
import { isFull } from '../retention.ts';
import type { Connection } from './database.ts';
import { type DraftHead, DraftReader, type StoredDraft } from './draft-reader.ts';
import { keepRaw } from './message-row.ts';
import { sentDraft } from './sent-drafts.ts';

export interface DraftRowsParts {
  readonly connection: Connection;
  /** One fewer needs what has this digest; answers it when nobody does and it was a file. */
  readonly unused: (digest: string) => readonly string[];
}

type Kept = DraftWords & Pick<Draft, 'files' | 'origin'>;

export class DraftRows {
  readonly #parts: DraftRowsParts;
  readonly #reader: DraftReader;

  constructor(parts: DraftRowsParts) {
    this.#parts = parts;
    this.#reader = new DraftReader(parts.connection);
  }

  create(draft: NewDraft): CreatedDraft {
    const { connection } = this.#parts;
    const { inboxId, draftId, clientId = null, sendAtMs = null, atMs } = draft;
    const find = "SELECT row FROM inbox WHERE inbox_id = ? AND state = 'active'";
    const inbox = connection.get<{ row: number }>(find, inboxId)?.row;
    if (inbox === undefined) return { outcome: 'gone' };
    const twin = 'SELECT draft_id FROM draft WHERE inbox = ? AND client_id = ?';
    const known = connection.get<{ draft_id: string }>(twin, inbox, clientId)?.draft_id;
    if (known !== undefined) return { outcome: 'known', draft: this.#known(known) };
    if (clientId !== null && sentDraft(connection, { inboxId, clientId }) !== undefined) return { outcome: 'sent' };
    const status = sendAtMs === null ? undefined : 'scheduled';
    const fault = draftFault({ ...draft, status, updatedAtMs: atMs });
    if (fault !== undefined) return { outcome: 'unfit', fault };
    const count = 'SELECT count(*) AS count FROM draft WHERE inbox = ?';
    const size = sizeOf(draft);
    if ((connection.get<{ count: number }>(count, inbox)?.count ?? 0) >= DRAFTS_MAX || !this.#take(inbox, size))
      return { outcome: 'full' };
    const { row } = connection.run(
      INSERT,
      ...[draftId, inbox, clientId, status ?? null, sendAtMs, sendAtMs, headOf(draft)],
      ...[draft.subject ?? null, draft.text ?? null, draft.html ?? null, size, atMs, atMs],
    );
    for (const label of new Set(draft.labels)) connection.run(LABEL_INSERT, row, label);
    for (const file of draft.files) this.#addFile(row, file);
    return { outcome: 'done', draft: this.#known(draftId) };
  }

  change(change: DraftChange): { readonly changed: ChangedDraft; readonly files: readonly string[] } {
    const { inboxId, draftId, words, addFiles, removeFiles, sendAtMs, maySend, atMs } = change;
    const stored = this.#reader.stored({ inboxId, draftId });
    const refusal = refusalOf(stored, change);
    if (stored === undefined || refusal !== undefined) return { changed: { outcome: refusal ?? 'gone' }, files: [] };
    if (stored.status === 'scheduled' && !maySend && sendAtMs !== null)
      return { changed: { outcome: 'approved' }, files: [] };
    const before = this.#reader.whole(stored);
    if (!removeFiles.every((id) => before.files.some(({ attachmentId }) => attachmentId === id)))
      return { changed: { outcome: 'no file' }, files: [] };
    const after: Draft = {
      ...before,
      ...worded(before, words),
      files: [...before.files.filter(({ attachmentId }) => !removeFiles.includes(attachmentId)), ...addFiles],
      labels: [...new Set([...before.labels, ...change.addLabels])].filter((one) => !change.removeLabels.includes(one)),
    };
    const timed = { ...stored, ...timeAfter(stored, change) };
    const fault = draftFault({ ...after, status: timed.status ?? undefined });
    if (fault !== undefined) return { changed: { outcome: 'unfit', fault }, files: [] };
    const size = sizeOf(after);
    if (!this.#take(stored.inbox, size - stored.size)) return { changed: { outcome: 'full' }, files: [] };
    this.#parts.connection.run(
      UPDATE,
      ...[timed.status, timed.reason, timed.send_at, timed.due_at, headOf(after)],
      ...[after.subject ?? null, after.text ?? null, after.html ?? null, size, atMs, stored.row],
    );
    this.#putLabels(stored.row, before.labels, after.labels);
    for (const file of addFiles) this.#addFile(stored.row, file);
    const files = [...new Set(removeFiles)].flatMap((attachmentId) => this.#removeFile(attachmentId));
    return { changed: { outcome: 'done', draft: this.#known(draftId) }, files };
  }

  remove(meant: DraftMeant): { readonly outcome: 'done' | 'gone' | 'sending' | 'differs'; files: readonly string[] } {
    const stored = this.#reader.stored(meant);
    const refusal = refusalOf(stored, meant);
    if (stored === undefined || refusal !== undefined) return { outcome: refusal ?? 'gone', files: [] };
    return { outcome: 'done', files: this.erase(stored.row) };
  }

  beginSending(meant: DraftToSend): BegunSending {
    const stored = this.#reader.stored(meant);
    const refusal = refusalOf(stored, meant);
    if (stored === undefined || refusal !== undefined) return { outcome: refusal ?? 'gone' };
    if (meant.dueByMs !== undefined && !isDue(stored, meant.dueByMs)) return { outcome: 'differs' };
    const attempt = stored.attempt + 1;
    this.#parts.connection.run("UPDATE draft SET status = 'sending', attempt = ? WHERE row = ?", attempt, stored.row);
    return { outcome: 'done', draft: this.#reader.whole(stored), attempt };
  }

  /** The row of a draft that is being sent in that attempt. */
  rowInAttempt({ draftId, attempt }: DraftAttempt): number | undefined {
    const sql = "SELECT row FROM draft WHERE draft_id = ? AND attempt = ? AND status = 'sending'";
    return this.#parts.connection.get<{ row: number }>(sql, draftId, attempt)?.row;
  }

  endSending({ draftId, attempt, end, atMs }: EndedSending): boolean {
    const row = this.rowInAttempt({ draftId, attempt });
    if (row === undefined) return false;
    if (this.#parts.connection.get('SELECT 1 FROM outgoing WHERE draft = ?', row) !== undefined) return true;
    if (end.kind === 'failed') this.fail(row, end.reason, atMs);
    else this.#putBack(row);
    if (end.kind === 'waits') {
      const sql = "UPDATE draft SET due_at = ?, reason = ? WHERE row = ? AND status = 'scheduled'";
      this.#parts.connection.run(sql, end.dueAtMs, end.reason, row);
    }
    return false;
  }

  fail(row: number, reason: string, atMs: number): void {
    const sql = "UPDATE draft SET status = 'failed', due_at = NULL, reason = ?, updated_at = ? WHERE row = ?";
    this.#parts.connection.run(sql, reason, atMs, row);
  }

  due({ nowMs, inHand, paused, limit }: DueQuestion): DueDrafts {
    const { connection } = this.#parts;
    for (const { row, draft_id } of connection.all<{ row: number; draft_id: string }>(STRANDED))
      if (!inHand.includes(draft_id)) this.#putBack(row);
    const late = connection.all<{ row: number } & MeantRow>(LATE, nowMs - LATE_MS_MAX);
    for (const { row } of late) this.fail(row, TOO_LATE, nowMs);
    const skipped = JSON.stringify([...inHand, ...paused]);
    const due = connection.all<MeantRow>(DUE, nowMs, skipped, limit);
    const next = connection.get<{ at: number | null }>(NEXT, nowMs)?.at;
    return { due: due.map(meantOf), late: late.map(meantOf), nextAtMs: next ?? undefined };
  }

  /** Erases a draft with all that is its own. */
  erase(row: number): readonly string[] {
    const { connection, unused } = this.#parts;
    const raws = connection.all<{ raw: string }>('SELECT raw FROM draft_file WHERE draft = ?', row);
    const used = `UPDATE inbox SET used_bytes = used_bytes - (SELECT size FROM draft WHERE draft.row = ?)
      WHERE row = (SELECT inbox FROM draft WHERE draft.row = ?)`;
    connection.run(used, row, row);
    connection.run('DELETE FROM draft WHERE row = ?', row);
    return raws.flatMap(({ raw }) => unused(raw));
  }

  /** Whatever it was before somebody began to send it. */
  #putBack(row: number): void {
    const status = "CASE WHEN due_at IS NOT NULL THEN 'scheduled' WHEN reason IS NOT NULL THEN 'failed' END";
    this.#parts.connection.run(`UPDATE draft SET status = ${status} WHERE row = ?`, row);
  }

  /** False, and nothing is taken, when the inbox has no room for it. */
  #take(inbox: number, grownBytes: number): boolean {
    const sql = 'SELECT used_bytes, quota_bytes FROM inbox WHERE row = ?';
    const { used_bytes: used, quota_bytes: quota } = this.#parts.connection.get(sql, inbox) as {
      readonly used_bytes: number;
      readonly quota_bytes: number | null;
    };
    if (grownBytes > 0 && isFull({ usedBytes: used + grownBytes, quotaBytes: quota ?? undefined })) return false;
    this.#parts.connection.run('UPDATE inbox SET used_bytes = used_bytes + ? WHERE row = ?', grownBytes, inbox);
    return true;
  }

  #putLabels(row: number, before: readonly string[], after: readonly string[]): void {
    for (const label of after) if (!before.includes(label)) this.#parts.connection.run(LABEL_INSERT, row, label);
    const remove = 'DELETE FROM draft_label WHERE draft = ? AND label = ?';
    for (const label of before) if (!after.includes(label)) this.#parts.connection.run(remove, row, label);
  }

  #addFile(row: number, file: NewDraftFile): void {
    const { connection } = this.#parts;
    const { attachmentId, filename, contentType, disposition, contentId, digest, size, octets } = file;
    keepRaw(connection, { digest, size, content: octets instanceof Uint8Array ? octets : undefined });
    const described = [contentType ?? null, disposition ?? null, contentId ?? null];
    connection.run(FILE_INSERT, row, attachmentId, filename, ...described, digest, size);
  }

  #removeFile(attachmentId: string): readonly string[] {
    const sql = 'DELETE FROM draft_file WHERE attachment_id = ? RETURNING raw';
    const { raw } = this.#parts.connection.get(sql, attachmentId) as { readonly raw: string };
    return this.#parts.unused(raw);
  }

  #known(draftId: string): Draft {
    const draft = this.#reader.draft({ draftId });
    if (draft === undefined) throw new Error(`The row of draft '${draftId}' is gone within its own transaction.`);
    return draft;
  }
}

interface MeantRow {
  readonly draft_id: string;
  readonly inbox_id: string;
}

function meantOf({ draft_id: draftId, inbox_id: inboxId }: MeantRow): DraftMeant {
  return { draftId, inboxId };
}

function refusalOf(stored: StoredDraft | undefined, { revision }: Pick<DraftMeant, 'revision'>) {
  if (stored === undefined) return 'gone';
  if (stored.status === 'sending') return 'sending';
  return revision === undefined || revision === stored.revision ? undefined : 'differs';
}

/** Whether it goes by that time still: since it was found to be due, that may have been moved, or taken away. */
function isDue({ status, due_at: dueAtMs }: StoredDraft, byMs: number): boolean {
  return status === 'scheduled' && dueAtMs !== null && dueAtMs <= byMs;
}

function worded(before: DraftWords, words: DraftChange['words']): DraftWords {
  const said = Object.entries(words).filter(([, value]) => value !== undefined);
  const cleared = said.map(([name, value]) => [name, value ?? (LISTS.includes(name) ? [] : undefined)] as const);
  return { ...before, ...Object.fromEntries(cleared) };
}

/** What failed is a draft as any other once it says something else, for that may be why. */
function timeAfter(
  stored: StoredDraft,
  { sendAtMs, words, addFiles, removeFiles }: DraftChange,
): Pick<StoredDraft, 'status' | 'reason' | 'send_at' | 'due_at'> {
  const isOther = addFiles.length + removeFiles.length > 0 || Object.values(words).some((one) => one !== undefined);
  if (sendAtMs === undefined && !(stored.status === 'failed' && isOther)) return stored;
  const at = sendAtMs ?? null;
  return { status: at === null ? null : 'scheduled', reason: null, send_at: at, due_at: at };
}

function headOf({ to, cc, bcc, replyTo, textPreview, htmlPreview, origin }: Kept): string {
  return JSON.stringify({ to, cc, bcc, replyTo, textPreview, htmlPreview, origin } satisfies DraftHead);
}

function sizeOf(draft: Kept): number {
  const words = [headOf(draft), draft.subject ?? '', draft.text ?? '', draft.html ?? ''];
  const files = draft.files.reduce((sum, { size }) => sum + size, 0);
  return words.reduce((sum, text) => sum + Buffer.byteLength(text), files);
}

const LISTS: readonly string[] = ['to', 'cc', 'bcc', 'replyTo'] satisfies readonly (keyof DraftWords)[];
const TOO_LATE = 'Its time passed more than 24 hours before the host could send it.';
const INSERT = `INSERT INTO draft (draft_id, inbox, client_id, revision, attempt, status, send_at, due_at, head, subject, text, html, size,
  created_at, updated_at) VALUES (?, ?, ?, 1, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const UPDATE = `UPDATE draft SET revision = revision + 1, status = ?, reason = ?, send_at = ?, due_at = ?, head = ?, subject = ?, text = ?,
  html = ?, size = ?, updated_at = ? WHERE row = ?`;
const LABEL_INSERT = 'INSERT INTO draft_label (draft, label) VALUES (?, ?)';
const FILE_INSERT = `INSERT INTO draft_file (draft, attachment_id, filename, content_type, disposition, content_id, raw, size)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
const STRANDED = `SELECT row, draft_id FROM draft WHERE status = 'sending'
  AND NOT EXISTS (SELECT 1 FROM outgoing WHERE outgoing.draft = draft.row)`;
const OF_ACTIVE = "draft JOIN inbox ON inbox.row = draft.inbox AND inbox.state = 'active' WHERE status = 'scheduled'";
const LATE = `SELECT draft.row, draft_id, inbox_id FROM ${OF_ACTIVE} AND due_at < ? LIMIT 1000`;
const DUE = `SELECT draft_id, inbox_id FROM ${OF_ACTIVE} AND due_at <= ? AND draft_id NOT IN (SELECT value FROM json_each(?))
  ORDER BY due_at, draft.row LIMIT ?`;
const NEXT = "SELECT min(due_at) AS at FROM draft WHERE status = 'scheduled' AND due_at > ?";
