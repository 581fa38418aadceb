// Who is asked about a register, whose votes decide, and which claims are void: what was agreed, as the proposer needs it.

import type { AddressKey, HostId } from '../names.ts';
import type { Owner } from '../owner.ts';
import type { Change, Electorate } from '../register/proposer.ts';
import { type Config, canDecideWithout, electorsOf, isEvicted, isQuorum } from './config.ts';
import type { CoreState } from './core-state.ts';

/** How long a host that left the mesh keeps its addresses (membership/README.md, step 10). */
export const GONE_GRACE_MS = 24 * 60 * 60 * 1_000;

/** Voters by what was agreed, else by the wish; those before them too, while the mesh moves. */
export function votersOf({ membership }: CoreState): readonly HostId[] {
  return membership.config === undefined ? membership.wish.voters : electorsOf(membership.config);
}

/** The hosts whose votes decide under that configuration, and which claims are void. */
export function electorateOf(state: CoreState, config: Config): Electorate {
  return {
    isQuorum: (votes) => isQuorum(config, votes),
    canDecideWithout: (refusals) => canDecideWithout(config, refusals),
    isReplaceable: (key, owner, kind) => isReplaceable(state, key, owner, kind),
  };
}

/**
 * Whether a change of that kind may replace the claim. A new choice asks for nobody, so it ends a claim only where it is agreed that the host
 * left for good: clocks have no say in it, nor has a registry that is just being asked.
 */
export function isReplaceable(state: CoreState, key: AddressKey, owner: Owner, kind: Change['kind']): boolean {
  if (kind !== 'rechoose') return isVoid(state, key, owner);
  const { config } = state.membership;
  return config !== undefined && isEvicted(config, owner.hostId);
}

/**
 * Whether a claim may be replaced: one of this very host that its registry does not hold, left over from a claim that failed or
 * was released; or one of a host that left the mesh long enough ago.
 */
export function isVoid(state: CoreState, key: AddressKey, owner: Owner): boolean {
  if (owner.hostId === state.membership.self) return state.registry.holder(key)?.claimId !== owner.claimId;
  return isGoneForGood(state, owner.hostId);
}

/** Whether the host left the mesh a day ago, or was evicted: what it had is nobody's any more. */
export function isGoneForGood({ membership, wallMs }: CoreState, host: HostId): boolean {
  const goneSince = membership.config?.gone[host];
  return goneSince !== undefined && wallMs - Date.parse(goneSince) >= GONE_GRACE_MS;
}
