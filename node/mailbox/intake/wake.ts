// What work that is done behind others waits for: that somebody says there is some. Who says so while it works ends its next wait.

export class Wake {
  #woken = Promise.withResolvers<void>();

  wake(): void {
    this.#woken.resolve();
  }

  /** Resolves once somebody has said so since the last wait, or `signal` aborts. */
  async waited(signal: AbortSignal): Promise<void> {
    const end = () => this.wake();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    await this.#woken.promise;
    signal.removeEventListener('abort', end);
    this.#woken = Promise.withResolvers();
  }
}
