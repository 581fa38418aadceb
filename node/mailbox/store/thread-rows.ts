// A thread's row follows its mails: what is newest, who takes part, how many there are of each label. Mails in quarantine or in the trash are
// none of that, but for their labels, unless the thread has no others: what is held back must not show in the thread of what is not.
import type { MailContent } from '../message.ts';
import type { Connection } from './database.ts';

/** Senders, or recipients, that a thread names. */
export const PARTICIPANTS_MAX = 100;

/** What a thread learns from one mail. */
export interface MailOfThread {
  readonly messageId: string;
  readonly content: MailContent;
  readonly size: number;
  readonly atMs: number;
  readonly isHidden: boolean;
  readonly labels: readonly string[];
  /** Absent: the thread finds nothing by its subject. */
  readonly baseSubject?: string | undefined;
}

/** How a mail came into its thread, which notes when the last one of each kind did. */
type Way = 'received' | 'sent';

/** Begins a thread with its first mail; answers its row. */
export function beginThread(
  connection: Connection,
  inbox: number,
  { threadId, way }: { readonly threadId: string; readonly way: Way },
  mail: MailOfThread,
): number {
  const { content, atMs } = mail;
  const sql = `INSERT INTO thread (thread_id, inbox, hidden, subject, base_subject, preview, senders, recipients, message_count, size,
    last_message_id, last_at, ${way}_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)`;
  const { senders, recipients } = participants(NOBODY, content);
  const { subject = null, preview = null } = content;
  const { row } = connection.run(
    sql,
    ...[threadId, inbox, Number(mail.isHidden), subject, mail.baseSubject ?? null, preview, senders, recipients],
    ...[mail.size, mail.messageId, atMs, atMs, atMs, atMs],
  );
  for (const label of mail.labels) countLabel(connection, row, label);
  return row;
}

/** Adds a mail to a thread, whose mails have their own rows. */
export function joinThread(connection: Connection, thread: number, way: Way, mail: MailOfThread): void {
  for (const label of mail.labels) countLabel(connection, thread, label);
  const sql = 'SELECT senders, recipients, hidden FROM thread WHERE row = ?';
  const row = connection.get<Participants & { readonly hidden: number }>(sql, thread);
  if (row === undefined) throw new Error(`The thread in row ${thread} is gone within its own transaction.`);
  const isHidden = row.hidden === 1;
  if (isHidden === mail.isHidden) addMail(connection, thread, { row, way }, mail);
  else if (isHidden) showFirst(connection, thread, way, mail);
  else connection.run('UPDATE thread SET updated_at = ? WHERE row = ?', mail.atMs, thread);
}

function addMail(
  connection: Connection,
  thread: number,
  { row, way }: { readonly row: Participants; readonly way: Way },
  { content, size, messageId, atMs }: MailOfThread,
): void {
  const { senders, recipients } = participants(row, content);
  connection.run(
    `UPDATE thread SET senders = ?, recipients = ?, message_count = message_count + 1, size = size + ?, preview = ?,
     last_message_id = ?, last_at = max(last_at, ?), ${way}_at = ?, updated_at = ? WHERE row = ?`,
    ...[senders, recipients, size, content.preview ?? null, messageId, atMs, atMs, atMs, thread],
  );
}

/** The first mail that is shown, in a thread of others that are not: it says nothing of those any more. */
function showFirst(
  connection: Connection,
  thread: number,
  way: Way,
  { content, size, messageId, atMs }: MailOfThread,
): void {
  const { senders, recipients } = participants(NOBODY, content);
  const other = way === 'sent' ? 'received' : 'sent';
  connection.run(
    `UPDATE thread SET hidden = 0, senders = ?, recipients = ?, message_count = 1, size = ?, preview = ?, last_message_id = ?,
     last_at = ?, ${way}_at = ?, ${other}_at = NULL, updated_at = ? WHERE row = ?`,
    ...[senders, recipients, size, content.preview ?? null, messageId, atMs, atMs, atMs, thread],
  );
}

/** JSON of who wrote and who was written to. */
interface Participants {
  readonly senders: string;
  readonly recipients: string;
}

const NOBODY: Participants = { senders: '[]', recipients: '[]' };

function participants({ senders, recipients }: Participants, { from, to, cc }: MailContent): Participants {
  return {
    senders: withParticipants(senders, from === '' ? [] : [from]),
    recipients: withParticipants(recipients, [...to, ...cc]),
  };
}

/** One more mail of the thread has the label. */
function countLabel(connection: Connection, thread: number, label: string): void {
  connection.run(
    `INSERT INTO thread_label (thread, label, messages) VALUES (?, ?, 1)
     ON CONFLICT (thread, label) DO UPDATE SET messages = messages + 1`,
    thread,
    label,
  );
}

/** The first who took part stay. */
function withParticipants(json: string, more: readonly string[]): string {
  const all = new Set([...(JSON.parse(json) as string[]), ...more]);
  return JSON.stringify([...all].slice(0, PARTICIPANTS_MAX));
}

interface MailOfRow {
  readonly message_id: string;
  readonly at: number;
  readonly from_text: string;
  readonly head: string;
  readonly size: number;
  readonly hidden: number;
}

/** Makes the row say again what its mails say, when some have changed or are gone; a thread without a mail goes with them. */
export function refreshThread(connection: Connection, thread: number, atMs: number): void {
  const all = connection.all<MailOfRow>(
    'SELECT message_id, at, from_text, head, size, hidden FROM message WHERE thread = ? ORDER BY at, row',
    thread,
  );
  const shown = all.filter(({ hidden }) => hidden === 0);
  const mails = shown.length > 0 ? shown : all;
  const last = mails.at(-1);
  if (last === undefined) {
    // When it goes is counted.
    connection.run('UPDATE thread SET updated_at = ? WHERE row = ?', atMs, thread);
    connection.run('DELETE FROM thread WHERE row = ?', thread);
    return;
  }
  const heads = mails.map(({ head }) => JSON.parse(head) as Pick<MailContent, 'to' | 'cc' | 'preview'>);
  const senders = withParticipants(
    '[]',
    mails.flatMap(({ from_text: from }) => (from === '' ? [] : [from])),
  );
  const recipients = withParticipants(
    '[]',
    heads.flatMap(({ to, cc }) => [...to, ...cc]),
  );
  connection.run(
    `UPDATE thread SET senders = ?, recipients = ?, message_count = ?, size = ?, preview = ?, last_message_id = ?, last_at = ?, hidden = ?,
     received_at = ?, sent_at = ?, updated_at = ? WHERE row = ?`,
    ...[
      senders,
      recipients,
      mails.length,
      mails.reduce((sum, { size }) => sum + size, 0),
      heads.at(-1)?.preview ?? null,
    ],
    ...[last.message_id, last.at, last.hidden],
    ...[lastWith(connection, thread, 'received', last.hidden), lastWith(connection, thread, 'sent', last.hidden)],
    ...[atMs, thread],
  );
}

/** When the last mail of the thread with the label came, of those that are hidden or not. */
function lastWith(connection: Connection, thread: number, label: string, hidden: number): number | null {
  const sql = `SELECT max(message.at) AS at FROM message JOIN message_label ON message_label.message = message.row AND label = ?
    WHERE message.thread = ? AND message.hidden = ?`;
  return connection.get<{ at: number | null }>(sql, label, thread, hidden)?.at ?? null;
}

/** Takes a mail, with its labels, from one thread into another. */
export function moveToThread(
  connection: Connection,
  message: number,
  { from, to, atMs }: { readonly from: number; readonly to: number; readonly atMs: number },
): void {
  connection.run('UPDATE message SET thread = ? WHERE row = ?', to, message);
  const labels = connection.all<{ label: string }>('SELECT label FROM message_label WHERE message = ?', message);
  for (const { label } of labels) {
    countLabel(connection, to, label);
    uncountLabel(connection, from, label);
  }
  refreshThread(connection, from, atMs);
  refreshThread(connection, to, atMs);
}

function uncountLabel(connection: Connection, thread: number, label: string): void {
  connection.run('UPDATE thread_label SET messages = messages - 1 WHERE thread = ? AND label = ?', thread, label);
  connection.run('DELETE FROM thread_label WHERE thread = ? AND label = ? AND messages = 0', thread, label);
}
