// Sends drafts at their time. What is due is asked of the database, so that a start goes on where the last one ended; what a crash has left in
// the midst of it is put right there, too.
import type { Clock } from '../../../mesh/ports.ts';
import { afterMs } from '../../../mesh/time/deadline.ts';
import type { Log } from '../../log.ts';
import type { DraftEnd, DraftMeant, DraftToSend } from '../draft.ts';
import { mailboxErrorOf } from '../errors.ts';
import type { Asks, IntakeQuestions } from '../questions.ts';
import type { Drafts } from './drafts.ts';

/** Drafts that are sent at once: more that are due come as these end. */
const AT_ONCE_MAX = 16;
/** Milliseconds after which a look that failed is repeated. */
const RETRY_MS = 1_000;
/** Milliseconds between two looks where nothing is due: the wall clock may have been set. */
const LOOK_MS_MAX = 30_000;
/** Milliseconds after which a draft is tried again where the host could not send it. */
const OUTAGE_MS = 30_000;
/** Milliseconds for which a draft waits where nobody says how long. */
const WAIT_MS_DEFAULT = 60_000;

export interface SchedulerParts {
  readonly intake: Asks<IntakeQuestions>;
  readonly drafts: Pick<Drafts, 'sendOnce' | 'inHand' | 'scheduled'>;
  readonly clock: Clock;
  readonly log: Log;
}

export class Scheduler {
  readonly #parts: SchedulerParts;
  /** Drafts that the host could not send, until when they are left alone, by the monotonic clock. */
  readonly #pausedUntilMs = new Map<string, number>();
  #sending = 0;
  /** The wall clock's time of the next look. */
  #nextLookMs = 0;
  #wake: () => void = () => undefined;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    parts.drafts.scheduled = (atMs) => this.#lookAt(atMs);
  }

  /** Resolves when `signal` has aborted, and what was being sent then has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const sending = new Set<Promise<void>>();
    while (!signal.aborted) {
      for (const meant of await this.#due()) {
        const one = this.#send(meant).finally(() => sending.delete(one));
        sending.add(one);
      }
      await this.#sleep(signal);
    }
    await Promise.all(sending);
  }

  async #due(): Promise<readonly DraftToSend[]> {
    const { intake, drafts, clock, log } = this.#parts;
    const nowMs = clock.wallMs();
    this.#nextLookMs = nowMs + LOOK_MS_MAX;
    for (const [draftId, untilMs] of this.#pausedUntilMs)
      if (untilMs <= clock.monotonicMs()) this.#pausedUntilMs.delete(draftId);
    try {
      const paused = [...this.#pausedUntilMs.keys()];
      const limit = AT_ONCE_MAX - this.#sending;
      const { due, late, nextAtMs } = await intake.ask('dueDrafts', { nowMs, inHand: drafts.inHand, paused, limit });
      for (const { inboxId, draftId } of late) log.warn('mailbox.draft_late', { inboxId, draftId });
      if (nextAtMs !== undefined) this.#lookAt(nextAtMs);
      return due.map((meant) => ({ ...meant, dueByMs: nowMs }));
    } catch (error) {
      const expected = mailboxErrorOf(error);
      if (expected === undefined) throw error;
      log.warn('mailbox.drafts_wait', { message: `Drafts that may be due wait: ${expected.message}` });
      this.#nextLookMs = nowMs + RETRY_MS;
      return [];
    }
  }

  /** Only what is due still: whoever has moved its time meanwhile, or taken it away, was told so. */
  async #send({ dueByMs, ...meant }: DraftToSend): Promise<void> {
    const { drafts } = this.#parts;
    const sending = { ...meant, dueByMs, client: `drafts of ${meant.inboxId}`, addLabels: [], removeLabels: [] };
    this.#sending += 1;
    try {
      await drafts.sendOnce(sending, (error) => this.#endAfter(meant, error));
    } catch (error) {
      // Somebody else was faster, or `#endAfter` has told of it.
      if (mailboxErrorOf(error) === undefined) this.#fault(meant, error as Error);
    } finally {
      this.#sending -= 1;
      this.#lookAt(this.#parts.clock.wallMs());
    }
  }

  #endAfter(meant: DraftMeant, error: Error): DraftEnd {
    const { clock, log } = this.#parts;
    const expected = mailboxErrorOf(error);
    if (expected?.code === 'rate_limit_exceeded') {
      const { retryAfterSeconds } = expected.detail;
      const waitMs = retryAfterSeconds === undefined ? WAIT_MS_DEFAULT : retryAfterSeconds * 1_000;
      return { kind: 'waits', dueAtMs: clock.wallMs() + waitMs, reason: expected.message };
    }
    if (expected?.code === 'service_unavailable') {
      this.#pausedUntilMs.set(meant.draftId, clock.monotonicMs() + OUTAGE_MS);
      log.warn('mailbox.draft_waits', { ...meant, message: expected.message });
      return { kind: 'as before' };
    }
    const reason = expected?.message ?? 'The node failed on it; its log says why.';
    log.warn('mailbox.draft_failed', { ...meant, reason });
    return { kind: 'failed', reason };
  }

  #fault({ inboxId, draftId }: DraftMeant, { message, stack }: Error): void {
    this.#parts.log.error('mailbox.draft_fault', { inboxId, draftId, message, stack });
  }

  #lookAt(atMs: number): void {
    if (atMs >= this.#nextLookMs) return;
    this.#nextLookMs = atMs;
    this.#wake();
  }

  /** Until the next look is due by the wall clock, which may be set meanwhile. */
  async #sleep(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted) {
      const leftMs = Math.min(this.#nextLookMs - clock.wallMs(), LOOK_MS_MAX);
      if (leftMs <= 0) return;
      const woken = Promise.withResolvers<void>();
      this.#wake = woken.resolve;
      const callOff = afterMs(clock, leftMs, woken.resolve);
      signal.addEventListener('abort', this.#wake);
      await woken.promise;
      signal.removeEventListener('abort', this.#wake);
      callOff();
    }
  }
}
