// The `:id` of a path that names an agent.
import type { Context } from 'hono';
import { MeshError } from '../../mesh/errors.ts';
import { type AgentId, parseAgentId } from '../../mesh/names.ts';
import { pathSegment } from './input.ts';

/** Throws `not_found` for what can't be an agent's id: nothing can have it. */
export function agentIdOf(c: Context): AgentId {
  const text = pathSegment(c, 'id');
  const id = parseAgentId(text);
  if (id !== undefined) return id;
  throw new MeshError('not_found', `There is no agent '${text.slice(0, 128)}' on this host.`);
}
