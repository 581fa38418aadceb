// Where a host stands: in which mesh and epoch. Every message says where its sender stands, and a sender that stands elsewhere is answered
// with where this host stands, not with a vote (step 3 of README.md).

import type { Item } from '../register/item.ts';
import type { CoreState } from '../state/core-state.ts';
import { type Ahead, type Behind, CLAIM_VERSION, type ClaimMessage } from '../state/messages.ts';

/** Where this host stands, as every message says it. */
export function standingOf(state: CoreState) {
  const { config, starts } = state.membership;
  const incarnation = starts.own.data;
  return { version: CLAIM_VERSION, mesh: config?.mesh ?? '', epoch: config?.epoch ?? 0, incarnation } as const;
}

/** A message of this host to voters. */
export function messageOf(state: CoreState, items: readonly Item[]): ClaimMessage {
  const { own } = state.membership.starts;
  return { ...standingOf(state), life: own.number, boot: own.name, items };
}

/**
 * How to answer a sender that stands elsewhere; `undefined` when it stands where this host does. Votes count only among hosts in one mesh
 * and epoch, which count the same voters. A host tells its keys only in the epoch that asks for them, in which it votes under no earlier one.
 */
export function strayed(
  state: CoreState,
  standing: { readonly mesh: string; readonly epoch: number },
): Ahead | Behind | undefined {
  const { config, starts } = state.membership;
  const incarnation = starts.own.data;
  if (config === undefined) return { version: CLAIM_VERSION, kind: 'behind', incarnation };
  if (standing.mesh === config.mesh && standing.epoch === config.epoch) return undefined;
  const isAhead = standing.mesh !== config.mesh || standing.epoch < config.epoch;
  return isAhead
    ? { version: CLAIM_VERSION, kind: 'ahead', incarnation, config }
    : { version: CLAIM_VERSION, kind: 'behind', incarnation };
}

/** Whether this host holds no register and no address, so that nothing of it can contradict a mesh. */
export function isPristine(state: CoreState): boolean {
  return state.registers.size === 0 && state.registry.isEmpty();
}
