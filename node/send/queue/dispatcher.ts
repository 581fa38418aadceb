// Takes messages to their servers. A message that is due is started as soon as an account can take it, as many at once as the
// accounts allow. The outcome of an attempt is stored before anything follows from it. All messages that wait share one sleep; there
// is no timer per message.
// Steps 4 to 6 of node/send/README.md, "How a message lives".
import type { Clock, Random, Write } from '../../../mesh/ports.ts';
import { Pump } from '../../../mesh/time/pump.ts';
import type { Log } from '../../log.ts';
import type { Store } from '../../store/store.ts';
import type { Account } from '../account.ts';
import { type Accounts, waitingFor } from '../accounts/accounts.ts';
import type { Trial } from '../accounts/breaker.ts';
import type { WarmUps } from '../accounts/warm-up.ts';
import type { Suppressions } from '../bounces/suppressions.ts';
import type { Mailer } from '../mailer.ts';
import { isFinal, type Message } from '../message.ts';
import { attemptWrite } from '../message-records.ts';
import { contentMissing, disowned, expired, openRecipients, withoutSuppressed } from '../message-states.ts';
import { Conclusions } from './conclusions.ts';
import type { ContentCache } from './content-cache.ts';
import { DueMessages } from './due-messages.ts';
import { FreeConnections } from './free-connections.ts';

/** After a stop began, shipments in hand have this long. */
const STOP_MS_MAX = 4 * 1_000;

export interface DispatcherOptions {
  readonly store: Store;
  readonly mailer: Mailer;
  readonly accounts: Accounts;
  readonly warmUps: WarmUps;
  readonly suppressions: Suppressions;
  readonly contents: ContentCache;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  get(id: string): Message | undefined;
  /** Why it may not go out as its address any more; `undefined` when it may. */
  whyNotAs(message: Message): string | undefined;
  /** Shows a state that only this process need know. */
  show(message: Message): void;
  /** Makes a change of a message durable; `change` is given it as it is once earlier changes are. */
  save(id: string, change: (latest: Message) => Message, writes: readonly Write[]): Promise<Message>;
}

/** A message in hand whose mark somebody else makes durable. */
export interface BegunMessage {
  /** The mark, to be committed with what it is taken with. */
  readonly writes: readonly Write[];
  /** Begins with the message, which leaves once `durable` has resolved. To be called in the step in which the message was taken. */
  start(durable: Promise<void>): void;
}

/** A mark that is being made durable. `date`: ISO 8601, the Date header that it names. */
interface Mark {
  readonly date: string;
  readonly durable: Promise<void>;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #due = new DueMessages();
  readonly #conclusions: Conclusions;
  readonly #free: FreeConnections;
  readonly #stopping = new AbortController();
  readonly #pump: Pump;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#free = new FreeConnections(options.mailer);
    this.#pump = new Pump({ clock: options.clock, start: () => this.#start() });
    this.#conclusions = new Conclusions({
      ...options,
      add: (message) => this.add(message),
      poke: () => this.#pump.poke(),
    });
  }

  /** Messages that wait. */
  get size(): number {
    return this.#due.size;
  }

  /** The message waits until it is due, and is given up when its life is over: by the wall clock as it is now, from now on by elapsed time. */
  add(message: Message): void {
    this.#wait(message, message.dueMs - this.#options.clock.wallMs());
    this.#pump.poke();
  }

  /** Lets it wait no longer; false when it is in hand, or has ended. */
  remove(id: string): boolean {
    this.#conclusions.forget(id);
    return this.#due.remove(id);
  }

  /** Sends what is due until `signal` aborts; resolves once nothing is in hand. Rejects when the store failed. Once only. */
  run(signal: AbortSignal): Promise<void> {
    return this.#pump.run(signal, () => this.#finish());
  }

  /** Shipments in hand have a while to end; then they are cut, which each outcome says. */
  async #finish(): Promise<void> {
    await this.#pump.settle(STOP_MS_MAX);
    this.#stopping.abort();
    await this.#pump.settle();
  }

  /**
   * Begins a new message while it is being accepted, if a connection is free for it and nobody waits before it. The mark of its
   * attempt is to be committed together with the message. `undefined`: the message waits for its turn.
   */
  beginNew(message: Message): BegunMessage | undefined {
    const { clock } = this.#options;
    const isAlone = !this.#due.isOverdue(clock.monotonicMs()) && this.#due.agents().length === 0;
    const taken = isAlone && message.dueMs <= clock.wallMs() ? this.#begin(message, () => true) : undefined;
    if (taken === undefined) return undefined;
    const { writes, attempt } = taken;
    return { writes, start: (durable) => this.#spawn(() => durable.then(() => attempt(durable))) };
  }

  /** Starts whatever can be started now; never waits. Returns after how many milliseconds something more is due. */
  #start(): number {
    const { clock, get } = this.#options;
    // Tells of a clock that was set, so that what is due by it is looked at again.
    clock.wallMs();
    const nowMs = clock.monotonicMs();
    for (const id of this.#due.removeExpired(nowMs)) {
      const message = get(id);
      if (message !== undefined)
        this.#spawn(() =>
          this.#conclusions.end(message, (latest) => expired(latest, this.#iso(), this.#whyNotInTime(latest))),
        );
    }
    this.#due.wake(nowMs, (id) => get(id)?.agentId ?? '');
    for (let isAnyStarted = true; isAnyStarted; ) {
      isAnyStarted = false;
      for (const agent of this.#due.agents()) if (this.#startOne(agent)) isAnyStarted = true;
    }
    return this.#due.nextMs() - nowMs;
  }

  /** Begins with an agent's first message, or puts it off; false when it must wait for a free connection. */
  #startOne(agent: string): boolean {
    const id = this.#due.peek(agent);
    const message = id === undefined ? undefined : this.#options.get(id);
    if (message === undefined) return false;
    const { accounts, clock, whyNotAs } = this.#options;
    const against = whyNotAs(message);
    if (against !== undefined) {
      this.#due.removeFirst(agent);
      this.#spawn(() => this.#conclusions.end(message, (latest) => disowned(latest, this.#iso(), against)));
      return true;
    }
    const choice = accounts.choose(message, this.#conclusions.triedFor(message.id));
    if (choice.kind === 'account') {
      if (!accounts.hasRoom(choice.account)) return false;
      this.#due.removeFirst(agent);
      const trial = accounts.begin(message, choice.account);
      this.#spawn(() => this.#attempt(message, choice.account, trial));
      return true;
    }
    if (choice.kind === 'wait' && choice.scope === 'agent') {
      this.#due.park(agent, clock.monotonicMs() + choice.waitMs);
      return false;
    }
    this.#due.removeFirst(agent);
    const wallMs = clock.wallMs();
    if (choice.kind === 'wait' && wallMs + choice.waitMs < message.expiresMs) {
      this.#options.show({ ...message, ...waitingFor(choice, wallMs) });
      this.#wait(message, choice.waitMs);
    } else if (choice.kind === 'wait')
      this.#spawn(() => this.#conclusions.end(message, (latest) => expired(latest, this.#iso(), choice.why)));
    else this.#spawn(() => this.#conclusions.putOff(message, choice.why));
    return true;
  }

  /** Takes the message that is next in hand, if the connection that has become free is for it, so that its mark is durable with the outcome. */
  #beginNext({ id }: Account): BegunMessage | undefined {
    const nowMs = this.#options.clock.monotonicMs();
    const [agent] = this.#due.isOverdue(nowMs) ? [] : this.#due.agents();
    const next = agent === undefined ? undefined : this.#due.peek(agent);
    const message = next === undefined ? undefined : this.#options.get(next);
    if (agent === undefined || message === undefined || this.#options.contents.peek(message.id) === undefined)
      return undefined;
    const taken = this.#begin(message, (account) => account.id === id);
    if (taken === undefined) return undefined;
    this.#due.removeFirst(agent);
    const { writes, attempt } = taken;
    return { writes, start: (durable) => this.#spawn(() => attempt(durable)) };
  }

  /** Takes a message in hand if nothing stands against it and a connection of such an account is free. */
  #begin(message: Message, isWanted: (account: Account) => boolean) {
    const { accounts, suppressions, whyNotAs } = this.#options;
    if (!this.#pump.isRunning || whyNotAs(message) !== undefined) return undefined;
    const choice = accounts.choose(message, this.#conclusions.triedFor(message.id));
    if (choice.kind !== 'account' || !isWanted(choice.account) || !accounts.hasRoom(choice.account)) return undefined;
    if (openRecipients(message).some((to) => suppressions.reasonAgainst(to) !== undefined)) return undefined;
    if (!this.#free.promise(choice.account)) return undefined;
    const { account } = choice;
    const trial = accounts.begin(message, account);
    const date = message.date ?? this.#iso();
    const attempt = (durable: Promise<void>) => this.#attempt(message, account, trial, { date, durable });
    return { writes: this.#markOf(message, account, date), attempt };
  }

  /** What is to be durable before a server hears of the message. Its place under the rates is taken with it. */
  #markOf(message: Message, account: Account, date: string): readonly Write[] {
    const { accounts, warmUps, clock } = this.#options;
    accounts.count(message, account.id);
    const warmUp = warmUps.count(message.from, clock.wallMs());
    return [attemptWrite(message.id, { account: account.id, date }), ...warmUp];
  }

  /** `mark`: absent when the attempt makes its own. */
  async #attempt(picked: Message, account: Account, trial: Trial, mark?: Mark): Promise<void> {
    const { accounts, mailer, contents, suppressions } = this.#options;
    let begun = mark?.durable;
    const unmark = () => (begun === undefined ? [] : [attemptWrite(picked.id, undefined)]);
    let isReleased = false;
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      accounts.end(picked, account);
      this.#pump.poke();
    };
    try {
      const content = await contents.get(picked.id);
      if (mark !== undefined) this.#free.keep(account);
      // As it is now: some of its recipients may have bounced.
      const now = this.#options.get(picked.id) ?? picked;
      const suppress = (one: Message) => withoutSuppressed(one, (to) => suppressions.reasonAgainst(to), this.#iso());
      const message = suppress(now);
      if (isFinal(message.state) || content === undefined) {
        accounts.breaker(account.id).released(trial);
        // It is taken back after it was made.
        await begun;
        if (isFinal(message.state)) await this.#conclusions.end(now, suppress, { writes: unmark() });
        else await this.#endWithoutContent(message, unmark());
        return;
      }
      const sending = underWay(message, account);
      this.#options.show(sending);
      const date = mark?.date ?? message.date ?? this.#iso();
      // Asked for twice when a kept connection was closed meanwhile: whoever asks waits for the one mark.
      const begin = () => (begun ??= this.#options.store.commit(this.#markOf(message, account, date)));
      const shipment = { account, content, date, recipients: openRecipients(sending), begin };
      const outcome = await mailer.ship(shipment, this.#stopping.signal);
      // What a server refuses at once may come before its mark is durable, which is taken back after it was made.
      await mark?.durable;
      // The connection is free again, while the disk is told what it came to.
      release();
      const next = outcome.kind === 'answered' ? this.#beginNext(account) : undefined;
      const writes = [...unmark(), ...(next?.writes ?? [])];
      const concluded = this.#conclusions.conclude({ message: sending, account, trial, date, writes }, outcome);
      next?.start(concluded);
      await concluded;
    } finally {
      release();
    }
  }

  async #endWithoutContent(message: Message, writes: readonly Write[]): Promise<void> {
    this.#options.log.error('message.content_missing', { messageId: message.messageId });
    await this.#conclusions.end(message, (latest) => contentMissing(latest, this.#iso()), { writes });
  }

  #wait({ id, expiresMs }: Message, ms: number): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#due.add({ id, expiresMs: nowMs + expiresMs - clock.wallMs() }, nowMs + ms);
  }

  /** Work in the background; what it leaves may let other work start. */
  #spawn(work: () => Promise<void>): void {
    this.#pump.spawn(work, () => this.#pump.poke());
  }

  #whyNotInTime(message: Message): string {
    const choice = this.#options.accounts.choose(message, new Set());
    return choice.kind === 'account' ? message.reason : choice.why;
  }

  #iso(): string {
    return new Date(this.#options.clock.wallMs()).toISOString();
  }
}

/** The message while an attempt over that account is under way. */
function underWay(message: Message, account: Account): Message {
  return {
    ...message,
    state: 'sending',
    account: account.id,
    attempts: message.attempts + 1,
    reason: `It is being sent through account '${account.id}'.`,
    nextTry: undefined,
  };
}
