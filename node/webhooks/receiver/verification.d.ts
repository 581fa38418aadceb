// The types of `agent-email-mesh/verify`. They stand alone, for what imports this has only this package's JavaScript.

/** Node's `request.headers`, the `Headers` of a `Request`, or any object by header names, in whatever case. */
export type DeliveryHeaders =
  | { get(name: string): string | null | undefined }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyOptions {
  /** How far a delivery's time may be from this receiver's clock, either way. Default: 300. */
  readonly toleranceSeconds?: number;
  /** The time by this receiver's clock, in milliseconds since 1970. Default: `Date.now()`. */
  readonly nowMs?: number;
}

/**
 * Verifies a delivery and resolves to what it tells.
 *
 * @param headers The request's headers.
 * @param body The body as it came, before it is parsed: one octet of difference makes it a forgery.
 * @param secrets The subscription's secret, `whsec_…` or whatever was chosen; while it is being rotated, the old one and the new one.
 * @throws {DeliveryRefused} when the delivery is not to be believed. Answer 400; a node tries again what is not answered 2xx.
 * @throws {TypeError} when there is no secret, or the body was parsed already: that is a mistake of the receiver's own.
 */
export declare function verifyDelivery(
  headers: DeliveryHeaders,
  body: string | Uint8Array | ArrayBuffer,
  secrets: string | readonly string[],
  options?: VerifyOptions,
): Promise<MeshEvent>;

export type DeliveryFault =
  | 'header_missing'
  | 'timestamp_malformed'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'signature_malformed'
  | 'signature_wrong'
  | 'body_malformed';

/** Why a delivery is not believed; `message` is a sentence. */
export declare class DeliveryRefused extends Error {
  readonly code: DeliveryFault;
  constructor(code: DeliveryFault, message: string);
}

/** What a node tells, by `type`. A later version may add types, and members: pass over those that you do not know. */
export type MeshEvent = AgentEvent | MailEvent | InboxEvent | DomainEvent | TestEvent;

interface Told {
  /** Names the event: one id on every attempt, also in the header `webhook-id`. Drop what you have seen. */
  readonly id: string;
  /** ISO 8601, UTC: when it happened. */
  readonly timestamp: string;
  readonly agent: { readonly id: string; readonly name: string; readonly hostId: string };
  /** Position among this agent's events: 1, 2, 3, …; 0 in `webhook.test`. */
  readonly sequence: number;
}

export interface AgentEvent extends Told {
  readonly type: 'agent.created' | 'agent.updated' | 'agent.deleted' | 'agent.email.changed';
  /** Repeats `type`. */
  readonly event: AgentEvent['type'];
  readonly changes: AgentChanges;
}

/** Addresses, each once. */
export interface AgentChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Addresses that stay; their display name, primary flag or metadata changed. */
  readonly modified: readonly string[];
  /** All that the agent has now. */
  readonly current: readonly string[];
  /** Names of the agent's fields that changed; only in `agent.updated`. */
  readonly fields?: readonly string[];
}

/** What became of mail that an agent sent. */
export interface MailEvent extends Told {
  readonly type: 'email.sent' | 'email.failed' | 'email.bounced' | 'email.unknown';
  /** Repeats `type`. */
  readonly event: MailEvent['type'];
  readonly email: {
    readonly email_id: string;
    readonly messageId: string;
    readonly from: string;
    readonly subject: string;
    readonly state: string;
    readonly recipients: readonly { readonly address: string; readonly state: string; readonly code?: number }[];
  };
}

/** What happened to a mail in an inbox; the mail is read from the inbox. */
export interface InboxEvent extends Told {
  readonly type:
    | 'message.received'
    | 'message.received.spam'
    | 'message.received.blocked'
    | 'message.received.unauthenticated'
    | 'message.sent'
    | 'message.delivered'
    | 'message.bounced'
    | 'message.complained'
    | 'message.rejected'
    | 'message.opened';
  /** Repeats `type`. */
  readonly event: InboxEvent['type'];
  readonly message: {
    readonly inbox_id: string;
    readonly message_id: string;
    readonly thread_id: string;
    readonly event_id: string;
  };
}

/** A domain of inboxes was found right in the DNS; `agent` is the organization. */
export interface DomainEvent extends Told {
  readonly type: 'domain.verified';
  /** Repeats `type`. */
  readonly event: DomainEvent['type'];
  readonly domain: { readonly domain_id: string; readonly event_id: string };
}

/** An operator tried the webhook. */
export interface TestEvent extends Told {
  readonly type: 'webhook.test';
  /** Repeats `type`. */
  readonly event: 'webhook.test';
  readonly changes: AgentChanges;
}
