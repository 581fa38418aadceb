// Places for bodies that are larger than a request usually is. Only so many are read at once, for each costs memory and a file;
// and since a client decides how fast its body comes, a place ends: by what has come for the time, and by a deadline. They are
// shared out: one client never has all of them, and those who wait have their turn by client, not by number.
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { withinMs } from '../../../mesh/time/deadline.ts';

export const PLACES = 8;
/** Places of one client; the rest is left to others, also while nobody else is there. */
export const CLIENT_PLACES_MAX = 6;
const WAITING_MAX = 100;
export const CLIENT_WAITING_MAX = 50;
/** A body may be silent for so long, and earns as much again by each `SILENCE_MS_MAX / 1_000 * OCTETS_PER_SECOND_MIN` octets. */
export const SILENCE_MS_MAX = 10_000;
export const OCTETS_PER_SECOND_MIN = 20 * 1_024;
/** All the waiting for one body together; as long as the server waits for a whole request. */
export const BODY_MS_MAX = 120_000;
const RETRY_AFTER_SECONDS = 10;

interface Waiting {
  readonly client: string;
  begin(): void;
}

export class BodyPlaces {
  readonly #clock: Clock;
  /** Places taken, by client. */
  readonly #taken = new Map<string, number>();
  /** In the order of their coming. */
  readonly #waiting = new Set<Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Does `work` with the octets of the body, in a place of `client`. Throws `overloaded` when too many wait, `request_timeout` when
   * the body comes too slowly, what `signal` aborts with, and what `work` throws.
   */
  async read<Result>(
    request: Request,
    client: string,
    work: (octets: AsyncIterable<Uint8Array>) => Promise<Result>,
  ): Promise<Result> {
    await this.#enter(client, request.signal);
    try {
      return await work(paced(request.body, this.#clock));
    } finally {
      this.#leave(client);
    }
  }

  #enter(client: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#isFree(client)) {
      this.#occupy(client);
      return Promise.resolve();
    }
    const ofClient = [...this.#waiting].filter((one) => one.client === client).length;
    if (this.#waiting.size >= WAITING_MAX || ofClient >= CLIENT_WAITING_MAX)
      throw new MeshError('overloaded', 'Too many large requests wait to be read already. Try again later.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(waiting);
        reject(signal.reason);
      };
      const waiting: Waiting = {
        client,
        begin: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      this.#waiting.add(waiting);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  #leave(client: string): void {
    const left = this.#of(client) - 1;
    if (left === 0) this.#taken.delete(client);
    else this.#taken.set(client, left);
    const next = this.#next();
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#occupy(next.client);
    next.begin();
  }

  /** Whoever has the fewest places, and of those who came first. */
  #next(): Waiting | undefined {
    let next: Waiting | undefined;
    for (const one of this.#waiting)
      if (this.#isFree(one.client) && (next === undefined || this.#of(one.client) < this.#of(next.client))) next = one;
    return next;
  }

  #isFree(client: string): boolean {
    let taken = 0;
    for (const count of this.#taken.values()) taken += count;
    return taken < PLACES && this.#of(client) < CLIENT_PLACES_MAX;
  }

  #occupy(client: string): void {
    this.#taken.set(client, this.#of(client) + 1);
  }

  #of(client: string): number {
    return this.#taken.get(client) ?? 0;
  }
}

/** The octets as they come. Only the time that is waited for them counts, not what is done with them. */
async function* paced(body: ReadableStream<Uint8Array> | null, clock: Clock): AsyncGenerator<Uint8Array, void> {
  if (body === null) return;
  const reader = body.getReader();
  let [silenceLeftMs, bodyLeftMs] = [SILENCE_MS_MAX, BODY_MS_MAX];
  try {
    for (;;) {
      const fromMs = clock.monotonicMs();
      const read = await withinMs(clock, Math.min(silenceLeftMs, bodyLeftMs), reader.read(), undefined);
      if (read === undefined) throw tooSlow();
      if (read.done) return;
      const waitedMs = clock.monotonicMs() - fromMs;
      const earnedMs = (read.value.byteLength / OCTETS_PER_SECOND_MIN) * 1_000;
      silenceLeftMs = Math.min(SILENCE_MS_MAX, silenceLeftMs - waitedMs + earnedMs);
      bodyLeftMs -= waitedMs;
      yield read.value;
    }
  } finally {
    // What is left of it is read by nobody.
    await reader.cancel().catch(() => undefined);
  }
}

function tooSlow(): MeshError {
  return new MeshError(
    'request_timeout',
    `The body comes too slowly: a large one must bring ${OCTETS_PER_SECOND_MIN} octets a second, and be here within ${BODY_MS_MAX / 1_000} s.`,
  );
}
