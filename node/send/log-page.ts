// A page of a host's messages, the newest first.
import { MeshError } from '../../mesh/errors.ts';
import type { AgentId } from '../../mesh/names.ts';
import type { Message, MessageState } from './message.ts';

/** Messages, or suppressed addresses, in one page of a list. */
export const LOG_PAGE_MAX = 200;

export interface LogQuery {
  readonly agentId: AgentId | undefined;
  readonly state?: MessageState | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface LogPage {
  readonly messages: readonly Message[];
  readonly nextCursor?: string;
}

/** The messages of a query, the newest first, from below the number `before`. Only as many are looked up as are asked for. */
export type NewestMessages = (query: LogQuery, before: number) => Iterable<Message>;

/** Throws `invalid_request`. */
export function pageOf(newest: NewestMessages, query: LogQuery): LogPage {
  const { cursor, limit } = query;
  const before = cursor === undefined ? Number.POSITIVE_INFINITY : Number(cursor);
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor))
    throw new MeshError('invalid_request', "'cursor' is not one that this route gave.", { field: 'cursor' });
  const found: Message[] = [];
  for (const message of newest(query, before)) {
    if (found.length === limit) return { messages: found, nextCursor: String(found.at(-1)?.number) };
    found.push(message);
  }
  return { messages: found };
}
