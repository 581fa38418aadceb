// Looks for conflicts in the background, in two ways. When this host's data is in doubt, the search asks the voters about every address
// of this host; a doubt outlives restarts until that is done. And once a minute the search looks into the indexes of some peers: a peer
// that says that its index stayed the same is passed over, one whose log stayed where it was, as relays tell it, for ten minutes.
// The voters are not asked at every start, because each voter writes something for each address that it is asked about.
import { MeshError } from '../../mesh/errors.ts';
import { ANSWER_MS_MAX, INDEX_ANSWER_BYTES_MAX, KEYS_PER_MESSAGE_MAX } from '../../mesh/limits.ts';
import { type AskPage, indexPages } from '../../mesh/lookup/index-pages.ts';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Clock, PeerAnswer, PeerTransport } from '../../mesh/ports.ts';
import type { DoubtCause } from '../../mesh/state/events.ts';
import { inTurns } from '../../mesh/time/turns.ts';
import type { Log } from '../log.ts';
import { ignoreFailedStore } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';
import type { Conflicts } from './conflicts.ts';

export interface ConflictSearchOptions {
  readonly store: Pick<Store, 'get' | 'commit'>;
  readonly conflicts: Pick<Conflicts, 'check' | 'seenAt' | 'seenOnlyAt'>;
  /** Every address of this host. */
  readonly keys: () => readonly AddressKey[];
  readonly holds: (key: AddressKey) => boolean;
  readonly isReady: () => boolean;
  /** The key of an address as a peer wrote it; `undefined` when it is none. */
  readonly keyOf: (address: string) => AddressKey | undefined;
  readonly peers: () => readonly HostId[];
  /** Whether the peer's claims are not decided by the same voters: then it may have what is claimed here, at any time. */
  readonly isOutside: (peer: HostId) => boolean;
  /** The ETag of the peer's index, as it last said by itself; `undefined`: it does not say. */
  readonly indexOf: (peer: HostId) => string | undefined;
  /** Where the log of a peer stands that does not say so because this host never asks it, as relays tell: each change of an index stands there. */
  readonly placeOf: (peer: HostId) => string | undefined;
  /** Changes with this host's addresses. */
  readonly version: () => number;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly log: Log;
}

/** What was seen in a peer's index last. */
interface Look {
  /** By the monotonic clock. */
  readonly atMs: number;
  readonly etag: string | undefined;
  /** Where the peer's log stood when the index was asked for. */
  readonly place: string | undefined;
  /** The version of this host's own index then. */
  readonly version: number;
  /** Addresses that both have, and that the voters gave to this host. */
  readonly doubles: readonly AddressKey[];
}

/** Stands while what this host holds is in doubt. */
const DOUBT = 'conflicts/doubt';
/** What an operator reads of each cause. */
const DOUBTS: Readonly<Record<DoubtCause, string>> = {
  rejoined:
    "This host's data was restored from a backup, so the voters may have given its addresses to others meanwhile.",
  recovered: 'An operator had other voters go on, who may not know what this host holds.',
  joined: 'This host left its mesh for another one, whose voters do not know what it holds.',
  returned: 'The mesh went on without this host, and may have given what it held to others when it was away.',
  left_engine: 'An engine kept the claims until now, so the voters do not know what this host holds.',
};
const TICK_MS = 5_000;
const PEERS_INTERVAL_MS = 60_000;
/** Peers whose indexes are looked into in one interval. */
const PEERS_PER_ROUND_MAX = 10;
/** All pages of one index: a peer that is slower keeps the search from the others. */
const LOOK_MS_MAX = 30_000;
/** A peer of which only relays say that its index stayed the same is looked at all the same after this long. */
const HEARSAY_MS_MAX = 600_000;
/** Between two hundreds of addresses, so that a large registry does not crowd out claims. */
const BATCH_PAUSE_MS = 200;

export class ConflictSearch {
  readonly #options: ConflictSearchOptions;
  readonly #looks = new Map<HostId, Look>();
  /** Rises with each doubt. A check that is in hand was begun for an earlier doubt, so it does not answer a later one. */
  #doubts = 0;
  #answered = 0;
  #peersAtMs = -Infinity;
  /** Why the voters could not be asked the last time. They are asked again every few seconds, and the log says the reason once. */
  #putOffFor: string | undefined;
  #nextPeer = 0;

  constructor(options: ConflictSearchOptions) {
    this.#options = options;
  }

  /** The voters may not know what this host holds: every address is asked about again. */
  doubt(cause: DoubtCause): void {
    const { store, log } = this.#options;
    this.#doubts += 1;
    log.info('conflict.doubted', { cause, why: DOUBTS[cause] });
    // Committed before whatever else comes of the same event, for a crash must not end the doubt. The store tells of its own failure.
    store.commit([{ key: DOUBT, value: true }]).catch(ignoreFailedStore);
  }

  /** Searches until `signal` aborts. Rejects with `store_failed`. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, isReady, store } = this.#options;
    if ((await store.get(DOUBT)) === true) this.#doubts += 1;
    while (!signal.aborted) {
      if (isReady()) {
        if (this.#doubts > this.#answered) await this.#checkAll(signal);
        if (clock.monotonicMs() - this.#peersAtMs >= PEERS_INTERVAL_MS) await this.#lookAtPeers(signal);
      }
      await clock.sleep(TICK_MS, signal);
    }
  }

  async #checkAll(signal: AbortSignal): Promise<void> {
    const { keys, clock, store } = this.#options;
    const doubts = this.#doubts;
    const all = keys();
    for (let at = 0; at < all.length && !signal.aborted; at += KEYS_PER_MESSAGE_MAX) {
      if (!(await this.#check(all.slice(at, at + KEYS_PER_MESSAGE_MAX)))) return;
      await clock.sleep(BATCH_PAUSE_MS, signal);
    }
    if (signal.aborted) return;
    this.#answered = doubts;
    if (doubts === this.#doubts) await store.commit([{ key: DOUBT, value: undefined }]);
  }

  /** False when the voters could not be asked: it is tried again. */
  async #check(keys: readonly AddressKey[]): Promise<boolean> {
    try {
      await this.#options.conflicts.check(keys);
      this.#putOffFor = undefined;
      return true;
    } catch (error) {
      if (error instanceof MeshError && error.code !== 'store_failed') {
        if (this.#putOffFor !== error.message) this.#options.log.info('conflict.check_put_off', { why: error.message });
        this.#putOffFor = error.message;
        return false;
      }
      throw error;
    }
  }

  async #lookAtPeers(signal: AbortSignal): Promise<void> {
    this.#peersAtMs = this.#options.clock.monotonicMs();
    for (const peer of this.#nextPeers()) {
      if (signal.aborted) return;
      await this.#lookAt(peer, signal);
    }
  }

  /** The peers whose turn it is. If every host looked at all others every minute, a large mesh would be busy with nothing else. */
  #nextPeers(): readonly HostId[] {
    const { conflicts, peers: peersNow } = this.#options;
    const peers = peersNow();
    const listed = new Set(peers);
    for (const known of this.#looks.keys()) if (!listed.has(known)) this.#looks.delete(known);
    conflicts.seenOnlyAt(listed);
    const from = this.#nextPeer % Math.max(peers.length, 1);
    const inTurn = [...peers.slice(from), ...peers.slice(0, from)];
    const next: HostId[] = [];
    for (const peer of inTurn) {
      if (next.length === PEERS_PER_ROUND_MAX) break;
      this.#nextPeer += 1;
      if (!this.#seenUnchanged(peer)) next.push(peer);
    }
    return next;
  }

  /**
   * What a look would show is known. A peer that says itself which ETag its index has would answer 304 to a look while that is the one
   * that was seen: the same word, by the same host, for one question more.
   */
  #seenUnchanged(peer: HostId): boolean {
    const { conflicts, clock, holds, indexOf, placeOf, isOutside, version } = this.#options;
    const last = this.#looks.get(peer);
    const [said, place] = [indexOf(peer), placeOf(peer)];
    if (last === undefined) return false;
    const isHearsay = said === undefined;
    if (isHearsay ? place === undefined || place !== last.place : said !== last.etag) return false;
    if (isHearsay && clock.monotonicMs() - last.atMs >= HEARSAY_MS_MAX) return false;
    if (isOutside(peer) && last.version !== version()) return false;
    conflicts.seenAt(peer, last.doubles.filter(holds));
    return true;
  }

  async #lookAt(peer: HostId, signal: AbortSignal): Promise<void> {
    const { keyOf, holds, conflicts, placeOf, isOutside, version, clock } = this.#options;
    const last = this.#looks.get(peer);
    const [now, place] = [version(), placeOf(peer)];
    // This host may have claimed an address meanwhile that stood in the peer's index all the time.
    const etag = isOutside(peer) && last?.version !== now ? undefined : last?.etag;
    const found = new Set<AddressKey>();
    const askedMs = clock.monotonicMs();
    let first: PeerAnswer | undefined;
    try {
      for await (const { answer, members } of indexPages(this.#asker(peer, etag, signal))) {
        first ??= answer;
        if (answer.status === 304 && last !== undefined) {
          conflicts.seenAt(peer, last.doubles.filter(holds));
          this.#looks.set(peer, { ...last, place, atMs: clock.monotonicMs() });
        }
        if (members === undefined || clock.monotonicMs() - askedMs > LOOK_MS_MAX) return;
        await inTurns(members, clock, ([address]) => {
          const key = keyOf(address);
          if (key !== undefined && holds(key)) found.add(key);
        });
      }
    } catch (error) {
      // Presence watches who is silent; here it only means: later.
      if (error instanceof MeshError) return;
      throw error;
    }
    const shared = [...found];
    for (let at = 0; at < shared.length; at += KEYS_PER_MESSAGE_MAX)
      if (!(await this.#check(shared.slice(at, at + KEYS_PER_MESSAGE_MAX)))) return;
    const doubles = shared.filter(holds);
    conflicts.seenAt(peer, doubles);
    this.#looks.set(peer, { atMs: clock.monotonicMs(), etag: first?.etag, place, version: now, doubles });
  }

  /** `etag`: of what was seen last, where nothing but a change could show more. */
  #asker(peer: HostId, etag: string | undefined, signal: AbortSignal): AskPage<PeerAnswer> {
    return (path, isFirst) => {
      const known = isFirst && etag !== undefined ? { 'if-none-match': etag } : {};
      return this.#options.transport.ask(
        {
          ...{ to: peer, lane: 'indexes', method: 'GET', path, answerSignature: 'known-key' },
          // Otherwise a peer whose plain index shows the whole mesh would answer what is this host's own.
          headers: { 'x-federated-query': 'true', ...known },
          answerMsMax: ANSWER_MS_MAX,
          answerBytesMax: INDEX_ANSWER_BYTES_MAX,
        },
        signal,
      );
    };
  }
}
