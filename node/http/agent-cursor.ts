// Where a list of agents goes on: behind the agent that a page ended with, whether it is still there or not.
import { MeshError } from '../../mesh/errors.ts';
import { parseAgentId } from '../../mesh/names.ts';
import type { AgentAge } from '../registry/agent-age.ts';

const SEPARATOR = ',';
const CREATED_AT = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/;

/** The `nextCursor` of a page that ends with this agent. */
export function cursorBehind({ createdAt, id }: AgentAge): string {
  return `${createdAt}${SEPARATOR}${id}`;
}

/** Throws `invalid_request`. */
export function readAgentCursor(cursor: string | undefined): AgentAge | undefined {
  if (cursor === undefined) return undefined;
  const [createdAt = '', id = '', ...more] = cursor.split(SEPARATOR);
  const agentId = parseAgentId(id);
  const isMoment = CREATED_AT.test(createdAt) && !Number.isNaN(Date.parse(createdAt));
  if (agentId !== undefined && isMoment && more.length === 0) return { createdAt, id: agentId };
  const message = "'cursor' must be the 'nextCursor' of a page before.";
  throw new MeshError('invalid_request', message, { field: 'cursor' });
}
