// What the rest of the node may ask of the send module: the one interface that its routes know. Without an account it is whole
// but for sending itself, which is refused with what to set.
import type { AgentId } from '../../mesh/names.ts';
import type { NewBlob, StoredBlob } from './attachments/blob-store.ts';
import type { BounceReport } from './bounces/bounce-report.ts';
import type { Suppressions } from './bounces/suppressions.ts';
import type { LogPage, LogQuery } from './log-page.ts';
import type { Message, MessageContent } from './message.ts';

/** What a request says beside its body. */
export interface SendContext {
  /** The agent that asks, when the request names it (`X-Agent-Id`): its primary address is the default of `from`. */
  readonly agentId: string | undefined;
  /** The one agent that the asker may act for; absent: any. */
  readonly actingFor?: AgentId | undefined;
  /** `Idempotency-Key`; the body may say it instead. */
  readonly idempotencyKey: string | undefined;
  /** Whether the caller waits for the end, at most `WAIT_MS_MAX`; the body may say it instead. */
  readonly wait: boolean;
  readonly signal: AbortSignal;
}

/** Mail that another room of this node has composed and written down: it is checked there, and comes again after a crash. */
export interface Submission {
  /** UUID: what the message is called by. The same again is the same message, as long as that is kept. */
  readonly id: string;
  /** From is the sender's address, as it is registered. */
  readonly content: MessageContent;
  /** Those of its To, Cc and Bcc whom the server is asked for. */
  readonly addresses: readonly string[];
  /** Milliseconds that it may have to wait for the agent's rate, or for the plan of a new sender. */
  readonly waitMsMax: number;
}

interface Sent {
  readonly message: Message;
  /** False when the same request, by its idempotency key, had been accepted before. */
  readonly isNew: boolean;
  readonly waited: boolean;
}

export interface Sending {
  /** Throws `sending_not_configured` while there is no account. */
  refuseUnconfigured(): void;
  /**
   * Takes a message, durable before it resolves. Throws `sending_not_configured`, `sender_not_owned`, `idempotency_mismatch`,
   * `rate_limited`, `overloaded`, and for a request that is not one `invalid_request`, `invalid_address`, `unknown_field`.
   */
  send(request: unknown, context: SendContext): Promise<Sent>;
  /** Takes it as `send` does. Throws also `invalid_request` when an attachment is not there any more. */
  submit(submission: Submission): Promise<Message>;
  /** What `send` would do with it: as whom, through which account, and why. Sends and stores nothing. Throws what `send` does. */
  explain(request: unknown, context: SendContext): Promise<Readonly<Record<string, unknown>>>;
  get(id: string): Message | undefined;
  /** Newest first. */
  list(query: LogQuery): LogPage;
  /** Throws `not_cancellable`. */
  cancel(id: string): Promise<Message>;
  /** The operator's word that an `unknown` or failed message is to be sent again. Throws `not_cancellable`. */
  resend(id: string): Promise<Message>;
  /** Lets go of the attachments of what failed or came back; it can't be sent again then. Throws `conflict` while it is to be sent. */
  letGo(id: string): Promise<Message>;
  /** Presets and accounts with their health; no credential. */
  providers(): Readonly<Record<string, unknown>>;
  /**
   * Reads a delivery status notification, on a thread of its own; `undefined` when it is none. Throws `invalid_request` when reading
   * it takes too much, `overloaded`.
   */
  readBounce(raw: Uint8Array): Promise<BounceReport | undefined>;
  /** Throws `not_found` when the report names no message of this host, or none of its recipients. */
  bounced(report: BounceReport): Promise<{ readonly message: Message; readonly suppressed: readonly string[] }>;
  readonly suppressions: Suppressions;
  /** Throws `payload_too_large`, `store_full`, `store_failed`. */
  putBlob(octets: AsyncIterable<Uint8Array>, blob: NewBlob): Promise<StoredBlob>;
  /**
   * Takes all mail that was sent from an address off this host, with what is known of it; what waits is cancelled. Resolves when nobody is shown it any
   * more; its octets are overwritten then. Throws `conflict` when one is still on its way after 40 s.
   */
  forgetFrom(address: string): Promise<void>;
  /** What was put is needed no more by who has put it. */
  forgoBlob(blob: string): Promise<void>;
}
