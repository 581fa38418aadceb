// Everything the deliveries know of one subscription: what it wants, how its receiver is, its streams of lanes; and how that is written
// down. Decisions of time are made here, from the moment given; the doing is in loop.ts.
// Every change of that state goes through this class, or through its streams. Everybody else reads.
//
//   webhooks.ts     change, startAfresh, remove, save, replay ──┐
//   loop.ts         sweep, note, begin, end, conclude, bury     ┼─► Channel ─► Subscription, Endpoint   (values, replaced whole)
//   log-reader.ts   readOn, recall, recalled ─────► Stream ─────┘       ├────► Lanes    pure state; `touched` names each lane that changed
//                                                                       └────► Ledger   the keys that changed, values read at the commit
//
// A method changes state and marks its records in one go, without waiting in between; the caller flushes the ledger. A commit therefore
// never shows half a change: a cursor on disk always fits the lanes beside it.
// Longer than 300 lines: all that may change in a subscription's state is found here.
import type { Clock, Random } from '../../../mesh/ports.ts';
import type { ChangeEntry } from '../../changes/change-log.ts';
import type { Log } from '../../log.ts';
import { wants } from '../epochs.ts';
import { DEAD_LETTERS_MAX, ENDPOINT_IN_FLIGHT_MAX, NOTED_AHEAD_MAX } from '../limits.ts';
import { graceEndMs, haveAged, stillLiving } from '../secrets.ts';
import type { DeadLetter, KeptAttempt, Progress, StoredLane, StoredReplay, Subscription } from '../webhook-records.ts';
import { ChannelRecords } from './channel-records.ts';
import {
  afterOutage,
  afterRefusal,
  afterSuccess,
  type Endpoint,
  inFlightMax,
  isLost,
  NEW_ENDPOINT,
  withoutPause,
  withSaneClock,
} from './endpoint.ts';
import type { Lane, LanesView } from './lanes.ts';
import type { Ledger } from './ledger.ts';
import { lifeEndMs } from './life.ts';
import { Pace } from './pace.ts';
import { Replays } from './replays.ts';
import { retryDelayMs, type Verdict } from './schedule.ts';
import { Stream } from './stream.ts';

export interface ChannelPorts {
  readonly ledger: Ledger;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly random: Random;
  readonly log: Log;
}

/** A lane in its stream: what is attempted or buried. */
export interface Turn {
  readonly stream: Stream;
  readonly lane: Lane;
}

/** An attempt that is noted on the disk, or about to be. */
export interface Noted extends Turn {
  /** How long the schedule says to wait should this attempt be refused. */
  readonly delayMs: number;
}

/** A noted attempt that waits for a place, with what it sends. */
export interface Prepared extends Noted {
  readonly entry: ChangeEntry;
  readonly isDead: boolean;
}

/** What an attempt knew when it began. */
export interface Begun extends Prepared {
  readonly pausesSeen: number;
}

/** A replay as it was kept. */
export interface KeptReplay {
  readonly replay: StoredReplay;
  readonly lanes: readonly StoredLane[];
}

export interface KeptChannel {
  readonly subscription: Subscription;
  readonly progress: Progress;
  readonly lanes: readonly StoredLane[];
  readonly replays: readonly KeptReplay[];
}

export class Channel {
  /** Aborts when the subscription is removed, or when the node must stop now: cuts off what is in flight. */
  readonly ended = new AbortController();
  readonly #live: Stream;
  readonly #replays: Replays;
  readonly #records: ChannelRecords;
  readonly #pace: Pace;
  readonly #random: Random;
  readonly #log: Log;
  #subscription: Subscription;
  #origin: string;
  #inFlight = 0;
  #noting = 0;
  #prepared: Prepared[] = [];
  #endpoint: Endpoint;
  #dead: number;
  #sweptMs = 0;

  constructor({ subscription, progress, lanes, replays }: KeptChannel, ports: ChannelPorts) {
    this.#records = new ChannelRecords(ports.ledger, subscription.id);
    this.#random = ports.random;
    this.#log = ports.log;
    this.#pace = new Pace(ports.clock, () => this.#subscription.ratePerSecond);
    this.#subscription = subscription;
    this.#origin = new URL(subscription.url).origin;
    this.#endpoint = progress.endpoint;
    this.#dead = progress.dead;
    const options = {
      subscription: () => this.#subscription,
      records: this.#records,
      placeChanged: () => this.#placeChanged(),
    };
    this.#live = new Stream(
      { cursor: progress.cursor, lanes },
      { ...options, wants: (entry) => wants(this.#subscription, entry) },
    );
    this.#replays = new Replays(this.#live, options);
    for (const kept of replays) this.#replays.add(kept.replay, kept.lanes);
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

  /** Attempts in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  get dead(): number {
    return this.#dead;
  }

  get isRemoved(): boolean {
    return this.#records.isRemoved;
  }

  /** Of the changes as they come. */
  get lanes(): LanesView {
    return this.#live.lanes;
  }

  /** The changes as they come. */
  get live(): Stream {
    return this.#live;
  }

  get replays(): Pick<Replays, 'all' | 'refuse' | 'sending'> {
    return this.#replays;
  }

  /** The changes as they come, and the replays. */
  get streams(): readonly Stream[] {
    return this.#replays.turns;
  }

  /** Replaces the subscription; the caller flushes. */
  change(subscription: Subscription): void {
    this.#subscription = subscription;
    this.#origin = new URL(subscription.url).origin;
    this.#records.subscription(() => this.#subscription);
    this.#changed();
  }

  /** Another receiver, or the same one enabled again: nothing is held against it, and whatever waits is due. */
  startAfresh(): void {
    this.#endpoint = {
      ...NEW_ENDPOINT,
      pauses: this.#endpoint.pauses + 1,
      lastSuccessMs: this.#endpoint.lastSuccessMs,
    };
    for (const stream of this.streams) stream.hasten();
    this.#placeChanged();
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

  /** Begins a replay, which `replays.refuse` has not refused. */
  replay(replay: StoredReplay): void {
    this.#replays.add(replay, []).touch();
  }

  /** What waits in a lane is due now; a receiver that is left alone is asked by one attempt. */
  hasten(lane: Lane, stream = this.#live): void {
    const { pausedUntilMs } = this.#endpoint;
    this.#endpoint = withoutPause(this.#endpoint);
    stream.hasten([lane]);
    // What waits for the end of the pause may follow as soon as that attempt is accepted.
    for (const other of this.streams) {
      other.hasten([...other.lanes.all()].filter(({ dueMs }) => dueMs === pausedUntilMs));
    }
    this.#placeChanged();
  }

  /** Marks the replays that are over as ended. Returns them: the caller flushes. */
  endReplays(): readonly StoredReplay[] {
    return this.#replays.end();
  }

  get isEnabled(): boolean {
    return this.#subscription.isEnabled;
  }

  /** The lane whose attempt to note now, if there is one and the receiver may be asked. */
  nextTurn(nowMs: number): Turn | undefined {
    if (!this.isEnabled || this.#pace.waitMs > 0) return undefined;
    const begunOrNoted = this.#begunOrNoted;
    if (begunOrNoted >= this.#notedMax(nowMs)) return undefined;
    // After a crash a noted attempt counts as made, so only first ones, which wait five seconds then, are noted ahead of their places.
    const isAhead = begunOrNoted >= inFlightMax(this.#endpoint, nowMs);
    return this.#replays.nextTurn(({ attempts }) => !isAhead || attempts === 0);
  }

  /** Whether an attempt is prepared that the receiver may be asked by now. */
  wantsPlace(nowMs: number): boolean {
    if (!this.isEnabled || this.#prepared.length === 0 || this.#pace.waitMs > 0) return false;
    return this.#inFlight < inFlightMax(this.#endpoint, nowMs);
  }

  /** Makes the lanes ready whose time has come. Occupies and returns those whose event's life is over: the caller buries them. */
  sweep(nowMs: number): readonly Turn[] {
    if (!this.isEnabled) return [];
    const isClockSetBack = nowMs < this.#sweptMs;
    this.#sweptMs = nowMs;
    this.#endpoint = withSaneClock(this.#endpoint, nowMs);
    const due = this.streams.filter((stream) => isClockSetBack || nowMs >= stream.nextChangeMs);
    return due.flatMap((stream) => stream.sweep(this.#endpoint, nowMs).map((lane) => ({ stream, lane })));
  }

  /** When something will change by time alone; infinite: never. */
  nextChangeMs(nowMs: number): number {
    const graceMs = graceEndMs(this.#subscription);
    if (!this.isEnabled) return graceMs;
    const later = [this.#endpoint.pausedUntilMs, nowMs + this.#pace.waitMs].filter((ms) => ms > nowMs);
    return Math.min(...this.streams.map((stream) => stream.nextChangeMs), graceMs, ...later);
  }

  /** Forgets the former secrets whose grace is over. Returns whether there were some: the caller flushes. */
  forgetSecrets(nowMs: number): boolean {
    if (!haveAged(this.#subscription, nowMs)) return false;
    this.change({ ...this.#subscription, formerSecrets: stillLiving(this.#subscription, nowMs) });
    return true;
  }

  /** Occupies and returns the lanes whose first event stands at `seq` or before and is in nobody's hands: the caller buries them. */
  late(seq: number): readonly Turn[] {
    const stream = this.#live;
    return stream.late(seq).map((lane) => ({ stream, lane }));
  }

  /** Notes one more attempt; it must be durable before it is made. The caller says by `prepare` or `unprepared` that it is. */
  note({ stream, lane }: Turn, nowMs: number): Noted {
    this.#noting += 1;
    const delayMs = retryDelayMs(lane.attempts + 1, this.#random);
    stream.begin(lane, nowMs + delayMs);
    this.#replays.took(stream);
    return { stream, lane, delayMs };
  }

  /** A noted attempt is durable, and waits for a place. */
  prepare(prepared: Prepared): void {
    this.#noting -= 1;
    this.#prepared.push(prepared);
  }

  /** A noted attempt has nothing to send. */
  unprepared(): void {
    this.#noting -= 1;
  }

  /** Takes back what is prepared and may not be sent now, or all of it. Returns whether there was some: the caller flushes. */
  takeBack(nowMs: number, isEnding = false): boolean {
    const max = this.isEnabled && !isEnding ? this.#notedMax(nowMs) : 0;
    let isChanged = false;
    while (this.#prepared.length > 0 && this.#begunOrNoted > max) {
      const last = this.#prepared.pop();
      last?.stream.unbegin(last.lane);
      isChanged = true;
    }
    return isChanged;
  }

  /** The next prepared attempt begins. It is in flight until `end`. */
  begin(): Begun | undefined {
    const prepared = this.#prepared.shift();
    if (prepared === undefined) return undefined;
    this.#inFlight += 1;
    this.#pace.begin();
    return { ...prepared, pausesSeen: this.#endpoint.pauses };
  }

  /** An attempt is in flight no longer, whatever came of it. */
  end(): void {
    this.#inFlight -= 1;
  }

  /** The attempt was cut off by the node itself: it says nothing of the receiver. */
  giveBack({ stream, lane }: Turn): void {
    stream.giveBack(lane);
  }

  /**
   * Draws the consequences of an attempt that ended. Returns when the event is attempted again (wall clock), if it is.
   */
  conclude(
    begun: Begun,
    verdict: Verdict,
    { ended, nowMs }: { readonly ended: KeptAttempt; readonly nowMs: number },
  ): number | undefined {
    const { stream, lane, isDead, pausesSeen } = begun;
    if (verdict.kind === 'accepted') {
      this.#endpoint = afterSuccess(this.#endpoint, pausesSeen, nowMs);
      if (isDead) this.#raise(lane.seq);
      this.#settle(begun);
      return undefined;
    }
    if (verdict.kind === 'gone') {
      this.disable('gone', nowMs);
      stream.retry(lane, nowMs, ended);
      return undefined;
    }
    this.#fail(begun, verdict, ended, nowMs);
    if (isLost(this.#endpoint, nowMs)) this.disable('failing', nowMs);
    const nextMs = Math.max(lane.dueMs, this.#endpoint.pausedUntilMs);
    return this.isEnabled && nextMs < lifeEndMs(lane, this.#subscription) ? nextMs : undefined;
  }

  /** Keeps a dead letter in the place of a lane's first event. `isDead`: it was one before. */
  bury(turn: Turn, letter: DeadLetter, { isDead, nowMs }: { readonly isDead: boolean; readonly nowMs: number }): void {
    this.#records.dead(letter);
    if (!isDead) this.#dead += 1;
    this.#settle(turn);
    if (this.#dead >= DEAD_LETTERS_MAX && !isDead && this.#subscription.isEnabled)
      this.disable('dead_letters_full', nowMs);
  }

  /** Nothing can be sent again in the place of a lane's first event, and nothing is lost by that: it was accepted once. */
  skip(turn: Turn): void {
    this.#settle(turn);
  }

  /** Marks the subscription and its progress as new. */
  save(): void {
    this.#records.subscription(() => this.#subscription);
    this.#placeChanged();
  }

  #fail(
    { stream, lane, pausesSeen, delayMs }: Begun,
    verdict: Verdict & { kind: 'failed' },
    ended: KeptAttempt,
    nowMs: number,
  ): void {
    const { retryAfterMs } = verdict;
    const pauseMs = retryDelayMs(this.#endpoint.streak + 1, this.#random);
    const failure = { pausesSeen, nowMs, retryAfterMs, delayMs: pauseMs };
    if (verdict.isEndpoint) {
      this.#endpoint = afterOutage(this.#endpoint, failure);
      // The lane waits for the endpoint, not for a place of its own in the schedule.
      stream.retry(lane, this.#endpoint.pausedUntilMs, ended);
    } else {
      this.#endpoint = afterRefusal(this.#endpoint, lane.name, failure);
      stream.retry(lane, nowMs + Math.max(delayMs, retryAfterMs), ended);
    }
    this.#changed();
    this.#placeChanged();
  }

  /** The place of a lane's first event is settled; the health of the receiver is written down with it. */
  #settle({ stream, lane }: Turn): void {
    stream.settle(lane);
    this.#placeChanged();
  }

  #raise(seq: number): void {
    this.#records.accepted(seq);
    this.#dead = Math.max(0, this.#dead - 1);
  }

  get #begunOrNoted(): number {
    return this.#inFlight + this.#noting + this.#prepared.length;
  }

  /** Attempts in flight and noted ahead; a receiver that is asked by one attempt alone, or at a pace, has none ahead. */
  #notedMax(nowMs: number): number {
    const max = inFlightMax(this.#endpoint, nowMs);
    const isFast = max === ENDPOINT_IN_FLIGHT_MAX && this.#subscription.ratePerSecond === undefined;
    return isFast ? max + NOTED_AHEAD_MAX : max;
  }

  #changed(): void {
    for (const stream of this.streams) stream.changed();
  }

  #placeChanged(): void {
    this.#records.progress(() => ({ cursor: this.lanes.cursor, dead: this.#dead, endpoint: this.#endpoint }));
  }
}
