// The door through which other hosts' messages about claims come in, and stored parts of them: what is not of these forms is refused
// before anything acts on it. It does not know who sent it; the signature does.
import { z } from 'zod';
import { boundedRecord } from '../json/bounded-record.ts';
import {
  COLLECTED_AT_ONCE_MAX,
  HOSTS_MAX,
  KEYS_PER_MESSAGE_MAX,
  KEYS_PER_PAGE_MAX,
  PAST_CONFIGS_MAX,
} from '../limits.ts';
import { agentIdSchema, hostIdSchema } from '../name-schemas.ts';
import type { AddressKey, ClaimId } from '../names.ts';
import { type Config, RECOVERIES_REMEMBERED } from './config.ts';
import { CLAIM_VERSION } from './messages.ts';

/** Names of starts that are read of another host's data (membership/README.md, step 14). */
const START_NAMES_READ_MAX = 100;

const key = z
  .string()
  .min(3)
  .max(1_024)
  .transform((text) => text as AddressKey);
const claimId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{8,64}$/)
  .transform((text) => text as ClaimId);
const ballotNumber = z.int().min(1);
/** 0: told by a registry, where the voters have lost what they accepted (register/acceptor.ts). */
const ballot = z.tuple([z.int().min(0), z.string().min(1).max(100)]);
export const ownerSchema = z.object({
  hostId: hostIdSchema,
  agentId: agentIdSchema,
  agentName: z.string().min(1).max(256),
  claimId,
  since: z.string().max(40),
});
const incarnation = z.string().regex(/^[0-9a-f]{16,64}$/);
const hosts = z.array(hostIdSchema).max(HOSTS_MAX);
const voters = boundedRecord(z.record(hostIdSchema, incarnation), HOSTS_MAX);
const version = z.literal(CLAIM_VERSION);

export const configSchema = z
  .object({
    mesh: z.string().regex(/^[0-9a-f]{32}$/),
    epoch: z.int().min(1),
    voters,
    old: voters.optional(),
    unanimous: z.literal(true).optional(),
    members: hosts,
    gone: boundedRecord(z.record(hostIdSchema, z.string().max(40)), HOSTS_MAX),
    after: z
      .array(z.object({ mesh: z.string().max(32), epoch: z.int().min(1) }))
      .max(RECOVERIES_REMEMBERED)
      .optional(),
    floor: ballot.optional(),
    settled: z.array(z.int().min(1)).max(2).optional(),
  })
  .transform(
    ({ old, unanimous, after, floor, settled, ...config }): Config => ({
      ...config,
      ...(old === undefined ? {} : { old }),
      ...(unanimous === undefined ? {} : { unanimous }),
      ...(after === undefined ? {} : { after }),
      ...(floor === undefined ? {} : { floor }),
      ...(settled === undefined ? {} : { settled }),
    }),
  );

/** Number and name of the start that speaks (starts.ts). */
const start = { life: z.int().min(0), boot: z.string().max(64) };
const standing = { version, mesh: z.string().max(32), epoch: z.int().min(0), incarnation };
const ahead = z.object({ version, kind: z.literal('ahead'), incarnation, config: configSchema });
const behind = z.object({ version, kind: z.literal('behind'), incarnation });
const refused = z.object({ version, kind: z.literal('refused'), incarnation });

export const claimMessageSchema = z.object({
  ...standing,
  ...start,
  items: z
    .array(
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('prepare'), key, n: ballotNumber, claiming: z.boolean() }),
        z.object({ kind: z.literal('accept'), key, n: ballotNumber, value: ownerSchema.nullable() }),
      ]),
    )
    .min(1)
    .max(KEYS_PER_MESSAGE_MAX),
});

export const claimAnswerSchema = z.discriminatedUnion('kind', [
  z.object({
    version,
    kind: z.literal('items'),
    incarnation,
    items: z
      .array(
        z.discriminatedUnion('kind', [
          z.object({
            kind: z.literal('promise'),
            n: ballotNumber,
            accepted: ballot.nullable(),
            value: ownerSchema.nullable(),
          }),
          z.object({ kind: z.literal('accepted'), n: ballotNumber }),
          z.object({ kind: z.literal('nack'), n: ballotNumber, promised: ballot }),
          z.object({ kind: z.literal('veto'), n: ballotNumber, owner: ownerSchema }),
        ]),
      )
      .max(KEYS_PER_MESSAGE_MAX),
  }),
  ahead,
  behind,
  refused,
]);

const you = z.object({
  incarnation,
  life: z.int().min(0),
  boot: z.string().max(64),
  votes: z.int().min(0).default(0),
});
const profile = z.string().max(64);
const greeting = z.object({
  ...standing,
  about: z.literal('greeting'),
  wish: z.object({ voters: hosts, members: hosts }),
  config: configSchema.optional(),
  ...start,
  boots: boundedRecord(z.record(z.string().max(16), z.string().max(64)), START_NAMES_READ_MAX),
  votes: z.int().min(0).default(0),
  standsBack: z.literal(true).optional(),
  index: z.string().max(64).optional(),
  evicting: boundedRecord(z.record(hostIdSchema, z.string().max(40)), HOSTS_MAX).optional(),
  profile: profile.optional(),
  knows: profile.optional(),
  you: you.optional(),
});
const again = z.object({
  ...{ version, about: z.literal('again'), profile },
  votes: z.int().min(0),
  you: you.optional(),
  index: z.string().max(64).optional(),
  knows: profile.optional(),
});
const succession = { ...standing, about: z.literal('succession'), n: ballotNumber, hosts };

export const questionSchema = z.union([
  again,
  greeting,
  z.object({ ...succession, kind: z.literal('prepare') }),
  z.object({ ...succession, kind: z.literal('accept'), config: configSchema }),
  z.object({ ...standing, about: z.literal('keys'), after: z.string().max(1_024) }),
  z.object({
    ...{ ...standing, ...start, about: z.literal('released'), round: z.int().min(1) },
    keys: z.array(key).min(1).max(COLLECTED_AT_ONCE_MAX),
  }),
  z.object({
    ...{ ...standing, ...start, about: z.literal('collect') },
    registers: z.array(z.object({ key, ballot })).min(1).max(COLLECTED_AT_ONCE_MAX),
  }),
]);

/** Replies by what was asked about. */
export const replySchemas = {
  greeting: z.discriminatedUnion('about', [greeting, again]),
  again: z.union([again, greeting, z.object({ version, kind: z.literal('unknown'), incarnation })]),
  succession: z.discriminatedUnion('kind', [
    z.object({
      version,
      kind: z.literal('promise'),
      incarnation,
      n: ballotNumber,
      accepted: ballot.nullable(),
      config: configSchema.nullable(),
      past: z.array(configSchema).max(PAST_CONFIGS_MAX).optional(),
    }),
    z.object({ version, kind: z.literal('accepted'), incarnation, n: ballotNumber }),
    z.object({ version, kind: z.literal('nack'), incarnation, n: ballotNumber, promised: ballot }),
    ahead,
    behind,
    refused,
  ]),
  keys: z.discriminatedUnion('kind', [
    z.object({
      version,
      kind: z.literal('keys'),
      incarnation,
      keys: z.array(key).max(KEYS_PER_PAGE_MAX),
      more: z.boolean(),
      floor: ballot.optional(),
    }),
    ahead,
    behind,
    refused,
  ]),
  released: z.discriminatedUnion('kind', [
    z.object({
      version,
      kind: z.literal('released'),
      incarnation,
      standings: z
        .array(
          z.discriminatedUnion('is', [
            z.object({ is: z.literal('free'), ballot }),
            z.object({ is: z.literal('gone'), ballot }),
            z.object({ is: z.literal('kept') }),
          ]),
        )
        .max(COLLECTED_AT_ONCE_MAX),
    }),
    ahead,
    behind,
    refused,
  ]),
  collect: z.discriminatedUnion('kind', [
    z.object({ version, kind: z.literal('collected'), incarnation }),
    ahead,
    behind,
    refused,
  ]),
} as const;
