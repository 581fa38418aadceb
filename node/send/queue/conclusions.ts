// What follows from an attempt: it is stored, the account's breaker is told, and the message waits again, for another account at
// once or for its next try, or has ended. Elapsed time decides when; the times that are stored are of the wall clock of then.
// Step 8 of node/send/README.md, "How a message lives".
import type { Clock, Random, Write } from '../../../mesh/ports.ts';
import type { Account } from '../account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { AccountFailure, Trial } from '../accounts/breaker.ts';
import type { ShipmentOutcome } from '../mailer.ts';
import { isFinal, type Message } from '../message.ts';
import { changeAfter, deferred, refused, wasTaken } from '../message-states.ts';
import { deferralDelayMs } from './deferral-delay.ts';

/** A message on its way, and what to write when that has ended. */
export interface Attempt {
  readonly message: Message;
  readonly account: Account;
  readonly trial: Trial;
  /** ISO 8601: the Date header it is sent with. */
  readonly date: string;
  readonly writes: readonly Write[];
}

type Change = (latest: Message) => Message;

interface EndOptions {
  /** In the same commit. */
  readonly writes?: readonly Write[];
  /** False while another account is tried at once: accounts that failed in this round are not tried again in it. Default: true. */
  readonly isRoundOver?: boolean;
}

export interface ConclusionsOptions {
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly random: Random;
  /** Makes a change of a message durable; `change` is given it as it is once earlier changes are. */
  save(id: string, change: Change, writes: readonly Write[]): Promise<Message>;
  /** Lets a message wait again. */
  add(message: Message): void;
  /** Something may be startable that was not before. */
  poke(): void;
}

export class Conclusions {
  readonly #options: ConclusionsOptions;
  /** Accounts that failed for a message since it was last put off. */
  readonly #tried = new Map<string, Map<string, 'failed' | 'refused'>>();

  constructor(options: ConclusionsOptions) {
    this.#options = options;
  }

  /** Accounts that are not tried again in this round. */
  triedFor(id: string): ReadonlySet<string> {
    return new Set(this.#tried.get(id)?.keys());
  }

  /** Forgets which accounts were tried for it: a round begins anew. */
  forget(id: string): void {
    this.#tried.delete(id);
  }

  /** Stores what the attempt makes of the message and tells the breaker of its account. Rejects with `store_failed`. */
  async conclude(attempt: Attempt, outcome: ShipmentOutcome): Promise<void> {
    const { message, account, trial, date, writes } = attempt;
    const breaker = this.#options.accounts.breaker(account.id);
    const change = changeAfter(outcome, this.#times(message));
    if (change === undefined) {
      if (outcome.kind === 'not_sent') await this.#accountFailed(attempt, outcome);
      return;
    }
    if (outcome.kind === 'answered') breaker.succeeded(trial);
    else if (outcome.kind === 'unknown')
      breaker.failed(trial, this.#failureOf({ error: outcome.reply, isCertain: false }));
    else breaker.released(trial);
    const dated: Change = (latest) => {
      const after = change(latest);
      return wasTaken(after) ? { ...after, date } : after;
    };
    await this.end(message, dated, { writes });
  }

  /** The message waits for its next round, or is given up where its life ends before. `why`: a sentence. Rejects with `store_failed`. */
  async putOff(message: Message, why: string, writes: readonly Write[] = []): Promise<void> {
    await this.end(message, (latest) => deferred(latest, this.#times(message), why), { writes });
  }

  /** Stores what a message has come to, and lets it wait again when that is not its end. Recipients may have bounced meanwhile. */
  async end(message: Message, change: Change, { writes = [], isRoundOver = true }: EndOptions = {}): Promise<void> {
    const { id } = message;
    // What others change of it meanwhile: a bounce its recipients, a clock that is set its times.
    const changed: Change = ({ recipients, dueMs, expiresMs }) => change({ ...message, recipients, dueMs, expiresMs });
    const ended = await this.#options.save(id, changed, writes);
    if (isRoundOver) this.#tried.delete(id);
    if (isFinal(ended.state)) this.#options.poke();
    else this.#options.add(ended);
  }

  /** Concludes an attempt that the account failed, not the message: another account may take it at once. */
  async #accountFailed(
    { message, account, trial, writes }: Attempt,
    outcome: Extract<ShipmentOutcome, { readonly kind: 'not_sent' }>,
  ): Promise<void> {
    const { accounts, clock } = this.#options;
    const breaker = accounts.breaker(account.id);
    const isSender = outcome.error === 'sender_refused';
    const isCertain = outcome.class === 'permanent' && !isSender;
    if (isSender) breaker.released(trial);
    else breaker.failed(trial, this.#failureOf({ error: `${outcome.error}: ${outcome.reply}`, isCertain }));
    const tried = this.#tried.get(message.id) ?? new Map<string, 'failed' | 'refused'>();
    tried.set(account.id, isSender && outcome.class === 'permanent' ? 'refused' : 'failed');
    this.#tried.set(message.id, tried);
    const why = `Account '${account.id}' failed (${outcome.error}): ${outcome.reply}`;
    const isBound = message.isBound === true || wasTaken(message);
    if (!isBound && accounts.choose(message, this.triedFor(message.id)).kind === 'account') {
      const nowMs = clock.wallMs();
      const next = {
        state: 'queued',
        dueMs: nowMs,
        updatedAt: isoOf(nowMs),
        reason: `${why} Another account is tried.`,
        nextTry: undefined,
      };
      await this.end(message, (latest) => ({ ...latest, ...next, state: 'queued' }), { writes, isRoundOver: false });
    } else if ([...tried.values()].every((how) => how === 'refused')) {
      await this.end(message, (latest) => refused(latest, isoOf(clock.wallMs()), outcome), { writes });
    } else await this.putOff(message, why, writes);
  }

  #times({ deferrals }: Message): { readonly iso: string; readonly retryMs: number } {
    const { clock, random } = this.#options;
    const nowMs = clock.wallMs();
    return { iso: isoOf(nowMs), retryMs: nowMs + deferralDelayMs(deferrals, random) };
  }

  /** What an account failed by, as of now. */
  #failureOf(what: Pick<AccountFailure, 'error' | 'isCertain'>): AccountFailure {
    const { clock } = this.#options;
    return { ...what, nowMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }
}

function isoOf(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
