// Who listens to changes: so many in all, and so many of one client, each for as long as it likes.
import { MeshError } from '../../../mesh/errors.ts';

export interface ListenerBounds {
  readonly listenersMax: number;
  readonly perClientMax: number;
}

/** Each holds a connection, a timer and at most about 128 KiB that its client has not taken yet. */
export const LISTENER_BOUNDS: ListenerBounds = { listenersMax: 512, perClientMax: 64 };

const RETRY_AFTER_SECONDS = 10;

export class Listeners {
  readonly #bounds: ListenerBounds;
  readonly #byClient = new Map<string, number>();
  #count = 0;

  constructor(bounds: ListenerBounds) {
    this.#bounds = bounds;
  }

  /** Admits one more, and returns what ends that, once. Throws `overloaded`, and `rate_limited` when the client has too many. */
  admit(client: string): () => void {
    const { listenersMax, perClientMax } = this.#bounds;
    const own = this.#byClient.get(client) ?? 0;
    if (own >= perClientMax)
      throw refused('rate_limited', `${perClientMax} of your connections listen at this node already`);
    if (this.#count >= listenersMax) throw refused('overloaded', `${listenersMax} listeners are at this node already`);
    this.#count += 1;
    this.#byClient.set(client, own + 1);
    return () => this.#leave(client);
  }

  #leave(client: string): void {
    this.#count -= 1;
    const left = (this.#byClient.get(client) ?? 0) - 1;
    if (left > 0) this.#byClient.set(client, left);
    else this.#byClient.delete(client);
  }
}

function refused(code: 'rate_limited' | 'overloaded', why: string): MeshError {
  return new MeshError(code, `${why}. End one, or try again later.`, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
