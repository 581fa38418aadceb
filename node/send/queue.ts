// The durable queue: messages from their acceptance to long after their end. What it answers is on disk; what it hands to a server
// is marked on disk before, so that after a crash it knows what nobody can know, and sends nothing twice by itself.
import { MeshError } from '../../mesh/errors.ts';
import type { AgentId } from '../../mesh/names.ts';
import type { Clock, Random, Write } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import type { EmailEntry } from '../registry/change-log.ts';
import type { Store } from '../store/store.ts';
import { type Acceptance, draftOf } from './acceptance.ts';
import type { SendConfig } from './account.ts';
import { BlobHolds } from './blob-holds.ts';
import { Accounts, waitingReason } from './choosing.ts';
import { ContentCache } from './content-cache.ts';
import { bounced, cancelled, detailOf, eventOf, keepsContent, requeued, unknown } from './course.ts';
import { Dispatcher } from './dispatcher.ts';
import { IdempotencyKeys } from './idempotency.ts';
import { CONTENT_AHEAD_MS_MAX, FINISHED_MESSAGES_MAX, FINISHED_MS_MAX, QUEUE_MESSAGES_MAX } from './limits.ts';
import type { Mailer } from './mailer.ts';
import { isFinal, type Message, type MessageState } from './message.ts';
import {
  attemptWrite,
  contentWrite,
  forgetWrites,
  type IdempotencyRecord,
  loadContent,
  loadQueue,
  messageWrite,
} from './queue-records.ts';
import type { Suppressions } from './suppressions.ts';
import { Turns } from './turns.ts';
import { WarmUps } from './warm-up.ts';
import { Watchers } from './watchers.ts';

/** Commits events of an agent's mail together with writes of ours (the registry's `tell`). */
export type Tell = (telling: {
  readonly agentId: AgentId;
  readonly agentName: string;
  readonly drafts: readonly Pick<EmailEntry, 'event' | 'email'>[];
  readonly writes: readonly Write[];
  readonly apply: () => void;
}) => Promise<void>;

export interface QueueOptions {
  readonly store: Store;
  readonly tell: Tell;
  readonly mailer: Mailer;
  readonly config: SendConfig;
  readonly suppressions: Suppressions;
  /** Why a message may not go out as its address any more; `undefined` when it may. */
  readonly whyNotAs: (message: Message) => string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export class Queue {
  readonly accounts: Accounts;
  readonly #options: QueueOptions;
  readonly #messages: Map<string, Message>;
  readonly #keys = new IdempotencyKeys();
  readonly #blobs = new BlobHolds();
  readonly #contents: ContentCache;
  readonly #watchers: Watchers;
  readonly #dispatcher: Dispatcher;
  /** One change of a message after the other. */
  readonly #turns = new Turns();
  #lastNumber: number;
  #finished = 0;

  private constructor(options: QueueOptions, records: Awaited<ReturnType<typeof loadQueue>>) {
    this.#options = options;
    const { config, clock, store } = options;
    this.#watchers = new Watchers(clock);
    const warmUps = new WarmUps(config.warmUp, records.warmUps);
    this.accounts = new Accounts(config, clock, warmUps);
    this.#messages = new Map(records.messages.map((message) => [message.id, message]));
    this.#lastNumber = records.messages.at(-1)?.number ?? 0;
    this.#contents = new ContentCache((id) => loadContent(store, id));
    this.#dispatcher = new Dispatcher({
      ...options,
      accounts: this.accounts,
      warmUps,
      contents: this.#contents,
      get: (id) => this.#messages.get(id),
      show: (message) => this.#show(message),
      save: (id, change, writes) => this.#turns.take(id, () => this.#save(change(this.#known(id)), writes)),
    });
    this.#restore(records.keys);
  }

  /**
   * Reads the queue back. What was on its way when the node stopped is `unknown` from now on: the server may have it. Throws
   * `store_failed`.
   */
  static async open(options: QueueOptions): Promise<Queue> {
    const records = await loadQueue(options.store);
    const queue = new Queue(options, records);
    for (const [id, account] of records.attempts) {
      const message = queue.#messages.get(id);
      if (message === undefined || isFinal(message.state)) continue;
      queue.#dispatcher.remove(id);
      await queue.#save(unknown({ ...message, account }, queue.#iso(), 'the node was stopped while it was sending.'), [
        attemptWrite(id, undefined),
      ]);
    }
    return queue;
  }

  /** Sends what is due until `signal` aborts; then resolves once nothing is in hand. */
  run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#watchers.close(), { once: true });
    return this.#dispatcher.run(signal);
  }

  get(id: string): Message | undefined {
    return this.#messages.get(id);
  }

  /** Newest first. `cursor`: `nextCursor` of the page before. */
  list(query: {
    readonly agentId: AgentId | undefined;
    readonly state?: MessageState | undefined;
    readonly cursor?: string | undefined;
    readonly limit: number;
  }): { readonly messages: readonly Message[]; readonly nextCursor?: string } {
    const before = query.cursor === undefined ? Number.POSITIVE_INFINITY : Number(query.cursor);
    if (Number.isNaN(before))
      throw new MeshError('invalid_request', "'cursor' is not one that this route gave.", { field: 'cursor' });
    const found: Message[] = [];
    for (const message of [...this.#messages.values()].reverse()) {
      if (message.number >= before) continue;
      if (query.agentId !== undefined && message.agentId !== query.agentId) continue;
      if (query.state !== undefined && message.state !== query.state) continue;
      if (found.length === query.limit) return { messages: found, nextCursor: String(found.at(-1)?.number) };
      found.push(message);
    }
    return { messages: found };
  }

  /** Whether a stored blob is needed by a message that may still be sent. */
  needsBlob(blob: string): boolean {
    return this.#blobs.needs(blob);
  }

  /**
   * Takes a message; durable when it resolves. The same key and fingerprint again is the same message. Throws
   * `idempotency_mismatch`, `rate_limited`, `overloaded`.
   */
  async accept(acceptance: Acceptance): Promise<{ readonly message: Message; readonly isNew: boolean }> {
    const { agentId, idempotency } = acceptance;
    const known = idempotency === undefined ? undefined : this.#keys.find(agentId, idempotency);
    if (known !== undefined) {
      const first = await known;
      return { message: this.#messages.get(first.id) ?? first, isNew: false };
    }
    const nowMs = this.#options.clock.wallMs();
    const message = draftOf(acceptance, this.#lastNumber + 1, nowMs, this.#options.config.lifetimeMs);
    this.#refuseTooMuch(message, acceptance.wait);
    this.#lastNumber += 1;
    const key = idempotency === undefined ? [] : [this.#keys.recordOf(message, idempotency, nowMs)];
    const durable = this.#options.store.commit([
      messageWrite(message),
      contentWrite(message.id, acceptance.content),
      ...key,
    ]);
    if (idempotency !== undefined) this.#keys.remember(message, idempotency, nowMs, durable);
    await durable;
    if (message.dueMs - nowMs < CONTENT_AHEAD_MS_MAX) this.#contents.put(message.id, acceptance.content);
    this.#show(message);
    this.#dispatcher.add(message);
    return { message, isNew: true };
  }

  /** Throws `not_cancellable`. */
  cancel(id: string): Promise<Message> {
    return this.#turns.take(id, async () => {
      const message = this.#known(id);
      const { state } = message;
      const extra = { email_id: id, state: isFinal(state) ? state : 'sending' };
      if (isFinal(state))
        throw new MeshError('not_cancellable', `The email is '${state}'; only what waits can be cancelled.`, { extra });
      // Whoever takes it out of the queue has it: what a server is being told of can't be taken back.
      if (!this.#dispatcher.remove(id))
        throw new MeshError('not_cancellable', 'The email is being sent at this moment.', { extra });
      return this.#save(cancelled(message, this.#iso()), []);
    });
  }

  /** Throws `not_resendable`. */
  resend(id: string): Promise<Message> {
    return this.#turns.take(id, async () => {
      const message = this.#known(id);
      const { state } = message;
      if (!['unknown', 'failed', 'expired'].includes(state))
        throw new MeshError(
          'not_resendable',
          `The email is '${state}'; only what is unknown, failed or expired can be sent again.`,
          { extra: { email_id: id, state } },
        );
      const nowMs = this.#options.clock.wallMs();
      const again = await this.#save(requeued(message, { iso: this.#iso(), nowMs }), []);
      this.#dispatcher.add(again);
      return again;
    });
  }

  /** Marks recipients as bounced, with `writes` in the same commit. Those whom no server has taken yet are still sent to. */
  bounced(
    id: string,
    replies: ReadonlyMap<string, { readonly enhanced: string; readonly reply: string }>,
    writes: readonly Write[],
  ): Promise<Message> {
    return this.#turns.take(id, async () => {
      const message = this.#known(id);
      const after = bounced(message, replies, this.#iso());
      if (after !== message) return this.#save(after, writes);
      await this.#options.store.commit(writes);
      return message;
    });
  }

  /** The message at its end, or as it is after `ms`. */
  async waitFor(id: string, ms: number, signal: AbortSignal): Promise<Message> {
    const message = this.#known(id);
    if (isFinal(message.state)) return message;
    await this.#watchers.wait(id, ms, signal);
    return this.#known(id);
  }

  /** Forgets what ended long ago, and keys that are over. Called now and then. */
  async trim(): Promise<void> {
    const nowMs = this.#options.clock.wallMs();
    const over = this.#keys.trim(nowMs);
    if (over.length > 0) await this.#options.store.commit(over);
    for (const message of this.#messages.values()) {
      if (!isFinal(message.state)) continue;
      const isOld = nowMs - Date.parse(message.updatedAt) > FINISHED_MS_MAX;
      if (!isOld && this.#finished <= FINISHED_MESSAGES_MAX) continue;
      await this.#options.store.commit(forgetWrites(message.id));
      this.#messages.delete(message.id);
      this.#blobs.moved(message, undefined);
      this.#finished -= 1;
    }
  }

  /** A message that is due and waits all the same, with what stands in its way now. */
  whyWaiting(message: Message): Message {
    const nowMs = this.#options.clock.wallMs();
    if ((message.state !== 'queued' && message.state !== 'deferred') || message.dueMs > nowMs) return message;
    const choice = this.accounts.choose(message, new Set());
    return choice.kind === 'wait' ? { ...message, dueMs: choice.untilMs, reason: waitingReason(choice) } : message;
  }

  #refuseTooMuch(draft: Message, wait: boolean): void {
    const { clock } = this.#options;
    if (this.#dispatcher.size >= QUEUE_MESSAGES_MAX)
      throw new MeshError(
        'overloaded',
        `This host has ${QUEUE_MESSAGES_MAX} messages waiting, its most. Try again later.`,
        {
          retryAfterSeconds: 30,
        },
      );
    const nowMs = clock.wallMs();
    const choice = this.accounts.choose(draft, new Set());
    if (!wait || draft.dueMs > nowMs || choice.kind !== 'wait' || choice.because !== 'rate') return;
    throw new MeshError(
      'rate_limited',
      `${choice.why} Try again later, or send without 'wait': then the message waits here.`,
      { retryAfterSeconds: Math.max(1, Math.ceil((choice.untilMs - nowMs) / 1_000)) },
    );
  }

  /** Makes a new course durable, with its event where the state is one to tell of, and shows it. */
  async #save(message: Message, writes: readonly Write[]): Promise<Message> {
    const event = eventOf(this.#messages.get(message.id), message);
    const drafts = event === undefined ? [] : [{ event, email: detailOf(message) }];
    const content = keepsContent(message.state) ? [] : [contentWrite(message.id, undefined)];
    const all = [messageWrite(message), ...content, ...writes];
    const apply = () => this.#show(message);
    const { agentId, agentName } = message;
    await this.#options.tell({ agentId, agentName, drafts, writes: all, apply });
    return message;
  }

  /** What everybody sees from now on. */
  #show(message: Message): void {
    const before = this.#messages.get(message.id);
    this.#messages.set(message.id, message);
    this.#blobs.moved(before, message);
    if (isFinal(message.state) && !(before !== undefined && isFinal(before.state))) this.#finished += 1;
    if (before !== undefined && isFinal(before.state) && !isFinal(message.state)) this.#finished -= 1;
    if (isFinal(message.state)) this.#contents.forget(message.id);
    this.#watchers.shown(message);
  }

  #restore(keys: ReadonlyMap<string, IdempotencyRecord>): void {
    const hourAgoMs = this.#options.clock.wallMs() - 3_600_000;
    for (const message of this.#messages.values()) {
      this.#blobs.moved(undefined, message);
      if (isFinal(message.state)) this.#finished += 1;
      else this.#dispatcher.add(message);
      const changedMs = Date.parse(message.updatedAt);
      if (message.attempts > 0 && message.account !== undefined && changedMs > hourAgoMs)
        this.accounts.count(message, message.account, changedMs);
    }
    this.#keys.restore(keys, (id) => this.#messages.get(id));
  }

  #known(id: string): Message {
    const message = this.#messages.get(id);
    if (message === undefined) throw new MeshError('not_found', `This host has no email '${id}'.`);
    return message;
  }

  #iso(): string {
    return new Date(this.#options.clock.wallMs()).toISOString();
  }
}
