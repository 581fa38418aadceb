// The door of the claims' durable records: every stored record passes through a schema, or through a check by hand. A record that
// does not parse stops the node, for a forgotten promise would break uniqueness.
import { z } from 'zod';
import { MeshError } from '../errors.ts';
import { hostIdSchema } from '../name-schemas.ts';
import type { AddressKey, ClaimId } from '../names.ts';
import type { Owner } from '../owner.ts';
import type { PackedTexts } from '../packed-texts.ts';
import type { Register } from '../register/acceptor.ts';
import { type Ballot, compareBallots } from '../register/ballot.ts';
import {
  AGREEMENT,
  CEILING,
  type ClaimRecords,
  CONFIG,
  ENGINE,
  EVICTING,
  FLOOR,
  GUEST,
  INCARNATION,
  INTENT,
  LIFE,
  LIVES,
  REGISTER,
  SUCCESSION,
} from './claim-records.ts';
import { type Config, firstConfig } from './config.ts';
import { isProposer } from './register-table.ts';
import { configSchema } from './schemas.ts';

const agreement = z.object({
  voters: z.array(hostIdSchema),
  incarnations: z.record(hostIdSchema, z.string()).optional(),
});
/** How many votes were cast. A start of this host or of another says so, and an earlier version does not. */
const votes = z.int().min(0).default(0);
const ownLife = z.object({ life: z.int().min(0), boots: z.record(z.string(), z.string()), votes });
const lifeSchema = z.object({ life: z.int().min(0), boot: z.string(), votes });
const evictionSchema = z.object({ since: z.string().nullable() });
const ballotSchema = z.tuple([z.int(), z.string()]);
const succession = z.object({
  epoch: z.int().min(0),
  promised: ballotSchema,
  accepted: ballotSchema.nullable(),
  config: configSchema.nullable(),
  past: z.array(configSchema).optional(),
});

/** A record of the claims as it was stored. */
export interface StoredClaimRecord {
  readonly key: string;
  readonly value: unknown;
}

/** Adds one stored record. Throws `store_failed` when it is not what this version writes. */
export function readClaimRecord(records: ClaimRecords, record: StoredClaimRecord): void {
  const { key, value } = record;
  try {
    readRecord(records, key, value);
  } catch (cause) {
    const message = `The stored record '${key}' can't be read: ${(cause as Error).message}. If a newer version of this program was started on this data, start that one again. If not, the store is damaged: move the data directory away and start with an empty one, never with an older copy; the other hosts bring this one in again.`;
    throw new MeshError('store_failed', message, { cause });
  }
}

/** Adds stored registers of the common form, `STORED_REGISTER` (a host has one for each address of the mesh), which are not parsed. */
export function readPackedRegisters(
  { registers }: ClaimRecords,
  packed: readonly PackedTexts[],
  gone: readonly string[],
): void {
  for (const part of packed) registers.addStored(part);
  for (const key of gone) registers.delete(key.slice(REGISTER.length) as AddressKey);
}

function readRecord(records: ClaimRecords, key: string, value: unknown): void {
  if (key.startsWith(REGISTER)) records.registers.set(key.slice(REGISTER.length) as AddressKey, readRegister(value));
  else if (key.startsWith(INTENT))
    records.intents.set(key.slice(INTENT.length) as ClaimId, z.string().parse(value) as AddressKey);
  else if (key === INCARNATION) records.incarnation = z.string().parse(value);
  else if (key === ENGINE) records.engine = z.string().parse(value);
  else if (key === CONFIG) records.config = configSchema.parse(value);
  else if (key === AGREEMENT) records.config ??= readAgreement(value);
  else if (key === SUCCESSION) records.succession = succession.parse(value);
  else if (key === LIFE) ({ life: records.life, boots: records.boots, votes: records.votes } = ownLife.parse(value));
  else if (key.startsWith(LIVES)) records.lives.set(key.slice(LIVES.length), lifeSchema.parse(value));
  else if (key.startsWith(EVICTING))
    records.evicting.set(hostIdSchema.parse(key.slice(EVICTING.length)), evictionSchema.parse(value).since);
  else if (key.startsWith(GUEST)) {
    z.literal(true).parse(value);
    records.guests.add(hostIdSchema.parse(key.slice(GUEST.length)));
  } else if (key === FLOOR) records.floor = ballotSchema.parse(value) as Ballot;
  else if (key === CEILING) records.ballotCeiling = z.int().parse(value);
  else throw new Error('this version does not know such a record');
}

/** One that had not formed yet binds nobody: no vote was counted by it. */
function readAgreement(value: unknown): Config | undefined {
  const { voters, incarnations } = agreement.parse(value);
  return incarnations === undefined ? undefined : firstConfig(incarnations, voters);
}

/** Checked by hand, since a host has one for each address of the mesh: a schema costs ten times as much. */
function readRegister(value: unknown): Register {
  if (typeof value !== 'object' || value === null) throw new Error('it is not an object');
  const { promised, accepted, value: owner } = value as Record<string, unknown>;
  const promise = readBallot(promised);
  if (accepted === null && owner === null) return { promised: promise, accepted: null, value: null };
  const acceptance = readBallot(accepted);
  if (compareBallots(promise, acceptance) < 0) throw new Error('it accepted a ballot above the one that it promised');
  return { promised: promise, accepted: acceptance, value: owner === null ? null : readOwner(owner) };
}

function readBallot(value: unknown): Ballot {
  if (!Array.isArray(value) || value.length !== 2) throw new Error('it lacks a ballot');
  const [n, proposer] = value as readonly unknown[];
  if (!Number.isSafeInteger(n) || typeof proposer !== 'string' || !isProposer(proposer))
    throw new Error('its ballot is none');
  return [n as number, proposer];
}

function readOwner(value: unknown): Owner {
  if (typeof value !== 'object' || value === null) throw new Error('its owner is not an object');
  const { hostId, agentId, agentName, claimId, since } = value as Owner;
  if ([hostId, agentId, agentName, claimId, since].some((text) => typeof text !== 'string' || text === '')) {
    throw new Error('its owner lacks a text');
  }
  return { hostId, agentId, agentName, claimId, since };
}
