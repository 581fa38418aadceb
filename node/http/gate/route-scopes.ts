// Which scope of a key each route needs, and what a key that is bound to one agent may ask.
import type { AgentId } from '../../../mesh/names.ts';
import { type Actor, mayDo, type Scope } from '../../keys/scopes.ts';
import { CHANGES_PATH, EXCHANGE_PEERS_PATH, REGISTER_PEER_PATH } from '../paths.ts';
import type { Visitor } from './visitor.ts';

/** What begins so needs that scope, whatever the method. The first that fits counts. */
const BY_PATH: readonly (readonly [path: string, scope: Scope])[] = [
  ['/api/email/tools', 'read'],
  ['/api/email/validate', 'read'],
  ['/api/email', 'send'],
  ['/api/webhooks', 'webhooks'],
  ['/api/mailbox', 'mailbox'],
  [CHANGES_PATH, 'webhooks'],
  [REGISTER_PEER_PATH, 'read'],
  [EXCHANGE_PEERS_PATH, 'read'],
];
/** Read by who may read everything. */
const OPERATORS_PATHS = ['/api/keys', '/api/conflicts'];
/** Routes of sending: what concerns one message or one sender; the rest (suppressions, returned mail, accounts) is the host's. */
const OWN_MAIL =
  /^\/api\/email\/(?:send|explain|log|tools|validate|blobs|status\/[^/]+|[^/]+\/(?:cancel|resend|attachments))$/;

/** `path` without the query. */
export function scopeOf(method: string, path: string): Scope {
  const named = BY_PATH.find(([start]) => isBelow(path, start));
  if (named !== undefined) return named[1];
  const isRead = method === 'GET' || method === 'HEAD';
  if (isRead && !OPERATORS_PATHS.some((start) => isBelow(path, start))) return 'read';
  return isBelow(path, '/api/agents') ? 'agents:write' : 'admin';
}

/** Why that key may not ask this, in a sentence; `undefined` when it may. */
export function whyNotAllowed(actor: Actor, { method, path }: Pick<Visitor, 'method' | 'path'>): string | undefined {
  const scope = scopeOf(method, path);
  if (!mayDo(actor, scope))
    return `${asked(method, path)} needs a key of scope '${scope}'; the key '${actor.name}' has ${list(actor)}.`;
  if (actor.agentId === undefined || scope === 'read' || concerns(actor.agentId, scope, path)) return undefined;
  return `${asked(method, path)} is refused: the key '${actor.name}' acts for the agent '${actor.agentId}' alone.`;
}

function asked(method: string, path: string): string {
  return `${method} ${path.slice(0, 100)}`;
}

function concerns(agentId: AgentId, scope: Scope, path: string): boolean {
  if (scope === 'send') return OWN_MAIL.test(path);
  const [, , , segment = ''] = path.split('/');
  return isBelow(path, '/api/agents') && decoded(segment) === agentId;
}

/** What is no text in percent-encoding names no agent. */
function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function isBelow(path: string, start: string): boolean {
  return path.startsWith(start) && (path.length === start.length || path[start.length] === '/');
}

function list({ scopes }: Actor): string {
  return [...scopes].map((scope) => `'${scope}'`).join(', ');
}
