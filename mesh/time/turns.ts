// Long work in turns: whoever else waits for the event loop gets it in between. Turns end by elapsed time, because what one item costs
// depends on who sent it. It does not bound the work: that is the caller's.
import type { Clock } from '../ports.ts';

/** Far below the 50 ms that nothing from outside may hold the event loop for. */
const TURN_MS_MAX = 5;

/** The first turn begins when this is made. */
export class Turns {
  readonly #clock: Clock;
  #sinceMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  /** Whether this turn has had its `TURN_MS_MAX`. */
  get isOver(): boolean {
    return this.#clock.monotonicMs() - this.#sinceMs >= TURN_MS_MAX;
  }

  /** Lets others have theirs. */
  async next(): Promise<void> {
    await this.#clock.sleep(0);
    this.#sinceMs = this.#clock.monotonicMs();
  }
}

/** Visits every item. */
export async function inTurns<Item>(items: Iterable<Item>, clock: Clock, visit: (item: Item) => void): Promise<void> {
  const turns = new Turns(clock);
  for (const item of items) {
    if (turns.isOver) await turns.next();
    visit(item);
  }
}
