// The row of a mail in one inbox, with what hangs on it: its labels, its attachments, its octets.
import type { Delivery, MailContent, ReceivedMail } from '../message.ts';
import type { Connection } from './database.ts';
import type { MailOfThread } from './thread-rows.ts';

/** Where the mail lies, and what it is called there. */
export interface MessagePlace {
  readonly inbox: number;
  readonly thread: number;
  readonly messageId: string;
}

/** Answers the row. To be called within a transaction. */
export function insertMessage(
  connection: Connection,
  { inbox, thread, messageId }: MessagePlace,
  mail: Omit<ReceivedMail, 'deliveries' | 'labels'>,
  { trace, authentication, isHidden, labels, size }: Pick<Delivery, 'trace' | 'authentication'> & MailOfThread,
): number {
  const { content, raw, digest, receivedAtMs: at } = mail;
  const { from, fromAddress = null, subject = null, text = null, html = null } = content;
  const { extractedHtml = null } = content;
  const to = [...content.to, ...content.cc, ...content.bcc].join(', ');
  keepRaw(connection, raw);
  const { row } = connection.run(
    MESSAGE_INSERT,
    ...[inbox, thread, messageId, digest, Number(isHidden), at, from, fromAddress, to, subject],
    JSON.stringify({ ...headOf(content), authentication }),
    ...[text, html, extractedTextOf(content), extractedHtml, raw.digest, trace, size, at, at],
  );
  for (const label of labels) connection.run(LABEL_INSERT, row, label, inbox, at);
  for (const [number, part] of content.parts.entries()) {
    const { filename = null, contentType = null, disposition = null, contentId = null } = part;
    const { attachmentId, encoding, start, end } = part;
    connection.run(
      PART_INSERT,
      ...[row, number, attachmentId, filename, contentType, disposition, contentId, encoding, start, end, part.size],
    );
  }
  return row;
}

/** Empty: it is the text itself, which is never empty (mail-page.ts reads it so). */
function extractedTextOf({ text, extractedText }: MailContent): string | null {
  if (text !== undefined && extractedText === text) return '';
  return extractedText || null;
}

/** One more needs the octets. */
export function keepRaw(connection: Connection, { digest, size, content }: ReceivedMail['raw']): void {
  connection.run(RAW_INSERT, digest, size, content ?? null);
}

/** What is read with a mail, and nothing looks for. */
export type MessageHead = Pick<
  MailContent,
  'headerId' | 'to' | 'cc' | 'bcc' | 'replyTo' | 'preview' | 'payload' | 'hiddenText' | 'inReplyTo' | 'references'
> &
  Pick<MailContent, 'headers'> &
  Pick<Delivery, 'authentication'>;

function headOf(content: MailContent): Omit<MessageHead, 'authentication'> {
  const { headerId, to, cc, bcc, replyTo, preview, payload, hiddenText, inReplyTo, references, headers } = content;
  return { headerId, to, cc, bcc, replyTo, preview, payload, hiddenText, inReplyTo, references, headers };
}

/** The mail's own ids first, then those that it names. */
export function idsOf(messageId: string, { headerId, inReplyTo, references }: MailContent): readonly string[] {
  return [...new Set([messageId, ...(headerId === undefined ? [] : [headerId]), ...inReplyTo, ...references])];
}

const RAW_INSERT = `INSERT INTO raw (digest, size, content, uses) VALUES (?, ?, ?, 1)
  ON CONFLICT (digest) DO UPDATE SET uses = uses + 1`;
const MESSAGE_INSERT = `INSERT INTO message (inbox, thread, message_id, digest, hidden, at, from_text, from_address, to_text, subject,
  head, text, html, extracted_text, extracted_html, raw, trace, size, created_at, updated_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const LABEL_INSERT = 'INSERT INTO message_label (message, label, inbox, at) VALUES (?, ?, ?, ?)';
const PART_INSERT = `INSERT INTO part (message, number, attachment_id, filename, content_type, disposition, content_id, encoding, start, end,
  size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
