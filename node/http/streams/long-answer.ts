// An answer without an end, piece by piece, as a stream that makes a piece when the one before was taken: so what waits in memory for a slow
// client is one piece and what its socket holds. A client that takes nothing for a while loses its connection. The stream ends by itself at a
// stop of the node.
import type { UnderlyingSource } from 'node:stream/web';
import type { Clock } from '../../../mesh/ports.ts';

/** A piece must be taken within this long, as any answer of its size (the bounds in connections.ts). */
const UNTAKEN_MS_MAX = 20_000;
/** At a stop of the node a piece must be taken sooner: the node waits for no client that takes nothing. */
const UNTAKEN_AT_STOP_MS_MAX = 500;

export interface LongAnswerOptions {
  /** Makes the pieces; returns when the signal aborts, and when there are no more. */
  readonly pieces: (signal: AbortSignal) => AsyncIterator<Uint8Array>;
  readonly clock: Clock;
  /** Aborts when the answer is to end. */
  readonly stopping: AbortSignal;
  /** Closes the connection, whatever is on its way. */
  readonly cut: () => void;
  /** Why no more pieces can be made; the answer ends then. */
  readonly failed: (error: unknown) => void;
  /** Called once, when nothing is made any more. */
  readonly ended: () => void;
}

/** Reads no piece before it is asked for. What nobody takes is cut off after `UNTAKEN_MS_MAX`, at a stop after `UNTAKEN_AT_STOP_MS_MAX`. */
export function longAnswer(options: LongAnswerOptions): ReadableStream<Uint8Array> {
  // Nothing is made before it is asked for.
  return new ReadableStream(new LongAnswer(options), { highWaterMark: 0 });
}

class LongAnswer implements UnderlyingSource<Uint8Array> {
  readonly #options: LongAnswerOptions;
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #over = new AbortController();
  readonly #stop = () => {
    this.#over.abort();
    void this.#cutUntaken(UNTAKEN_AT_STOP_MS_MAX);
  };
  #untaken: AbortController | undefined;
  #isLeft = false;

  constructor(options: LongAnswerOptions) {
    this.#options = options;
    this.#pieces = options.pieces(this.#over.signal);
    options.stopping.addEventListener('abort', this.#stop);
    if (options.stopping.aborted) this.#stop();
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#untaken?.abort();
    const { done, value } = await this.#next();
    if (this.#isLeft) return;
    if (done) {
      this.#finish();
      controller.close();
      return;
    }
    controller.enqueue(value);
    this.#untaken = new AbortController();
    void this.#cutUntaken(UNTAKEN_MS_MAX);
  }

  /** The client has gone. */
  cancel(): void {
    this.#isLeft = true;
    this.#untaken?.abort();
    this.#finish();
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await this.#pieces.next();
    } catch (error) {
      this.#options.failed(error);
      return { done: true, value: undefined };
    }
  }

  /** Cuts the connection unless the newest piece is taken within `ms`. */
  async #cutUntaken(ms: number): Promise<void> {
    const taken = this.#untaken;
    if (taken === undefined || taken.signal.aborted) return;
    await this.#options.clock.sleep(ms, taken.signal);
    if (taken.signal.aborted) return;
    taken.abort();
    this.#options.cut();
  }

  #finish(): void {
    const { stopping, ended } = this.#options;
    stopping.removeEventListener('abort', this.#stop);
    this.#over.abort();
    ended();
  }
}
