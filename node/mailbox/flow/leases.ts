// The leases of mails as they are asked for: at once, or for as long as one waits; and what time ends.
import type { Clock } from '../../../mesh/ports.ts';
import { afterMs } from '../../../mesh/time/deadline.ts';
import type { Log } from '../../log.ts';
import { mailboxErrorOf, noSuch } from '../errors.ts';
import type { ClaimedMail, ClaimQuestion, LeaseOutcome, LeaseQuestion, WaitQuestion } from '../lease-question.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../questions.ts';
import type { WholeMail } from '../stored-mail.ts';
import type { Arrivals } from './arrivals.ts';

/** Milliseconds between two looks at what has run out: the clock may have been set, and a look ends only some of what is due. */
const LOOK_MS_MAX = 60_000;
const LOOK_MS_MIN = 100;
/** Milliseconds after which a look that failed is repeated. */
const RETRY_MS = 1_000;

export interface LeasesParts {
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
  readonly arrivals: Arrivals;
  readonly clock: Clock;
  /** Aborts when the node stops: nobody waits any longer. */
  readonly stopping: AbortSignal;
  readonly log: Log;
}

/** How long somebody waits, and what ends that early. */
export interface Patience {
  readonly ms: number;
  readonly signal: AbortSignal;
}

export class Leases {
  readonly #parts: LeasesParts;
  #wake: (() => void) | undefined;
  #nextLookMs = 0;

  constructor(parts: LeasesParts) {
    this.#parts = parts;
  }

  /** Takes the oldest mails that nobody works on; none when none came in time. Throws `not_found` and `rate_limit_exceeded`. */
  async claim(question: Omit<ClaimQuestion, 'nowMs'>, patience: Patience): Promise<readonly ClaimedMail[]> {
    const claims = await this.#waited(question.inboxId, patience, async () => {
      const nowMs = this.#parts.clock.wallMs();
      const claimed = await this.#parts.intake.ask('claimMails', { ...question, nowMs });
      if (claimed.outcome === 'gone') throw noSuch('inbox');
      return claimed.claims.length === 0 ? undefined : claimed.claims;
    });
    if (claims === undefined) return [];
    this.#lookAt(Math.min(...claims.map(({ untilMs }) => untilMs)));
    if (patience.signal.aborted) await this.#takeBack(question.inboxId, claims);
    return claims;
  }

  async change(question: Omit<LeaseQuestion, 'nowMs'>): Promise<LeaseOutcome> {
    const { intake, clock } = this.#parts;
    const changed = await intake.ask('changeLease', { ...question, nowMs: clock.wallMs() });
    if (changed.outcome !== 'done') return changed;
    const { state, untilMs } = changed.work;
    if (state === 'held' || state === 'waiting') this.#lookAt(untilMs);
    return changed;
  }

  /** The oldest mail that a claim would get and that fits; `undefined`: none came in time. Nothing changes. */
  wait(question: Omit<WaitQuestion, 'nowMs'>, patience: Patience): Promise<WholeMail | undefined> {
    const { query, clock } = this.#parts;
    return this.#waited(question.inboxId, patience, () =>
      query.ask('waitedMail', { ...question, nowMs: clock.wallMs() }),
    );
  }

  /** Ends what has run out, at its time, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { intake, clock, log } = this.#parts;
    while (!signal.aborted) {
      const nowMs = clock.wallMs();
      let waitMs = RETRY_MS;
      try {
        const nextAtMs = (await intake.ask('settleLeases', nowMs)) ?? Number.POSITIVE_INFINITY;
        waitMs = Math.min(Math.max(nextAtMs - nowMs, LOOK_MS_MIN), LOOK_MS_MAX);
      } catch (error) {
        if (mailboxErrorOf(error) === undefined) throw error;
        log.warn('mailbox.leases_unsettled', { error: (error as Error).message, againInMs: RETRY_MS });
      }
      await this.#sleep(waitMs, signal);
    }
  }

  /** What `look` finds, at once or when something has come; `undefined` when nothing has in time. */
  async #waited<Found>(
    inboxId: string,
    { ms, signal: left }: Patience,
    look: () => Promise<Found | undefined>,
  ): Promise<Found | undefined> {
    const { clock, arrivals, stopping } = this.#parts;
    const signal = AbortSignal.any([left, stopping]);
    const endMs = clock.monotonicMs() + ms;
    if (ms === 0) return look();
    using waiting = arrivals.at(inboxId);
    while (true) {
      const found = await look();
      const leftMs = endMs - clock.monotonicMs();
      if (found !== undefined || leftMs <= 0 || signal.aborted) return found;
      await waiting.next(leftMs, signal);
    }
  }

  /** Who asked is gone, and will work on none of it. */
  async #takeBack(inboxId: string, claims: readonly ClaimedMail[]): Promise<void> {
    for (const { mail, lease } of claims) {
      const event = { kind: 'release', lease, delayMs: 0, counts: false } as const;
      await this.change({ inboxId, messageId: mail.messageId, event, add: [], remove: [] });
    }
  }

  #lookAt(atMs: number): void {
    if (atMs < this.#nextLookMs) this.#wake?.();
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const woken = Promise.withResolvers<void>();
    this.#wake = woken.resolve;
    this.#nextLookMs = clock.wallMs() + ms;
    const callOff = afterMs(clock, ms, woken.resolve);
    signal.addEventListener('abort', woken.resolve as () => void);
    if (!signal.aborted) await woken.promise;
    signal.removeEventListener('abort', woken.resolve as () => void);
    callOff();
  }
}
