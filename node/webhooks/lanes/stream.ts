// One reading of entries for a subscription, in lanes: the changes as they come, or a replay of some that were settled before.
// A replay is a stream of its own, with a place of its own on the disk, so that a replay disturbs nothing that is under way, and goes on
// where it was after a crash.
import type { ChangeEntry } from '../../changes/change-log.ts';
import type { ChannelRecords } from '../records/channel-records.ts';
import type { Endpoint } from '../schedule/endpoint.ts';
import type { KeptAttempt, StoredLane, StoredReplay, Subscription } from '../webhook-records.ts';
import { lifeEndMs } from './event-life.ts';
import { type Lane, Lanes, type LanesView } from './lanes.ts';
import { sweep } from './sweep.ts';

/** A cursor that met nothing wanted is written down at least this often, so that a restart reads little again. */
export const CURSOR_UNSAVED_ENTRIES_MAX = 4_096;

export interface StreamOptions {
  readonly subscription: () => Subscription;
  readonly wants: (entry: ChangeEntry) => boolean;
  readonly records: ChannelRecords;
  /** Absent: the changes as they come. */
  readonly replay?: StoredReplay | undefined;
  /** The subscription's own record, marked as changed with the place of the changes as they come. */
  readonly placeChanged: () => void;
}

export class Stream {
  readonly replay: StoredReplay | undefined;
  readonly #options: StreamOptions;
  readonly #lanes: Lanes;
  #isRecalling: boolean;
  #savedCursor: number;
  #nextChangeMs = 0;

  constructor(place: { readonly cursor: number; readonly lanes: readonly StoredLane[] }, options: StreamOptions) {
    const { replay, wants } = options;
    this.#options = options;
    this.replay = replay;
    this.#savedCursor = place.cursor;
    const bornMs = (entry: ChangeEntry) => replay?.startedMs ?? Date.parse(entry.timestamp);
    this.#lanes = new Lanes(place.cursor, wants, (lane) => this.touch(lane), bornMs);
    for (const lane of place.lanes) this.#lanes.restore(lane);
    this.#isRecalling = place.lanes.length > 0;
  }

  get subscriptionId(): string {
    return this.#options.subscription().id;
  }

  get lanes(): LanesView {
    return this.#lanes;
  }

  /** What stands behind restored lanes is not known yet. */
  get isRecalling(): boolean {
    return this.#isRecalling;
  }

  get hasRoom(): boolean {
    return !this.#isRecalling && this.#lanes.hasRoom;
  }

  /** Nothing is left of the replay. */
  get isOver(): boolean {
    const { replay } = this;
    return replay !== undefined && !this.#isRecalling && this.#lanes.cursor >= replay.toSeq && this.#lanes.size === 0;
  }

  /** Moves on over entries, which are all there are up to `to`. Returns whether it is time to write that down, though none was wanted. */
  readOn(entries: readonly ChangeEntry[], to = 0): boolean {
    this.#lanes.readOn(entries, to);
    if (this.#lanes.cursor - this.#savedCursor < CURSOR_UNSAVED_ENTRIES_MAX) return false;
    this.touch();
    return true;
  }

  /** Lanes remember what `entries` hold behind them: see `Lanes.recall`. */
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

  /** The next lane that may be attempted; none while restored lanes are recalled. */
  nextReady(isFree: (lane: Lane) => boolean): Lane | undefined {
    return this.#isRecalling ? undefined : this.#lanes.nextReady(isFree);
  }

  /** Makes the lanes ready whose time has come. Occupies and returns those whose event's life is over: the caller buries them. */
  sweep(endpoint: Endpoint, nowMs: number): readonly Lane[] {
    if (this.#isRecalling) return [];
    const { expired, nextMs } = sweep(this.#lanes, { subscription: this.#options.subscription(), endpoint, nowMs });
    this.#nextChangeMs = nextMs;
    return expired;
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

  /** Wall clock: when something changes by time alone; infinite: never. */
  get nextChangeMs(): number {
    return this.#isRecalling ? Number.POSITIVE_INFINITY : this.#nextChangeMs;
  }

  /** Something changed that a sweep must look at. */
  changed(): void {
    this.#nextChangeMs = 0;
  }

  /** Whatever waits is due, or a lane of it. */
  hasten(lanes: Iterable<Lane> = this.#lanes.all()): void {
    for (const lane of lanes) {
      if (lane.state === 'waiting') this.#lanes.hasten(lane);
    }
    this.changed();
  }

  /** An attempt at the lane's first event begins. `dueMs`: wall clock, when the next is due should the node crash in this one. */
  begin(lane: Lane, dueMs: number): void {
    this.#lanes.occupy(lane);
    this.#lanes.begin(lane, dueMs);
  }

  /** Takes back a `begin` whose attempt was not made. */
  unbegin(lane: Lane): void {
    this.#lanes.unbegin(lane);
  }

  /** The node itself cut an attempt off, which says nothing of the receiver: the next one is due at once, also after a restart. */
  cutOff(lane: Lane): void {
    this.#lanes.hasten(lane);
  }

  /** The attempt failed; the lane waits until `dueMs` (wall clock). */
  retry(lane: Lane, dueMs: number, ended: KeptAttempt): void {
    this.#lanes.retry(lane, dueMs, ended);
    this.changed();
  }

  /** The lane's first event is done with; the lane goes on to its next one, or ends. */
  settle(lane: Lane): void {
    this.#lanes.settle(lane);
  }

  /** Marks a lane as changed, and the place in the log with it. */
  touch(lane?: Lane): void {
    const { records, subscription, placeChanged } = this.#options;
    const { replay } = this;
    if (lane !== undefined) {
      records.lane({ name: lane.name, replayId: replay?.id }, () => this.#lanes.stored(this.subscriptionId, lane));
      const dueMs = lane.state === 'waiting' ? lane.dueMs : Number.POSITIVE_INFINITY;
      this.#nextChangeMs = Math.min(this.#nextChangeMs, dueMs, lifeEndMs(lane, subscription()));
    }
    this.#savedCursor = this.#lanes.cursor;
    if (replay === undefined) placeChanged();
    else records.replay(replay.id, () => ({ ...replay, cursor: this.#lanes.cursor }));
  }
}
