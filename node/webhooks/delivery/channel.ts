// Everything the deliveries know of one subscription: what it wants, how its receiver is, its streams of lanes; and how that is written
// down. Decisions of time are made here, from the moment given; the doing is in loop.ts.
// Every change of that state goes through this class, its streams or its attempts. Everybody else reads.
//
//   webhooks.ts     change, startAfresh, remove, save, replay ──┐
//   loop.ts         sweep, note, begin, conclude, bury          ┼─► Channel ─► Subscription   (a value, replaced whole)
//   loop.ts         prepare, end ─────────────────► Attempts ───┤       ├────► Health       the receiver's
//   log-reader.ts   readOn, recall, recalled ─────► Stream ─────┘       ├────► Lanes        pure state; `touched` names each that changed
//                                                                       └────► Ledger       the keys that changed, values read at the commit
//
// A method changes state and marks its records in one go, without waiting in between; the caller flushes the ledger. A commit therefore
// never shows half a change: a cursor on disk always fits the lanes beside it.
import type { Clock, Random } from '../../../mesh/ports.ts';
import type { ChangeEntry } from '../../changes/change-log.ts';
import type { Log } from '../../log.ts';
import { wants } from '../epochs.ts';
import { lifeEndMs } from '../lanes/event-life.ts';
import type { Lane, LanesView } from '../lanes/lanes.ts';
import { Replays } from '../lanes/replays.ts';
import { Stream } from '../lanes/stream.ts';
import type { Begun, Ended, Noted, Turn } from '../lanes/turn.ts';
import { Acceptances } from '../records/acceptances.ts';
import { ChannelRecords } from '../records/channel-records.ts';
import { DEAD_LETTERS_MAX } from '../records/dead-letter-bound.ts';
import { KeptLetters } from '../records/kept-letters.ts';
import type { Ledger } from '../records/ledger.ts';
import type { Endpoint } from '../schedule/endpoint.ts';
import { interruptedDelayMs, retryDelayMs, type Verdict } from '../schedule/schedule.ts';
import { graceEndMs, haveAged, stillLiving } from '../secrets.ts';
import type { DeadLetter, KeptChannel, StoredReplay, Subscription } from '../webhook-records.ts';
import { Attempts } from './attempts.ts';
import { Health } from './health.ts';

export interface ChannelPorts {
  readonly ledger: Ledger;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly random: Random;
  readonly log: Log;
}

export class Channel {
  /** Aborts when the subscription is removed, or when the node must stop now: cuts off what is in flight. */
  readonly ended = new AbortController();
  readonly attempts: Attempts;
  readonly letters: KeptLetters;
  readonly #live: Stream;
  readonly #replays: Replays;
  readonly #records: ChannelRecords;
  readonly #health: Health;
  readonly #acceptances: Acceptances;
  readonly #random: Random;
  readonly #log: Log;
  #subscription: Subscription;
  #origin: string;
  #sweptMs = 0;

  constructor({ subscription, progress, lanes, replays }: KeptChannel, ports: ChannelPorts) {
    this.#records = new ChannelRecords(ports.ledger, subscription.id);
    this.#random = ports.random;
    this.#log = ports.log;
    this.attempts = new Attempts(ports.clock, {
      subscription: () => this.#subscription,
      endpoint: () => this.endpoint,
    });
    this.#subscription = subscription;
    this.#origin = new URL(subscription.url).origin;
    this.#health = new Health(progress.endpoint, ports.random);
    this.letters = new KeptLetters(this.#records, progress);
    this.#acceptances = new Acceptances(this.#records, progress.acceptedRecords);
    const options = {
      subscription: () => this.#subscription,
      records: this.#records,
      placeChanged: () => this.#placeChanged(),
    };
    const isWanted = (entry: ChangeEntry) => wants(this.#subscription, entry);
    this.#live = new Stream({ cursor: progress.cursor, lanes }, { ...options, wants: isWanted });
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
    return this.attempts.inFlight;
  }

  get endpoint(): Endpoint {
    return this.#health.endpoint;
  }

  get isRemoved(): boolean {
    return this.#records.isRemoved;
  }

  get lanes(): LanesView {
    return this.#live.lanes;
  }

  /** The changes as they come; `lanes` are theirs. */
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
    this.#health.startAfresh();
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
    const { pausedUntilMs } = this.endpoint;
    this.#health.endPause();
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
    const may = this.attempts.mayNote(nowMs);
    return may === 'none' ? undefined : this.#replays.nextTurn(({ attempts }) => may === 'any' || attempts === 0);
  }

  /** Makes the lanes ready whose time has come. Occupies and returns those whose event's life is over: the caller buries them. */
  sweep(nowMs: number): readonly Turn[] {
    if (!this.isEnabled) return [];
    const isClockSetBack = nowMs < this.#sweptMs;
    this.#sweptMs = nowMs;
    this.#health.correct(nowMs);
    const due = this.streams.filter((stream) => isClockSetBack || nowMs >= stream.nextChangeMs);
    return due.flatMap((stream) => stream.sweep(this.endpoint, nowMs).map((lane) => ({ stream, lane })));
  }

  /** When something will change by time alone; infinite: never. */
  nextChangeMs(nowMs: number): number {
    const graceMs = graceEndMs(this.#subscription);
    if (!this.isEnabled) return graceMs;
    const later = [this.endpoint.pausedUntilMs, nowMs + this.attempts.waitMs].filter((ms) => ms > nowMs);
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
    return this.#live.late(seq).map((lane) => ({ stream: this.#live, lane }));
  }

  /** Notes one more attempt; it must be durable before it is made. The caller says by `prepare` or `unprepared` that it is. */
  note({ stream, lane }: Turn, nowMs: number): Noted {
    this.attempts.note();
    const attempt = lane.attempts + 1;
    const delayMs = retryDelayMs(attempt, this.#random);
    // What is stored counts after a crash only.
    const interruptions = attempt - (lane.history.at(-1)?.attempt ?? 0);
    stream.begin(lane, nowMs + interruptedDelayMs(interruptions, this.#random));
    this.#replays.took(stream);
    return { stream, lane, delayMs };
  }

  /** Takes back what is prepared, but for the first `kept`. Returns whether there was some: the caller flushes. */
  takeBack(kept: number): boolean {
    const back = this.attempts.takeBack(kept);
    for (const { stream, lane } of back) stream.unbegin(lane);
    return back.length > 0;
  }

  /** The next prepared attempt begins. It is in flight until `end`. */
  begin(): Begun | undefined {
    const prepared = this.attempts.begin();
    return prepared === undefined ? undefined : { ...prepared, pausesSeen: this.endpoint.pauses };
  }

  /** Draws the consequences of an attempt that ended. Returns when the event is attempted again (wall clock), if it is. */
  conclude(begun: Begun, verdict: Verdict, { ended, nowMs }: Ended): number | undefined {
    const { stream, lane, isDead } = begun;
    if (verdict.kind === 'accepted') {
      this.#health.succeed(begun, nowMs);
      if (isDead) this.letters.letGo(lane.seq);
      this.#acceptances.add({ seq: lane.seq, attempts: lane.attempts, history: [...lane.history, ended] });
      this.settle(begun);
      return undefined;
    }
    const isOutdated = this.#health.isOutdated(begun);
    if (isOutdated || verdict.kind === 'gone') {
      if (!isOutdated) this.disable('gone', nowMs);
      stream.retry(lane, nowMs, ended);
      return this.isEnabled ? nowMs : undefined;
    }
    stream.retry(lane, this.#health.fail(begun, verdict, nowMs), ended);
    this.#changed();
    this.#placeChanged();
    if (this.#health.isLost(nowMs)) this.disable('failing', nowMs);
    const nextMs = Math.max(lane.dueMs, this.endpoint.pausedUntilMs);
    return this.isEnabled && nextMs < lifeEndMs(lane, this.#subscription) ? nextMs : undefined;
  }

  /** Keeps a dead letter in the place of a lane's first event. `isDead`: it was one before. */
  bury(turn: Turn, letter: DeadLetter, { isDead, nowMs }: { readonly isDead: boolean; readonly nowMs: number }): void {
    this.letters.keep(letter, isDead);
    this.settle(turn);
    if (this.letters.count >= DEAD_LETTERS_MAX && !isDead && this.isEnabled) this.disable('dead_letters_full', nowMs);
  }

  /** Dead letters that must go; the caller flushes. */
  dropLetters(seqs: readonly number[]): void {
    for (const seq of seqs) this.letters.drop(seq);
    this.#placeChanged();
  }

  /** The place of a lane's first event is settled; the health of the receiver is written down with it. */
  settle({ stream, lane }: Turn): void {
    stream.settle(lane);
    this.#placeChanged();
  }

  /** Marks the subscription and its progress as new. */
  save(): void {
    this.#records.subscription(() => this.#subscription);
    this.#placeChanged();
  }

  #changed(): void {
    for (const stream of this.streams) stream.changed();
  }

  #placeChanged(): void {
    this.#records.progress(() => ({
      cursor: this.lanes.cursor,
      dead: this.letters.count,
      deadDropped: this.letters.dropped,
      acceptedRecords: this.#acceptances.begun,
      endpoint: this.endpoint,
    }));
  }
}
