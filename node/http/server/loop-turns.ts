// Work that arrives in bursts, begun only so much of it in each turn of the event loop: everybody else gets the loop in between. What may
// be begun in a turn is bounded by time or by number. Work that has begun is not interrupted: how long one piece takes is its caller's matter.

/** How much may be begun in one turn. */
export interface TurnBudget {
  /** A turn begins. */
  renew(): void;
  /** Whether one more may be begun in this turn, and counts it. */
  spend(): boolean;
}

export interface LoopTurnsOptions {
  readonly budget: TurnBudget;
  /** How many may wait in `enter`, and what the next one is told. Absent: the callers are bounded. */
  readonly waiting?: { readonly max: number; readonly refusal: () => Error };
}

export class LoopTurns {
  readonly #options: LoopTurnsOptions;
  /** In the order of their coming. */
  #waiting: (() => void)[] = [];
  #isTurnUnderWay = false;

  constructor(options: LoopTurnsOptions) {
    this.#options = options;
  }

  /** Begins it now, or in the next turn that has room. */
  begin(work: () => void): void {
    if (this.#hasRoom()) work();
    else this.#waiting.push(work);
  }

  /** Resolves in the next turn that has room; `undefined`, with nothing to wait for, when this one has. Throws the refusal when too many wait. */
  enter(): Promise<void> | undefined {
    if (this.#hasRoom()) return undefined;
    const { waiting } = this.#options;
    if (waiting !== undefined && this.#waiting.length >= waiting.max) throw waiting.refusal();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #hasRoom(): boolean {
    if (!this.#isTurnUnderWay) this.#beginTurn();
    return this.#waiting.length === 0 && this.#options.budget.spend();
  }

  #beginTurn(): void {
    this.#isTurnUnderWay = true;
    this.#options.budget.renew();
    setImmediate(() => {
      this.#isTurnUnderWay = false;
      if (this.#waiting.length > 0) this.#goOn();
    });
  }

  #goOn(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#beginTurn();
    let at = 0;
    for (; at < waiting.length && this.#options.budget.spend(); at += 1) waiting[at]?.();
    this.#waiting = [...waiting.slice(at), ...this.#waiting];
  }
}

/** For work whose length nobody knows before. */
export function turnsOfMs(ms: number): TurnBudget {
  let endsMs = 0;
  return {
    renew: () => {
      endsMs = performance.now() + ms;
    },
    spend: () => performance.now() < endsMs,
  };
}

/** For work that only begins here, and goes on in the same turn once it was awaited. */
export function turnsOfCount(count: number): TurnBudget {
  let left = 0;
  return {
    renew: () => {
      left = count;
    },
    spend: () => {
      left -= 1;
      return left >= 0;
    },
  };
}
