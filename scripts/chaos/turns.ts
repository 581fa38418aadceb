// Who asks together with others, and who alone: what is asked alone waits until all others have their answers, and nobody begins meanwhile.

export class Turns {
  #running = 0;
  #isStill: (() => void) | undefined;
  #alone: Promise<void> | undefined;

  async together<Result>(work: () => Promise<Result>): Promise<Result> {
    while (this.#alone !== undefined) await this.#alone;
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#isStill?.();
    }
  }

  /** Not to be called by who has a turn with others. */
  async alone<Result>(work: () => Promise<Result>): Promise<Result> {
    while (this.#alone !== undefined) await this.#alone;
    const over = Promise.withResolvers<void>();
    this.#alone = over.promise;
    try {
      if (this.#running > 0) await new Promise<void>((resolve) => (this.#isStill = resolve));
      return await work();
    } finally {
      this.#isStill = undefined;
      this.#alone = undefined;
      over.resolve();
    }
  }
}
