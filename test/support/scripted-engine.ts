// An engine for the claims, in memory.

import type { ClaimEngine } from '../../mesh/engine/claim-engine.ts';
import type { AddressKey, ClaimId, HostId } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { Claim } from '../../mesh/state/claim-store.ts';

/** It can be away, and can do what it is asked and not say so. */
export class ScriptedEngine implements ClaimEngine {
  readonly kind = 'etcd';
  readonly owners = new Map<AddressKey, Owner>();
  state: 'here' | 'away' | 'mute' = 'here';
  asked = 0;
  readonly aborted: ClaimId[] = [];
  /** How many claims each question to free some named. */
  readonly freeing: number[] = [];
  /** Can't be freed. */
  stuck: ClaimId | undefined;
  onPut: () => void = () => undefined;

  async put(claims: readonly Claim[]) {
    this.#ask();
    this.onPut();
    const taken = claims.find(({ key, owner }) => (this.owners.get(key)?.claimId ?? owner.claimId) !== owner.claimId);
    if (taken !== undefined) return { key: taken.key, owner: this.owners.get(taken.key) as Owner };
    for (const { key, owner } of claims) this.owners.set(key, owner);
    if (this.state === 'mute') {
      this.state = 'away';
      throw new Error('the connection was lost');
    }
    return undefined;
  }

  async release(claims: readonly { readonly key: AddressKey; readonly claimId: ClaimId }[]) {
    this.freeing.push(claims.length);
    this.#ask();
    if (claims.some(({ claimId }) => claimId === this.stuck)) throw new Error('one of them is locked');
    for (const { key, claimId } of claims) if (this.owners.get(key)?.claimId === claimId) this.owners.delete(key);
  }

  async abort(claims: readonly { readonly key: AddressKey; readonly claimId: ClaimId }[]) {
    await this.release(claims);
    this.aborted.push(...claims.map(({ claimId }) => claimId));
  }

  async evict(host: HostId) {
    this.#ask();
    for (const [key, { hostId }] of this.owners) if (hostId === host) this.owners.delete(key);
  }

  async read(key: AddressKey) {
    this.#ask();
    return this.owners.get(key) ?? null;
  }

  async ping() {
    this.#ask();
  }

  close() {
    return Promise.resolve();
  }

  #ask(): void {
    this.asked += 1;
    if (this.state === 'away') throw new Error('nobody there');
  }
}
