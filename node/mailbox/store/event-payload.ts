// The octets that tell of an event, made once, in the transaction of what happened, and the same at each attempt to deliver them. AgentMail's
// client refuses members that it does not know: there are none in them.
import type { EventDetail } from '../event.ts';
import { mailBody, threadBody, timeText } from '../mail-bodies.ts';
import type { ThreadItem, WholeMail } from '../stored-mail.ts';

/** Octets of a payload; a longer one goes without the texts of its mail. */
export const PAYLOAD_BYTES_MAX = 1024 * 1024;

/** The mail that an event is about. */
export interface EventSubject {
  readonly inboxId: string;
  readonly threadId: string;
  readonly messageId: string;
  /** Read only for a mail that came in. `trace`: lines of this host. */
  received(): { readonly mail: WholeMail; readonly thread: ThreadItem; readonly trace: string };
}

export interface Rendered {
  /** JSON. */
  readonly payload: string;
  /** JSON of members of the message that only its readers and sockets see. */
  readonly extras?: string | undefined;
  /** Whether the payload has a text that could be left out. */
  readonly hasText: boolean;
}

export function renderEvent(
  { eventId, atMs, detail }: { readonly eventId: string; readonly atMs: number; readonly detail: EventDetail },
  subject: EventSubject,
): Rendered {
  const head = { type: 'event', event_type: detail.type, event_id: eventId };
  const outcome = outcomeOf(detail, subject, atMs);
  if (outcome !== undefined) return { payload: JSON.stringify({ ...head, ...outcome }), hasText: false };
  const { mail, thread, trace } = subject.received();
  const { authentication_results, payload, hidden_text, ...message } = mailBody(mail);
  const extras = JSON.stringify({ authentication_results, payload, hidden_text });
  const headers = withAuthentication(message.headers, trace);
  const whole = { ...head, message: { ...message, headers }, thread: threadBody(thread) };
  return { ...bounded(whole), extras: extras === '{}' ? undefined : extras };
}

/** The payload without the texts of its mail. */
export function withoutTexts(payload: string): string {
  const { message, ...rest } = JSON.parse(payload) as Told;
  return JSON.stringify({ ...rest, message: bare(message) });
}

interface Told {
  readonly message: Readonly<Record<string, unknown>>;
  readonly thread: object;
}

function bounded(told: Told): Pick<Rendered, 'payload' | 'hasText'> {
  const payload = JSON.stringify(told);
  const isBounded = Buffer.byteLength(payload) <= PAYLOAD_BYTES_MAX;
  if (!isBounded) return { payload: JSON.stringify({ ...told, message: bare(told.message) }), hasText: false };
  const { text, html } = told.message;
  return { payload, hasText: text !== undefined || html !== undefined };
}

function bare({ text, html, extracted_text, extracted_html, ...message }: Told['message']) {
  return message;
}

function outcomeOf(detail: EventDetail, { inboxId, threadId, messageId }: EventSubject, atMs: number) {
  const about = { inbox_id: inboxId, thread_id: threadId, message_id: messageId, timestamp: timeText(atMs) };
  switch (detail.type) {
    case 'message.sent':
      return { send: { ...about, recipients: detail.recipients } };
    case 'message.delivered':
      return { delivery: { ...about, recipients: detail.recipients } };
    case 'message.bounced': {
      const { bounceType, subType, recipients } = detail;
      return { bounce: { ...about, type: bounceType, sub_type: subType, recipients } };
    }
    case 'message.complained': {
      const { complaintType, subType, recipients } = detail;
      return { complaint: { ...about, type: complaintType, sub_type: subType, recipients } };
    }
    case 'message.rejected':
      return { reject: { ...about, reason: detail.reason } };
    case 'message.opened':
      return { open: about };
    default:
      return undefined;
  }
}

/** The mail's headers with what this host found out about the sender in the place of what the mail itself says of that. */
function withAuthentication(headers: WholeMail['headers'], trace: string): WholeMail['headers'] {
  const own = /^Authentication-Results:((?:[^\r\n]|\r\n[ \t])*)/im.exec(trace)?.[1];
  const others = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authentication-results');
  const field = own === undefined ? {} : { 'Authentication-Results': own.replaceAll(/\s+/g, ' ').trim() };
  return { ...Object.fromEntries(others), ...field };
}
