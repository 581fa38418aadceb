// What a node does beside answering requests, until it stops.
import { ignoreFailedStore } from './store/refusals.ts';

/** Disposing ends the work and waits for it. */
export class BackgroundWork implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #inHand: Promise<void>[] = [];

  /** Aborts when nothing new is to be begun. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** `run` resolves some time after the signal aborted. A failed store ends it, for which the node stops; anything else is a bug. */
  begin(run: (signal: AbortSignal) => Promise<void>): void {
    this.#inHand.push(run(this.signal).catch(ignoreFailedStore));
  }

  end(): void {
    this.#stop.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await Promise.allSettled(this.#inHand);
  }
}
