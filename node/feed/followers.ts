// Follows every other host that hosts.json lists, itself or through relays, and tells of those that are gone for good. Hosts that only serve
// the look-up have no log: their index is read once a minute.
import type { ParseAddress } from '../../mesh/lookup/index-entry.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock, PeerTransport, Random } from '../../mesh/ports.ts';
import type { Roster } from '../../mesh/roster.ts';
import type { PublicKey } from '../../mesh/signature/ed25519.ts';
import type { FeedLog } from '../changes/change-log.ts';
import type { Log } from '../log.ts';
import { announceGone } from './departure.ts';
import type { FollowingView } from './following-view.ts';
import type { HostCopies } from './host-copies.ts';
import { HostFollower } from './host-follower.ts';
import { LegacyReader } from './legacy-reader.ts';
import { Relays } from './relays.ts';

/** A look at the hosts in memory costs next to nothing, and whoever evicted a host waits for what comes of it. */
const GONE_LOOK_MS = 5_000;

export interface FollowersOptions {
  readonly roster: () => Roster;
  readonly transport: PeerTransport;
  readonly changes: FeedLog;
  readonly copies: HostCopies;
  readonly keyOf: (host: HostId) => PublicKey | undefined;
  /** Asks a host who it is, when its key is not known; never rejects because `signal` aborts. Absent: keys come from elsewhere. */
  readonly meet?: (host: HostId, signal: AbortSignal) => Promise<void>;
  /** Whether a host has answered this one, if it is greeted at all; until then it is not asked about its log. Absent: all have. */
  readonly isMet?: ((host: HostId) => boolean) | undefined;
  /** Whether the host only serves the look-up. */
  readonly isLegacy: (host: HostId) => boolean;
  /** Whether the host is in the mesh as far as it is agreed, whatever hosts.json says. */
  readonly isMember: (host: HostId) => boolean;
  readonly parseAddress: ParseAddress;
  readonly clock: Clock;
  readonly random: Pick<Random, 'next'>;
  readonly log: Log;
  /** Who votes on claims, this host among them or not. */
  readonly voters: () => readonly HostId[];
  /** Whether the mesh has not formed yet. */
  readonly isForming: () => boolean;
  /** Hosts up to which everybody follows everybody: fewer, in simulations. */
  readonly followedByAllMax?: number | undefined;
  /** Between an answer with a little news and the next question to that host; 0 when absent. */
  readonly paceMs?: number | undefined;
  /** How often the hosts that are gone for good are looked for; absent: `GONE_LOOK_MS`. */
  readonly goneLookMs?: number | undefined;
}

interface Following {
  readonly url: string;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  readonly follower: HostFollower;
}

export class Followers {
  readonly #options: FollowersOptions;
  readonly #following = new Map<HostId, Following>();
  /** Until nothing of a host is in hand any more, no other follower of it begins: both would write the same down. */
  readonly #ending = new Map<HostId, Promise<void>>();
  readonly #relays: Relays;
  #failed: ((error: unknown) => void) | undefined;

  constructor(options: FollowersOptions) {
    this.#options = options;
    this.#relays = new Relays({
      ...options,
      hostId: options.roster().self.id,
      hosts: () =>
        options
          .roster()
          .peers.map(({ id }) => id)
          .filter((id) => !options.isLegacy(id)),
      relayees: () => this.#relayees(),
      switched: () => this.#look(),
    });
  }

  /** `undefined`: the host is not followed. */
  viewOf(host: HostId): FollowingView | undefined {
    return this.#following.get(host)?.follower.view;
  }

  /** The host answers other questions, and did not before. */
  found(host: HostId): void {
    this.#following.get(host)?.follower.found();
  }

  /** The host answers no other question. `why`: a sentence. */
  lost(host: HostId, why: string): void {
    this.#following.get(host)?.follower.lost(why);
  }

  /** The host answered, to what was asked at `atMs` of the monotonic clock, that its index has this version. */
  said(host: HostId, index: string, atMs: number): void {
    this.#following.get(host)?.follower.said(index, atMs);
  }

  /** Resolves when `signal` has aborted and nothing is in hand. Rejects with `store_failed`. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = Promise.withResolvers<never>();
    this.#failed = failed.reject;
    const relayed = this.#relays.run(signal);
    this.edited();
    try {
      await Promise.race([Promise.all([this.#lookForGone(signal), relayed]), failed.promise]);
    } finally {
      this.#failed = undefined;
      for (const id of [...this.#following.keys()]) this.#end(id);
      await Promise.all(this.#ending.values());
    }
  }

  /** hosts.json was edited, or a host turned out to be another kind of host. */
  edited(): void {
    if (this.#failed === undefined) return;
    const peers = new Map(this.#options.roster().peers.map((peer) => [peer.id, peer]));
    for (const [id, { url }] of this.#following) if (peers.get(id)?.url !== url) this.#end(id);
    // Who is left to relays is not asked first.
    this.#relays.choose();
    for (const { id, url } of peers.values()) if (!this.#following.has(id)) this.#begin(id, url);
    this.#look();
  }

  /** Hosts that have a log. */
  #relayees(): ReadonlyMap<HostId, HostFollower> {
    const hosts = [...this.#following].filter(([id]) => !this.#options.isLegacy(id));
    return new Map(hosts.map(([id, { follower }]) => [id, follower]));
  }

  #look(): void {
    for (const { follower } of this.#following.values()) follower.look();
  }

  #begin(hostId: HostId, url: string): void {
    const stop = new AbortController();
    const { keyOf, isLegacy, meet, isMet, ...options } = this.#options;
    const own = { ...options, hostId };
    const follower = new HostFollower({
      ...own,
      key: () => keyOf(hostId),
      legacy: new LegacyReader(own),
      isLegacy: () => isLegacy(hostId),
      relays: this.#relays,
      meet: meet && ((signal) => meet(hostId, signal)),
      isMet: isMet && (() => isMet(hostId)),
    });
    const before = this.#ending.get(hostId);
    const run = () => follower.run(stop.signal);
    const ended = (before === undefined ? run() : before.then(run)).catch((error: unknown) => this.#failed?.(error));
    this.#following.set(hostId, { url, stop, ended, follower });
  }

  #end(id: HostId): void {
    const following = this.#following.get(id);
    if (following === undefined) return;
    following.stop.abort();
    this.#following.delete(id);
    this.#noteEnding(id, following.ended);
  }

  #noteEnding(id: HostId, inHand: Promise<void>): void {
    const ended = Promise.allSettled([inHand]).then(() => {
      if (this.#ending.get(id) === ended) this.#ending.delete(id);
    });
    this.#ending.set(id, ended);
  }

  async #lookForGone(signal: AbortSignal): Promise<void> {
    const { clock, copies, goneLookMs = GONE_LOOK_MS } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(goneLookMs, signal);
      for (const id of copies.hosts()) {
        if (this.#isGone(id)) await this.#ending.get(id);
        if (signal.aborted) return;
        if (this.#isGone(id)) await this.#announceGone(id, signal);
      }
    }
  }

  #isGone(id: HostId): boolean {
    const { roster, isMember } = this.#options;
    return roster().get(id) === undefined && !isMember(id);
  }

  async #announceGone(id: HostId, signal: AbortSignal): Promise<void> {
    const announced = announceGone(this.#options, id, signal);
    this.#noteEnding(id, announced);
    await announced;
  }
}
