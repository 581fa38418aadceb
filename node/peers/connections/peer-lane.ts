// The way of one kind of question to all peers. Each kind has connections of its own, and each peer has places of its own, so that neither
// another kind of question nor a peer that hangs takes them. All peers together have so many places and no more: the more peers are asked, the
// fewer each of them has.
import pLimit, { type LimitFunction } from 'p-limit';
import type { HostId } from '../../../mesh/names.ts';
import type { PeerPools } from './peer-pools.ts';

/** Connections to all peers together, for each kind of question: shared out equally, but for the few that each peer has in any case. */
export const PEER_CONNECTIONS_ALL_MAX = 4_096;
/** Places that each peer has on a lane, however many others are asked. */
export const PEER_CONNECTIONS_MIN = 2;

export class Lane {
  readonly pools: PeerPools;
  readonly #asksMax: number;
  readonly #places = new Map<HostId, LimitFunction>();
  #share: number;

  /** `asksMax`: places of one peer where few are asked. */
  constructor(pools: PeerPools, asksMax: number) {
    this.pools = pools;
    this.#asksMax = asksMax;
    this.#share = asksMax;
  }

  towards(host: HostId): LimitFunction {
    const known = this.#places.get(host);
    if (known !== undefined) return known;
    const places = pLimit(this.#share);
    this.#places.set(host, places);
    this.#shareOut();
    return places;
  }

  hosts(): Iterable<HostId> {
    return this.#places.keys();
  }

  /** Nobody asks the host any more: its places are the others'. */
  forget(host: HostId): void {
    if (this.#places.delete(host)) this.#shareOut();
  }

  #shareOut(): void {
    const equal = Math.floor(PEER_CONNECTIONS_ALL_MAX / Math.max(1, this.#places.size));
    const share = Math.min(this.#asksMax, Math.max(PEER_CONNECTIONS_MIN, equal));
    if (share === this.#share) return;
    this.#share = share;
    for (const places of this.#places.values()) places.concurrency = share;
  }
}
