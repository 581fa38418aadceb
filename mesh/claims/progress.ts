// What an answer leads to: the next step of a proposal, and with the last of them the end of its operation.

import { BACKOFF_MS_MAX, BACKOFF_MS_MIN } from '../limits.ts';
import type { Owner } from '../owner.ts';
import type { Write } from '../ports.ts';
import type { Item } from '../register/item.ts';
import { type Progress, type Proposal, propose } from '../register/proposer.ts';
import { settledWrite } from './claim-records.ts';
import type { CoreState, Operation } from './core-state.ts';
import type { Effect } from './events.ts';
import { end, retryOf } from './operation.ts';

/** Acts on what an answer led to. Items for all voters are collected in `proposals`, so that they share a message. */
export function advance(
  state: CoreState,
  proposal: Proposal,
  progress: Progress,
  proposals: Item[],
  out: Effect[],
): void {
  const operation = state.operations.get(proposal.operation);
  if (!operation) return;
  switch (progress.kind) {
    case 'wait':
      return;
    case 'propose':
      if (operation.kind !== 'claim' || operation.intentDurable) proposals.push(propose(proposal));
      return;
    case 'outbid':
      state.attempts.delete(proposal.n);
      proposal.phase = 'idle';
      out.push({ type: 'timer', afterMs: [BACKOFF_MS_MIN, BACKOFF_MS_MAX], event: retryOf(proposal) });
      return;
    case 'vetoed':
      end(state, operation, { kind: 'conflict', key: proposal.key, owner: progress.owner }, out);
      return;
    case 'chosen':
      state.attempts.delete(proposal.n);
      proposal.phase = 'ended';
      chosen(state, operation, proposal, progress.value, out);
  }
}

function chosen(
  state: CoreState,
  operation: Operation,
  { key, change }: Proposal,
  value: Owner | null,
  out: Effect[],
): void {
  operation.left -= 1;
  switch (change.kind) {
    case 'claim':
      if (value !== null && value.claimId !== change.owner.claimId)
        end(state, operation, { kind: 'conflict', key, owner: value }, out);
      else if (operation.left === 0) end(state, operation, { kind: 'held', settled: settledWrites(operation) }, out);
      return;
    case 'confirm':
      if (value !== null && value.claimId !== change.owner.claimId) operation.rivals.push({ key, owner: value });
      confirmed(state, operation, out);
      return;
    case 'free':
      out.push({ type: 'persist', writes: [settledWrite(change.claimId)], after: [] });
      if (operation.left === 0) end(state, operation, { kind: 'freed' }, out);
      return;
    case 'read':
      end(state, operation, { kind: 'read', owner: value }, out);
      return;
    case 'rechoose':
      if (operation.left > 0) return;
      end(state, operation, { kind: 'rechosen' }, out);
      out.push({ type: 'event', event: { type: 'rechosen', operation: operation.id } });
  }
}

function confirmed(state: CoreState, operation: Operation, out: Effect[]): void {
  if (operation.left === 0) end(state, operation, { kind: 'confirmed', rivals: operation.rivals }, out);
}

function settledWrites(operation: Operation): Write[] {
  return operation.proposals.flatMap(({ change }) =>
    change.kind === 'claim' ? [settledWrite(change.owner.claimId)] : [],
  );
}
