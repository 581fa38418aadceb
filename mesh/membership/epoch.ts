// Where a host stands: in which mesh and epoch. Every message says it, and who stands elsewhere is answered with that.

import type { CoreState } from '../claims/core-state.ts';
import { type Ahead, type Behind, CLAIM_VERSION, type ClaimMessage, type Item } from '../claims/messages.ts';

/** Where this host stands, as every message says it. */
export function standingOf(state: CoreState) {
  const { config, starts } = state.membership;
  const incarnation = starts.own.data;
  return { version: CLAIM_VERSION, mesh: config?.mesh ?? '', epoch: config?.epoch ?? 0, incarnation } as const;
}

/** What this host says to voters. */
export function messageOf(state: CoreState, items: readonly Item[]): ClaimMessage {
  const { own } = state.membership.starts;
  return { ...standingOf(state), life: own.number, boot: own.name, items };
}

/**
 * How to answer a host that is not in this host's mesh and epoch; `undefined` when it is. Only who is in the same is listened to: its votes,
 * and those it asks for, are counted by the same voters. And a host tells which registers it has only when it is in the epoch that asks,
 * where it votes for no earlier one any more.
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

/** Whether this host holds no register and no address: nothing of it can contradict a mesh. */
export function isPristine(state: CoreState): boolean {
  return state.registers.size === 0 && state.registry.isEmpty();
}
