// The names of names.ts as parts of schemas, for every JSON that comes from outside. A failure is a sentence that goes after the field's path.
import { z } from 'zod';
import { type AgentId, type HostId, parseAgentId, parseHostId } from './names.ts';

/** Text → `HostId`, lower-cased. */
export const hostIdSchema = z.string().transform((text, context): HostId => {
  const id = parseHostId(text);
  if (id !== undefined) return id;
  const message = "must be 1–64 of letters, digits, '.', '_', '-', beginning with a letter or digit";
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** Text → `AgentId`. */
export const agentIdSchema = z.string().transform((text, context): AgentId => {
  const id = parseAgentId(text);
  if (id !== undefined) return id;
  const message = "must be 1–128 of letters, digits, '.', '_', '-', beginning with a letter or digit";
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});
