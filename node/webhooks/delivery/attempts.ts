// The attempts of one subscription that are in hand: being noted, noted and waiting for a place, in flight. How many there may be follows
// from the receiver's health, its pace, and whether the subscription is enabled; who of all subscriptions comes next is decided in places.ts.
import type { Clock } from '../../../mesh/ports.ts';
import type { Prepared } from '../lanes/turn.ts';
import { ENDPOINT_IN_FLIGHT_MAX, type Endpoint, inFlightMax } from '../schedule/endpoint.ts';
import { Pace } from '../schedule/pace.ts';
import type { Subscription } from '../webhook-records.ts';

/** Attempts of one subscription that are noted while others are in flight, so that none waits for the disk when a place is free. */
const NOTED_AHEAD_MAX = 56;

/** The subscription and its endpoint, as they are now. */
export interface AttemptsOptions {
  readonly subscription: () => Subscription;
  readonly endpoint: () => Endpoint;
}

export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #pace: Pace;
  #inFlight = 0;
  #noting = 0;
  #prepared: Prepared[] = [];

  constructor(clock: Pick<Clock, 'monotonicMs'>, options: AttemptsOptions) {
    this.#options = options;
    this.#pace = new Pace(clock, () => options.subscription().ratePerSecond);
  }

  /** Attempts that were sent and have not ended. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * What may be noted now: attempts that there is a place for, or first ones only. After a crash a noted attempt counts as made, so only
   * first ones, which wait five seconds then, are noted ahead of their places.
   */
  mayNote(nowMs: number): 'any' | 'first' | 'none' {
    if (!this.#mayBegin) return 'none';
    const inHand = this.#inHand;
    if (inHand >= this.#notedMax(nowMs)) return 'none';
    return inHand >= inFlightMax(this.#options.endpoint(), nowMs) ? 'first' : 'any';
  }

  /** Whether an attempt is prepared that the receiver may be asked by now. */
  wantsPlace(nowMs: number): boolean {
    if (this.#prepared.length === 0 || !this.#mayBegin) return false;
    return this.#inFlight < inFlightMax(this.#options.endpoint(), nowMs);
  }

  /** Whole milliseconds until the pace lets another attempt begin: a wall clock's moment has no room for less. */
  get waitMs(): number {
    return Math.ceil(this.#pace.waitMs);
  }

  /** An attempt is being noted, until `prepare` or `unprepared`. */
  note(): void {
    this.#noting += 1;
  }

  /** What was being noted is durable, and waits for a place. */
  prepare(prepared: Prepared): void {
    this.#noting -= 1;
    this.#prepared.push(prepared);
  }

  /** What was being noted is not to be sent after all. */
  unprepared(): void {
    this.#noting -= 1;
  }

  /** How many prepared attempts may be sent as things are. */
  sendable(nowMs: number): number {
    const max = this.#options.subscription().isEnabled ? this.#notedMax(nowMs) : 0;
    return Math.max(0, max - this.#inFlight - this.#noting);
  }

  /** Removes and returns what is prepared, but for the first `kept`; the last first. */
  takeBack(kept: number): readonly Prepared[] {
    return this.#prepared.splice(kept).reverse();
  }

  /** The next prepared attempt is in flight, until `end`. */
  begin(): Prepared | undefined {
    const prepared = this.#prepared.shift();
    if (prepared === undefined) return undefined;
    this.#inFlight += 1;
    this.#pace.begin();
    return prepared;
  }

  /** One of those in flight is over, whatever it came to. */
  end(): void {
    this.#inFlight -= 1;
  }

  get #mayBegin(): boolean {
    return this.#options.subscription().isEnabled && this.#pace.waitMs === 0;
  }

  get #inHand(): number {
    return this.#inFlight + this.#noting + this.#prepared.length;
  }

  /** Attempts in flight and noted ahead; a receiver that is asked by one attempt alone, or at a pace, has none ahead. */
  #notedMax(nowMs: number): number {
    const max = inFlightMax(this.#options.endpoint(), nowMs);
    const isFast = max === ENDPOINT_IN_FLIGHT_MAX && this.#options.subscription().ratePerSecond === undefined;
    return isFast ? max + NOTED_AHEAD_MAX : max;
  }
}
