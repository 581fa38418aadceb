// The durable queue: messages from their acceptance to long after their end (README.md here, "How a message lives"). A message is on
// the disk before its caller is answered, and an attempt is on the disk before a server hears of it. So after a crash the queue knows
// which messages may have been sent, calls them `unknown`, and sends none of them again by itself.
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock, Write } from '../../../mesh/ports.ts';
import { watchSteps } from '../../../mesh/time/clock-steps.ts';
import { KeyedLock, tooManyChanges } from '../../../mesh/time/keyed-lock.ts';
import { Accounts, asWaiting } from '../accounts/accounts.ts';
import { WarmUps } from '../accounts/warm-up.ts';
import { BlobReferences } from '../attachments/blob-references.ts';
import { type LogPage, type LogQuery, pageOf } from '../log-page.ts';
import { isFinal, type Message } from '../message.ts';
import {
  attemptWrite,
  contentWrite,
  forgetWrites,
  type IdempotencyRecord,
  loadContent,
  loadQueue,
  messageWrite,
} from '../message-records.ts';
import {
  bounced,
  cancelled,
  draftsOf,
  keepsContent,
  requeued,
  unknown,
  withoutAttachments,
} from '../message-states.ts';
import { CONTENT_AHEAD_MS_MAX, ContentCache } from './content-cache.ts';
import { Dispatcher } from './dispatcher.ts';
import { type Draft, messageOf, refuseTooMuch } from './draft.ts';
import { IdempotencyKeys } from './idempotency.ts';
import { MessageTable } from './message-table.ts';
import { afterRestart, afterStep } from './message-times.ts';
import { beingSent, refuseCancelling, refuseLettingGo, refuseResending } from './objections.ts';
import type { QueueOptions } from './queue-options.ts';
import { Retention } from './retention.ts';
import { Watchers } from './watchers.ts';

export class Queue {
  readonly accounts: Accounts;
  readonly #options: QueueOptions;
  readonly #messages: MessageTable;
  readonly #clock: Clock;
  readonly #keys = new IdempotencyKeys();
  readonly #retention: Retention;
  /** What is needed of the stored blobs. */
  readonly blobs = new BlobReferences();
  /** How many messages are in each state. */
  readonly counts = () => this.#messages.counts();
  readonly idsFrom = (address: string) => this.#messages.idsFrom(address);
  readonly #contents: ContentCache;
  readonly #watchers: Watchers;
  readonly #dispatcher: Dispatcher;
  /** One change of a message after the other, each made of what the one before left. */
  readonly #locks: KeyedLock;
  #lastNumber: number;

  private constructor(options: QueueOptions, records: Awaited<ReturnType<typeof loadQueue>>) {
    this.#options = options;
    const { config, store } = options;
    const warmUps = new WarmUps(config.warmUp, records.warmUps);
    const clock = watchSteps(options.clock, (byMs) => {
      warmUps.stepped(byMs);
      this.#stepped(byMs);
    });
    this.#clock = clock;
    // Requests are bounded where they come in; what an attempt came to must be stored, however many of them wait.
    this.#locks = new KeyedLock({ clock, refusal: tooManyChanges('email'), waitersMax: Number.POSITIVE_INFINITY });
    this.#watchers = new Watchers(clock);
    this.#retention = new Retention(clock, options.retention);
    this.accounts = new Accounts(config, clock, warmUps);
    this.#messages = new MessageTable(records.messages);
    this.#lastNumber = records.messages.at(-1)?.number ?? 0;
    this.#contents = new ContentCache((id) => loadContent(store, id));
    this.#dispatcher = new Dispatcher({
      ...options,
      clock,
      accounts: this.accounts,
      warmUps,
      contents: this.#contents,
      get: (id) => this.#messages.get(id),
      show: (message) => this.#show(message),
      save: (id, change, writes) => this.#locks.run(id, () => this.#save(change(this.#known(id)), writes)),
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
    for (const [id, attempt] of records.attempts) {
      const message = queue.#messages.get(id);
      if (message === undefined || isFinal(message.state)) continue;
      queue.#dispatcher.remove(id);
      const { account, date = message.date } = attempt;
      const interrupted = { ...message, account, ...(date === undefined ? {} : { date }) };
      const why = 'the node was stopped while it was sending.';
      await queue.#save(unknown(interrupted, queue.#iso(), why), [attemptWrite(id, undefined)]);
    }
    return queue;
  }

  /** Sends what is due until `signal` aborts; then resolves once nothing is in hand. */
  run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#watchers.close(), { once: true });
    return this.#dispatcher.run(signal);
  }

  /** The message of that id; `undefined`: there is none. Times of a message are of the wall clock as it is set now. */
  get(id: string): Message | undefined {
    this.#clock.wallMs();
    return this.#messages.get(id);
  }

  /** Newest first. */
  list(query: LogQuery): LogPage {
    this.#clock.wallMs();
    return pageOf((wanted, before) => this.#messages.newest(wanted, before), query);
  }

  /**
   * Takes a message; durable when it resolves. The same key and fingerprint again is the same message. Throws
   * `idempotency_mismatch`, `rate_limited`, `overloaded`.
   */
  async accept(draft: Draft): Promise<{ readonly message: Message; readonly isNew: boolean }> {
    const { agentId, idempotency } = draft;
    const known = idempotency === undefined ? undefined : this.#keys.find(agentId, idempotency);
    if (known !== undefined) {
      const first = await known;
      return { message: this.#messages.get(first.id) ?? first, isNew: false };
    }
    const nowMs = this.#clock.wallMs();
    const message = messageOf(draft, this.#lastNumber + 1, nowMs, this.#options.config.lifetimeMs);
    const ahead = draft.waitMsMax === undefined ? 0 : this.#messages.waitingOf(agentId);
    const choice = this.accounts.choose(message, new Set(), ahead);
    refuseTooMuch(message, { nowMs, waiting: this.#dispatcher.size, choice, waitMsMax: draft.waitMsMax });
    this.#lastNumber += 1;
    const key = idempotency === undefined ? [] : [this.#keys.recordOf(message, idempotency)];
    const taken = this.#dispatcher.beginNew(message);
    const both = [messageWrite(message), contentWrite(message.id, draft.content)];
    const durable = this.#options.store.commit([...both, ...key, ...(taken?.writes ?? [])]);
    if (idempotency !== undefined) this.#keys.remember(message, idempotency, durable);
    const shown = durable.then(() => {
      if (message.dueMs - nowMs < CONTENT_AHEAD_MS_MAX) this.#contents.put(message.id, draft.content);
      this.#show(message);
    });
    taken?.start(shown);
    await shown;
    if (taken === undefined) this.#dispatcher.add(message);
    return { message, isNew: true };
  }

  /** Throws `not_cancellable`. */
  cancel(id: string): Promise<Message> {
    return this.#locks.run(id, async () => {
      const message = this.#known(id);
      refuseCancelling(message);
      // Whoever takes it out of the queue has it: what a server is being told of can't be taken back.
      if (!this.#dispatcher.remove(id)) throw beingSent(id);
      return this.#save(cancelled(message, this.#iso()), []);
    });
  }

  /** Throws `not_resendable`. */
  resend(id: string): Promise<Message> {
    return this.#locks.run(id, async () => {
      const message = this.#known(id);
      refuseResending(message);
      const nowMs = this.#clock.wallMs();
      const again = await this.#save(requeued(message, { iso: this.#iso(), nowMs }), []);
      this.#dispatcher.add(again);
      return again;
    });
  }

  /** Lets go of its attachments; it can't be sent again then. Throws `conflict` while it is to be sent. */
  letGo(id: string): Promise<Message> {
    return this.#locks.run(id, async () => {
      const message = this.#known(id);
      refuseLettingGo(message);
      return message.blobs.length === 0 ? message : this.#save(withoutAttachments(message), []);
    });
  }

  /** Marks recipients as bounced, with `writes` in the same commit. Those whom no server has taken yet are still sent to. */
  bounced(
    id: string,
    replies: ReadonlyMap<string, { readonly enhanced: string; readonly reply: string }>,
    writes: readonly Write[],
  ): Promise<Message> {
    return this.#locks.run(id, async () => {
      const message = this.#known(id);
      const after = bounced(message, replies, this.#iso());
      if (after !== message) return this.#save(after, writes);
      await this.#options.store.commit(writes);
      return message;
    });
  }

  /** The message at its end, or as it is after `ms`. */
  async waitFor(id: string, ms: number, signal: AbortSignal): Promise<Message> {
    if (!isFinal(this.#known(id).state)) await this.#watchers.wait(id, ms, signal);
    return this.#known(id);
  }

  /** Forgets what ended long ago, keys that are over, addresses that nobody has any more, and attachments of what failed. Called now and then. */
  async trim(): Promise<void> {
    const isKeyOver = (id: string) => !this.#messages.has(id) || this.#retention.isKeyOver(id);
    const over = [...this.#keys.trim(isKeyOver), ...this.accounts.trim(this.#options.isHeld)];
    if (over.length > 0) await this.#options.store.commit(over);
    const isOver = (id: string) => this.#retention.isOver(id, this.#keys.names(id));
    // In its turn: it may be sent again meanwhile.
    for (const id of this.#messages.ids().filter(isOver)) await this.forget(id, () => isOver(id));
    const areOver = ({ id }: Message) => this.#retention.areAttachmentsOver(id);
    for (const { id } of this.blobs.failed().filter(areOver))
      await this.#locks.run(id, async () => {
        const message = this.#known(id);
        if (areOver(message)) await this.#save(withoutAttachments(message), []);
      });
  }

  /** Forgets a message that is over, with its key; answers it where that is so. */
  forget(id: string, isOver: (message: Message) => boolean): Promise<Message | undefined> {
    return this.#locks.run(id, async () => {
      const message = this.#messages.get(id);
      if (message === undefined || !isOver(message)) return undefined;
      await this.#options.store.commit([...this.#keys.forget(id), ...forgetWrites(id)]);
      this.#messages.delete(id);
      this.blobs.moved(message, undefined);
      this.#retention.forgotten(id);
      return message;
    });
  }

  /** A message that is due and waits all the same, with what stands in its way now. */
  whyWaiting(message: Message): Message {
    return asWaiting(message, this.accounts, this.#clock.wallMs());
  }

  /** Makes a new course durable, with its event where the state is one to tell of, and shows it. */
  async #save(message: Message, writes: readonly Write[]): Promise<Message> {
    const drafts = draftsOf(this.#messages.get(message.id), message);
    const content = keepsContent(message.state) ? [] : [contentWrite(message.id, undefined)];
    const all = [messageWrite(message), ...content, ...writes];
    const { agentId, agentName } = message;
    await this.#options.commitMail({ agentId, agentName, drafts, writes: all, apply: () => this.#show(message) });
    return message;
  }

  /** What everybody sees from now on. */
  #show(message: Message): void {
    const before = this.#messages.get(message.id);
    this.#messages.set(message);
    this.blobs.moved(before, message);
    this.#retention.shown(message);
    if (isFinal(message.state)) this.#contents.forget(message.id);
    this.#watchers.shown(message);
  }

  #restore(keys: ReadonlyMap<string, IdempotencyRecord>): void {
    const nowMs = this.#clock.wallMs();
    this.accounts.restore([...this.#messages.values()], nowMs);
    for (const stored of this.#messages.values()) {
      const message = isFinal(stored.state) ? stored : afterRestart(stored, nowMs);
      this.#messages.set(message);
      this.blobs.moved(undefined, message);
      this.#retention.restored(message);
      if (!isFinal(message.state)) this.#dispatcher.add(message);
    }
    this.#keys.restore(keys, (id) => this.#messages.get(id));
  }

  /** The wall clock was set: what waits by elapsed time shows its times by the new one, what waits for a time of it waits anew. */
  #stepped(byMs: number): void {
    const step = { byMs, nowMs: this.#clock.wallMs() };
    for (const message of this.#messages.values()) {
      if (isFinal(message.state)) continue;
      const moved = afterStep(message, step);
      this.#messages.set(moved);
      if (moved === message && this.#dispatcher.remove(message.id)) this.#dispatcher.add(message);
    }
  }

  #known(id: string): Message {
    const message = this.#messages.get(id);
    if (message === undefined) throw new MeshError('not_found', `This host has no email '${id}'.`);
    return message;
  }

  #iso(): string {
    return new Date(this.#clock.wallMs()).toISOString();
  }
}
