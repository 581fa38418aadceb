// The register on a host that is its only voter: its own word is a majority, so a change is decided at once, without asking
// itself by message. What is written is what an accepted ballot leaves, and it is written at once: whatever depends on it
// (the registry's commit, an answer to another host) is a later commit, and commits keep their order. So a claim waits for
// the disk once, in the registry's own commit.

import type { Write } from '../ports.ts';
import { proposerName } from '../register/ballot.ts';
import { applyChange, type Proposal } from '../register/proposer.ts';
import { nextBallotNumber, noteBallotNumber } from '../state/ballot-numbers.ts';
import { intentDone, intentWrite } from '../state/claim-records.ts';
import type { Rival } from '../state/claim-store.ts';
import type { CoreState, Operation } from '../state/core-state.ts';
import { isReplaceable } from '../state/electorate.ts';
import type { Result } from '../state/events.ts';
import { putRegister } from '../state/registers.ts';

/** Decides all of the operation's changes, or none: one claim that is lost leaves every register as it was. */
export function decideAlone(
  state: CoreState,
  operation: Operation,
): { readonly writes: readonly Write[]; readonly result: Result } {
  const writes: Write[] = [];
  const intentsDone: Write[] = [];
  const rivals: Rival[] = [];
  for (const { key, change } of operation.proposals) {
    const value = state.registers.get(key)?.value ?? null;
    if (change.kind === 'read') return { writes: [], result: { kind: 'read', owner: value } };
    if (change.kind === 'confirm') {
      const next = applyChange(change, value, (owner) => isReplaceable(state, key, owner, change.kind));
      if (next !== null && next.claimId !== change.owner.claimId) rivals.push({ key, owner: next });
    }
    if (change.kind !== 'claim') continue;
    const next = applyChange(change, value, (owner) => isReplaceable(state, key, owner, change.kind));
    if (next !== null && next.claimId !== change.owner.claimId)
      return { writes: [], result: { kind: 'conflict', key, owner: next } };
    writes.push(intentWrite({ key, claimId: change.owner.claimId }));
    intentsDone.push(intentDone(change.owner.claimId));
  }
  for (const proposal of operation.proposals) writes.push(...accept(state, proposal));
  if (operation.kind === 'confirm') return { writes, result: { kind: 'confirmed', rivals } };
  return { writes, result: operation.kind === 'claim' ? { kind: 'held', intentsDone } : { kind: 'released' } };
}

function accept(state: CoreState, { key, change }: Proposal): Write[] {
  const register = state.registers.get(key);
  const value = register?.value ?? null;
  const next = applyChange(change, value, (owner) => isReplaceable(state, key, owner, change.kind));
  const done = change.kind === 'release' ? [intentDone(change.claimId)] : [];
  if (next === value) return done;
  noteBallotNumber(state, (register?.promised ?? state.floor)?.[0] ?? 0);
  const { self, starts } = state.membership;
  const ballot = [nextBallotNumber(state), proposerName(self, starts.own.data)] as const;
  return [putRegister(state, key, { promised: ballot, accepted: ballot, value: next }), ...done];
}
