// What clients may say of agents and addresses: the door of the registry. Strict: a field it does not know is an error, for
// a silently ignored one is a misspelt one.
import { z } from 'zod';
import {
  AGENT_NAME_CHARACTERS_MAX,
  DISPLAY_NAME_CHARACTERS_MAX,
  METADATA_BYTES_MAX,
  METADATA_KEYS_MAX,
} from '../../mesh/limits.ts';
import { agentIdSchema } from '../../mesh/name-schemas.ts';
import { agentNameFault } from './agent-name.ts';
import { displayNameFault, textFault } from './display-name.ts';
import { AGENT_METADATA_BYTES_MAX, metadataFault } from './metadata.ts';

/** An agent's label, as the specification's "Validation Rules" bound it. */
const AGENT_LABEL_CHARACTERS_MAX = 256;

/** Ids that would hide a route, of ours (`/api/agents/email-index` is the index) or of AI Maestro. */
const RESERVED_IDS: ReadonlySet<string> = new Set(['email-index', 'directory', 'by-name', 'unified']);
const agentId = agentIdSchema
  .refine((id) => !RESERVED_IDS.has(id), 'is the name of a route; choose another')
  .meta({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' });

const name = z
  .string()
  .trim()
  .check((context) => {
    const fault = agentNameFault(context.value);
    if (fault !== undefined) context.issues.push({ code: 'custom', message: fault, input: context.value });
  })
  .meta({ pattern: '^[A-Za-z0-9/_.-]+$', minLength: 1, maxLength: AGENT_NAME_CHARACTERS_MAX });

const label = z
  .string()
  .check((context) => {
    const fault = textFault(context.value, AGENT_LABEL_CHARACTERS_MAX);
    if (fault !== undefined) context.issues.push({ code: 'custom', message: fault, input: context.value });
  })
  .meta({ maxLength: AGENT_LABEL_CHARACTERS_MAX });

/** An empty displayName means none. */
const displayName = z
  .string()
  .check((context) => {
    const fault = displayNameFault(context.value);
    if (fault !== undefined) context.issues.push({ code: 'custom', message: fault, input: context.value });
  })
  .meta({
    maxLength: DISPLAY_NAME_CHARACTERS_MAX,
    description: 'No slash, no leading dot: consumers name folders by it.',
  });

const metadataOf = (bytesMax: number) =>
  z
    .record(z.string(), z.string())
    .check((context) => {
      const fault = metadataFault(context.value, {}, bytesMax);
      if (fault === undefined) return;
      const path = fault.key === undefined ? [] : [fault.key];
      context.issues.push({ code: 'custom', message: fault.message, path, input: context.value });
    })
    .meta({ maxProperties: METADATA_KEYS_MAX });

/** An address with what stands beside it. Its grammar is the address parser's affair. */
export const newAddress = z.strictObject({
  address: z.string(),
  displayName: displayName.optional(),
  primary: z.boolean().optional(),
  metadata: metadataOf(METADATA_BYTES_MAX).optional(),
});
export type NewAddress = z.output<typeof newAddress>;

/** RFC 7396: its members are merged, `null` removes one or all. Checked after the merge. */
const metadataPatch = z.record(z.string(), z.string().nullable()).nullable().optional();

/** RFC 7396: `null` removes. */
export const addressPatch = z.strictObject({
  displayName: displayName.nullable().optional(),
  primary: z.boolean().optional(),
  metadata: metadataPatch,
});
export type AddressPatch = z.output<typeof addressPatch>;

export const newAgent = z.strictObject({
  name,
  id: agentId.optional(),
  label: label.nullable().optional(),
  metadata: metadataOf(AGENT_METADATA_BYTES_MAX).nullable().optional(),
  tools: z
    .strictObject({
      email: z.strictObject({ enabled: z.boolean().optional(), addresses: z.array(newAddress).optional() }).optional(),
    })
    .optional(),
});
export type NewAgent = z.output<typeof newAgent>;

const unchangeable = (what: string) => z.never({ error: `${what} cannot change` }).optional();

/** RFC 7396: an absent member stays, `null` removes it, an array replaces the whole list. */
export const agentPatch = z.strictObject({
  id: unchangeable("an agent's id"),
  hostId: unchangeable('the host that owns an agent'),
  name: name.optional(),
  label: label.nullable().optional(),
  metadata: metadataPatch,
  tools: z
    .strictObject({
      email: z
        .strictObject({
          enabled: z.boolean().nullable().optional(),
          addresses: z.array(newAddress).nullable().optional(),
        })
        .nullable()
        .optional(),
    })
    .nullable()
    .optional(),
});
export type AgentPatch = z.output<typeof agentPatch>;
