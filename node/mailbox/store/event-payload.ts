// The octets that tell of an event, made once, in the transaction of what happened, and the same at each attempt to deliver them. AgentMail's
// client refuses members that it does not know: there are none in them.
import type { EventDetail } from '../event.ts';
import { mailBody, threadBody, timeText } from '../mail-bodies.ts';
import type { ThreadItem, WholeMail } from '../stored-mail.ts';

/** Octets of a payload; a longer one goes without the texts of its mail. */
export const PAYLOAD_BYTES_MAX = 1024 * 1024;
/**
 * The header field of a payload that names the texts which were left out: clients refuse members that they do not know, and no header in them.
 * No mail has it of its own: fields of that kind are this host's.
 */
const LEFT_OUT = 'X-Mesh-Left-Out';

/** The mail that an event is about. */
export interface EventSubject {
  readonly inboxId: string;
  readonly threadId: string;
  readonly messageId: string;
  /** Read only for a mail that came in. `trace`: lines of this host. */
  received(): { readonly mail: WholeMail; readonly thread: ThreadItem; readonly trace: string };
}

/** The texts of a mail, which never change. */
export interface Texts {
  readonly text: string | null;
  readonly html: string | null;
  readonly extracted_text: string | null;
  readonly extracted_html: string | null;
}

export interface Rendered {
  /** JSON in which the texts of the mail are empty: they stand in its row, and twice they would take more room than all else. */
  readonly payload: string;
  /** Octets of the JSON with them. */
  readonly bytes: number;
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
  if (outcome !== undefined) return { ...rendered({ ...head, ...outcome }), hasText: false };
  const { mail, thread, trace } = subject.received();
  const { authentication_results, payload, hidden_text, ...message } = mailBody(mail);
  const extras = JSON.stringify({ authentication_results, payload, hidden_text });
  const headers = withAuthentication(message.headers, trace);
  const whole = { ...head, message: { ...message, headers }, thread: threadBody(thread) };
  return { ...bounded(whole), extras: extras === '{}' ? undefined : extras };
}

/** The payload as it is told, the same octets each time. */
export function withTexts(payload: string, texts: Texts): string {
  const told = JSON.parse(payload) as Told;
  const left = TEXTS.filter((name) => told.message[name] === '');
  // A payload of an earlier version has them already.
  if (left.length === 0) return payload;
  const message = { ...told.message, ...Object.fromEntries(left.map((name) => [name, texts[name]])) };
  return JSON.stringify({ ...told, message });
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

const TEXTS = ['text', 'html', 'extracted_text', 'extracted_html'] as const satisfies readonly (keyof Texts)[];

function bounded(told: Told): Pick<Rendered, 'payload' | 'bytes' | 'hasText'> {
  const { message } = told;
  const texts = TEXTS.filter((name) => message[name] !== undefined);
  const emptied = { ...message, ...Object.fromEntries(texts.map((name) => [name, ''])) };
  const { payload, bytes } = rendered({ ...told, message: emptied });
  const whole = bytes + bytesInJson(texts.map((name) => String(message[name])));
  if (whole > PAYLOAD_BYTES_MAX) return { ...rendered({ ...told, message: bare(message) }), hasText: false };
  return { payload, bytes: whole, hasText: texts.length > 0 };
}

/** Octets of texts in JSON, without their quotes. The same text twice, as is common, is looked at once. */
function bytesInJson(texts: readonly string[]): number {
  const known = new Map<string, number>();
  return texts.reduce((sum, text) => {
    const bytes = known.get(text) ?? Buffer.byteLength(JSON.stringify(text)) - '""'.length;
    known.set(text, bytes);
    return sum + bytes;
  }, 0);
}

function rendered(told: object): Pick<Rendered, 'payload' | 'bytes'> {
  const payload = JSON.stringify(told);
  return { payload, bytes: Buffer.byteLength(payload) };
}

function bare({ headers, ...message }: Told['message']): Told['message'] {
  const left = TEXTS.filter((name) => message[name] !== undefined);
  const others = Object.entries(message).filter(([name]) => !left.some((one) => one === name));
  const marked = left.length === 0 ? headers : { ...(headers as object | undefined), [LEFT_OUT]: left.join(', ') };
  return { ...Object.fromEntries(others), ...(marked === undefined ? {} : { headers: marked }) };
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
