// GET /api/agents/email-index/history: who held an address when, and what became of an agent, as long as the change log keeps it.
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { MeshError } from '../../../mesh/errors.ts';
import { EMAIL_INDEX_PATH, type ParseAddress } from '../../../mesh/lookup/index-entry.ts';
import { type AgentId, parseAgentId } from '../../../mesh/names.ts';
import type { History, HistoryQuestion } from '../../changes/history.ts';
import { validate } from '../input.ts';
import { resource } from '../methods.ts';
import { readPage } from '../page-query.ts';
import { decodePercents, decodeQuery, readQuery } from '../query.ts';

export interface HistoryServices {
  readonly history: Pick<History, 'ask'>;
  readonly parseAddress: ParseAddress;
}

export const position = z.object({
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, 'must be the nextCursor of an earlier answer')
    .transform(Number)
    .optional(),
});

export function emailIndexHistoryRoutes(app: Hono, { history, parseAddress }: HistoryServices): void {
  resource(app, `${EMAIL_INDEX_PATH}/history`, {
    GET: async (c) => {
      const question = readQuestion(c, parseAddress);
      const { limit, cursor } = readPage(c);
      const { after, ...page } = await history.ask(question, {
        after: validate(position, { cursor }).cursor ?? 0,
        limit,
      });
      return c.json({ ...page, ...(after === undefined ? {} : { nextCursor: String(after) }) });
    },
  });
}

/** Throws `invalid_request` when neither is asked about, and for what is no agent's id; `invalid_address` for what is no address. */
function readQuestion(c: Context, parseAddress: ParseAddress): HistoryQuestion {
  const { address, agentId } = readQuery(c.req.url, ['address', 'agentId']);
  if (address === undefined && agentId === undefined)
    throw new MeshError('invalid_request', "Say whose past is asked for: 'address' or 'agentId' in the query.", {
      field: 'address',
    });
  return {
    key: address === undefined ? undefined : keyOf(address, parseAddress),
    agentId: agentId === undefined ? undefined : idOf(decodeQuery(agentId)),
  };
}

/** A `+` is a plus, as gateways send it unencoded; only where that is no address, a space as in a form. */
function keyOf(raw: string, parseAddress: ParseAddress): HistoryQuestion['key'] {
  const [plain, spaced] = [parseAddress(decodePercents(raw)), parseAddress(decodeQuery(raw))];
  const parsed = plain.valid ? plain : spaced;
  if (parsed.valid) return parsed.key;
  throw new MeshError('invalid_address', `'address' in the query is no email address.`, { field: 'address' });
}

function idOf(text: string): AgentId {
  const id = parseAgentId(text);
  if (id !== undefined) return id;
  throw new MeshError('invalid_request', "'agentId' in the query is no agent's id.", { field: 'agentId' });
}
