// Who asks, when a key was shown: found once, before any route, and handed on with the request.
import type { Context } from 'hono';
import type { Actor } from '../keys/scopes.ts';

/** `undefined` when a token was shown, or nothing. */
export function actorIn(c: Context): Actor | undefined {
  return ((c.env ?? {}) as { readonly actor?: Actor }).actor;
}
