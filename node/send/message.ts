// A message as this host keeps it, from the request until long after its end. Two records: the content, written once and never
// changed, and its course, small and written at each step. Everything that shows a message shows it by these names.
import type { AgentId } from '../../mesh/names.ts';

/**
 * queued → sending → sent | partial | deferred (→ sending) | unknown | failed | suppressed; before it was sent: cancelled,
 * expired; afterwards: bounced. `unknown`: the connection died after the final dot, or the server spoke out of turn,
 * so it may have the message.
 */
export const MESSAGE_STATES = [
  'queued',
  'sending',
  'sent',
  'partial',
  'deferred',
  'unknown',
  'failed',
  'bounced',
  'suppressed',
  'cancelled',
  'expired',
] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/** What became of one recipient. `pending`: not asked yet, or asked to come again. */
export type RecipientState =
  | 'pending'
  | 'sent'
  | 'failed'
  | 'unknown'
  | 'bounced'
  | 'suppressed'
  | 'cancelled'
  | 'expired';

/** A mailbox for a header: handed to the composer as this object, never as text. */
export interface Mailbox {
  /** Without control characters; empty: none. */
  readonly name: string;
  /** The address as mesh/address parses it; A-labels or UTF-8 are decided when the message is sent. */
  readonly address: string;
}

export interface AttachmentPart {
  readonly filename: string;
  /** Absent: told by the file name. */
  readonly contentType?: string;
  /** Absent: `attachment`. What is `inline` is shown within the HTML that names its content id. */
  readonly disposition?: 'inline' | 'attachment';
  /** Without angle brackets (RFC 2392 §2). */
  readonly contentId?: string;
  /** SHA-256 of the octets, lower-case hex: the blob of that name. */
  readonly blob: string;
  readonly bytes: number;
}

/** What is sent. Everything was checked at the door: one line where one line is meant, known headers, addresses parsed. */
export interface MessageContent {
  readonly from: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  /** In no header; only in the envelope. */
  readonly bcc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  /** Names of the allow-list (request/headers.ts). */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly attachments: readonly AttachmentPart[];
  /** JSON between agents: an `application/json` part beside the text, and `Auto-Submitted: auto-generated`. */
  readonly payload?: unknown;
  /** `<id@domain>`, angle brackets included. */
  readonly messageId: string;
  readonly inReplyTo?: string;
  readonly references: readonly string[];
  /** ISO 8601, UTC: the Date header, where whoever sends it has shown it to somebody already. Absent: that of the attempt. */
  readonly date?: string;
}

export interface Recipient {
  readonly address: string;
  readonly kind: 'to' | 'cc' | 'bcc';
  readonly state: RecipientState;
  /** The reply code of the server's last answer about the recipient (RFC 5321 §4.2). */
  readonly code?: number;
  /** `5.1.1` (RFC 3463), when the answer had one. */
  readonly enhanced?: string;
  /** The answer's text, or why there was none; one printable line, at most 500 characters. */
  readonly reply?: string;
}

/** `isAgain`: it was tried before. `atMs`: milliseconds since 1970. */
interface NextTry {
  readonly isAgain: boolean;
  readonly atMs: number;
}

/** A message's course. */
export interface Message {
  /** UUID: `email_id` in the answers of the routes. One that the routes have made begins with its time. */
  readonly id: string;
  /** Position among this host's messages: 1, 2, 3, … */
  readonly number: number;
  readonly agentId: AgentId;
  readonly agentName: string;
  readonly from: string;
  readonly subject: string;
  readonly messageId: string;
  readonly state: MessageState;
  /** A sentence: why it is in this state. Shown with `nextTry`: see `reasonOf`. */
  readonly reason: string;
  /** The moment until which it waits, where `reason` says for what. */
  readonly nextTry?: NextTry | undefined;
  readonly recipients: readonly Recipient[];
  /** Attempts that reached a server, or tried to. */
  readonly attempts: number;
  /** How often it was put off since it was accepted, or sent again: attempts through several accounts at once are one. */
  readonly deferrals: number;
  /** Milliseconds since 1970. Not before this; meaningful while `queued` or `deferred`. */
  readonly dueMs: number;
  /** Milliseconds since 1970: when it is given up. */
  readonly expiresMs: number;
  /** The account of the last attempt. Fixed once something was accepted, or may have been. */
  readonly account?: string;
  /** Whether it may go through that account only, also when it is sent again: the server may know its Message-ID. */
  readonly isBound?: boolean;
  /** Milliseconds that it lives from its acceptance, or from a `resend`. */
  readonly lifetimeMs: number;
  /** Attachments that it needs until its content is forgotten. */
  readonly blobs: readonly string[];
  /** Whether they were let go of before that: then it can't be sent again. */
  readonly attachmentsGone?: boolean;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** When the server first took it for somebody. */
  readonly sentAt?: string;
  /** The Date header, once a server has the message or may have: a Message-ID names one message. Until then each attempt has its own. */
  readonly date?: string;
}

/** What people are told: why it is in its state, and when it is tried next. */
export function reasonOf({ reason, nextTry }: Pick<Message, 'reason' | 'nextTry'>): string {
  if (nextTry === undefined) return reason;
  return `${reason} It is tried ${nextTry.isAgain ? 'again ' : ''}at ${new Date(nextTry.atMs).toISOString()}.`;
}

/** `status` in the answers has three words: `unknown` is `pending`, because neither of the others would be true. */
export function statusOf(state: MessageState): 'sent' | 'failed' | 'pending' {
  switch (state) {
    case 'sent':
    case 'partial':
      return 'sent';
    case 'queued':
    case 'sending':
    case 'deferred':
    case 'unknown':
      return 'pending';
    default:
      return 'failed';
  }
}

/** Whether nothing more happens to it by itself. */
export function isFinal(state: MessageState): boolean {
  return state !== 'queued' && state !== 'sending' && state !== 'deferred';
}
