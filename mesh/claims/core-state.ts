// What the core of the claims knows between two events. Changed in place, and only by `step`: 100,000 registers are not
// copied per event.
import type { AddressKey, HostId } from '../names.ts';
import type { Register } from './acceptor.ts';
import type { Owner, ReleasedClaim } from './claim-store.ts';
import { type Membership, votersOf } from './forming.ts';
import type { Change, Proposal } from './proposer.ts';
import type { ClaimRecords } from './records.ts';

/** A claim, a release or a read in hand: one proposal for each of its addresses. */
export interface Operation {
  readonly id: number;
  readonly kind: Change['kind'];
  readonly proposals: readonly Proposal[];
  /** Proposals whose register's value is not chosen yet. */
  left: number;
  begun: boolean;
  /** Whether the intents of all its claims are on disk. */
  intentDurable: boolean;
}

/** What the claims ask of the registry. */
export interface RegistryView {
  /** Who holds the address in this host's own registry. */
  holder(key: AddressKey): Owner | undefined;
  /** Whether this host's registry holds no address at all. */
  isEmpty(): boolean;
}

export interface CoreState {
  readonly membership: Membership;
  readonly registers: Map<AddressKey, Register>;
  readonly registry: RegistryView;
  readonly unsettledAtStart: readonly ReleasedClaim[];
  readonly operations: Map<number, Operation>;
  /** Running attempts by their ballot number. */
  readonly attempts: Map<number, Proposal>;
  readonly heardAtMs: Map<HostId, number>;
  /** Voters that refused this host's messages for counting by other voters. */
  readonly refusing: Set<HostId>;
  highestBallot: number;
  ballotCeiling: number;
  ceilingAsked: number;
  /** Operations that the core began itself count downwards from -1. */
  lastOwnOperation: number;
  claimsInHand: number;
  roundTripMs: number;
  nowMs: number;
}

export interface CoreOptions {
  readonly self: HostId;
  /** Voters by hosts.json, sorted. */
  readonly voters: readonly HostId[];
  readonly records: ClaimRecords;
  readonly registry: RegistryView;
  /** 32 hex digits, used when the records have no incarnation yet: this data directory is new. */
  readonly freshIncarnation: string;
}

/** The state after a start. The `started` event must be the first. */
export function createCore({ self, voters, records, registry, freshIncarnation }: CoreOptions): CoreState {
  const incarnation = records.incarnation ?? freshIncarnation;
  return {
    membership: { self, incarnation, wish: voters, agreed: records.agreement, greetings: new Map() },
    registers: records.registers,
    registry,
    unsettledAtStart: [...records.unsettled].map(([claimId, key]) => ({ key, claimId })),
    operations: new Map(),
    attempts: new Map(),
    heardAtMs: new Map(),
    refusing: new Set(),
    highestBallot: records.ballotCeiling,
    ballotCeiling: records.ballotCeiling,
    ceilingAsked: records.ballotCeiling,
    lastOwnOperation: 0,
    claimsInHand: 0,
    roundTripMs: 0,
    nowMs: 0,
  };
}

/** Voters heard of within `withinMs`, this host itself among them. */
export function reachedVoters(state: CoreState, withinMs: number): readonly HostId[] {
  const { self } = state.membership;
  return votersOf(state.membership).filter(
    (voter) => voter === self || state.nowMs - (state.heardAtMs.get(voter) ?? -Infinity) <= withinMs,
  );
}

/** A claim of this very host that its registry does not hold: left over from a claim that failed or was released. */
export function isAbandoned(state: CoreState, key: AddressKey, owner: Owner): boolean {
  return owner.hostId === state.membership.self && state.registry.holder(key)?.claimId !== owner.claimId;
}
