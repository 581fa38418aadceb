// Who asks, as the routes know it.
import type { Context } from 'hono';
import type { Caller } from '../api-key.ts';
import { MailboxError } from '../errors.ts';
import { deniedLabels } from '../permission.ts';
import { levelOf } from '../scope.ts';
import type { HiddenLabel } from '../stored-mail.ts';

declare module 'hono' {
  interface ContextVariableMap {
    mailboxCaller: Caller;
  }
}

export const callerOf = (c: Context): Caller => c.get('mailboxCaller');

/** Labels under which the caller's key reads nothing. */
export function deniedTo(c: Context): readonly HiddenLabel[] {
  return deniedLabels(callerOf(c).permissions);
}

export function noRoute(c: Context): MailboxError {
  return new MailboxError('not_found', `There is no route ${c.req.method} ${c.req.path.slice(0, 200)}.`);
}

/** Throws `forbidden` where what is asked for is above the caller's key, be it that of a pod or of an inbox. `what`: begins a sentence. */
export function refuseScopedKey(c: Context, what: string): void {
  const level = levelOf(callerOf(c));
  if (level !== 'organization') throw above(what, 'the organization', level);
}

/** Throws `forbidden` where what is asked for is above the key of one inbox. */
export function refuseInboxKey(c: Context, what: string): void {
  const level = levelOf(callerOf(c));
  if (level === 'inbox') throw above(what, 'the organization, or of a pod', level);
}

function above(what: string, whose: string, level: 'pod' | 'inbox'): MailboxError {
  const fix = level === 'pod' ? 'Ask below /v0/pods/:pod_id for what is of your pod.' : undefined;
  const message = `${what} takes a key of ${whose}, and this is a key of one ${level}.`;
  return new MailboxError('forbidden', message, fix === undefined ? {} : { fix });
}
