// What happened to a mail, as it is told: by webhooks, over sockets, in the change log. The words and members are those of AgentMail.
import type { MailboxEvent } from '../changes/change-log.ts';
import type { MailClass } from './message.ts';
import { type Permission, toRead } from './permission.ts';
import type { ThreadItem, WholeMail } from './stored-mail.ts';

export type EventType = MailboxEvent;

/** Milliseconds for which an event is kept: as long as a delivery is tried. */
export const EVENT_MS_MAX = 72 * 3_600 * 1_000;

/** What became of a mail; the mail itself is named beside it. */
export type EventDetail =
  | { readonly type: 'message.received' | `message.received.${Exclude<MailClass, 'received'>}` }
  | { readonly type: 'message.sent' | 'message.delivered'; readonly recipients: readonly string[] }
  | {
      readonly type: 'message.bounced';
      readonly bounceType: 'Permanent' | 'Transient';
      /** Such as `General`, `MailboxFull`. */
      readonly subType: string;
      readonly recipients: readonly { readonly address: string; readonly status: string }[];
    }
  | {
      readonly type: 'message.complained';
      readonly complaintType: string;
      readonly subType: string;
      readonly recipients: readonly string[];
    }
  | { readonly type: 'message.rejected'; readonly reason: string }
  | { readonly type: 'message.opened' };

interface Reference {
  /** Place among all events of the mailbox; there may be gaps. */
  readonly row: number;
  readonly eventId: string;
  /** Absent: the inbox is gone, or the domain is the organization's. */
  readonly podId?: string | undefined;
}

/** An event by what it is about. */
export type EventReference = MailReference | DomainReference;

export interface MailReference extends Reference {
  readonly type: Exclude<EventType, 'domain.verified'>;
  readonly inboxId: string;
  readonly agentId: string;
  readonly messageId: string;
  readonly threadId: string;
}

export interface DomainReference extends Reference {
  readonly type: 'domain.verified';
  readonly domain: string;
}

export function isOfMail(event: EventReference): event is MailReference {
  return event.type !== 'domain.verified';
}

/** An event as sockets tell it. */
export interface ToldEvent extends Reference {
  readonly type: EventType;
  /** Absent: it is about no inbox. */
  readonly inboxId?: string | undefined;
  /** JSON, as webhooks have it. */
  readonly payload: string;
  /** JSON of what else a mail has that is read by itself. */
  readonly extras?: string | undefined;
}

/** A mail, and the thread that it is in, as a reader finds them at this moment; what is absent is read. */
interface KnownMail {
  readonly mail?: WholeMail | undefined;
  readonly thread?: ThreadItem | undefined;
}

/** Writes down what happened to the mail in a row of `message`, within the transaction in which it happened; answers the event's id. */
export type AppendEvent = (message: number, detail: EventDetail, atMs: number, known?: KnownMail) => string;

/** What a key needs to be told of such events. */
export function toHear(type: EventType): readonly Permission[] {
  if (type === 'domain.verified') return ['domain_read'];
  const label = /^message\.received\.(spam|blocked|unauthenticated)$/.exec(type)?.[1];
  return ['message_read', ...(label === undefined ? [] : [toRead(label as 'spam' | 'blocked' | 'unauthenticated')])];
}

/** The event that tells of a mail which came in. */
export function receivedDetail(mailClass: MailClass): EventDetail {
  return { type: mailClass === 'received' ? 'message.received' : `message.received.${mailClass}` };
}
