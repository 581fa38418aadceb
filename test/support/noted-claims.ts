// The claims as a host's registry asks for them, told to the history.
import type { QuorumClaims } from '../../mesh/claims/quorum-claims.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Claim, ClaimStore } from '../../mesh/state/claim-store.ts';
import type { ClaimHistory } from './claim-history.ts';

export interface ClaimNotes {
  readonly history: ClaimHistory;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly hostId: HostId;
  /** Whether the host has crashed since: its clients hear of nothing more. */
  readonly isOver: () => boolean;
}

/** Claims that note how each one ends. */
export function notedClaims(claims: QuorumClaims, { history, clock, hostId, isOver }: ClaimNotes): ClaimStore {
  const claim = async (asked: readonly Claim[]) => {
    for (const { key, owner } of asked) history.claimCalled(hostId, key, owner.claimId, clock.monotonicMs());
    const outcome = await claims.claim(asked);
    if (isOver()) return outcome;
    for (const { owner } of asked) {
      if (outcome.kind === 'conflict')
        history.claimLost(owner.claimId, outcome.owner.claimId, true, clock.monotonicMs());
      else if (outcome.kind === 'unavailable') history.claimFailed(owner.claimId, true, clock.monotonicMs());
    }
    return outcome;
  };
  return {
    claim,
    releaseWrites: (given) => claims.releaseWrites(given),
    release: (given) => claims.release(given),
    confirm: (asked) => claims.confirm(asked),
    ownersOf: (keys) => claims.ownersOf(keys),
    status: () => claims.status(),
  };
}
