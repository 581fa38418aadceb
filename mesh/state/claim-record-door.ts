// The door of the claims' durable records: every stored record passes through a schema, or through a check by hand. A record that
// does not parse stops the node, for a forgotten promise would break uniqueness.
import { z } from 'zod';
import { MeshError } from '../errors.ts';
import { hostIdSchema } from '../name-schemas.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../names.ts';
import type { Owner } from '../owner.ts';
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
  INCARNATION,
  INTENT,
  LIFE,
  LIVES,
  REGISTER,
  SUCCESSION,
} from './claim-records.ts';
import { type Config, firstConfig } from './config.ts';
import { configSchema } from './schemas.ts';

const agreement = z.object({
  voters: z.array(hostIdSchema),
  incarnations: z.record(hostIdSchema, z.string()).optional(),
});
/** Of this host: how often it was started, and the names of the last starts. */
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

/** Adds one stored record. Throws `store_failed` when it is not what this version writes. */
export function readClaimRecord(records: ClaimRecords, key: string, value: unknown, texts: SharedTexts): void {
  try {
    if (key.startsWith(REGISTER))
      records.registers.set(key.slice(REGISTER.length) as AddressKey, readRegister(value, texts));
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
    else if (key === FLOOR) records.floor = ballotSchema.parse(value) as Ballot;
    else if (key === CEILING) records.ballotCeiling = z.int().parse(value);
    else throw new Error('this version does not know such a record');
  } catch (cause) {
    const message = `The stored record '${key}' can't be read: ${(cause as Error).message}. If a newer version of this program was started on this data, start that one again. If not, the store is damaged: move the data directory away and start with an empty one, never with an older copy; the other hosts bring this one in again.`;
    throw new MeshError('store_failed', message, { cause });
  }
}

/** One that had not formed yet binds nobody: no vote was counted by it. */
function readAgreement(value: unknown): Config | undefined {
  const { voters, incarnations } = agreement.parse(value);
  return incarnations === undefined ? undefined : firstConfig(incarnations, voters);
}

/**
 * Checked by hand, since a host has one for each address of the mesh: a schema costs ten times as much. Texts that many of them
 * share, and ballots that are the same twice, are kept once.
 */
function readRegister(value: unknown, texts: SharedTexts): Register {
  if (typeof value !== 'object' || value === null) throw new Error('it is not an object');
  const { promised, accepted, value: owner } = value as Record<string, unknown>;
  const promise = readBallot(promised, texts);
  if (accepted === null && owner === null) return { promised: promise, accepted: null, value: null };
  const acceptance = readBallot(accepted, texts);
  const order = compareBallots(promise, acceptance);
  if (order < 0) throw new Error('it accepted a ballot above the one that it promised');
  return {
    promised: promise,
    accepted: order === 0 ? promise : acceptance,
    value: owner === null ? null : readOwner(owner, texts),
  };
}

/** A host's id, and since 0.2 the beginning of its incarnation. */
const PROPOSER = /^[a-z0-9][a-z0-9._-]{0,63}(?:#[0-9a-f]+)?$/;

function readBallot(value: unknown, texts: SharedTexts): Ballot {
  if (!Array.isArray(value) || value.length !== 2) throw new Error('it lacks a ballot');
  const [n, proposer] = value as readonly unknown[];
  if (!Number.isSafeInteger(n) || typeof proposer !== 'string' || !PROPOSER.test(proposer))
    throw new Error('its ballot is none');
  return [n as number, texts.share(proposer)];
}

function readOwner(value: unknown, texts: SharedTexts): Owner {
  if (typeof value !== 'object' || value === null) throw new Error('its owner is not an object');
  const { hostId, agentId, agentName, claimId, since } = value as Record<keyof Owner, unknown>;
  if ([hostId, agentId, agentName, claimId, since].some((text) => typeof text !== 'string' || text === '')) {
    throw new Error('its owner lacks a text');
  }
  return {
    hostId: texts.share(hostId as HostId),
    agentId: texts.share(agentId as AgentId),
    agentName: texts.share(agentName as string),
    claimId: claimId as ClaimId,
    since: texts.share(since as string),
  };
}

const SHARED_TEXTS_MAX = 1_000;

/** The last texts read by one loading, so that equal ones which follow each other are one in memory. */
export class SharedTexts {
  readonly #texts = new Map<string, string>();

  /** The text itself, or the equal one that was read before it. */
  share<Text extends string>(text: Text): Text {
    const known = this.#texts.get(text);
    if (known !== undefined) return known as Text;
    if (this.#texts.size >= SHARED_TEXTS_MAX) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
