// Chooses the account that a message goes through, and when it goes. The operator's order decides among the accounts that may send as
// the message's address, are healthy and have room under their rates. A message stays with its account once a server has accepted it for
// somebody, or may have.
// Step 4 of node/send/README.md, "How a message lives".
import type { Clock, Write } from '../../../mesh/ports.ts';
import type { Account, SendConfig } from '../account.ts';
import type { Message } from '../message.ts';
import { wasTaken } from '../message-states.ts';
import { type AccountHealth, Breaker, type Trial } from './breaker.ts';
import { RATE_WINDOW_MS, Rates } from './rates.ts';
import type { WarmUps } from './warm-up.ts';

export type Choice =
  | { readonly kind: 'account'; readonly account: Account }
  /** Nothing can be sent for `waitMs`; `scope`: whether that holds for every message of the agent. */
  | {
      readonly kind: 'wait';
      readonly waitMs: number;
      readonly why: string;
      readonly scope: 'agent' | 'message';
      /** A bound that the operator set, or an account that is failing. */
      readonly because: 'rate' | 'health';
    }
  /** No account may send as this address. */
  | { readonly kind: 'none'; readonly why: string };

/** An account that was looked at, and why it is not taken. `explain` shows it. */
export interface Considered {
  readonly id: string;
  readonly usable: boolean;
  readonly why: string;
}

const BUSY_WAIT_MS = 1_000;

export class Accounts {
  readonly #config: SendConfig;
  readonly #clock: Clock;
  readonly #warmUps: WarmUps;
  readonly #breakers = new Map<string, Breaker>();
  readonly #accountRates = new Rates();
  readonly #agentRates = new Rates();
  readonly #inFlight = new Map<string, number>();

  constructor(config: SendConfig, clock: Clock, warmUps: WarmUps) {
    this.#config = config;
    this.#clock = clock;
    this.#warmUps = warmUps;
    for (const { id } of config.accounts) this.#breakers.set(id, new Breaker());
  }

  get config(): SendConfig {
    return this.#config;
  }

  /** Throws a plain error for an id that no account has: a bug of the caller. */
  breaker(id: string): Breaker {
    const breaker = this.#breakers.get(id);
    if (breaker === undefined) throw new Error(`There is no account '${id}'.`);
    return breaker;
  }

  /** `tried`: accounts that failed for this message in this round. `ahead`: messages of the agent that go before it. */
  choose(message: Sendable, tried: ReadonlySet<string>, ahead = 0): Choice {
    const { agentRatePerHour } = this.#config;
    const agentMs = this.#agentRates.of(message.agentId).waitMs(agentRatePerHour - ahead, this.#clock.monotonicMs());
    if (agentMs > 0) {
      const waiting = ahead === 0 ? '' : `, or has them waiting`;
      const why = `The agent has sent ${agentRatePerHour} messages in the last hour${waiting}, its most.`;
      return { kind: 'wait', waitMs: agentMs, why, scope: 'agent', because: 'rate' };
    }
    // Those of an agent's other addresses are counted, too: rather one too many is told to come again than kept for tomorrow.
    const warmMs = this.#warmUps.waitMs(message.from, this.#clock.wallMs(), ahead);
    if (warmMs > 0) {
      const why = `'${message.from}' is a new sender and has sent what its plan allows for today.`;
      return { kind: 'wait', waitMs: warmMs, why, scope: 'message', because: 'rate' };
    }
    return this.#chooseAccount(message, tried);
  }

  /** Forgets addresses that were new senders and that nobody has any more; returns what to write. */
  trim(isHeld: (address: string) => boolean): readonly Write[] {
    return this.#warmUps.trim(isHeld, this.#clock.wallMs());
  }

  /** Every account and what speaks against it now. */
  consider(message: Pick<Message, 'from'>): readonly Considered[] {
    return this.#config.accounts.map((account) => {
      const obstacle = this.#obstacle(account, message.from);
      return {
        id: account.id,
        usable: obstacle === undefined,
        why: obstacle?.why ?? 'it may send as this address, and is ready',
      };
    });
  }

  /** Whether an account may take a connection more. */
  hasRoom({ id, connectionsMax }: Account): boolean {
    return (this.#inFlight.get(id) ?? 0) < connectionsMax;
  }

  /** Takes a message in hand for that account. Its place under every rate is reserved until `end`. */
  begin({ agentId, from }: Sendable, { id }: Account): Trial {
    this.#inFlight.set(id, (this.#inFlight.get(id) ?? 0) + 1);
    this.#accountRates.of(id).reserve();
    this.#agentRates.of(agentId).reserve();
    this.#warmUps.reserve(from);
    return this.breaker(id).begin();
  }

  end({ agentId, from }: Sendable, { id }: Account): void {
    this.#inFlight.set(id, Math.max(0, (this.#inFlight.get(id) ?? 0) - 1));
    this.#accountRates.of(id).release();
    this.#agentRates.of(agentId).release();
    this.#warmUps.release(from);
  }

  /** A message is about to be said, or was so long ago. */
  count(message: Pick<Message, 'agentId'>, accountId: string, agoMs = 0): void {
    const atMs = this.#clock.monotonicMs() - agoMs;
    this.#accountRates.of(accountId).add(atMs);
    this.#agentRates.of(message.agentId).add(atMs);
  }

  /** Counts what was sent in the hour before the node stopped. `nowMs`: wall clock. */
  restore(messages: readonly Message[], nowMs: number): void {
    const sent = messages.flatMap(({ agentId, account, attempts, updatedAt }) =>
      attempts > 0 && account !== undefined ? [{ agentId, account, atMs: Date.parse(updatedAt) }] : [],
    );
    // When the clock was set back meanwhile, these moments lie in the future, and the newest counts as now.
    const latestMs = sent.reduce((latest, { atMs }) => Math.max(latest, atMs), nowMs);
    for (const { agentId, account, atMs } of sent)
      if (latestMs - atMs < RATE_WINDOW_MS) this.count({ agentId }, account, latestMs - atMs);
  }

  sentLastHour(accountId: string): number {
    return this.#accountRates.of(accountId).count(this.#clock.monotonicMs());
  }

  health(accountId: string): AccountHealth {
    return this.breaker(accountId).view(this.#clock.monotonicMs(), this.#clock.wallMs());
  }

  #chooseAccount(message: Sendable, tried: ReadonlySet<string>): Choice {
    const isBound = message.account !== undefined && (message.isBound === true || wasTaken(message));
    const candidates = this.#config.accounts.filter(({ id }) => (isBound ? id === message.account : !tried.has(id)));
    let wait: Required<Obstacle> | undefined;
    let refusal = isBound
      ? `Account '${message.account}', which took part of the message, is not configured any more.`
      : 'No account is left to try.';
    for (const account of candidates) {
      const obstacle = this.#obstacle(account, message.from);
      if (obstacle === undefined) return { kind: 'account', account };
      const { waitMs, why, because } = obstacle;
      if (waitMs === undefined) refusal = why;
      else if (wait === undefined || waitMs < wait.waitMs) wait = { waitMs, why, because };
    }
    return wait === undefined ? { kind: 'none', why: refusal } : { kind: 'wait', ...wait, scope: 'message' };
  }

  #obstacle(account: Account, from: string): Obstacle | undefined {
    if (!maySendAs(account, from))
      return { why: `Account '${account.id}' may not send as '${from}'.`, because: 'health' };
    const breaker = this.breaker(account.id);
    const nowMs = this.#clock.monotonicMs();
    if (!breaker.mayTry(nowMs)) {
      const waitMs = Math.max(BUSY_WAIT_MS, breaker.retryMs - nowMs);
      return { waitMs, why: `Account '${account.id}' is failing and is left alone for a while.`, because: 'health' };
    }
    const waitMs = this.#accountRates.of(account.id).waitMs(account.ratePerHour, nowMs);
    if (waitMs <= 0) return undefined;
    return {
      waitMs,
      why: `Account '${account.id}' has sent ${account.ratePerHour} messages in the last hour, its most.`,
      because: 'rate',
    };
  }
}

/** A message that is due, with what stands in its way by the accounts now; any other as it is. */
export function asWaiting(message: Message, accounts: Pick<Accounts, 'choose'>, nowMs: number): Message {
  if ((message.state !== 'queued' && message.state !== 'deferred') || message.dueMs > nowMs) return message;
  const choice = accounts.choose(message, new Set());
  if (choice.kind !== 'wait') return message;
  return { ...message, dueMs: nowMs + choice.waitMs, ...waitingFor(choice, nowMs) };
}

/** Why a message waits, and until when. `nowMs`: wall clock. */
export function waitingFor(
  { why, waitMs }: Extract<Choice, { readonly kind: 'wait' }>,
  nowMs: number,
): Pick<Message, 'reason' | 'nextTry'> {
  return { reason: why, nextTry: { isAgain: false, atMs: nowMs + waitMs } };
}

/** What matters of a message when its account is chosen. */
export type Sendable = Pick<Message, 'agentId' | 'from' | 'account' | 'isBound' | 'recipients'>;

/** Why an account can't take a message, and for how long. Without a time, the account never will. */
interface Obstacle {
  readonly waitMs?: number;
  readonly why: string;
  readonly because: 'rate' | 'health';
}

/** Whether the operator lets that account send as the address; an empty list allows all. */
function maySendAs({ senders }: Pick<Account, 'senders'>, from: string): boolean {
  if (senders.length === 0) return true;
  const address = from.toLowerCase();
  return senders.some((sender) => sender === address || (sender.startsWith('@') && address.endsWith(sender)));
}
