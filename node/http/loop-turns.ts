// Work that arrives in bursts, begun a few milliseconds at a time: pipelined requests, and those of many connections, come out of one read
// of the parser or one look at the sockets, and would otherwise all be answered before anybody else gets the event loop.

const TURN_MS_MAX = 10;

export class LoopTurns {
  /** In the order of their coming. */
  #waiting: (() => void)[] = [];
  #turnEndsMs: number | undefined;

  /** Begins it now, or in the next turn when this one has been long enough. */
  begin(work: () => void): void {
    if (this.#turnEndsMs === undefined) this.#nextTurn();
    if (this.#waiting.length === 0 && performance.now() < (this.#turnEndsMs ?? 0)) work();
    else this.#waiting.push(work);
  }

  #nextTurn(): void {
    this.#turnEndsMs = performance.now() + TURN_MS_MAX;
    setImmediate(() => {
      this.#turnEndsMs = undefined;
      if (this.#waiting.length > 0) this.#goOn();
    });
  }

  #goOn(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#nextTurn();
    let at = 0;
    for (; at < waiting.length && performance.now() < (this.#turnEndsMs ?? 0); at += 1) waiting[at]?.();
    this.#waiting = [...waiting.slice(at), ...this.#waiting];
  }
}
