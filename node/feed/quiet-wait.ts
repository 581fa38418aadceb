// How long a follower lets itself be kept waiting for news. The answers to greetings say which version the host's index has. Where that is the
// version that the copy stands for, they confirm the copy, and no question for news need come back to say that nothing is new.
// A line may not carry so long a silence, for a proxy ends it: then half of what it bore is asked for, and twice as much after each full wait.
import { FEED_QUIET_MS_MAX } from '../../mesh/feed/messages.ts';

import type { Clock } from '../../mesh/ports.ts';

/** A question for what is new is answered after this long at the latest, if only with nothing. */
export const FEED_WAIT_MS_MAX = 25_000;

/** What the version of a host's index says of the copy. `unclear`: the news of it may be on its way. */
export type IndexWord = 'as copied' | 'unclear' | 'behind';

export class QuietWait {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** Absent: the host has not said it with its news. */
  #copied: string | undefined;
  /** Another version that the host said last. */
  #other: string | undefined;
  #isConfirmed = false;
  #isBehind = false;
  #carriedMs = FEED_QUIET_MS_MAX;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** How long the next question may wait. */
  get waitMs(): number {
    if (this.#isBehind) return 0;
    return this.#isConfirmed ? this.#carriedMs : FEED_WAIT_MS_MAX;
  }

  /** The copy is as the index is in that version; `undefined`: nobody says in which. */
  stands(index: string | undefined): void {
    this.#copied = index;
    this.#other = undefined;
    this.#isBehind = false;
    this.#isConfirmed &&= index !== undefined;
  }

  /** The host said, in answer to something else, that its index has this version. */
  said(index: string): IndexWord {
    if (this.#copied === undefined) return 'unclear';
    this.#isConfirmed = index === this.#copied;
    // Said twice without its news: these are lost, or there are none, as of an index that is another for each start.
    this.#isBehind ||= !this.#isConfirmed && index === this.#other;
    this.#other = this.#isConfirmed ? undefined : index;
    if (this.#isBehind) return 'behind';
    return this.#isConfirmed ? 'as copied' : 'unclear';
  }

  /** Asks what may wait, and once more, without a wait, where the line may just not have carried the silence. `turn`: given up by the asker. */
  async ask<Question extends { readonly waitMs: number }, Answer>(
    question: Question,
    ask: (question: Question) => Promise<Answer>,
    turn: AbortSignal,
  ): Promise<Answer> {
    const sinceMs = this.#clock.monotonicMs();
    const isLong = question.waitMs > FEED_WAIT_MS_MAX;
    try {
      const answer = await ask(question);
      const isWhole = this.#clock.monotonicMs() - sinceMs >= question.waitMs;
      if (isLong && isWhole) this.#carriedMs = Math.min(2 * question.waitMs, FEED_QUIET_MS_MAX);
      return answer;
    } catch (error) {
      if (turn.aborted || !isLong) throw error;
      const boreMs = this.#clock.monotonicMs() - sinceMs;
      if (boreMs > FEED_WAIT_MS_MAX) this.#carriedMs = Math.max(FEED_WAIT_MS_MAX, Math.floor(boreMs / 2));
      return await ask({ ...question, waitMs: 0 });
    }
  }
}
