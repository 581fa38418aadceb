// A thread's row follows its mails: what is newest, who takes part, how many there are of each label.
import type { MailContent } from '../message.ts';
import type { Connection } from './database.ts';

/** Senders, or recipients, that a thread names. */
const PARTICIPANTS_MAX = 100;

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
  const { senders, recipients } = participants({ senders: '[]', recipients: '[]' }, content);
  const { subject = null, preview = null } = content;
  const { row } = connection.run(
    sql,
    ...[threadId, inbox, Number(mail.isHidden), subject, mail.baseSubject ?? null, preview, senders, recipients],
    ...[mail.size, mail.messageId, atMs, atMs, atMs, atMs],
  );
  for (const label of mail.labels) countLabel(connection, row, label);
  return row;
}

/** Adds a mail to a thread; one in quarantine that is answered is shown from then on. */
export function joinThread(connection: Connection, thread: number, way: Way, mail: MailOfThread): void {
  const { content, atMs } = mail;
  const sql = 'SELECT senders, recipients FROM thread WHERE row = ?';
  const row = connection.get<Participants>(sql, thread);
  const { senders, recipients } = participants(row ?? { senders: '[]', recipients: '[]' }, content);
  connection.run(
    `UPDATE thread SET senders = ?, recipients = ?, message_count = message_count + 1, size = size + ?, preview = ?,
     last_message_id = ?, last_at = max(last_at, ?), ${way}_at = ?, updated_at = ?
     ${way === 'sent' && !mail.isHidden ? ', hidden = 0' : ''} WHERE row = ?`,
    ...[senders, recipients, mail.size, content.preview ?? null, mail.messageId, atMs, atMs, atMs, thread],
  );
  for (const label of mail.labels) countLabel(connection, thread, label);
}

/** JSON of who wrote and who was written to. */
interface Participants {
  readonly senders: string;
  readonly recipients: string;
}

function participants({ senders, recipients }: Participants, { from, to, cc }: MailContent): Participants {
  return {
    senders: withParticipants(senders, from === '' ? [] : [from]),
    recipients: withParticipants(recipients, [...to, ...cc]),
  };
}

/** One more mail of the thread has the label. */
export function countLabel(connection: Connection, thread: number, label: string): void {
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
  const mails = connection.all<MailOfRow>(
    'SELECT message_id, at, from_text, head, size, hidden FROM message WHERE thread = ? ORDER BY at, row',
    thread,
  );
  const last = mails.at(-1);
  if (last === undefined) {
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
    ...[last.message_id, last.at, Number(mails.every(({ hidden }) => hidden === 1))],
    ...[lastWith(connection, thread, 'received'), lastWith(connection, thread, 'sent'), atMs, thread],
  );
}

/** When the last mail of the thread with the label came. */
function lastWith(connection: Connection, thread: number, label: string): number | null {
  const sql = `SELECT max(message.at) AS at FROM message JOIN message_label ON message_label.message = message.row AND label = ?
    WHERE message.thread = ?`;
  return connection.get<{ at: number | null }>(sql, label, thread)?.at ?? null;
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
