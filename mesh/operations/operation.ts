// The operations of the core: from a request to its end, over as many attempts as its time allows. A claim ends after
// `CLAIM_MS_MAX` at the latest; what it may have left behind at the voters is released in the background until that is confirmed.

import { CLAIM_MS_MAX } from '../limits.ts';
import type { AddressKey } from '../names.ts';
import type { Owner } from '../owner.ts';
import type { Write } from '../ports.ts';
import type { Item } from '../register/item.ts';
import { type Change, createProposal, type Progress, type Proposal, propose } from '../register/proposer.ts';
import { reserveBallots } from '../state/ballot-numbers.ts';
import { intentDone, intentWrite } from '../state/claim-records.ts';
import type { Claim, ReleasedClaim } from '../state/claim-store.ts';
import type { CoreState, Operation } from '../state/core-state.ts';
import { type Effect, type Result, timer } from '../state/events.ts';
import { isAlone } from '../state/membership.ts';
import { attempt, backOff, toAll } from './attempts.ts';
import { decideAlone } from './lone-host.ts';
import { lastingObstacleTo, unavailable, whyNotBegun } from './obstacles.ts';

/** Claims all or none; ends in `held`, `conflict` or, after `CLAIM_MS_MAX`, `unavailable`. */
export function claim(state: CoreState, id: number, claims: readonly Claim[], out: Effect[]): void {
  const obstacle = whyNotBegun(state);
  if (obstacle !== undefined) {
    out.push({ type: 'finish', operation: id, result: unavailable(state, obstacle) });
    return;
  }
  const changes = claims.map(({ key, owner }): [AddressKey, Change] => [key, { kind: 'claim', owner }]);
  startOrWait(state, add(state, id, 'claim', changes), out);
}

/** Asks about claims of this host's registry; ends in `confirmed` or, after `CLAIM_MS_MAX`, `unavailable`. */
export function confirm(state: CoreState, id: number, claims: readonly Claim[], out: Effect[]): void {
  const changes = claims.map(({ key, owner }): [AddressKey, Change] => [key, { kind: 'confirm', owner }]);
  startOrWait(state, add(state, id, 'confirm', changes), out);
}

/** Reads one register; ends in `read` or, after `CLAIM_MS_MAX`, `unavailable`. */
export function read(state: CoreState, id: number, key: AddressKey, out: Effect[]): void {
  startOrWait(state, add(state, id, 'read', [[key, { kind: 'read' }]]), out);
}

/** Releases claims, for as long as it takes; ends in `released`. */
export function release(state: CoreState, id: number, claims: readonly ReleasedClaim[], out: Effect[]): void {
  const changes = claims.map(({ key, claimId }): [AddressKey, Change] => [key, { kind: 'release', claimId }]);
  startOrWait(state, add(state, id, 'release', changes), out);
}

/** Has registers chosen again under the present configuration, for as long as that lasts; tells by `rechosen`. */
export function rechoose(state: CoreState, id: number, keys: readonly AddressKey[], out: Effect[]): void {
  startOrWait(
    state,
    add(
      state,
      id,
      'rechoose',
      keys.map((key) => [key, { kind: 'rechoose' }]),
    ),
    out,
  );
}

/** Nothing is sent before the mesh has formed: until then nobody's vote counts. */
function startOrWait(state: CoreState, operation: Operation, out: Effect[]): void {
  const { membership } = state;
  const hasEnd = ['claim', 'confirm', 'read'].includes(operation.kind);
  if (hasEnd && !isAlone(membership)) out.push(timer(CLAIM_MS_MAX, { type: 'operationOver', operation: operation.id }));
  if (membership.config !== undefined) begin(state, operation, out);
}

/** The mesh has formed: what waited for it begins. */
export function beginWaiting(state: CoreState, out: Effect[]): void {
  for (const operation of [...state.operations.values()]) if (!operation.begun) begin(state, operation, out);
}

/** The mesh can't form as things are: claims that wait are told so at once. */
export function refuseWaiting(state: CoreState, out: Effect[]): void {
  const obstacle = lastingObstacleTo(state);
  if (obstacle === undefined) return;
  for (const operation of [...state.operations.values()])
    if (!operation.begun && operation.kind === 'claim') end(state, operation, unavailable(state, obstacle), out);
}

/** Another configuration: what was heard under the one before counts no more. Taking addresses over is the new mover's. */
export function beginAnew(state: CoreState, out: Effect[]): void {
  state.attempts.clear();
  for (const operation of [...state.operations.values()]) {
    if (operation.kind === 'rechoose') state.operations.delete(operation.id);
    else if (operation.begun)
      attempt(
        state,
        operation.proposals.filter(({ phase }) => phase !== 'ended'),
        out,
      );
  }
}

function add(
  state: CoreState,
  id: number,
  kind: Change['kind'],
  changes: readonly (readonly [AddressKey, Change])[],
): Operation {
  const proposals = changes.map(([key, change]) => createProposal(id, key, change));
  const operation: Operation = {
    id,
    kind,
    proposals,
    left: proposals.length,
    begun: false,
    rivals: [],
    intentDurable: false,
  };
  state.operations.set(id, operation);
  if (kind === 'claim') state.claimsInHand += 1;
  return operation;
}

/** Writes the intents, and asks the voters at the same time. */
function begin(state: CoreState, operation: Operation, out: Effect[]): void {
  if (isAlone(state.membership)) {
    beginAlone(state, operation, out);
    return;
  }
  operation.begun = true;
  const intents = operation.proposals.flatMap(({ key, change }) =>
    change.kind === 'claim' ? [intentWrite({ key, claimId: change.owner.claimId })] : [],
  );
  if (intents.length > 0) {
    const durable: Effect = { type: 'event', event: { type: 'intentDurable', operation: operation.id } };
    out.push({ type: 'persist', writes: intents, after: [durable] });
  }
  attempt(state, operation.proposals, out);
}

function beginAlone(state: CoreState, operation: Operation, out: Effect[]): void {
  const { writes, result } = decideAlone(state, operation);
  reserveBallots(state, out);
  const ended: Effect[] = [];
  end(state, operation, result, ended);
  // A claim that is held goes on in the registry's commit, which comes after this one; the others end with it.
  const isHeld = result.kind === 'held';
  out.push({ type: 'persist', writes, after: isHeld ? [] : ended });
  if (isHeld) out.push(...ended);
}

/** The intents are on disk: what waited for them may be proposed. */
export function exposePrepared(state: CoreState, operation: Operation, out: Effect[]): void {
  operation.intentDurable = true;
  const items = operation.proposals.filter((proposal) => proposal.phase === 'prepared').map(propose);
  if (items.length > 0) out.push(...toAll(state, items));
}

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
      backOff(state, proposal, out);
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
      else if (operation.left === 0) end(state, operation, { kind: 'held', intentsDone: intentsDone(operation) }, out);
      return;
    case 'confirm':
      if (value !== null && value.claimId !== change.owner.claimId) operation.rivals.push({ key, owner: value });
      confirmed(state, operation, out);
      return;
    case 'release':
      out.push({ type: 'persist', writes: [intentDone(change.claimId)], after: [] });
      if (operation.left === 0) end(state, operation, { kind: 'released' }, out);
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

function intentsDone(operation: Operation): Write[] {
  return operation.proposals.flatMap(({ change }) =>
    change.kind === 'claim' ? [intentDone(change.owner.claimId)] : [],
  );
}

/** Ends an operation, whatever its proposals were about. */
export function end(state: CoreState, operation: Operation, result: Result, out: Effect[]): void {
  state.operations.delete(operation.id);
  for (const proposal of operation.proposals) {
    state.attempts.delete(proposal.n);
    proposal.phase = 'ended';
  }
  if (operation.kind === 'claim') {
    state.claimsInHand -= 1;
    if (result.kind !== 'held') abort(state, operation, out);
  }
  out.push({ type: 'finish', operation: operation.id, result });
}

/** A claim that failed: what was never exposed is forgotten, the rest is released, however long it takes. */
function abort(state: CoreState, operation: Operation, out: Effect[]): void {
  if (!operation.begun) return;
  const forgotten: Write[] = [];
  for (const { key, change, exposed } of operation.proposals) {
    if (change.kind !== 'claim') continue;
    if (exposed) release(state, ownOperation(state), [{ key, claimId: change.owner.claimId }], out);
    else forgotten.push(intentDone(change.owner.claimId));
  }
  if (forgotten.length > 0) out.push({ type: 'persist', writes: forgotten, after: [] });
}

/** A number for an operation that the core begins itself. */
export function ownOperation(state: CoreState): number {
  state.lastOwnOperation -= 1;
  return state.lastOwnOperation;
}
