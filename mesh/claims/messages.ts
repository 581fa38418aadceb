// What hosts say to each other about claims: one envelope with many items, so that many claims share a message and its
// signature. Every message names the mesh and the epoch its sender is in: who is in another answers with that, and not with a vote.
// Version 2; unknown fields are ignored, an unknown version is refused by the schema.
// Carried as JSON by `POST /api/mesh/v1/claims/messages` (items) and `…/claims/questions` (everything about membership).
import { z } from 'zod';
import { KEYS_PER_MESSAGE_MAX, KEYS_PER_PAGE_MAX } from '../limits.ts';
import { type AddressKey, type AgentId, type ClaimId, type HostId, parseAgentId, parseHostId } from '../names.ts';
import type { Ballot } from './ballot.ts';
import type { Owner } from './claim-store.ts';
import type { Config } from './config.ts';

export const CLAIM_VERSION = 2;
type Version = typeof CLAIM_VERSION;

/** Asks a voter to promise ballot `[n, sender]`. `claiming`: a voter whose own registry holds the address vetoes. */
interface Prepare {
  readonly kind: 'prepare';
  readonly key: AddressKey;
  readonly n: number;
  readonly claiming: boolean;
}

/** Asks a voter to accept `value` under ballot `[n, sender]`. */
interface Accept {
  readonly kind: 'accept';
  readonly key: AddressKey;
  readonly n: number;
  readonly value: Owner | null;
}

export type Item = Prepare | Accept;

/** The answer to one item, found again by the ballot number `n`, which its sender never uses twice. */
export type ItemAnswer =
  | { readonly kind: 'promise'; readonly n: number; readonly accepted: Ballot | null; readonly value: Owner | null }
  | { readonly kind: 'accepted'; readonly n: number }
  | { readonly kind: 'nack'; readonly n: number; readonly promised: Ballot }
  | { readonly kind: 'veto'; readonly n: number; readonly owner: Owner };

/** Where a sender stands; `mesh` is empty and `epoch` 0 before the first configuration. */
interface Standing {
  readonly version: Version;
  readonly mesh: string;
  readonly epoch: number;
  /** The sender's own. */
  readonly incarnation: string;
}

/** The answer of a host that is in a later epoch, or in another mesh: it tells which. */
export interface Ahead {
  readonly version: Version;
  readonly kind: 'ahead';
  readonly incarnation: string;
  readonly config: Config;
}

/** The answer of a host that is in an earlier epoch: greet it, then ask again. */
export interface Behind {
  readonly version: Version;
  readonly kind: 'behind';
  readonly incarnation: string;
}

/** The answer of a host that does not vote, or not for that sender. */
interface Refused {
  readonly version: Version;
  readonly kind: 'refused';
  readonly incarnation: string;
}

export interface ClaimMessage extends Standing {
  /** Which start of the sender speaks, as its greetings say. */
  readonly life: number;
  readonly boot: string;
  readonly items: readonly Item[];
}

export type ClaimAnswer =
  | {
      readonly version: Version;
      readonly kind: 'items';
      readonly incarnation: string;
      readonly items: readonly ItemAnswer[];
    }
  | Ahead
  | Behind
  | Refused;

/** Voters and members by a host's hosts.json, sorted. */
export interface Wish {
  readonly voters: readonly HostId[];
  readonly members: readonly HostId[];
}

/** "This is who I am, what I wish for and what I go by": how a mesh forms, moves, and how a disagreement is seen. */
export interface Greeting extends Standing {
  readonly about: 'greeting';
  readonly wish: Wish;
  readonly config?: Config | undefined;
  /** How often the sender was started on its data directory, this time included, and a name made at random for this time. */
  readonly life: number;
  readonly boot: string;
  /** Names of its last starts, by life. */
  readonly boots: Readonly<Record<string, string>>;
  /** The sender's data is in use elsewhere: nothing of this counts. */
  readonly standsBack?: true | undefined;
  /** How many votes the sender has cast on its data; durable before it is said. */
  readonly votes: number;
  /** The receiver as the sender knows it: its last incarnation, the latest life it was seen in, which start that was, and its votes then. */
  readonly you?:
    | { readonly incarnation: string; readonly life: number; readonly boot: string; readonly votes: number }
    | undefined;
}

/** About the successor of `epoch`. `hosts`: the voters wished for, when it is the first configuration. */
export type SuccessionQuestion = Standing & {
  readonly about: 'succession';
  readonly n: number;
  readonly hosts: readonly HostId[];
} & ({ readonly kind: 'prepare' } | { readonly kind: 'accept'; readonly config: Config });

export type SuccessionAnswer =
  | {
      readonly version: Version;
      readonly kind: 'promise';
      readonly incarnation: string;
      readonly n: number;
      readonly accepted: Ballot | null;
      readonly config: Config | null;
    }
  | { readonly version: Version; readonly kind: 'accepted'; readonly incarnation: string; readonly n: number }
  | {
      readonly version: Version;
      readonly kind: 'nack';
      readonly incarnation: string;
      readonly n: number;
      readonly promised: Ballot;
    }
  | Ahead
  | Behind
  | Refused;

/** "Which registers do you hold?", in the order of their keys, from the first above `after`. */
export interface KeysQuestion extends Standing {
  readonly about: 'keys';
  readonly after: string;
}

export type KeysAnswer =
  | {
      readonly version: Version;
      readonly kind: 'keys';
      readonly incarnation: string;
      readonly keys: readonly AddressKey[];
      readonly more: boolean;
    }
  | Ahead
  | Behind
  | Refused;

export type Question = Greeting | SuccessionQuestion | KeysQuestion;
export type Reply = Greeting | SuccessionAnswer | KeysAnswer;

const hostId = z.string().transform((text, context): HostId => {
  const id = parseHostId(text);
  if (id !== undefined) return id;
  context.addIssue({ code: 'custom', message: 'must be a host id' });
  return z.NEVER;
});
const agentId = z.string().transform((text, context): AgentId => {
  const id = parseAgentId(text);
  if (id !== undefined) return id;
  context.addIssue({ code: 'custom', message: 'must be an agent id' });
  return z.NEVER;
});
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
const ballot = z.tuple([ballotNumber, z.string().min(1).max(100)]);
export const ownerSchema = z.object({
  hostId,
  agentId,
  agentName: z.string().min(1).max(256),
  claimId,
  since: z.string().max(40),
});
const incarnation = z.string().regex(/^[0-9a-f]{16,64}$/);
const hosts = z.array(hostId).max(1_000);
const voters = z.record(hostId, incarnation);
const version = z.literal(CLAIM_VERSION);

export const configSchema = z
  .object({
    mesh: z.string().regex(/^[0-9a-f]{32}$/),
    epoch: z.int().min(1),
    voters,
    old: voters.optional(),
    unanimous: z.literal(true).optional(),
    members: hosts,
    gone: z.record(hostId, z.string().max(40)),
    after: z
      .array(z.object({ mesh: z.string().max(32), epoch: z.int().min(1) }))
      .max(8)
      .optional(),
  })
  .transform(
    ({ old, unanimous, after, ...config }): Config => ({
      ...config,
      ...(old === undefined ? {} : { old }),
      ...(unanimous === undefined ? {} : { unanimous }),
      ...(after === undefined ? {} : { after }),
    }),
  );

const standing = { version, mesh: z.string().max(32), epoch: z.int().min(0), incarnation };
const ahead = z.object({ version, kind: z.literal('ahead'), incarnation, config: configSchema });
const behind = z.object({ version, kind: z.literal('behind'), incarnation });
const refused = z.object({ version, kind: z.literal('refused'), incarnation });

export const claimMessageSchema = z.object({
  ...standing,
  life: z.int().min(0),
  boot: z.string().max(64),
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

const greeting = z.object({
  ...standing,
  about: z.literal('greeting'),
  wish: z.object({ voters: hosts, members: hosts }),
  config: configSchema.optional(),
  life: z.int().min(0),
  boot: z.string().max(64),
  boots: z.record(z.string().max(16), z.string().max(64)),
  votes: z.int().min(0).default(0),
  standsBack: z.literal(true).optional(),
  you: z
    .object({ incarnation, life: z.int().min(0), boot: z.string().max(64), votes: z.int().min(0).default(0) })
    .optional(),
});
const succession = { ...standing, about: z.literal('succession'), n: ballotNumber, hosts };

export const questionSchema = z.union([
  greeting,
  z.object({ ...succession, kind: z.literal('prepare') }),
  z.object({ ...succession, kind: z.literal('accept'), config: configSchema }),
  z.object({ ...standing, about: z.literal('keys'), after: z.string().max(1_024) }),
]);

/** Replies by what was asked about. */
export const replySchemas = {
  greeting,
  succession: z.discriminatedUnion('kind', [
    z.object({
      version,
      kind: z.literal('promise'),
      incarnation,
      n: ballotNumber,
      accepted: ballot.nullable(),
      config: configSchema.nullable(),
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
    }),
    ahead,
    behind,
    refused,
  ]),
} as const;

/** A host's id as it was stored or sent. */
export const hostIdSchema = hostId;
