// A report joins the thread of the mail that it is about, in place of a thread of its own: it is no mail that anybody has to read. It waits here
// until the send module has heard of it. All of it runs within one transaction.
import { anyAddressKey } from '../../../mesh/address/identity.ts';
import type { AppendEvent } from '../event.ts';
import { entryNameOf } from '../list-entry.ts';
import type { Delivery, MailReport } from '../message.ts';
import type { LeftReport, SettledReport } from '../report.ts';
import type { Connection } from './database.ts';
import type { LabelRows } from './label-rows.ts';
import type { ListRows } from './list-rows.ts';

/** Reports that are taken up at once. */
const LEFT_MAX = 20;

export interface ReportParts {
  readonly connection: Connection;
  readonly appendEvent: AppendEvent;
  readonly labels: Pick<LabelRows, 'add'>;
  readonly lists: Pick<ListRows, 'block'>;
}

/** A mail that the inbox has sent. */
export interface SentMail {
  readonly row: number;
  readonly thread: number;
  readonly threadId: string;
  readonly inbox: number;
  readonly inboxId: string;
  readonly recipients: readonly string[];
}

/** The mail that a report is about, where this inbox sent it; whoever complains must be who it says. */
export function sentMailOf(
  connection: Connection,
  inbox: number,
  report: MailReport | undefined,
  { inboxId, isAuthenticated }: Pick<Delivery, 'inboxId' | 'isAuthenticated'>,
): SentMail | undefined {
  if (report === undefined || (report.kind === 'complaint' && !isAuthenticated)) return undefined;
  const found = connection.get<{ row: number; thread: number; thread_id: string; head: string }>(
    SENT,
    inbox,
    report.aboutId,
  );
  if (found === undefined) return undefined;
  const { row, thread, thread_id: threadId, head } = found;
  return { row, thread, threadId, inbox, inboxId, recipients: recipientsIn(head) };
}

/** Labels of the report itself, beside `received`. */
export function labelsOfReport({ kind, isFailure }: MailReport): readonly string[] {
  if (kind === 'complaint') return ['complained'];
  return isFailure === false ? [] : ['bounce'];
}

/** Notes the report in the row `message`. A complaint is told of at once; of a bounce the send module may think otherwise. */
export function noteReport(
  { connection, appendEvent, labels, lists }: ReportParts,
  message: number,
  { report, sent, atMs }: { readonly report: MailReport; readonly sent: SentMail; readonly atMs: number },
): void {
  const { row, recipients } = sent;
  // Of several recipients nobody knows which one complains.
  const only = recipients.length === 1 ? recipients[0] : undefined;
  const insert = 'INSERT INTO report (message, kind, recipient) VALUES (?, ?, ?)';
  connection.run(insert, message, report.kind, report.kind === 'complaint' ? (only ?? null) : null);
  if (report.kind === 'bounce') return;
  labels.add(row, 'complained', atMs);
  const name = only === undefined ? undefined : entryNameOf(addressIn(only));
  if (name !== undefined && !('fault' in name))
    lists.block(sent.inboxId, name, { reason: 'complained', isReadOnly: true, atMs });
  const complaintType = report.complaintType ?? 'abuse';
  appendEvent(row, { type: 'message.complained', complaintType, subType: 'FeedbackReport', recipients }, atMs);
}

/** The address of `Jane <jane@x.com>`. */
function addressIn(shown: string): string {
  return /<([^<>]*)>$/.exec(shown)?.[1] ?? shown;
}

/** Reports that the send module has not heard of, the oldest first. */
export function leftReports(connection: Connection): readonly LeftReport[] {
  return connection
    .all<{ message: number; kind: LeftReport['kind']; recipient: string | null; inbox_id: string; message_id: string }>(
      LEFT,
    )
    .map(({ message, kind, recipient, inbox_id: inboxId, message_id: messageId }) => ({
      ...{ message, kind, inboxId, messageId },
      recipient: recipient ?? undefined,
    }));
}

/** What it says of deliveries is told once: with the report's end. */
export function settleReport(
  { connection, appendEvent, labels }: ReportParts,
  { message, delivered, aboutId = '', atMs }: SettledReport,
): void {
  if (connection.run('DELETE FROM report WHERE message = ?', message).changes === 0) return;
  const sent = connection.get<{ row: number; head: string }>(ABOUT, message, aboutId);
  if (sent === undefined) return;
  const said = new Set(delivered.map(anyAddressKey));
  const recipients = recipientsIn(sent.head).filter((shown) => said.has(anyAddressKey(addressIn(shown))));
  if (recipients.length === 0) return;
  labels.add(sent.row, 'delivered', atMs);
  appendEvent(sent.row, { type: 'message.delivered', recipients: recipients.map(addressIn) }, atMs);
}

function recipientsIn(head: string): readonly string[] {
  const { to, cc, bcc } = JSON.parse(head) as { to: string[]; cc: string[]; bcc: string[] };
  return [...to, ...cc, ...bcc];
}

const SENT = `SELECT message.row, message.thread, thread_id, head FROM message JOIN thread ON thread.row = message.thread
  WHERE message.inbox = ? AND message_id = ?
    AND EXISTS (SELECT 1 FROM message_label WHERE message_label.message = message.row AND label = 'sent')`;
/** A mail that the inbox of a report has sent. */
const ABOUT = `SELECT row, head FROM message WHERE inbox = (SELECT inbox FROM message WHERE row = ?) AND message_id = ?
  AND EXISTS (SELECT 1 FROM message_label WHERE message_label.message = message.row AND label = 'sent')`;
const LEFT = `SELECT report.message, kind, recipient, inbox_id, message_id FROM report JOIN message ON message.row = report.message
  JOIN inbox ON inbox.row = message.inbox ORDER BY report.message LIMIT ${LEFT_MAX}`;
