// What hosts say to each other about claims: one envelope with many items, so that many claims share a message and its
// signature. Version 1; unknown fields are ignored, an unknown version is refused by the schema.
// Carried as JSON by `POST /api/mesh/v1/claims/messages` (items) and `…/claims/greetings` (who votes here).
import { z } from 'zod';
import { KEYS_PER_MESSAGE_MAX } from '../limits.ts';
import { type AddressKey, type AgentId, type ClaimId, type HostId, parseAgentId, parseHostId } from '../names.ts';
import type { Ballot } from './ballot.ts';
import type { Owner } from './claim-store.ts';

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

export interface ClaimMessage {
  readonly version: 1;
  /** The voters the sender counts by: a host that counts by others refuses. */
  readonly voters: readonly HostId[];
  readonly items: readonly Item[];
}

export type ClaimAnswer =
  | { readonly version: 1; readonly kind: 'items'; readonly incarnation: string; readonly items: readonly ItemAnswer[] }
  | { readonly version: 1; readonly kind: 'mismatch'; readonly voters: readonly HostId[] };

/** "These are the voters I go by": how a mesh forms, and how a disagreement is seen. */
export interface Greeting {
  readonly version: 1;
  readonly voters: readonly HostId[];
  readonly incarnation: string;
  /** Incarnations by voter, once the sender has formed; absent before. */
  readonly formed?: Readonly<Record<string, string>> | undefined;
}

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
const ballot = z.tuple([ballotNumber, hostId]);
const owner = z.object({ hostId, agentId, agentName: z.string().min(1).max(256), claimId, since: z.string().max(40) });
const incarnation = z.string().regex(/^[0-9a-f]{16,64}$/);
const voters = z.array(hostId).max(64);

export const claimMessageSchema = z.object({
  version: z.literal(1),
  voters,
  items: z
    .array(
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('prepare'), key, n: ballotNumber, claiming: z.boolean() }),
        z.object({ kind: z.literal('accept'), key, n: ballotNumber, value: owner.nullable() }),
      ]),
    )
    .min(1)
    .max(KEYS_PER_MESSAGE_MAX),
});

export const claimAnswerSchema = z.discriminatedUnion('kind', [
  z.object({
    version: z.literal(1),
    kind: z.literal('items'),
    incarnation,
    items: z
      .array(
        z.discriminatedUnion('kind', [
          z.object({
            kind: z.literal('promise'),
            n: ballotNumber,
            accepted: ballot.nullable(),
            value: owner.nullable(),
          }),
          z.object({ kind: z.literal('accepted'), n: ballotNumber }),
          z.object({ kind: z.literal('nack'), n: ballotNumber, promised: ballot }),
          z.object({ kind: z.literal('veto'), n: ballotNumber, owner }),
        ]),
      )
      .max(KEYS_PER_MESSAGE_MAX),
  }),
  z.object({ version: z.literal(1), kind: z.literal('mismatch'), voters }),
]);

export const greetingSchema = z.object({
  version: z.literal(1),
  voters,
  incarnation,
  formed: z.record(z.string(), incarnation).optional(),
});

/** A host's id as it was stored or sent. */
export const hostIdSchema = hostId;
