// What the core of the claims knows between two events. `step` alone changes it, and in place: 100,000 registers are not copied per event.
// It holds no rule: who may change which part is said at each.

import type { AddressKey, HostId } from '../names.ts';
import type { Ballot } from '../register/ballot.ts';
import type { Change, Proposal } from '../register/proposer.ts';
import type { ReleasedClaim, Rival } from './claim-store.ts';
import type { VoteKey } from './config.ts';
import type { Membership } from './membership.ts';
import type { ReleasedStanding } from './messages.ts';
import type { RegisterTable } from './register-table.ts';
import type { RegistryView } from './registry-view.ts';

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

/** When registers are collected; milliseconds of the monotonic clock. */
export interface CollectionTimes {
  /** A name stays so long after its release: most names that come back come back soon. */
  readonly afterMs: number;
  /** Between two rounds, while less than a round is due. */
  readonly everyMs: number;
}

/** What a voter knows of its registers that may be collected. Only collection.ts and registers.ts write to it. */
interface Collection {
  /** Absent: this host collects nothing by itself. */
  readonly times: CollectionTimes | undefined;
  /** Registers in which nobody has the address, and since when; the oldest first. */
  readonly released: Map<AddressKey, number>;
  round: Round | undefined;
  lastRound: number;
  /** Registers that were dropped since the start. */
  collected: number;
}

/** One question to all other voters, about registers of this host. */
interface Round {
  readonly number: number;
  readonly epoch: number;
  readonly keys: readonly AddressKey[];
  /** For each key, the ballot under which this host accepted that nobody has it. */
  readonly ballots: readonly Ballot[];
  readonly answers: Map<VoteKey, readonly ReleasedStanding[]>;
}

export interface CoreState {
  readonly membership: Membership;
  readonly registers: RegisterTable;
  /** The floor of every register that is not among them (register/README.md, step 11). */
  floor: Ballot | null;
  readonly collection: Collection;
  readonly registry: RegistryView;
  readonly intentsAtStart: readonly ReleasedClaim[];
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
