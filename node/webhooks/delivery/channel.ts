// Everything the deliveries know of one subscription: what it wants, how its receiver is, its lanes; and how that is written
// down. Decisions of time are made here, from the moment given; the doing is in loop.ts.
import type { Random } from '../../../mesh/ports.ts';
import type { ChangeEntry } from '../../changes/change-log.ts';
import type { Log } from '../../log.ts';
import { CURSOR_UNSAVED_ENTRIES_MAX, DEAD_LETTERS_MAX, EVENT_LIFE_MS, RETRY_MS_MAX } from '../limits.ts';
import {
  type DeadLetter,
  deadKey,
  type Last,
  laneKey,
  PROGRESS_PREFIX,
  type Progress,
  type StoredLane,
  SUBSCRIPTION_PREFIX,
  type Subscription,
} from '../webhook-records.ts';
import {
  afterOutage,
  afterRefusal,
  afterSuccess,
  type Endpoint,
  inFlightMax,
  isLost,
  NEW_ENDPOINT,
  withSaneClock,
} from './endpoint.ts';
import { type Lane, Lanes } from './lanes.ts';
import type { Ledger } from './ledger.ts';
import { retryDelayMs, type Verdict } from './schedule.ts';

export interface ChannelPorts {
  readonly ledger: Ledger;
  readonly random: Random;
  readonly log: Log;
}

/** What an attempt knew when it began. */
export interface Begun {
  readonly lane: Lane;
  readonly pausesSeen: number;
}

interface Failed {
  readonly verdict: Verdict & { readonly kind: 'failed' };
  readonly last: Last;
  readonly pausesSeen: number;
  readonly nowMs: number;
}

export class Channel {
  /** Aborts when the subscription is removed, or when the node must stop now: cuts off what is in flight. */
  readonly ended = new AbortController();
  readonly lanes: Lanes;
  inFlight = 0;
  /** `POST …/test` requests in flight. */
  testsInFlight = 0;
  /** What stands behind restored lanes is not known yet. */
  isRecalling = false;
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly #log: Log;
  #subscription: Subscription;
  #origin: string;
  #endpoint: Endpoint;
  #dead: number;
  #isRemoved = false;
  #savedCursor: number;
  #nextChangeMs = 0;
  #sweptMs = 0;

  constructor(stored: Subscription, progress: Progress, lanes: readonly StoredLane[], ports: ChannelPorts) {
    this.#ledger = ports.ledger;
    this.#random = ports.random;
    this.#log = ports.log;
    this.#subscription = stored;
    this.#origin = new URL(stored.url).origin;
    this.#endpoint = progress.endpoint;
    this.#dead = progress.dead;
    this.#savedCursor = progress.cursor;
    this.lanes = new Lanes(
      progress.cursor,
      (entry) => wants(this.#subscription, entry),
      (lane) => this.#touch(lane),
    );
    for (const lane of lanes) this.lanes.restore(lane);
    this.isRecalling = lanes.length > 0;
  }

  get id(): string {
    return this.#subscription.id;
  }

  get subscription(): Subscription {
    return this.#subscription;
  }

  /** Scheme, host and port of its receiver. */
  get origin(): string {
    return this.#origin;
  }

  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  get dead(): number {
    return this.#dead;
  }

  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  /** Replaces the subscription; the caller flushes. */
  change(subscription: Subscription): void {
    this.#subscription = subscription;
    this.#origin = new URL(subscription.url).origin;
    this.#mark(SUBSCRIPTION_PREFIX + this.id, () => this.#subscription);
    this.#nextChangeMs = 0;
  }

  /** Another receiver, or the same one enabled again: nothing is held against it, and whatever waits is due. */
  startAfresh(): void {
    this.#endpoint = {
      ...NEW_ENDPOINT,
      pauses: this.#endpoint.pauses + 1,
      lastSuccessMs: this.#endpoint.lastSuccessMs,
    };
    for (const lane of this.lanes.all()) {
      if (lane.state !== 'waiting') continue;
      lane.dueMs = 0;
      this.lanes.release(lane);
      this.#touch(lane);
    }
    this.#nextChangeMs = 0;
    this.#touch();
  }

  disable(reason: NonNullable<Subscription['disabledReason']>, nowMs: number): void {
    const at = new Date(nowMs).toISOString();
    this.change({ ...this.#subscription, isEnabled: false, disabledReason: reason, disabledAt: at, updatedAt: at });
    this.#log.warn('subscription.disabled', { subscriptionId: this.id, reason });
  }

  /** Erases the records that make it come back; the rest is found under its id. */
  remove(): void {
    this.#mark(SUBSCRIPTION_PREFIX + this.id, () => undefined);
    this.#isRemoved = true;
  }

  /** Moves on over entries of the log. Returns whether it is time to write that down, though none of them was wanted. */
  take(entries: readonly ChangeEntry[]): boolean {
    this.lanes.take(entries);
    if (this.lanes.cursor - this.#savedCursor < CURSOR_UNSAVED_ENTRIES_MAX) return false;
    this.#touch();
    return true;
  }

  get wantsEntries(): boolean {
    return this.#subscription.isEnabled && !this.isRecalling && this.lanes.hasRoom;
  }

  /** The lane to attempt now, if there is one and the receiver may be asked. */
  nextLane(nowMs: number): Lane | undefined {
    if (!this.#subscription.isEnabled || this.isRecalling) return undefined;
    return this.inFlight < inFlightMax(this.#endpoint, nowMs) ? this.lanes.nextReady() : undefined;
  }

  /** Makes lanes ready whose time has come and takes those into hand whose event's life is over: they are to be buried. */
  sweep(nowMs: number): readonly Lane[] {
    if (!this.#subscription.isEnabled || this.isRecalling) return [];
    const isClockSetBack = nowMs < this.#sweptMs;
    if (nowMs < this.#nextChangeMs && !isClockSetBack) return [];
    this.#sweptMs = nowMs;
    this.#endpoint = withSaneClock(this.#endpoint, nowMs);
    let nextMs = Number.POSITIVE_INFINITY;
    const expired: Lane[] = [];
    for (const lane of this.lanes.all()) {
      if (lane.state === 'busy' || lane.state === 'seeking') continue;
      if (this.#isExpired(lane, nowMs)) {
        this.lanes.hold(lane);
        expired.push(lane);
        continue;
      }
      if (lane.dueMs > nowMs + RETRY_MS_MAX) lane.dueMs = nowMs + RETRY_MS_MAX;
      if (lane.state === 'waiting' && lane.dueMs <= nowMs) this.lanes.release(lane);
      if (lane.state === 'waiting') nextMs = Math.min(nextMs, lane.dueMs);
      if (this.lifeEndMs(lane) > nowMs) nextMs = Math.min(nextMs, this.lifeEndMs(lane));
    }
    this.#nextChangeMs = nextMs;
    return expired;
  }

  /** When something will change by time alone; infinite: never. */
  nextChangeMs(nowMs: number): number {
    if (!this.#subscription.isEnabled || this.isRecalling) return Number.POSITIVE_INFINITY;
    const { pausedUntilMs } = this.#endpoint;
    return Math.min(this.#nextChangeMs, pausedUntilMs > nowMs ? pausedUntilMs : Number.POSITIVE_INFINITY);
  }

  lifeEndMs(lane: Lane): number {
    return Math.max(lane.bornMs, this.#subscription.resumedMs) + EVENT_LIFE_MS;
  }

  /** Notes one more attempt; it must be durable before it is made. */
  begin(lane: Lane, nowMs: number): Begun {
    this.lanes.hold(lane);
    this.lanes.begin(lane, nowMs + retryDelayMs(lane.attempts + 1, this.#random));
    return { lane, pausesSeen: this.#endpoint.pauses };
  }

  /** Draws the consequences of an attempt, except those of a 410 and of being lost. Returns when it is tried again, if it is. */
  conclude({ lane, pausesSeen }: Begun, verdict: Verdict, last: Last, nowMs: number): number | undefined {
    if (verdict.kind === 'accepted') {
      this.#endpoint = afterSuccess(this.#endpoint, pausesSeen, nowMs);
      this.lanes.settle(lane);
      return undefined;
    }
    if (verdict.kind === 'gone') {
      this.disable('gone', nowMs);
      this.lanes.retry(lane, nowMs, last);
      return undefined;
    }
    this.#fail(lane, { verdict, last, pausesSeen, nowMs });
    if (isLost(this.#endpoint, nowMs)) this.disable('failing', nowMs);
    const nextMs = Math.max(lane.dueMs, this.#endpoint.pausedUntilMs);
    return this.#subscription.isEnabled && nextMs < this.lifeEndMs(lane) ? nextMs : undefined;
  }

  /** Keeps a dead letter in the place of a lane's first event. */
  bury(lane: Lane, letter: DeadLetter, nowMs: number): void {
    this.#mark(deadKey(this.id, letter.seq), () => letter);
    this.#dead += 1;
    this.lanes.settle(lane);
    if (this.#dead >= DEAD_LETTERS_MAX) this.disable('dead_letters_full', nowMs);
  }

  /** Marks the subscription and its progress as new. */
  save(): void {
    this.#mark(SUBSCRIPTION_PREFIX + this.id, () => this.#subscription);
    this.#touch();
  }

  #fail(lane: Lane, { verdict, last, pausesSeen, nowMs }: Failed): void {
    const { retryAfterMs } = verdict;
    const failure = { pausesSeen, nowMs, retryAfterMs, delayMs: retryDelayMs(this.#endpoint.streak + 1, this.#random) };
    if (verdict.isEndpoint) {
      this.#endpoint = afterOutage(this.#endpoint, failure);
      // It waits for the endpoint, not for a place of its own in the schedule.
      this.lanes.retry(lane, this.#endpoint.pausedUntilMs, last);
    } else {
      this.#endpoint = afterRefusal(this.#endpoint, lane.agentId, failure);
      this.lanes.retry(lane, nowMs + Math.max(retryDelayMs(lane.attempts, this.#random), retryAfterMs), last);
    }
    this.#nextChangeMs = 0;
  }

  /** Its life is over, and it was tried, or could not be because the receiver was out of reach since it happened. */
  #isExpired(lane: Lane, nowMs: number): boolean {
    const endMs = this.lifeEndMs(lane);
    return nowMs >= endMs && (lane.attempts > 0 || this.#endpoint.downMs >= endMs - EVENT_LIFE_MS);
  }

  #touch(lane?: Lane): void {
    if (lane !== undefined) {
      this.#mark(laneKey(this.id, lane.agentId), () => this.#storedLane(lane));
      const dueMs = lane.state === 'waiting' ? lane.dueMs : Number.POSITIVE_INFINITY;
      this.#nextChangeMs = Math.min(this.#nextChangeMs, dueMs, this.lifeEndMs(lane));
    }
    this.#savedCursor = this.lanes.cursor;
    this.#mark(PROGRESS_PREFIX + this.id, () => this.#progress());
  }

  #mark(key: string, value: () => unknown): void {
    if (!this.isRemoved) this.#ledger.mark(key, value);
  }

  #progress(): Progress {
    return { cursor: this.lanes.cursor, dead: this.#dead, endpoint: this.#endpoint };
  }

  #storedLane(lane: Lane): StoredLane | undefined {
    if (!this.lanes.has(lane)) return undefined;
    const { agentId, seq, bornMs, attempts, dueMs, last } = lane;
    const isFound = lane.state !== 'seeking';
    return { subscriptionId: this.id, agentId, seq, isFound, bornMs, attempts, dueMs, last };
  }
}

/** Whether a subscription wants an entry, as it stood when the entry was committed. */
function wants({ epochs }: Pick<Subscription, 'epochs'>, entry: ChangeEntry): boolean {
  const epoch = epochs.findLast(({ fromSeq }) => fromSeq <= entry.seq);
  return epoch?.events.includes(entry.event) ?? false;
}
