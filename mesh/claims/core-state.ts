// What the core of the claims knows between two events. Changed in place, and only by `step`: 100,000 registers are not
// copied per event.
import { GONE_GRACE_MS } from '../limits.ts';
import { electorsOf, type VoteKey } from '../membership/config.ts';
import { createMembership, type Membership } from '../membership/membership.ts';
import { nextStart } from '../membership/starts.ts';
import type { AddressKey, HostId } from '../names.ts';
import type { Owner } from '../owner.ts';
import type { Register } from '../register/acceptor.ts';
import type { Change, Proposal } from '../register/proposer.ts';
import type { ClaimRecords } from './claim-records.ts';
import type { ReleasedClaim, Rival } from './claim-store.ts';
import type { Wish } from './messages.ts';

/** A claim, a release or a read in hand: one proposal for each of its addresses. */
export interface Operation {
  readonly id: number;
  readonly kind: Change['kind'];
  readonly proposals: readonly Proposal[];
  /** Proposals whose register's value is not chosen yet. */
  left: number;
  begun: boolean;
  /** Claims that stand against those to be confirmed. */
  readonly rivals: Rival[];
  /** Whether the intents of all its claims are on disk. */
  intentDurable: boolean;
}

/** What the claims ask of the registry. */
export interface RegistryView {
  /** Who holds the address in this host's own registry. */
  holder(key: AddressKey): Owner | undefined;
  /** Whether this host's registry holds no address at all. */
  isEmpty(): boolean;
  /** Every address that it holds. */
  keys(): Iterable<AddressKey>;
}

export interface CoreState {
  readonly membership: Membership;
  readonly registers: Map<AddressKey, Register>;
  readonly registry: RegistryView;
  readonly unsettledAtStart: readonly ReleasedClaim[];
  readonly operations: Map<number, Operation>;
  /** Running attempts by their ballot number. */
  readonly attempts: Map<number, Proposal>;
  /** When each voter last answered, by host and data. */
  readonly heardAtMs: Map<VoteKey, number>;
  /** Hosts that last answered without a vote: they are joining, or in another mesh. */
  readonly refusing: Set<HostId>;
  highestBallot: number;
  ballotCeiling: number;
  ceilingAsked: number;
  /** Operations that the core began itself count downwards from -1. */
  lastOwnOperation: number;
  claimsInHand: number;
  roundTripMs: number;
  nowMs: number;
  wallMs: number;
}

export interface CoreOptions {
  readonly self: HostId;
  /** hosts.json. */
  readonly wish: Wish;
  readonly records: ClaimRecords;
  readonly registry: RegistryView;
  /** 32 hex digits made at random: a name for this host's data, should it be new, or turn out to be an older copy. */
  readonly freshData: string;
  /** A name for this start, made at random. */
  readonly startName: string;
}

/** The state after a start. The `started` event must be the first. */
export function createCore(options: CoreOptions): CoreState {
  const { self, wish, records, registry, freshData, startName } = options;
  const { config, succession } = records;
  return {
    membership: createMembership({
      self,
      starts: nextStart(records, freshData, startName),
      wish,
      config,
      succession,
      evicting: records.evicting,
    }),
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
    wallMs: 0,
  };
}

/** Voters by what was agreed, else by the wish; those before them too, while the mesh moves. */
export function votersOf({ membership }: CoreState): readonly HostId[] {
  return membership.config === undefined ? membership.wish.voters : electorsOf(membership.config);
}

/**
 * Whether a claim may be replaced: one of this very host that its registry does not hold, left over from a claim that failed or
 * was released; or one of a host that left the mesh long enough ago.
 */
export function isAbandoned(state: CoreState, key: AddressKey, owner: Owner): boolean {
  if (owner.hostId === state.membership.self) return state.registry.holder(key)?.claimId !== owner.claimId;
  const goneSince = state.membership.config?.gone[owner.hostId];
  return goneSince !== undefined && state.wallMs - Date.parse(goneSince) >= GONE_GRACE_MS;
}
