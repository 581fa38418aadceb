// Who asks, as the routes know it, and what the key of one inbox finds: what lies outside of it is answered as what does not exist.
import type { Context } from 'hono';
import type { Caller } from '../api-key.ts';
import { MailboxError, noSuch } from '../errors.ts';

declare module 'hono' {
  interface ContextVariableMap {
    mailboxCaller: Caller;
  }
}

/** Paths below which every route keeps to the caller's inbox; the key of an inbox finds no others. */
const OF_AN_INBOX = ['/v0/inboxes', '/v0/threads', '/v0/auth', '/v0/api-keys', '/api/mailbox/inboxes'];

export const callerOf = (c: Context): Caller => c.get('mailboxCaller');

export function noRoute(c: Context): MailboxError {
  return new MailboxError('not_found', `There is no route ${c.req.method} ${c.req.path.slice(0, 200)}.`);
}

/** `idOf`: the inbox that a text means. Throws `not_found`. */
export function refuseBeyondScope(c: Context, { inboxId }: Caller, idOf: (text: string) => string | undefined): void {
  if (inboxId === undefined) return;
  const { path } = c.req;
  if (!OF_AN_INBOX.some((start) => path === start || path.startsWith(`${start}/`))) throw noRoute(c);
  const named = /^\/(?:v0|api\/mailbox)\/inboxes\/([^/]+)/.exec(path)?.[1];
  if (named === undefined || path === '/v0/inboxes/search') return;
  if (idOf(decoded(named)) !== inboxId) throw noSuch('inbox');
}

/** Throws `forbidden` where what is asked for is above the key of one inbox. */
export function refuseInboxKey(c: Context, what: string): void {
  if (callerOf(c).inboxId === undefined) return;
  throw new MailboxError('forbidden', `${what} takes a key of the organization, and this is a key of one inbox.`);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not percent-encoded UTF-8, so the name of no inbox.
    return '';
  }
}
