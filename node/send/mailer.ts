// The Mailer port: one attempt to hand one message to one account's server. It keeps no queue and retries nothing; who calls
// it has stored the attempt before, and decides by the outcome what comes next.
import type { Account } from './account.ts';
import type { MessageContent } from './message.ts';

export interface Shipment {
  readonly account: Account;
  readonly content: MessageContent;
  /** ISO 8601, UTC: the Date header. */
  readonly date: string;
  /** Envelope: those still to be asked. A subset of the content's To, Cc and Bcc. */
  readonly recipients: readonly string[];
  /**
   * Called once there is a connection that is greeted, secured and authenticated. Nothing but the envelope is said before it has
   * resolved; its rejection ends the attempt with `not_sent`. Until it was called, a crash leaves no doubt about the message.
   */
  readonly begin: () => Promise<void>;
}

/** What a server answered about one recipient. */
export interface RecipientAnswer {
  readonly address: string;
  /** `accepted`: 2xx, and so was the message. `deferred`: 4xx. `refused`: 5xx. */
  readonly verdict: 'accepted' | 'deferred' | 'refused';
  readonly code: number;
  readonly enhanced?: string;
  /** One printable line, at most 500 characters. */
  readonly reply: string;
}

/** Why an attempt did not come to the message; the closed set that logs, `/providers` and tests know. */
export type ShipmentErrorCode =
  | 'connect_failed'
  | 'connect_timeout'
  | 'tls_failed'
  | 'tls_not_offered'
  | 'auth_failed'
  | 'token_failed'
  | 'greeting_refused'
  | 'server_timeout'
  | 'connection_lost'
  | 'protocol_error'
  | 'sender_refused'
  | 'message_refused'
  | 'message_too_large'
  | 'smtputf8_unsupported'
  | 'attachment_missing'
  | 'compose_failed'
  | 'interrupted';

export type ShipmentOutcome =
  /** The server has answered about everybody: `answers` has each of `recipients` once. */
  | { readonly kind: 'answered'; readonly answers: readonly RecipientAnswer[]; readonly tookMs: number }
  /** The server took nothing. */
  | {
      readonly kind: 'not_sent';
      readonly error: ShipmentErrorCode;
      /** `transient`: the same may succeed later. `permanent`: it will not. */
      readonly class: 'transient' | 'permanent';
      /** `account`: another account may do better, and this one is in doubt. `message`: it is the message. */
      readonly scope: 'account' | 'message';
      readonly code?: number;
      readonly enhanced?: string;
      /** One printable line, at most 500 characters. */
      readonly reply: string;
      readonly tookMs: number;
    }
  /** The connection died after the final dot, or the server was out of step: it may have the message. */
  | { readonly kind: 'unknown'; readonly reply: string; readonly tookMs: number };

export interface Mailer {
  /** Never rejects. Ends within `SHIPMENT_MS_MAX`; `signal` ends it early, as `interrupted` or `unknown`. */
  ship(shipment: Shipment, signal: AbortSignal): Promise<ShipmentOutcome>;
  /** How many connections to that account's server are up and carry nothing, so that a message can leave over each at once. */
  readyFor(account: Account): number;
  /** Says QUIT on idle connections and closes all. */
  close(): Promise<void>;
}
