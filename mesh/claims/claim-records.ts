// The claims' durable records: what a host must remember to vote and to claim safely after a crash. Each record's key is here,
// and the write that makes or removes the record. A write counts once the journal has committed it. Records are read back in
// claim-record-door.ts.
import type { Config, VoteKey } from '../membership/config.ts';
import type { SuccessionRecord } from '../membership/membership.ts';
import type { SeenStart, StartNames, Starts, StoredSeenStart, StoredStarts } from '../membership/starts.ts';
import type { AddressKey, ClaimId, HostId } from '../names.ts';
import type { Write } from '../ports.ts';
import type { Register } from '../register/acceptor.ts';
import type { ReleasedClaim } from './claim-store.ts';

/** Every record of the claims has a key that begins so. */
export const CLAIM_PREFIX = 'claim/';
export const INCARNATION = 'claim/incarnation';
/** The engine that keeps the claims in the place of the mesh's own voters, by its kind. */
export const ENGINE = 'claim/engine';
export const CONFIG = 'claim/config';
/** What was agreed, as versions before 0.2 kept it. */
export const AGREEMENT = 'claim/agreement';
export const SUCCESSION = 'claim/succession';
export const LIFE = 'claim/life';
export const LIVES = 'claim/lives/';
export const CEILING = 'claim/ballot-ceiling';
export const REGISTER = 'claim/register/';
export const INTENT = 'claim/unsettled/';
export const EVICTING = 'claim/evicting/';

export interface ClaimRecords extends StoredStarts {
  /** The kind of the engine that this data was last used with; absent when that was none. */
  engine: string | undefined;
  incarnation: string | undefined;
  config: Config | undefined;
  succession: SuccessionRecord | undefined;
  life: number;
  boots: StartNames;
  votes: number;
  readonly lives: Map<VoteKey, StoredSeenStart>;
  /** No ballot number up to this one may be used again. */
  ballotCeiling: number;
  readonly registers: Map<AddressKey, Register>;
  /** Claims that a registry did not take, or gave up: the voters must still release or abort each. */
  readonly intents: Map<ClaimId, AddressKey>;
  /** Hosts to be evicted (membership/README.md, step 11). */
  readonly evicting: Map<HostId, string | null>;
}

export const engineWrite = (kind: string | undefined): Write => ({ key: ENGINE, value: kind });
/** The vote on the successor of an earlier epoch is void with it. */
export const configWrites = (config: Config): readonly Write[] => [
  { key: CONFIG, value: config },
  { key: SUCCESSION, value: undefined },
];
export const successionWrite = (record: SuccessionRecord): Write => ({ key: SUCCESSION, value: record });
export const successionGone: Write = { key: SUCCESSION, value: undefined };
export const registerGone = (key: AddressKey): Write => ({ key: REGISTER + key, value: undefined });
export const dataWrite = ({ own }: Starts): Write => ({ key: INCARNATION, value: own.data });
export const startWrite = ({ own, names, votes }: Starts): Write => ({
  key: LIFE,
  value: { life: own.number, boots: names, votes },
});
export const seenStartWrite = (who: VoteKey, { number, name, votes }: SeenStart): Write => ({
  key: LIVES + who,
  value: { life: number, boot: name, votes },
});
export const ballotCeilingWrite = (n: number): Write => ({ key: CEILING, value: n });
export const registerWrite = (key: AddressKey, register: Register): Write => ({ key: REGISTER + key, value: register });
export const intentWrite = (claim: ReleasedClaim): Write => ({ key: INTENT + claim.claimId, value: claim.key });
export const evictionWrite = (host: HostId, since: string | null): Write => ({
  key: EVICTING + host,
  value: { since },
});
export const evictionGone = (host: HostId): Write => ({ key: EVICTING + host, value: undefined });
export const intentDone = (claimId: ClaimId): Write => ({ key: INTENT + claimId, value: undefined });

export function emptyClaimRecords(): ClaimRecords {
  return {
    engine: undefined,
    incarnation: undefined,
    config: undefined,
    succession: undefined,
    life: 0,
    boots: {},
    votes: 0,
    lives: new Map(),
    ballotCeiling: 0,
    registers: new Map(),
    intents: new Map(),
    evicting: new Map(),
  };
}
