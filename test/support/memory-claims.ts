// A ClaimStore in memory: the voters are a map. A test can give addresses to other hosts, cut the voters off, leave releases
// unconfirmed and hold claims back. It keeps the registry to the contract: one claim per key at a time, and what is claimed
// but not settled by a durable commit is given back after a crash.

import type { AddressKey, ClaimId, HostId } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { Write } from '../../mesh/ports.ts';
import type {
  Claim,
  ClaimStatus,
  ClaimStore,
  Confirmed,
  Conflict,
  Held,
  Owners,
  Release,
  ReleasedClaim,
  Rival,
  Unavailable,
} from '../../mesh/state/claim-store.ts';

export class MemoryClaims implements ClaimStore {
  /** What the voters hold: this outlives a crash of the host. */
  readonly owners = new Map<AddressKey, Owner>();
  /** Every call of `claim`, its keys. */
  readonly asked: (readonly AddressKey[])[] = [];
  /** Every call of `confirm`, its keys. */
  readonly confirmed: (readonly AddressKey[])[] = [];
  /** While set, every claim is answered so. */
  outage: Unavailable | undefined;
  /** `pending`: releases are not confirmed until `settle`. */
  releases: Release = 'confirmed';
  readonly #inHand = new Set<AddressKey>();
  readonly #releasing = new Map<ClaimId, AddressKey>();
  #gate: PromiseWithResolvers<void> | undefined;

  async claim(claims: readonly Claim[]): Promise<Held | Conflict | Unavailable> {
    const keys = claims.map((claim) => claim.key);
    this.asked.push(keys);
    if (new Set(keys).size !== keys.length || keys.some((key) => this.#inHand.has(key)))
      throw new Error(`Two claims of one key at once: ${keys.join(', ')}`);
    for (const key of keys) this.#inHand.add(key);
    await this.#gate?.promise;
    for (const key of keys) this.#inHand.delete(key);
    if (this.outage !== undefined) return this.outage;
    for (const { key } of claims) {
      const owner = this.owners.get(key);
      if (owner === undefined) continue;
      const isLeftover = this.#releasing.has(owner.claimId);
      return { kind: 'conflict', key, owner, ...(isLeftover ? { isLeftover } : {}) };
    }
    for (const { key, owner } of claims) this.owners.set(key, owner);
    return {
      kind: 'held',
      intentsDone: claims.map(({ key, owner }) => ({ key: record(owner.claimId), value: { key } })),
    };
  }

  releaseWrites(claims: readonly ReleasedClaim[]): readonly Write[] {
    return claims.map(({ claimId }) => ({ key: record(claimId), value: undefined }));
  }

  async release(claims: readonly ReleasedClaim[]): Promise<Release> {
    for (const { key, claimId } of claims) this.#releasing.set(claimId, key);
    if (this.releases === 'confirmed') this.settle();
    return this.releases;
  }

  async confirm(claims: readonly Claim[]): Promise<Confirmed | Unavailable> {
    this.confirmed.push(claims.map(({ key }) => key));
    if (this.outage !== undefined) return this.outage;
    const rivals: Rival[] = [];
    for (const { key, owner } of claims) {
      const found = this.owners.get(key);
      if (found === undefined) this.owners.set(key, owner);
      else if (found.claimId !== owner.claimId) rivals.push({ key, owner: found });
    }
    return { kind: 'confirmed', rivals };
  }

  async ownersOf(keys: readonly AddressKey[]): Promise<Owners | Unavailable> {
    if (this.outage !== undefined) return this.outage;
    const owners = new Map(keys.map((key) => [key, this.owners.get(key) ?? null]));
    return { kind: 'owners', owners, history: 'memory' };
  }

  status(): ClaimStatus {
    const voters = ['mac' as HostId];
    return { kind: 'memory', ready: true, voters, required: 1, unsettled: this.#releasing.size };
  }

  /** Lets the voters hear of every release that they have not confirmed. */
  settle(): void {
    for (const [claimId, key] of this.#releasing) this.#free(key, claimId);
    this.#releasing.clear();
  }

  /** Claims wait from now on, until `resume`. */
  stall(): void {
    this.#gate ??= Promise.withResolvers();
  }

  resume(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  /** The same voters, as a host finds them that comes back with this on its disk: what it had not settled is given back. */
  afterCrash(hostId: HostId, disk: ReadonlyMap<string, unknown>): MemoryClaims {
    const claims = new MemoryClaims();
    for (const [key, owner] of this.owners) {
      if (owner.hostId !== hostId || disk.has(record(owner.claimId))) claims.owners.set(key, owner);
    }
    return claims;
  }

  #free(key: AddressKey, claimId: ClaimId): void {
    if (this.owners.get(key)?.claimId === claimId) this.owners.delete(key);
  }
}

/** Present on disk: this claim was settled and has not been given up. */
function record(claimId: ClaimId): string {
  return `claim/${claimId}`;
}
