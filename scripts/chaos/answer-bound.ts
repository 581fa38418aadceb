// How long a node may take for an answer. Among others, whose work its threads do too, and on a machine that has other things to do, the clock
// says little of that: so what took long there is asked once more by itself, while nobody else asks, and only its own time counts, without that in
// which the node, or who asks, was ready to run and other programs ran (Linux). A node that hangs over a mail hangs over it by itself, too.
import { readdirSync, readFileSync } from 'node:fs';
import { Turns } from './turns.ts';
import type { Violations } from './violations.ts';

/** Milliseconds of its own. */
export const ANSWER_MS_MAX = 2_000;
/** Milliseconds after which nobody waits any longer, by the clock: so many that no busy machine comes near them. */
export const WAITED_MS_MAX = 120_000;
/** The quickest counts: a disk or a collection of garbage may be in the way of one. */
const TRIES = 3;

export interface Question<Answer> {
  readonly name: string;
  readonly ask: () => Promise<Answer>;
  /** Makes ready what is asked then by itself; what that takes does not count. */
  readonly again: () => Promise<() => Promise<unknown>>;
  /** What repeats it. */
  readonly octets?: Readonly<Record<string, Uint8Array>>;
}

export interface AskedAgain {
  readonly count: number;
  /** Milliseconds of its own for the slowest of them. */
  readonly slowestMs: number;
}

/** Milliseconds. */
export interface Times {
  readonly nowMs: () => number;
  /** In which who asks and the threads of the node have been ready to run and did not, since they were started. */
  readonly waitedMs: () => number;
  /** What of that the main threads of both have waited, which is less to look at. */
  readonly mainWaitedMs: () => number;
}

export class AnswerBound {
  readonly #violations: Pick<Violations, 'add'>;
  readonly #times: Times;
  readonly #turns = new Turns();
  #again: AskedAgain = { count: 0, slowestMs: 0 };

  constructor(violations: Pick<Violations, 'add'>, times: Times) {
    this.#violations = violations;
    this.#times = times;
  }

  get again(): AskedAgain {
    return this.#again;
  }

  /** Rejects where the question does. */
  async answer<Answer>(question: Question<Answer>): Promise<Answer> {
    let tookMs = 0;
    try {
      return await this.#turns.together(async () => {
        const { nowMs, mainWaitedMs } = this.#times;
        const [sinceMs, waitedSinceMs] = [nowMs(), mainWaitedMs()];
        return await question.ask().finally(() => {
          tookMs = nowMs() - sinceMs - (mainWaitedMs() - waitedSinceMs);
        });
      });
    } finally {
      if (tookMs > ANSWER_MS_MAX) await this.#askAgain(question, tookMs);
    }
  }

  async #askAgain({ name, again, octets }: Question<unknown>, tookMs: number): Promise<void> {
    let leastMs = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < TRIES && leastMs > ANSWER_MS_MAX; tries += 1)
      leastMs = Math.min(leastMs, await this.#turns.alone(async () => this.#ownMs(await again())));
    this.#again = { count: this.#again.count + 1, slowestMs: Math.max(this.#again.slowestMs, Math.round(leastMs)) };
    if (leastMs <= ANSWER_MS_MAX) return;
    const took = `took ${Math.round(tookMs)} ms, and by itself ${Math.round(leastMs)} ms of the node's own`;
    this.#violations.add(`${name} ${took}, in the quickest of ${TRIES} tries; it may take ${ANSWER_MS_MAX}`, octets);
  }

  /** One that is not answered takes for ever. */
  async #ownMs(ask: () => Promise<unknown>): Promise<number> {
    const { nowMs, waitedMs } = this.#times;
    const [sinceMs, waitedSinceMs] = [nowMs(), waitedMs()];
    try {
      await ask();
    } catch {
      // What is wrong with it was said when it was asked among others.
      return Number.POSITIVE_INFINITY;
    }
    return nowMs() - sinceMs - (waitedMs() - waitedSinceMs);
  }
}

/** By what the system tells of a process; it is told of no waits where it has no such files (proc(5), `schedstat`, in nanoseconds). */
export function timesOf(pid: number): Times {
  const waitedMs = (file: string) => {
    try {
      return Number(readFileSync(`/proc/${file}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
    } catch {
      // Another system, or a thread that has ended since it was listed.
      return 0;
    }
  };
  const tasks = () => (process.platform === 'linux' ? readdirSync(`/proc/${pid}/task`) : []);
  return {
    nowMs: () => performance.now(),
    waitedMs: () => tasks().reduce((sum, task) => sum + waitedMs(`${pid}/task/${task}`), waitedMs('self')),
    mainWaitedMs: () => waitedMs(String(pid)) + waitedMs('self'),
  };
}
