// The relays of this host: which they are, which of them bears, and what is to be asked of a host itself because they say too little of it.
import type { MeshError } from '../../mesh/errors.ts';
import { FOLLOWED_BY_ALL_MAX, followedBy } from '../../mesh/feed/relays.ts';
import { COPY_FRESH_MS_MAX } from '../../mesh/limits.ts';
import type { HostId } from '../../mesh/names.ts';
import { DirectPlaces } from './direct-places.ts';
import { NotUnderstood } from './feed-questions.ts';
import { RelayFollower, type RelayFollowerOptions } from './relay-follower.ts';

/** How long a relay that was silent is not chosen again. */
export const RELAY_SILENCE_KEPT_MS = 60_000;
/** Between two looks at whether the relays are chosen rightly, and say what this host knows. */
export const RELAY_LOOK_MS = 5_000;

/** Where the mesh forms while hosts run, each asks its relays for the first time within so much for each host of the mesh: not all at once. */
export const FIRST_RELAY_QUESTION_GAP_MS = 50;

export interface RelaysOptions extends Omit<RelayFollowerOptions, 'heard'> {
  readonly hostId: HostId;
  /** The others that have a log. */
  readonly hosts: () => readonly HostId[];
  readonly voters: () => readonly HostId[];
  /** Whether the mesh has not formed yet: the voters have something else to do then than to relay. */
  readonly isForming: () => boolean;
  /** Hosts up to which everybody follows everybody: fewer, in simulations. */
  readonly followedByAllMax?: number | undefined;
  /** Told when the hosts are left to relays, and when they are not any more. */
  readonly switched: () => void;
}

/** Why a relay does not count as one for a while. */
interface Silence {
  /** By the monotonic clock. */
  readonly untilMs: number;
  /** Whether it does not understand what a relay is asked: it is of a version that knows of no relays. */
  readonly isNoRelay: boolean;
}

interface Running {
  readonly follower: RelayFollower;
  readonly stop: AbortController;
}

export class Relays {
  /** Places for the hosts that are asked themselves. */
  readonly directly: DirectPlaces;
  readonly #options: RelaysOptions;
  readonly #running = new Map<HostId, Running>();
  readonly #silent = new Map<HostId, Silence>();
  /** Hosts of which a relay said something else than this host knew when it looked last. */
  #differing: ReadonlySet<HostId> = new Set();
  #sinceMs = 0;
  #isOn = false;
  /** Whether the mesh formed while this host ran, and no relay was chosen since. */
  #hasFormed = false;
  /** What relays have under way, until it has ended. */
  readonly #inHand = new Set<Promise<void>>();
  #failed: ((error: unknown) => void) | undefined;

  constructor(options: RelaysOptions) {
    this.#options = options;
    this.directly = new DirectPlaces(options.clock);
  }

  /** Whether this host follows the others through relays. */
  get isOn(): boolean {
    return this.#isOn;
  }

  get isCrowded(): boolean {
    const { hosts, followedByAllMax = FOLLOWED_BY_ALL_MAX } = this.#options;
    return hosts().length >= followedByAllMax;
  }

  /** Chooses, and looks after what was chosen, until `signal` aborts and nothing is in hand. Rejects with `store_failed`. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const failed = Promise.withResolvers<never>();
    this.#failed = failed.reject;
    this.#sinceMs = clock.monotonicMs();
    try {
      while (!signal.aborted) {
        this.choose();
        this.#lookForMissing();
        await Promise.race([clock.sleep(RELAY_LOOK_MS, signal), failed.promise]);
      }
    } finally {
      this.#failed = undefined;
      for (const relay of [...this.#running.keys()]) this.#end(relay);
      await Promise.all(this.#inHand);
    }
  }

  /** Whoever votes, is listed or is silent may be another one by now. */
  choose(): void {
    if (this.#failed === undefined) return;
    const { hostId: self, hosts, voters, isForming, followedByAllMax, switched } = this.#options;
    const isSilent = (voter: HostId) => this.#isSilent(voter);
    // Where no voter is left that can relay, everybody is followed.
    const able = voters().filter((voter) => this.#silenceOf(voter)?.isNoRelay !== true);
    const followed = followedBy({ self, hosts: hosts(), voters: able, isSilent, followedByAllMax });
    this.#hasFormed ||= isForming();
    const relays = followed.kind === 'relays' && !isForming() ? followed.relays : [];
    for (const relay of [...this.#running.keys()]) if (!relays.includes(relay)) this.#end(relay);
    for (const relay of relays) if (!this.#running.has(relay)) this.#begin(relay);
    if (relays.length > 0) this.#hasFormed = false;
    const bearing = this.#bearing(relays);
    for (const [relay, { follower }] of this.#running) follower.bear(relay === bearing);
    if (this.#isOn === (followed.kind === 'relays')) return;
    this.#isOn = !this.#isOn;
    this.#sinceMs = this.#options.clock.monotonicMs();
    switched();
  }

  /** Who bears goes on to while it speaks: another one is to be told first where this host stands. */
  #bearing(relays: readonly HostId[]): HostId | undefined {
    const isBearing = (relay: HostId) => this.#running.get(relay)?.follower.isBearing === true;
    const speaking = relays.filter((relay) => !this.#isSilent(relay));
    return speaking.find(isBearing) ?? speaking[0] ?? relays.find(isBearing) ?? relays[0];
  }

  /** Asks those hosts themselves of which the relays have said too little for a while. */
  #lookForMissing(): void {
    const { relayees, copies, clock, isForming } = this.#options;
    if (isForming()) this.#sinceMs = clock.monotonicMs();
    const differing = new Set<HostId>();
    if (this.#isOn)
      for (const [hostId, relayee] of relayees()) {
        const heardMs = Math.max(copies.copy.confirmedMs(hostId) ?? 0, this.#sinceMs);
        const isStale = clock.monotonicMs() - heardMs > COPY_FRESH_MS_MAX;
        if ([...this.#running.values()].some(({ follower }) => follower.differs(hostId))) differing.add(hostId);
        if (isStale || (differing.has(hostId) && this.#differing.has(hostId))) relayee.ask();
      }
    this.#differing = differing;
  }

  #isSilent(relay: HostId): boolean {
    return this.#silenceOf(relay) !== undefined;
  }

  #silenceOf(relay: HostId): Silence | undefined {
    const silence = this.#silent.get(relay);
    return silence !== undefined && silence.untilMs > this.#options.clock.monotonicMs() ? silence : undefined;
  }

  #begin(relay: HostId): void {
    const { clock, random, hosts } = this.#options;
    const stop = new AbortController();
    const follower = new RelayFollower(relay, {
      ...this.#options,
      heard: (silence) => this.#heard(relay, silence),
    });
    this.#running.set(relay, { follower, stop });
    const waited = this.#hasFormed
      ? clock.sleep(FIRST_RELAY_QUESTION_GAP_MS * hosts().length * random.next(), stop.signal)
      : Promise.resolve();
    const ended: Promise<void> = waited
      .then(() => follower.run(stop.signal))
      .catch((error: unknown) => this.#failed?.(error))
      .finally(() => this.#inHand.delete(ended));
    this.#inHand.add(ended);
  }

  #end(relay: HostId): void {
    this.#running.get(relay)?.stop.abort();
    this.#running.delete(relay);
  }

  #heard(relay: HostId, silence: MeshError | undefined): void {
    const { log, clock } = this.#options;
    const before = this.#silenceOf(relay);
    // One that has too much to do, or ends, is a relay: were all hosts followed in its place at once, everybody would have more to do.
    const isNoRelay = silence instanceof NotUnderstood;
    if (silence === undefined) this.#silent.delete(relay);
    else this.#silent.set(relay, { untilMs: clock.monotonicMs() + RELAY_SILENCE_KEPT_MS, isNoRelay });
    if (before?.isNoRelay === this.#silenceOf(relay)?.isNoRelay) return;
    if (silence !== undefined) log.warn('feed.relay_silent', { relay, why: silence.message });
    this.choose();
  }
}
