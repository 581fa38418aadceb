// The types of `agent-email-mesh/worker`.

export interface InboxOptions {
  /** The node's, like `http://127.0.0.1:23000`. */
  readonly url: string | URL;
  /** A key of the inbox or of its organization: `am_…`, or the node's MESH_TOKEN. */
  readonly key: string;
  /** The inbox's address. */
  readonly inboxId: string;
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
  /** Milliseconds; resolves early when the signal aborts. In place of a timer, for tests. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Milliseconds of a clock that is never set back. In place of `performance.now()`, for tests. */
  readonly now?: () => number;
}

export interface JobsOptions {
  /** The worker's name, shown with what it works on; 1 to 100 characters. */
  readonly worker: string;
  /** A mail must have all of them; `['unread']` when absent. */
  readonly labels?: readonly string[];
  /** One mail of a thread at a time, over all workers; true when absent. */
  readonly perThread?: boolean;
  /** Seconds after which others get a mail whose worker has died: 10 to 3,600; 300 when absent. */
  readonly leaseSeconds?: number;
  /** Ends the iteration when it aborts, without an error. The job in hand is not disturbed: it is done when its loop's body is. */
  readonly signal?: AbortSignal;
  /** Told of a job whose lease was lost before it was ended: somebody else does it, or has. */
  readonly lost?: (job: Job) => void;
}

/** A mail as the node answers it: a `Message` of AgentMail's API. */
export interface InboxMessage {
  readonly inbox_id: string;
  readonly thread_id: string;
  readonly message_id: string;
  readonly labels: readonly string[];
  readonly timestamp: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly cc?: readonly string[];
  readonly subject?: string;
  readonly preview?: string;
  readonly text?: string;
  /** The text without what it quotes. */
  readonly extracted_text?: string;
  readonly html?: string;
  /** The JSON part of a mail between programs. */
  readonly payload?: unknown;
  readonly attachments?: readonly {
    readonly attachment_id: string;
    readonly filename?: string;
    readonly size: number;
  }[];
  readonly in_reply_to?: string;
  readonly references?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly authentication_results?: Readonly<Record<string, string>>;
  readonly [other: string]: unknown;
}

/** A mail to be sent, as AgentMail's API takes it. */
export interface OutgoingMail {
  readonly to?: string | readonly string[];
  readonly cc?: string | readonly string[];
  readonly bcc?: string | readonly string[];
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
  /** JSON for the program that reads it. */
  readonly payload?: unknown;
  readonly labels?: readonly string[];
  readonly [other: string]: unknown;
}

export interface SentMail {
  readonly message_id: string;
  readonly thread_id: string;
}

/** One mail at work. */
export interface Job {
  readonly message: InboxMessage;
  /** 1 at first, 5 at last. */
  readonly attempt: number;
  /** 40 hexadecimal digits, the same at every attempt: what is done outside with it is done once. */
  readonly workKey: string;
  /** Aborts when the lease is lost, with a `LeaseLost` as its reason: drop the work. */
  readonly signal: AbortSignal;
  /**
   * Answers the mail. A job that is tried again answers once: the node knows the answer by the work key.
   * @param step Names a second answer of the same job, which is another mail.
   * @throws {LeaseLost} when somebody else has the mail; nothing is sent.
   */
  reply(mail: OutgoingMail, step?: string): Promise<SentMail>;
  /** Done, before the loop asks for the next. Labels change in the same step. Throws `LeaseLost`. */
  complete(labels?: LabelChange): Promise<void>;
  /** Given back, to be tried again at once or later, without leaving the loop; so it was already when the lease is lost. */
  release(options?: LabelChange & { readonly delaySeconds?: number }): Promise<void>;
}

export interface LabelChange {
  readonly addLabels?: readonly string[];
  readonly removeLabels?: readonly string[];
}

export interface WorkedInbox {
  readonly inboxId: string;
  /**
   * Every mail of the inbox that nobody works on, the oldest first, one at a time, for as long as it is iterated. It waits for mail, asks
   * again by itself while the node does not answer or answers 408, 429 or 5xx, and extends the lease of the job in hand.
   *
   * When the loop's body ends and the loop asks for the next, the job is complete, `continue` included. When the loop is left by a `throw`,
   * `break` or `return`, it is given back. What the body catches itself is not seen: call `release` there.
   *
   * @throws {InboxRefused} for an answer that more patience would not change.
   */
  jobs(options: JobsOptions): AsyncGenerator<Job, void, undefined>;
  /**
   * Sends a mail that answers none; asks until the node has answered, or the signal aborts.
   * @param options `idempotencyKey`: with the same one, a mail is sent once.
   */
  send(
    mail: OutgoingMail,
    options?: { readonly idempotencyKey?: string; readonly signal?: AbortSignal },
  ): Promise<SentMail | undefined>;
}

export declare function openInbox(options: InboxOptions): WorkedInbox;

/** The node will not do it; `message` is its sentence. */
export declare class InboxRefused extends Error {
  readonly status: number;
  /** The JSON of its answer; `undefined` when it was none. */
  readonly body: unknown;
  constructor(status: number, body: unknown);
}

/** Somebody else has the mail, or has done it. */
export declare class LeaseLost extends Error {
  constructor(messageId: string);
}
