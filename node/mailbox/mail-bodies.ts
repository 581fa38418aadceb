// Mails and threads as AgentMail's clients read them. What there is nothing of is left out.
import type { MailPart } from './message.ts';
import type { MailItem, ThreadItem, WholeMail } from './stored-mail.ts';

/** A time as it is answered. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

type ShownPart = Pick<MailPart, 'attachmentId' | 'filename' | 'size' | 'contentType' | 'disposition' | 'contentId'>;

export function partBody({ attachmentId, filename, size, contentType, disposition, contentId }: ShownPart) {
  return {
    ...{ attachment_id: attachmentId, filename, size },
    ...{ content_type: contentType, content_disposition: disposition, content_id: contentId },
  };
}

export function mailItemBody(mail: MailItem) {
  return {
    ...{ inbox_id: mail.inboxId, thread_id: mail.threadId, message_id: mail.messageId, labels: mail.labels },
    ...{ timestamp: timeText(mail.atMs), from: mail.from, to: mail.to, cc: some(mail.cc), bcc: some(mail.bcc) },
    ...{ subject: mail.subject, preview: mail.preview, attachments: some(mail.parts.map(partBody)) },
    ...{ in_reply_to: mail.inReplyTo[0], references: some(mail.references), headers: mail.headers },
    ...{ text: mail.text, extracted_text: mail.extractedText, size: mail.size },
    ...{ updated_at: timeText(mail.updatedAtMs), created_at: timeText(mail.atMs) },
  };
}

export function mailBody(mail: WholeMail) {
  return {
    ...mailItemBody(mail),
    ...{ reply_to: some(mail.replyTo), html: mail.html, extracted_html: mail.extractedHtml },
    authentication_results: mail.authentication,
    payload: mail.payload === undefined ? undefined : JSON.parse(mail.payload),
    hidden_text: mail.hiddenText || undefined,
  };
}

export function threadBody(thread: ThreadItem) {
  const { receivedAtMs, sentAtMs } = thread;
  return {
    ...{ inbox_id: thread.inboxId, thread_id: thread.threadId, labels: thread.labels },
    timestamp: timeText(thread.lastAtMs),
    received_timestamp: receivedAtMs === undefined ? undefined : timeText(receivedAtMs),
    sent_timestamp: sentAtMs === undefined ? undefined : timeText(sentAtMs),
    ...{ senders: thread.senders, recipients: thread.recipients, subject: thread.subject, preview: thread.preview },
    ...{ attachments: some(thread.parts.map(partBody)), last_message_id: thread.lastMessageId },
    ...{ message_count: thread.messageCount, size: thread.size },
    ...{ updated_at: timeText(thread.updatedAtMs), created_at: timeText(thread.createdAtMs) },
  };
}

/** A list, where there is anything in it. */
export function some<Item>(items: readonly Item[]): readonly Item[] | undefined {
  return items.length === 0 ? undefined : items;
}
