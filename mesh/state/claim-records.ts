// The claims' durable records: what a host must remember to vote and to claim safely after a crash. Each record's key is here,
// and the write that makes or removes the record. A write counts once the journal has committed it. Records are read back in
// claim-record-door.ts.

import type { AddressKey, ClaimId, HostId } from '../names.ts';
import type { Write } from '../ports.ts';
import type { Register } from '../register/acceptor.ts';
import type { Ballot } from '../register/ballot.ts';
import type { ReleasedClaim } from './claim-store.ts';
import type { Config, VoteKey } from './config.ts';
import type { SuccessionRecord } from './membership.ts';
import { RegisterTable } from './register-table.ts';
import type { SeenStart, StartNames, Starts, StoredSeenStart, StoredStarts } from './starts.ts';

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
/** Stored under this name since the first version: claims whose end, held or released or aborted, is not written yet. */
export const INTENT = 'claim/unsettled/';
export const EVICTING = 'claim/evicting/';
export const GUEST = 'claim/guest/';
export const FLOOR = 'claim/floor';

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
  readonly registers: RegisterTable;
  /** The floor of every register that is not among them (register/README.md, step 11). */
  floor: Ballot | null;
  /** Claims that a registry did not take, or has released: the voters must still abort or release each. */
  readonly intents: Map<ClaimId, AddressKey>;
  /** Hosts to be evicted (membership/README.md, step 11). */
  readonly evicting: Map<HostId, string | null>;
  /** Hosts that have an address and that the configuration does not name (membership/README.md, step 10). */
  readonly guests: Set<HostId>;
}

/** Notes the kind of the engine that decides from now on (`etcd`, `postgres`); `undefined` removes the note. */
export const engineWrite = (kind: string | undefined): Write => ({ key: ENGINE, value: kind });
/** Notes what was agreed. The vote on the successor of an earlier epoch is void with it, so its record goes. */
export const configWrites = (config: Config): readonly Write[] => [configWrite(config), successionGone];
/** Forgets what was agreed: this host is in no mesh. */
export const configGone: readonly Write[] = [CONFIG, AGREEMENT].map((key) => ({ key, value: undefined }));
/** The configuration that this host goes by already, said more wholly: its vote on the successor stands. */
export const configWrite = (config: Config): Write => ({ key: CONFIG, value: config });
/** Notes this host's vote on the successor of its configuration (membership/README.md). It must be durable before it is said. */
export const successionWrite = (record: SuccessionRecord): Write => ({ key: SUCCESSION, value: record });
/** Forgets that vote. */
export const successionGone: Write = { key: SUCCESSION, value: undefined };
/** Forgets a register: it was collected, or this host begins anew as another voter. */
export const registerGone = (key: AddressKey): Write => ({ key: REGISTER + key, value: undefined });
/** Notes the name of this host's data (32 hex digits): a host that lost its disk has another name afterwards. */
export const dataWrite = ({ own }: Starts): Write => ({ key: INCARNATION, value: own.data });
/** Notes the present start: its number, the names of the last starts on this data, and how many votes were cast on it. */
export const startWrite = ({ own, names, votes }: Starts): Write => ({
  key: LIFE,
  value: { life: own.number, boots: names, votes },
});
/** Notes the last start that was seen of another host's data. */
export const seenStartWrite = (who: VoteKey, { number, name, votes }: SeenStart): Write => ({
  key: LIVES + who,
  value: { life: number, boot: name, votes },
});
/** Forgets the starts on that data. */
export const seenStartGone = (who: VoteKey): Write => ({ key: LIVES + who, value: undefined });
/** Notes that each ballot number up to `n` counts as used. It must be durable before one of them is sent. */
export const ballotCeilingWrite = (n: number): Write => ({ key: CEILING, value: n });
/** Notes what this host promised and accepted for an address. It must be durable before it is said. */
export const registerWrite = (key: AddressKey, register: Register): Write => ({ key: REGISTER + key, value: register });
/** Notes up to which ballot this host refuses whatever it has no register of. It must be durable with each register's end. */
export const floorWrite = (floor: Ballot | null): Write => ({ key: FLOOR, value: floor ?? undefined });
/** Notes a claim that must be ended at the next start, unless `intentDone` is committed before. */
export const intentWrite = (claim: ReleasedClaim): Write => ({ key: INTENT + claim.claimId, value: claim.key });
/** Notes that a host is to be evicted; `since`: when it left the mesh, ISO 8601, UTC; `null` while it is a member. */
export const evictionWrite = (host: HostId, since: string | null): Write => ({
  key: EVICTING + host,
  value: { since },
});
/** Forgets an eviction that is done. */
export const evictionGone = (host: HostId): Write => ({ key: EVICTING + host, value: undefined });
/** Notes a host that the configuration does not name. It must be durable before a vote is told that gives it an address. */
export const guestWrite = (host: HostId): Write => ({ key: GUEST + host, value: true });
/** Forgets a guest: the configuration names it by now. */
export const guestGone = (host: HostId): Write => ({ key: GUEST + host, value: undefined });
/** Forgets an intent: the claim was recorded by the registry, or has ended at the voters. */
export const intentDone = (claimId: ClaimId): Write => ({ key: INTENT + claimId, value: undefined });

/** What a host without a record has: it has never voted, and knows of no mesh. */
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
    registers: new RegisterTable(),
    floor: null,
    intents: new Map(),
    evicting: new Map(),
    guests: new Set(),
  };
}
