// The two messages of an admission, as schemas. Steps are those of README.md.
import { z } from 'zod';
import { hostIdSchema } from '../name-schemas.ts';

export const JOIN_PATH = '/api/mesh/v1/join';
export const JOIN_VERSION = 1;

const octets32 = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be 43 base64url characters');
const signature = z.string().regex(/^[A-Za-z0-9_-]{86}$/, 'must be 86 base64url characters');
/** An origin as `new URL` spells it. */
const origin = z
  .string()
  .max(300)
  .refine((text) => URL.canParse(text) && new URL(text).origin === text && /^https?:/.test(text), {
    message: 'must be http://host:port or https://host:port, without a path',
  });

export const joinAsk = z.object({
  version: z.literal(JOIN_VERSION),
  invitation: octets32,
  to: z.object({ id: hostIdSchema, url: origin, publicKey: octets32 }),
  from: z.object({
    id: hostIdSchema,
    url: origin,
    publicKey: octets32,
    name: z.string().max(256).optional(),
    voter: z.boolean().optional(),
  }),
  createdSeconds: z.number().int().nonnegative(),
  share: octets32,
  mac: octets32,
  signature,
});
export type JoinAsk = z.infer<typeof joinAsk>;
export type Newcomer = JoinAsk['from'];

export const joinAnswer = z.object({
  version: z.literal(JOIN_VERSION),
  share: octets32,
  /** Base64url of AES-256-GCM: what is sealed, then the tag. */
  sealed: z.string().regex(/^[A-Za-z0-9_-]+$/),
  signature,
});
export type JoinAnswer = z.infer<typeof joinAnswer>;

/** What the answer carries to the newcomer alone. */
export const sealedContent = z.object({
  secret: z.string().min(1).max(256),
  /** MESH_CLAIMS of the mesh, where an engine keeps the claims. */
  claims: z.string().min(1).max(2_048).optional(),
  /** Entries of hosts.json, the newcomer's own among them. */
  hosts: z.array(z.looseObject({ id: hostIdSchema })).min(2),
});
export type SealedContent = z.infer<typeof sealedContent>;
