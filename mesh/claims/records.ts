// The claims' durable records: what a host must remember to vote and to claim safely after a crash. Read back through
// schemas: a record that does not parse stops the node, for a forgotten promise would break uniqueness.
import { z } from 'zod';
import { MeshError } from '../errors.ts';
import type { AddressKey, ClaimId, HostId } from '../names.ts';
import type { Write } from '../ports.ts';
import type { Register } from './acceptor.ts';
import type { ReleasedClaim } from './claim-store.ts';
import type { Agreement } from './forming.ts';
import { ballotSchema, hostIdSchema, ownerSchema } from './messages.ts';

/** Every record of the claims has a key that begins so. */
export const CLAIM_PREFIX = 'claim/';
const INCARNATION = 'claim/incarnation';
const AGREEMENT = 'claim/agreement';
const CEILING = 'claim/ballot-ceiling';
const REGISTER = 'claim/register/';
const UNSETTLED = 'claim/unsettled/';

export interface ClaimRecords {
  incarnation: string | undefined;
  agreement: Agreement | undefined;
  /** No ballot number up to this one may be used again. */
  ballotCeiling: number;
  readonly registers: Map<AddressKey, Register>;
  /** Claims that a registry did not take, or gave up: to be freed. */
  readonly unsettled: Map<ClaimId, AddressKey>;
}

export const incarnationWrite = (incarnation: string): Write => ({ key: INCARNATION, value: incarnation });
export const agreementWrite = (agreement: Agreement | undefined): Write => ({ key: AGREEMENT, value: agreement });
export const ballotCeilingWrite = (n: number): Write => ({ key: CEILING, value: n });
export const registerWrite = (key: AddressKey, register: Register): Write => ({ key: REGISTER + key, value: register });
export const unsettledWrite = (claim: ReleasedClaim): Write => ({ key: UNSETTLED + claim.claimId, value: claim.key });
export const settledWrite = (claimId: ClaimId): Write => ({ key: UNSETTLED + claimId, value: undefined });

export function emptyClaimRecords(): ClaimRecords {
  return { incarnation: undefined, agreement: undefined, ballotCeiling: 0, registers: new Map(), unsettled: new Map() };
}

const register = z.object({ promised: ballotSchema, accepted: ballotSchema.nullable(), value: ownerSchema.nullable() });
const agreement = z.object({
  voters: z.array(hostIdSchema),
  incarnations: z.record(z.string(), z.string()).optional(),
});

/** Adds one stored record. Throws `store_failed` when it is not what this version writes. */
export function readClaimRecord(records: ClaimRecords, key: string, value: unknown): void {
  try {
    if (key.startsWith(REGISTER))
      records.registers.set(key.slice(REGISTER.length) as AddressKey, compact(register.parse(value)));
    else if (key.startsWith(UNSETTLED))
      records.unsettled.set(key.slice(UNSETTLED.length) as ClaimId, z.string().parse(value) as AddressKey);
    else if (key === INCARNATION) records.incarnation = z.string().parse(value);
    else if (key === AGREEMENT) records.agreement = agreement.parse(value);
    else if (key === CEILING) records.ballotCeiling = z.int().parse(value);
    else throw new Error('this version does not know such a record');
  } catch (cause) {
    const message = `The stored record '${key}' can't be read: ${(cause as Error).message}. The data directory was damaged or written by a newer version.`;
    throw new MeshError('store_failed', message, { cause });
  }
}

const HOST_IDS = new Map<string, HostId>();

/** The same register with one copy of each host's id in memory, however many registers name it. */
function compact(read: Register): Register {
  const promised = [read.promised[0], intern(read.promised[1])] as const;
  const accepted = read.accepted && ([read.accepted[0], intern(read.accepted[1])] as const);
  const value = read.value && { ...read.value, hostId: intern(read.value.hostId) };
  return { promised, accepted, value };
}

function intern(id: HostId): HostId {
  const known = HOST_IDS.get(id);
  if (known !== undefined) return known;
  HOST_IDS.set(id, id);
  return id;
}
