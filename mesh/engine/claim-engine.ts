// A consensus engine that an operator runs already, as the claims need it: four conditional operations, each atomic and durable before
// it is answered. What a claim means, and what happens when the engine is away, is in engine-claims.ts.

import type { AddressKey, HostId } from '../names.ts';
import type { Owner } from '../owner.ts';
import type { Claim, ReleasedClaim } from '../state/claim-store.ts';

/** Rejects with an `Error` whose message is a sentence when the engine could not be asked, or did not answer in time. */
export interface ClaimEngine {
  readonly kind: 'etcd' | 'postgres';
  /**
   * Puts every claim whose key is free, all of them or none. Resolves with `undefined` when each is there now, put by this call or by
   * an earlier one with the same claim ids; else with one that stands in the way.
   */
  put(
    claims: readonly Claim[],
    signal: AbortSignal,
  ): Promise<{ readonly key: AddressKey; readonly owner: Owner } | undefined>;
  /** Removes the claims that are there with that very claim id, and leaves any others. */
  release(claims: readonly ReleasedClaim[], signal: AbortSignal): Promise<void>;
  /** Releases claims whose `put` had no answer. Such a `put` does not take effect later either, however long it was under way. */
  abort(claims: readonly ReleasedClaim[], signal: AbortSignal): Promise<void>;
  /** Removes whatever that host put, page by page; when it rejects, some of it may be gone already. */
  evict(host: HostId, signal: AbortSignal): Promise<void>;
  read(key: AddressKey, signal: AbortSignal): Promise<Owner | null>;
  /** Resolves when the engine could take a claim now. */
  ping(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
