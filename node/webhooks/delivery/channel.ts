// Everything the deliveries know of one subscription: what it wants, how its receiver is, its lanes; and how that is written
// down. Decisions of time are made here, from the moment given; the doing is in loop.ts.
// Every change of that state goes through this class. Everybody else reads.
//
//   webhooks.ts     change, startAfresh, remove, save ──────────┐
//   loop.ts         sweep, begin, end, conclude, giveBack, bury ┼─► Channel ─► Subscription, Endpoint   (values, replaced whole)
//   log-reader.ts   readOn, recall, recalled ───────────────────┘       ├────► Lanes    pure state; `touched` names each lane that changed
//                                                                       └────► Ledger   the keys that changed, values read at the commit
//
// A method changes state and marks its records in one go, without waiting in between; the caller flushes the ledger. A commit therefore
// never shows half a change: a cursor on disk always fits the lanes beside it.
// Longer than 300 lines: all that may change in a subscription's state is found here.
import type { Clock, Random } from '../../../mesh/ports.ts';
import type { ChangeEntry } from '../../changes/change-log.ts';
import type { Log } from '../../log.ts';
import { wants } from '../epochs.ts';
import { CURSOR_UNSAVED_ENTRIES_MAX, DEAD_LETTERS_MAX } from '../limits.ts';
import { graceEndMs, haveAged, stillLiving } from '../secrets.ts';
import type { DeadLetter, Last, Progress, StoredLane, Subscription } from '../webhook-records.ts';
import { ChannelRecords } from './channel-records.ts';
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
import { type Lane, Lanes, type LanesView } from './lanes.ts';
import type { Ledger } from './ledger.ts';
import { lifeEndMs } from './life.ts';
import { Pace } from './pace.ts';
import { retryDelayMs, type Verdict } from './schedule.ts';
import { sweep } from './sweep.ts';

export interface ChannelPorts {
  readonly ledger: Ledger;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly random: Random;
  readonly log: Log;
}

/** What an attempt knew when it began. */
export interface Begun {
  readonly lane: Lane;
  readonly pausesSeen: number;
  /** How long the schedule says to wait should this attempt be refused. */
  readonly delayMs: number;
}

export class Channel {
  /** Aborts when the subscription is removed, or when the node must stop now: cuts off what is in flight. */
  readonly ended = new AbortController();
  readonly #lanes: Lanes;
  readonly #records: ChannelRecords;
  readonly #pace: Pace;
  readonly #random: Random;
  readonly #log: Log;
  #subscription: Subscription;
  #origin: string;
  #endpoint: Endpoint;
  #dead: number;
  #isRecalling: boolean;
  #savedCursor: number;
  #inFlight = 0;
  #nextChangeMs = 0;
  #sweptMs = 0;

  constructor(stored: Subscription, progress: Progress, lanes: readonly StoredLane[], ports: ChannelPorts) {
    this.#records = new ChannelRecords(ports.ledger, stored.id);
    this.#pace = new Pace(ports.clock, () => this.#subscription.ratePerSecond);
    this.#random = ports.random;
    this.#log = ports.log;
    this.#subscription = stored;
    this.#origin = new URL(stored.url).origin;
    this.#endpoint = progress.endpoint;
    this.#dead = progress.dead;
    this.#savedCursor = progress.cursor;
    this.#lanes = new Lanes(
      progress.cursor,
      (entry) => wants(this.#subscription, entry),
      (lane) => this.#touch(lane),
    );
    for (const lane of lanes) this.#lanes.restore(lane);
    this.#isRecalling = lanes.length > 0;
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

  /** Attempts in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get dead(): number {
    return this.#dead;
  }

  get isRemoved(): boolean {
    return this.#records.isRemoved;
  }

  get lanes(): LanesView {
    return this.#lanes;
  }

  /** What stands behind restored lanes is not known yet. */
  get isRecalling(): boolean {
    return this.#isRecalling;
  }

  /** Replaces the subscription; the caller flushes. */
  change(subscription: Subscription): void {
    this.#subscription = subscription;
    this.#origin = new URL(subscription.url).origin;
    this.#records.subscription(() => this.#subscription);
    this.#nextChangeMs = 0;
  }

  /** Another receiver, or the same one enabled again: nothing is held against it, and whatever waits is due. */
  startAfresh(): void {
    this.#endpoint = {
      ...NEW_ENDPOINT,
      pauses: this.#endpoint.pauses + 1,
      lastSuccessMs: this.#endpoint.lastSuccessMs,
    };
    for (const lane of this.#lanes.all()) {
      if (lane.state === 'waiting') this.#lanes.hasten(lane);
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
    this.#records.remove();
  }

  /** Moves on over entries of the log. Returns whether it is time to write that down, though none of them was wanted. */
  readOn(entries: readonly ChangeEntry[]): boolean {
    this.#lanes.readOn(entries);
    if (this.#lanes.cursor - this.#savedCursor < CURSOR_UNSAVED_ENTRIES_MAX) return false;
    this.#touch();
    return true;
  }

  /** Lanes remember what `entries` of the log hold behind them: see `Lanes.recall`. */
  recall(entries: readonly ChangeEntry[], sought: Set<Lane>): void {
    this.#lanes.recall(entries, sought);
  }

  /** `lanes` have been recalled, all that there is for those still `sought`: a lane that was seeking goes on to its next event, or ends. */
  recalled(lanes: readonly Lane[], sought: ReadonlySet<Lane>): void {
    this.#lanes.recalled(sought);
    for (const lane of lanes) this.#lanes.resume(lane);
  }

  /** Restored lanes have been recalled. */
  endRecalling(): void {
    this.#isRecalling = false;
  }

  get wantsEntries(): boolean {
    return this.#subscription.isEnabled && !this.#isRecalling && this.#lanes.hasRoom;
  }

  /** The lane to attempt now, if there is one and the receiver may be asked. */
  nextLane(nowMs: number): Lane | undefined {
    if (!this.#subscription.isEnabled || this.#isRecalling || this.#pace.waitMs > 0) return undefined;
    return this.#inFlight < inFlightMax(this.#endpoint, nowMs) ? this.#lanes.nextReady() : undefined;
  }

  /** Makes the lanes ready whose time has come. Occupies and returns those whose event's life is over: the caller buries them. */
  sweep(nowMs: number): readonly Lane[] {
    if (!this.#subscription.isEnabled || this.#isRecalling) return [];
    const isClockSetBack = nowMs < this.#sweptMs;
    if (nowMs < this.#nextChangeMs && !isClockSetBack) return [];
    this.#sweptMs = nowMs;
    this.#endpoint = withSaneClock(this.#endpoint, nowMs);
    const { expired, nextMs } = sweep(this.#lanes, {
      subscription: this.#subscription,
      endpoint: this.#endpoint,
      nowMs,
    });
    this.#nextChangeMs = nextMs;
    return expired;
  }

  /** When something will change by time alone; infinite: never. */
  nextChangeMs(nowMs: number): number {
    const graceMs = graceEndMs(this.#subscription);
    if (!this.#subscription.isEnabled || this.#isRecalling) return graceMs;
    const later = [this.#endpoint.pausedUntilMs, nowMs + this.#pace.waitMs].filter((ms) => ms > nowMs);
    return Math.min(this.#nextChangeMs, graceMs, ...later);
  }

  /** Forgets the former secrets whose grace is over. Returns whether there were some: the caller flushes. */
  forgetSecrets(nowMs: number): boolean {
    if (!haveAged(this.#subscription, nowMs)) return false;
    this.change({ ...this.#subscription, formerSecrets: stillLiving(this.#subscription, nowMs) });
    return true;
  }

  /** Occupies and returns the lanes whose first event stands at `seq` or before and is in nobody's hands: the caller buries them. */
  late(seq: number): readonly Lane[] {
    if (this.#isRecalling) return [];
    const late = [...this.#lanes.all()].filter(
      (lane) => lane.seq <= seq && lane.state !== 'busy' && lane.state !== 'seeking',
    );
    for (const lane of late) this.#lanes.occupy(lane);
    return late;
  }

  /** Notes one more attempt; it must be durable before it is made. It is in flight until `end`. */
  begin(lane: Lane, nowMs: number): Begun {
    this.#inFlight += 1;
    const delayMs = retryDelayMs(lane.attempts + 1, this.#random);
    this.#lanes.occupy(lane);
    this.#lanes.begin(lane, nowMs + delayMs);
    this.#pace.begin();
    return { lane, pausesSeen: this.#endpoint.pauses, delayMs };
  }

  /** An attempt that `begin` noted is in flight no longer, whatever came of it. */
  end(): void {
    this.#inFlight -= 1;
  }

  /** The attempt was not made after all, or cut off by the node itself: it says nothing of the receiver. */
  giveBack({ lane }: Begun): void {
    this.#lanes.giveBack(lane);
  }

  /** Draws the consequences of an attempt that ended. Returns when the event is attempted again (wall clock), if it is. */
  conclude(begun: Begun, verdict: Verdict, last: Last, nowMs: number): number | undefined {
    const { lane, pausesSeen } = begun;
    if (verdict.kind === 'accepted') {
      this.#endpoint = afterSuccess(this.#endpoint, pausesSeen, nowMs);
      this.#lanes.settle(lane);
      return undefined;
    }
    if (verdict.kind === 'gone') {
      this.disable('gone', nowMs);
      this.#lanes.retry(lane, nowMs, last);
      return undefined;
    }
    this.#fail(begun, verdict, last, nowMs);
    if (isLost(this.#endpoint, nowMs)) this.disable('failing', nowMs);
    const nextMs = Math.max(lane.dueMs, this.#endpoint.pausedUntilMs);
    return this.#subscription.isEnabled && nextMs < lifeEndMs(lane, this.#subscription) ? nextMs : undefined;
  }

  /** Keeps a dead letter in the place of a lane's first event. */
  bury(lane: Lane, letter: DeadLetter, nowMs: number): void {
    this.#records.dead(letter);
    this.#dead += 1;
    this.#lanes.settle(lane);
    if (this.#dead >= DEAD_LETTERS_MAX) this.disable('dead_letters_full', nowMs);
  }

  /** Marks the subscription and its progress as new. */
  save(): void {
    this.#records.subscription(() => this.#subscription);
    this.#touch();
  }

  #fail({ lane, pausesSeen, delayMs }: Begun, verdict: Verdict & { kind: 'failed' }, last: Last, nowMs: number): void {
    const { retryAfterMs } = verdict;
    const pauseMs = retryDelayMs(this.#endpoint.streak + 1, this.#random);
    const failure = { pausesSeen, nowMs, retryAfterMs, delayMs: pauseMs };
    if (verdict.isEndpoint) {
      this.#endpoint = afterOutage(this.#endpoint, failure);
      // The lane waits for the endpoint, not for a place of its own in the schedule.
      this.#lanes.retry(lane, this.#endpoint.pausedUntilMs, last);
    } else {
      this.#endpoint = afterRefusal(this.#endpoint, lane.agentId, failure);
      this.#lanes.retry(lane, nowMs + Math.max(delayMs, retryAfterMs), last);
    }
    this.#nextChangeMs = 0;
  }

  #touch(lane?: Lane): void {
    if (lane !== undefined) {
      this.#records.lane(lane.agentId, () => this.#lanes.stored(this.id, lane));
      const dueMs = lane.state === 'waiting' ? lane.dueMs : Number.POSITIVE_INFINITY;
      this.#nextChangeMs = Math.min(this.#nextChangeMs, dueMs, lifeEndMs(lane, this.#subscription));
    }
    this.#savedCursor = this.#lanes.cursor;
    this.#records.progress(() => ({ cursor: this.#lanes.cursor, dead: this.#dead, endpoint: this.#endpoint }));
  }
}
