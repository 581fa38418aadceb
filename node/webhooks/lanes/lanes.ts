// One subscription's place in the log. The cursor runs ahead over the log; each agent of a host with an unsettled event behind it has a
// lane, whose first event is attempted until it is accepted or dead before the next one is. A blocked lane therefore costs
// the others nothing until `LANES_MAX` of them are blocked at once. Pure state: reading, writing and sending are done outside.
// Memory: per lane the positions of at most `LANE_BEHIND_MAX` events behind the first; the rest is found in the log again.
import type { ChangeEntry } from '../../changes/change-log.ts';
import type { KeptAttempt, StoredLane } from '../webhook-records.ts';
import { hostOf, laneName, nameOf } from './lane-name.ts';

/** Attempts kept of a delivery that is not accepted, the newest: more than the schedule has within an event's life. */
const ATTEMPTS_KEPT_MAX = 20;
/** Agents of one subscription with an event begun and not settled: above this the other agents wait too. */
export const LANES_MAX = 1_000;
/** Lanes that could be attempted now; above this the log is not read further ahead. */
export const READY_LANES_MAX = 64;
/** Positions remembered per lane behind its first event; the rest is found in the log again. */
export const LANE_BEHIND_MAX = 16;

interface Place {
  readonly seq: number;
  /** Wall clock. */
  readonly bornMs: number;
}

/** An agent's place. Only `Lanes` changes one. */
export interface Lane {
  /** Unique in the subscription: see `laneName`. */
  readonly name: string;
  readonly agentId: string;
  /** The agent's host; absent: this one. */
  readonly hostId?: string | undefined;
  /** The first event: its position in the log, and when it happened (wall clock). */
  readonly seq: number;
  readonly bornMs: number;
  /** Attempts begun at the first event. */
  readonly attempts: number;
  /** Wall clock: when the first event may be attempted again. */
  readonly dueMs: number;
  /** The newest attempts at the first event that ended, oldest first. */
  readonly history: readonly KeptAttempt[];
  /**
   * `ready`: may be attempted. `waiting`: not before `dueMs`. `busy`: somebody attempts or buries the first event. `seeking`: the
   * agent's next event must be looked for in the log.
   */
  readonly state: 'ready' | 'waiting' | 'busy' | 'seeking';
  /** The events behind the first, as far as remembered. */
  readonly behind: Place[];
  /** The position up to which `behind` has every event of this agent; infinite: up to the cursor, wherever the cursor goes. */
  readonly knownTo: number;
}

type OwnLane = { -readonly [Name in keyof Lane]: Lane[Name] };

/** What everybody may see of lanes. */
export type LanesView = Pick<Lanes, 'cursor' | 'size' | 'oldestSeq' | 'all' | 'of' | 'isSettled' | 'waiting'>;

/** What waits at one moment: `known` by memory, and what the log has after `from` and is `left` to be counted there. */
export interface Waiting {
  readonly known: number;
  readonly from: number;
  readonly left: (entry: ChangeEntry) => boolean;
}

export class Lanes {
  readonly #wants: (entry: ChangeEntry) => boolean;
  readonly #touched: (lane: Lane) => void;
  readonly #bornMs: (entry: ChangeEntry) => number;
  readonly #lanes = new Map<string, OwnLane>();
  readonly #ready = new Set<OwnLane>();
  #cursor: number;

  /**
   * `touched`: told of each lane whose record changed; a lane no longer `has`-ed is to be removed. `bornMs`: when an event's life
   * begins, wall clock.
   */
  constructor(
    cursor: number,
    wants: (entry: ChangeEntry) => boolean,
    touched: (lane: Lane) => void,
    bornMs = (entry: ChangeEntry) => Date.parse(entry.timestamp),
  ) {
    this.#cursor = cursor;
    this.#wants = wants;
    this.#touched = touched;
    this.#bornMs = bornMs;
  }

  /** Every wanted entry up to here is settled or has a lane. */
  get cursor(): number {
    return this.#cursor;
  }

  get size(): number {
    return this.#lanes.size;
  }

  has(lane: Lane): boolean {
    return this.#lanes.get(lane.name) === lane;
  }

  /** The lane of that name, if there is one. */
  of(name: string): Lane | undefined {
    return this.#lanes.get(name);
  }

  /** Whether a wanted entry was accepted or buried. */
  isSettled(entry: ChangeEntry): boolean {
    const { seq } = entry;
    return seq <= this.#cursor && seq < (this.#lanes.get(laneName(entry))?.seq ?? Number.POSITIVE_INFINITY);
  }

  all(): Iterable<Lane> {
    return this.#lanes.values();
  }

  /** The lowest position whose entry is still needed. */
  get oldestSeq(): number {
    let oldest = this.#cursor + 1;
    for (const lane of this.#lanes.values()) oldest = Math.min(oldest, lane.seq);
    return oldest;
  }

  /** A lane as it was stored. What stands behind its first event must be `recall`ed. */
  restore({ isFound, agentId, hostId, seq, bornMs, attempts, dueMs, history }: StoredLane): void {
    const knownTo = isFound ? seq : seq - 1;
    const state = isFound ? (attempts > 0 ? 'waiting' : 'ready') : 'seeking';
    const name = nameOf({ agentId, hostId });
    const lane: OwnLane = { name, agentId, hostId, seq, bornMs, attempts, dueMs, history, state, behind: [], knownTo };
    this.#lanes.set(name, lane);
    if (state === 'ready') this.#ready.add(lane);
  }

  /** What is kept of a lane; `undefined` of one that has ended. */
  stored(subscriptionId: string, lane: Lane): StoredLane | undefined {
    if (!this.has(lane)) return undefined;
    const { agentId, hostId, seq, bornMs, attempts, dueMs, history, state } = lane;
    return { subscriptionId, agentId, hostId, seq, isFound: state !== 'seeking', bornMs, attempts, dueMs, history };
  }

  /** Whether the log may be read on from the cursor. */
  get hasRoom(): boolean {
    return this.#ready.size < READY_LANES_MAX && this.#lanes.size < LANES_MAX;
  }

  /** Moves the cursor over entries, as far as there is room, and on to `to`, up to where there are no others. */
  readOn(entries: readonly ChangeEntry[], to = 0): void {
    for (const entry of entries) {
      if (entry.seq <= this.#cursor) continue;
      if (!this.hasRoom) return;
      this.#cursor = entry.seq;
      if (this.#wants(entry)) this.#append(entry);
    }
    this.#cursor = Math.max(this.#cursor, to);
  }

  /** The events that are not settled, as they are now: the lanes remember the first of them, the log has the rest. */
  waiting(): Waiting {
    const cursor = this.#cursor;
    const knownTo = new Map<string, number>();
    let known = 0;
    for (const lane of this.#lanes.values()) {
      known += (lane.state === 'seeking' ? 0 : 1) + lane.behind.length;
      // While it is recalled, it already knows those behind it that were found.
      const to = Math.max(lane.knownTo, lane.behind.at(-1)?.seq ?? 0);
      if (to < cursor) knownTo.set(lane.name, to);
    }
    return {
      known,
      from: Math.min(cursor, ...knownTo.values()),
      left: (entry) => this.#wants(entry) && entry.seq > (knownTo.get(laneName(entry)) ?? cursor),
    };
  }

  /** The next lane that may be attempted, in the order they became ready, of those that are `isFree`. */
  nextReady(isFree: (lane: Lane) => boolean = () => true): Lane | undefined {
    for (const lane of this.#ready) if (isFree(lane)) return lane;
    return undefined;
  }

  /** The caller attempts or buries the lane's first event: nobody else touches the lane until `retry`, `giveBack`, `hasten` or `settle`. */
  occupy(lane: OwnLane): void {
    this.#ready.delete(lane);
    lane.state = 'busy';
  }

  /** One more attempt. The record is stored before the attempt is made: after a crash meanwhile the next one is due at `dueMs`. */
  begin(lane: OwnLane, dueMs: number): void {
    lane.attempts += 1;
    lane.dueMs = dueMs;
    this.#touched(lane);
  }

  /** An attempt that was noted is not made after all, and counts for nothing. The lane may be attempted. */
  unbegin(lane: OwnLane): void {
    lane.attempts -= 1;
    lane.dueMs = 0;
    this.giveBack(lane);
    this.#touched(lane);
  }

  /** An attempt ended; the next one not before `dueMs`. */
  retry(lane: OwnLane, dueMs: number, ended: KeptAttempt): void {
    lane.dueMs = dueMs;
    lane.history = [...lane.history, ended].slice(-ATTEMPTS_KEPT_MAX);
    lane.state = 'waiting';
    this.#touched(lane);
  }

  /** The lane may be attempted. */
  giveBack(lane: OwnLane): void {
    lane.state = 'ready';
    this.#ready.add(lane);
  }

  /** A lane may be attempted now, also after a restart: what it waited for holds no more. */
  hasten(lane: OwnLane): void {
    lane.dueMs = 0;
    this.giveBack(lane);
    this.#touched(lane);
  }

  /** A due time beyond `latestMs` was made by a clock that has been set back since. */
  boundDue(lane: OwnLane, latestMs: number): void {
    lane.dueMs = Math.min(lane.dueMs, latestMs);
  }

  /** The first event was accepted or buried. The lane goes on to its next one, ends, or must be `seeking` it. */
  settle(lane: OwnLane): void {
    this.#goOn(lane);
  }

  /**
   * The `sought` lanes remember what the log holds behind them. `entries` follow those of the call before; the first call's follow
   * the lowest `knownTo` of the lanes. A lane that has no more room leaves `sought`.
   */
  recall(entries: readonly ChangeEntry[], sought: Set<Lane>): void {
    for (const entry of entries) {
      const lane = this.#lanes.get(laneName(entry));
      if (entry.seq > this.#cursor) return;
      if (lane === undefined || !sought.has(lane) || entry.seq <= lane.knownTo || !this.#wants(entry)) continue;
      if (lane.behind.length < LANE_BEHIND_MAX) lane.behind.push(this.#placeOf(entry));
      else {
        lane.knownTo = entry.seq - 1;
        sought.delete(lane);
      }
    }
  }

  /** Ends a recall that reached the cursor, or whose lanes are all full: the lanes still `sought` now know everything. */
  recalled(sought: ReadonlySet<OwnLane>): void {
    for (const lane of sought) lane.knownTo = Number.POSITIVE_INFINITY;
  }

  /** A `seeking` lane has been recalled: it goes on to its next event, or ends. */
  resume(lane: OwnLane): void {
    if (lane.state === 'seeking') this.#goOn(lane);
  }

  #goOn(lane: OwnLane): void {
    const next = lane.behind.shift();
    lane.attempts = 0;
    lane.dueMs = 0;
    lane.history = [];
    if (next !== undefined) {
      lane.seq = next.seq;
      lane.bornMs = next.bornMs;
      this.giveBack(lane);
    } else if (lane.knownTo === Number.POSITIVE_INFINITY) {
      this.#lanes.delete(lane.name);
      this.#ready.delete(lane);
    } else {
      lane.seq = lane.knownTo + 1;
      lane.state = 'seeking';
    }
    this.#touched(lane);
  }

  #append(entry: ChangeEntry): void {
    const lane = this.#lanes.get(laneName(entry));
    if (lane === undefined) this.#open(entry);
    else if (lane.knownTo !== Number.POSITIVE_INFINITY) return;
    else if (lane.behind.length < LANE_BEHIND_MAX) lane.behind.push(this.#placeOf(entry));
    else lane.knownTo = entry.seq - 1;
  }

  #open(entry: ChangeEntry): void {
    const knownTo = Number.POSITIVE_INFINITY;
    const whose = { name: laneName(entry), agentId: entry.agent.id, hostId: hostOf(entry) };
    const first = { ...this.#placeOf(entry), attempts: 0, dueMs: 0, history: [] };
    const lane: OwnLane = { ...whose, ...first, state: 'ready', behind: [], knownTo };
    this.#lanes.set(lane.name, lane);
    this.#ready.add(lane);
    this.#touched(lane);
  }

  #placeOf(entry: ChangeEntry): Place {
    return { seq: entry.seq, bornMs: this.#bornMs(entry) };
  }
}
