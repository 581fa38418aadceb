// Takes messages to their servers: what is due and has an account that can take it is on its way, as many at once as the accounts
// allow; what an attempt came to is stored before anything follows from it. One sleep for all that waits, no timer per message.
import type { Clock, Random, Write } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import type { Account } from './account.ts';
import type { AccountFailure, Trial } from './breaker.ts';
import { type Accounts, waitingReason } from './choosing.ts';
import type { ContentCache } from './content-cache.ts';
import {
  changeAfter,
  contentMissing,
  deferred,
  disowned,
  expired,
  openRecipients,
  refused,
  wasTaken,
  withoutSuppressed,
} from './course.ts';
import { STOP_MS_MAX } from './limits.ts';
import type { Mailer, ShipmentOutcome } from './mailer.ts';
import { isFinal, type Message } from './message.ts';
import { attemptWrite } from './queue-records.ts';
import { retryDelayMs } from './retry.ts';
import { Sleeper } from './sleeper.ts';
import type { Suppressions } from './suppressions.ts';
import { Waiting } from './waiting.ts';
import type { WarmUps } from './warm-up.ts';

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

/** A message on its way, and what to write when that has ended. */
interface Attempt {
  readonly message: Message;
  readonly account: Account;
  readonly trial: Trial;
  readonly writes: readonly Write[];
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #waiting = new Waiting();
  /** Accounts that failed for a message since it was last put off. */
  readonly #tried = new Map<string, Map<string, 'failed' | 'refused'>>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #sleeper: Sleeper;
  #isRunning = false;
  #isPumping = false;
  #failure: Error | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#sleeper = new Sleeper(options.clock);
  }

  /** Messages that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  add(message: Message): void {
    this.#waiting.add(message, message.dueMs);
    this.#poke();
  }

  /** Lets it wait no longer; false when it is in hand, or has ended. */
  remove(id: string): boolean {
    this.#tried.delete(id);
    return this.#waiting.remove(id);
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#isRunning = true;
    const wake = () => this.#sleeper.wake();
    signal.addEventListener('abort', wake);
    while (!signal.aborted && this.#failure === undefined) {
      this.#sleeper.prepare();
      this.#pump();
      if (!signal.aborted) await this.#sleeper.sleepUntil(this.#waiting.nextMs());
    }
    signal.removeEventListener('abort', wake);
    this.#isRunning = false;
    await this.#finish();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Shipments in hand have a while to end; then they are cut, which each outcome says. */
  async #finish(): Promise<void> {
    const timer = new AbortController();
    await Promise.race([Promise.all(this.#tasks), this.#options.clock.sleep(STOP_MS_MAX, timer.signal)]);
    timer.abort();
    this.#stopping.abort();
    await Promise.all(this.#tasks);
  }

  /** Something may be startable that was not before. */
  #poke(): void {
    if (!this.#isRunning || this.#isPumping) return;
    this.#isPumping = true;
    // After what is being done now, so that messages accepted together are looked at together.
    queueMicrotask(() => {
      this.#isPumping = false;
      this.#pump();
      this.#sleeper.wakeFor(this.#waiting.nextMs());
    });
  }

  #pump(): void {
    if (!this.#isRunning || this.#failure !== undefined) return;
    const { clock, get } = this.#options;
    const nowMs = clock.wallMs();
    for (const id of this.#waiting.takeExpired(nowMs)) {
      const message = get(id);
      if (message !== undefined)
        this.#spawn(() => this.#end(message, (latest) => expired(latest, this.#iso(), this.#whyNotInTime(latest))));
    }
    this.#waiting.wake(nowMs, (id) => get(id)?.agentId ?? '');
    for (let isAnyStarted = true; isAnyStarted; ) {
      isAnyStarted = false;
      for (const agent of this.#waiting.agents()) if (this.#startOne(agent)) isAnyStarted = true;
    }
  }

  /** Begins with an agent's first message, or puts it off; false when it must wait for a free connection. */
  #startOne(agent: string): boolean {
    const id = this.#waiting.peek(agent);
    const message = id === undefined ? undefined : this.#options.get(id);
    if (message === undefined) return false;
    const { accounts, whyNotAs } = this.#options;
    const against = whyNotAs(message);
    if (against !== undefined) {
      this.#waiting.take(agent);
      this.#spawn(() => this.#end(message, (latest) => disowned(latest, this.#iso(), against)));
      return true;
    }
    const tried = this.#tried.get(message.id) ?? new Map<string, 'failed' | 'refused'>();
    const choice = accounts.choose(message, new Set(tried.keys()));
    if (choice.kind === 'account') {
      if (!accounts.hasRoom(choice.account)) return false;
      this.#waiting.take(agent);
      const trial = accounts.begin(message, choice.account);
      this.#spawn(() => this.#attempt(message, choice.account, trial));
      return true;
    }
    if (choice.kind === 'wait' && choice.scope === 'agent') {
      this.#waiting.park(agent, choice.untilMs);
      return false;
    }
    this.#waiting.take(agent);
    if (choice.kind === 'wait' && choice.untilMs < message.expiresMs) {
      this.#options.show({ ...message, reason: waitingReason(choice) });
      this.#waiting.add(message, choice.untilMs);
    } else if (choice.kind === 'wait')
      this.#spawn(() => this.#end(message, (latest) => expired(latest, this.#iso(), choice.why)));
    else this.#spawn(() => this.#putOff(message, choice.why));
    return true;
  }

  async #attempt(picked: Message, account: Account, trial: Trial): Promise<void> {
    const { accounts, mailer, contents, suppressions } = this.#options;
    let begun: Promise<void> | undefined;
    let isReleased = false;
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      accounts.end(picked, account);
      this.#poke();
    };
    try {
      const content = await contents.get(picked.id);
      // As it is now: some of its recipients may have bounced.
      const now = this.#options.get(picked.id) ?? picked;
      const suppress = (one: Message) => withoutSuppressed(one, (to) => suppressions.reasonAgainst(to), this.#iso());
      const message = suppress(now);
      if (isFinal(message.state) || content === undefined) {
        accounts.breaker(account.id).released(trial);
        if (isFinal(message.state)) await this.#end(now, suppress);
        else {
          this.#options.log.error('message.content_missing', { messageId: message.messageId });
          await this.#end(message, (latest) => contentMissing(latest, this.#iso()));
        }
        return;
      }
      const sending: Message = {
        ...message,
        state: 'sending',
        account: account.id,
        attempts: message.attempts + 1,
        reason: `It is being sent through account '${account.id}'.`,
      };
      this.#options.show(sending);
      const mark = (): Promise<void> => {
        const nowMs = this.#options.clock.wallMs();
        accounts.count(message, account.id, nowMs);
        const warmUp = this.#options.warmUps.count(message.from, nowMs);
        return this.#options.store.commit([attemptWrite(message.id, { account: account.id }), ...warmUp]);
      };
      // Asked for twice when a kept connection was closed meanwhile: whoever asks waits for the one mark.
      const begin = () => (begun ??= mark());
      const outcome = await mailer.ship(
        { account, content, recipients: openRecipients(sending), begin },
        this.#stopping.signal,
      );
      // The connection is free again, while the disk is told what it came to.
      release();
      const writes = begun === undefined ? [] : [attemptWrite(message.id, undefined)];
      await this.#conclude({ message: sending, account, trial, writes }, outcome);
    } finally {
      release();
    }
  }

  async #conclude(attempt: Attempt, outcome: ShipmentOutcome): Promise<void> {
    const { message, account, trial, writes } = attempt;
    const { accounts, random, clock } = this.#options;
    const breaker = accounts.breaker(account.id);
    const iso = this.#iso();
    const retryMs = clock.wallMs() + retryDelayMs(message.deferrals, random);
    const change = changeAfter(outcome, { iso, retryMs });
    if (change !== undefined) {
      if (outcome.kind === 'answered') breaker.succeeded(trial);
      else if (outcome.kind === 'unknown') breaker.failed(trial, this.#failureOf(outcome.reply, false));
      else breaker.released(trial);
      await this.#end(message, change, writes);
    } else if (outcome.kind === 'not_sent') {
      await this.#accountFailed(attempt, outcome);
    }
  }

  /** It was not the message: another account may take it at once. */
  async #accountFailed(
    { message, account, trial, writes }: Attempt,
    outcome: Extract<ShipmentOutcome, { readonly kind: 'not_sent' }>,
  ): Promise<void> {
    const { accounts, clock } = this.#options;
    const isSender = outcome.error === 'sender_refused';
    const isCertain = outcome.class === 'permanent' && !isSender;
    const breaker = accounts.breaker(account.id);
    if (isSender) breaker.released(trial);
    else breaker.failed(trial, this.#failureOf(`${outcome.error}: ${outcome.reply}`, isCertain));
    const tried = this.#tried.get(message.id) ?? new Map<string, 'failed' | 'refused'>();
    tried.set(account.id, isSender && outcome.class === 'permanent' ? 'refused' : 'failed');
    this.#tried.set(message.id, tried);
    const why = `Account '${account.id}' failed (${outcome.error}): ${outcome.reply}`;
    const isBound = message.isBound === true || wasTaken(message);
    if (!isBound && accounts.choose(message, new Set(tried.keys())).kind === 'account') {
      const next = {
        state: 'queued',
        dueMs: clock.wallMs(),
        updatedAt: this.#iso(),
        reason: `${why} Another account is tried.`,
      } as const;
      await this.#end(message, (latest) => ({ ...latest, ...next }), writes, true);
    } else if ([...tried.values()].every((how) => how === 'refused')) {
      await this.#end(message, (latest) => refused(latest, this.#iso(), outcome), writes);
    } else await this.#putOff(message, why, writes);
  }

  async #putOff(message: Message, why: string, writes: readonly Write[] = []): Promise<void> {
    const { clock, random } = this.#options;
    const retryMs = clock.wallMs() + retryDelayMs(message.deferrals, random);
    await this.#end(message, (latest) => deferred(latest, { iso: this.#iso(), retryMs }, why), writes);
  }

  /** Stores what a message has come to, and lets it wait again when that is not its end. Recipients may have bounced meanwhile. */
  async #end(
    message: Message,
    change: (latest: Message) => Message,
    writes: readonly Write[] = [],
    keepTried = false,
  ): Promise<void> {
    const { id } = message;
    const ended = await this.#options.save(id, ({ recipients }) => change({ ...message, recipients }), writes);
    if (!keepTried) this.#tried.delete(id);
    if (isFinal(ended.state)) this.#poke();
    else this.add(ended);
  }

  /** Work in the background, waited for when stopping. Its failure stops everything: the store broke, or we have a bug. */
  #spawn(work: () => Promise<void>): void {
    const task = work()
      .catch((error: Error) => {
        this.#failure ??= error;
        this.#sleeper.wake();
      })
      .finally(() => {
        this.#tasks.delete(task);
        this.#poke();
      });
    this.#tasks.add(task);
  }

  #failureOf(error: string, isCertain: boolean): AccountFailure {
    const { clock } = this.#options;
    return { error, isCertain, nowMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }

  #whyNotInTime(message: Message): string {
    const choice = this.#options.accounts.choose(message, new Set());
    return choice.kind === 'account' ? message.reason.replace(/ It is tried .*$/, '') : choice.why;
  }

  #iso(): string {
    return new Date(this.#options.clock.wallMs()).toISOString();
  }
}
