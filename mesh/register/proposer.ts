// One change of one register (CASPaxos, "proposer"): prepare at a majority of the voters, take the value of the newest ballot
// any of them accepted, apply the change to it, have the result accepted by a majority. Pure; the core gives it ballots and time.
// An answer to an older attempt is ignored: it carries another ballot number.
// It never concludes anything from a value seen at less than a majority: that value may never have been chosen.

import { invariant } from '../invariant.ts';
import type { AddressKey, ClaimId } from '../names.ts';
import type { Owner } from '../owner.ts';
import { type Ballot, compareBallots } from './ballot.ts';
import type { Item, ItemAnswer } from './item.ts';

/** What to make of a register's present value. `release` ends that very claim alone, and never sets an unconditional null. */
export type Change =
  | { readonly kind: 'claim'; readonly owner: Owner }
  /** Takes the address again for a registry that holds it, if nobody has it. */
  | { readonly kind: 'confirm'; readonly owner: Owner }
  | { readonly kind: 'release'; readonly claimId: ClaimId }
  | { readonly kind: 'read' }
  /** Has the present value chosen again, by the voters of a new configuration: nobody, where its host left for good. */
  | { readonly kind: 'rechoose' };

/** What tells one voter from another. A host that lost its disk is another voter than before. */
export type VoterName = string;

type Phase = 'idle' | 'preparing' | 'prepared' | 'accepting' | 'ended';

/** State of one change; only this file and the core write to it. */
export interface Proposal {
  readonly operation: number;
  readonly key: AddressKey;
  readonly change: Change;
  phase: Phase;
  /** Ballot number of the present attempt; 0 before the first. */
  n: number;
  /** Whether the claimant's own value ever left in an `accept`: then it may be chosen later, unless it is aborted. */
  exposed: boolean;
  proposed: Owner | null;
  readonly promises: Map<VoterName, Promised>;
  readonly accepts: Set<VoterName>;
  readonly refusals: Set<VoterName>;
}

interface Promised {
  readonly accepted: Ballot | null;
  readonly value: Owner | null;
}

/** What an answer led to. */
export type Progress =
  | { readonly kind: 'wait' }
  /** A majority promised: call `propose` and send its item to all voters (a claim's intent must be durable by then). */
  | { readonly kind: 'propose' }
  /** A majority can't be had under this ballot: try a higher one after a short random wait. */
  | { readonly kind: 'outbid' }
  /** The register's value, as chosen by a majority. */
  | { readonly kind: 'chosen'; readonly value: Owner | null }
  /** A voter's own registry holds the address. */
  | { readonly kind: 'vetoed'; readonly owner: Owner };

/** What the proposer knows of its surroundings: whose votes decide, and whose claims are void. */
export interface Electorate {
  /** Whether these votes decide. */
  isQuorum(votes: ReadonlySet<VoterName>): boolean;
  /** Whether the voters that are left, without `refusals`, could still decide. */
  canDecideWithout(refusals: ReadonlySet<VoterName>): boolean;
  /** Whether a change of that kind may replace `owner`'s claim: released or aborted by this very host, or its host left the mesh. */
  isReplaceable(key: AddressKey, owner: Owner, kind: Change['kind']): boolean;
}

const WAIT: Progress = { kind: 'wait' };
const OUTBID: Progress = { kind: 'outbid' };

/** A proposal without an attempt yet. `operation`: the number of the operation that it is part of. */
export function createProposal(operation: number, key: AddressKey, change: Change): Proposal {
  return {
    operation,
    key,
    change,
    phase: 'idle',
    n: 0,
    exposed: false,
    proposed: null,
    promises: new Map(),
    accepts: new Set(),
    refusals: new Set(),
  };
}

/** Begins an attempt under ballot number `n`; returns the item for every voter. */
export function prepare(proposal: Proposal, n: number): Item {
  proposal.phase = 'preparing';
  proposal.n = n;
  proposal.proposed = null;
  proposal.promises.clear();
  proposal.accepts.clear();
  proposal.refusals.clear();
  return {
    kind: 'prepare',
    key: proposal.key,
    n,
    claiming: proposal.change.kind === 'claim',
  };
}

/** Counts the answer of one voter to the present attempt. Whoever has no vote is not heard: the caller sees to that. */
export function hear(proposal: Proposal, voter: VoterName, answer: ItemAnswer, electorate: Electorate): Progress {
  if (answer.n !== proposal.n) return WAIT;
  switch (answer.kind) {
    case 'nack':
      proposal.refusals.add(voter);
      return electorate.canDecideWithout(proposal.refusals) ? WAIT : OUTBID;
    case 'veto':
      return proposal.phase === 'preparing' ? { kind: 'vetoed', owner: answer.owner } : WAIT;
    case 'promise':
      if (proposal.phase !== 'preparing') return WAIT;
      proposal.promises.set(voter, { accepted: answer.accepted, value: answer.value });
      return electorate.isQuorum(new Set(proposal.promises.keys())) ? conclude(proposal, electorate) : WAIT;
    case 'accepted':
      if (proposal.phase !== 'accepting') return WAIT;
      proposal.accepts.add(voter);
      return electorate.isQuorum(proposal.accepts) ? { kind: 'chosen', value: proposal.proposed } : WAIT;
  }
}

/** Moves from `prepared` to `accepting`; returns the item for every voter. */
export function propose(proposal: Proposal): Item {
  invariant(
    proposal.phase === 'prepared',
    () =>
      `A value of '${proposal.key}' would be exposed under ballot number ${proposal.n} while that is '${proposal.phase}'; one value is, once a majority has promised.`,
  );
  proposal.phase = 'accepting';
  if (isOwn(proposal, proposal.proposed)) proposal.exposed = true;
  return { kind: 'accept', key: proposal.key, n: proposal.n, value: proposal.proposed };
}

/** What a change makes of a register's value. `isReplaceable`: see `Electorate`. */
export function applyChange(
  change: Change,
  current: Owner | null,
  isReplaceable: (owner: Owner) => boolean,
): Owner | null {
  switch (change.kind) {
    case 'read':
      return current;
    case 'rechoose':
      return current !== null && isReplaceable(current) ? null : current;
    case 'release':
      return current?.claimId === change.claimId ? null : current;
    case 'claim':
    case 'confirm':
      return current === null || isReplaceable(current) ? change.owner : current;
  }
}

function conclude(proposal: Proposal, electorate: Electorate): Progress {
  const current = newest(proposal);
  const { key, change } = proposal;
  const next = applyChange(change, current.value, (owner) => electorate.isReplaceable(key, owner, change.kind));
  if (next === current.value && trustsPrepare(proposal, current.accepted, electorate))
    return { kind: 'chosen', value: next };
  proposal.phase = 'prepared';
  proposal.proposed = next;
  return { kind: 'propose' };
}

/**
 * A majority that reports one and the same ballot has chosen that value already, so nothing need be written. Not for `release`:
 * the claim to be released may linger at a voter outside this majority, and only a newer accepted ballot buries it. Nor for
 * `rechoose`, whose purpose is to write.
 */
function trustsPrepare({ change, promises }: Proposal, accepted: Ballot | null, electorate: Electorate): boolean {
  if (change.kind === 'release' || change.kind === 'rechoose') return false;
  const same = [...promises].filter(([, promise]) => compareBallots(promise.accepted, accepted) === 0);
  return electorate.isQuorum(new Set(same.map(([voter]) => voter)));
}

function newest(proposal: Proposal): Promised {
  let best: Promised = { accepted: null, value: null };
  for (const promise of proposal.promises.values()) {
    if (compareBallots(promise.accepted, best.accepted) > 0) best = promise;
  }
  return best;
}

function isOwn(proposal: Proposal, value: Owner | null): boolean {
  return proposal.change.kind === 'claim' && value?.claimId === proposal.change.owner.claimId;
}
