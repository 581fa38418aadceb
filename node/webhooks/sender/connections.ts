// The sender's connections, and those among them that idle until somebody has something for the same origin. The one that was used last is
// used first, so that the others can be closed.
import type { Clock } from '../../../mesh/ports.ts';
import { EqualDeadlines } from '../../../mesh/time/equal-deadlines.ts';
import { ENDPOINT_IN_FLIGHT_MAX } from '../schedule/endpoint.ts';
import { AnswerError } from './answer-reader.ts';
import type { Connection } from './connection.ts';

/** An idle connection is closed after this long: sooner than servers close theirs (Node: 5 s), so none dies under an attempt. */
const IDLE_MS_MAX = 4 * 1_000;

interface Idle {
  readonly connection: Connection;
  /** The moment until which it is kept, by the monotonic clock. */
  readonly untilMs: number;
  readonly used: () => void;
}

export class Connections {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #open = new Set<Connection>();
  /** By origin, the one that was used last at the end. */
  readonly #idle = new Map<string, Idle[]>();
  readonly #deadlines: EqualDeadlines;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#deadlines = new EqualDeadlines(clock, IDLE_MS_MAX);
  }

  /** An idle connection to an origin; it is the caller's until `giveBack`. */
  reuse(origin: string): Connection | undefined {
    const idle = this.#idle.get(origin);
    for (let last = idle?.pop(); last !== undefined; last = idle?.pop()) {
      last.used();
      if (idle?.length === 0) this.#idle.delete(origin);
      if (last.connection.keptMs > 0 && this.#clock.monotonicMs() < last.untilMs) return last.connection;
      last.connection.close(unused());
    }
    return undefined;
  }

  add(connection: Connection): void {
    this.#open.add(connection);
  }

  /** Forgets a connection that has closed. */
  remove(connection: Connection): void {
    this.#open.delete(connection);
  }

  /** What serves again idles from now on. */
  giveBack(origin: string, connection: Connection): void {
    const { keptMs } = connection;
    const idle = this.#idle.get(origin) ?? [];
    if (keptMs === 0) return;
    if (idle.length >= ENDPOINT_IN_FLIGHT_MAX) {
      connection.close(unused());
      return;
    }
    const used = this.#deadlines.start(() => {
      this.#forget(origin, connection);
      connection.close(unused());
    });
    this.#idle.set(origin, idle);
    idle.push({ connection, untilMs: this.#clock.monotonicMs() + Math.min(keptMs, IDLE_MS_MAX), used });
  }

  /** Closes all of them, those in use too. */
  close(): void {
    this.#deadlines.stop();
    this.#idle.clear();
    for (const connection of this.#open)
      connection.close(new AnswerError('connection_lost', 'The node closed its connections.'));
  }

  #forget(origin: string, connection: Connection): void {
    const left = (this.#idle.get(origin) ?? []).filter((idle) => idle.connection !== connection);
    if (left.length > 0) this.#idle.set(origin, left);
    else this.#idle.delete(origin);
  }
}

/** Nobody hears of it: nothing is in flight. */
function unused(): AnswerError {
  return new AnswerError('connection_lost', 'The connection was not needed any more.');
}
