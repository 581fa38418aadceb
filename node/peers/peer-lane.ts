// The way of one kind of question to all peers. Each kind has connections of its own, and each peer has places of its own, so that neither
// another kind of question nor a peer that hangs takes them.
import pLimit, { type LimitFunction } from 'p-limit';
import type { HostId } from '../../mesh/names.ts';
import type { PeerPools } from './peer-pools.ts';

export class Lane {
  readonly pools: PeerPools;
  readonly #asksMax: number;
  readonly #places = new Map<HostId, LimitFunction>();

  constructor(pools: PeerPools, asksMax: number) {
    this.pools = pools;
    this.#asksMax = asksMax;
  }

  towards(host: HostId): LimitFunction {
    const known = this.#places.get(host);
    if (known !== undefined) return known;
    const places = pLimit(this.#asksMax);
    this.#places.set(host, places);
    return places;
  }
}
