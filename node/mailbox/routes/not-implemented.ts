// What AgentMail's clients can ask for and an own node can't honestly do: accounts with a vendor, and signing in to other sites. It says so
// at once, to whoever asks: nobody is known here by an account that would be needed first.
import type { Hono } from 'hono';
import { MailboxError } from '../errors.ts';

const SIGN_UP = 'An own node has no sign-up: its operator hands out keys, which POST /v0/api-keys makes.';
const PROVIDERS = 'An own node is known to no provider of sign-ins to other sites, and keeps no accounts there.';

/** Method, path, and why not. */
const ROUTES: readonly (readonly [method: string, path: string, why: string])[] = [
  ['POST', '/v0/agent/sign-up', SIGN_UP],
  ['POST', '/v0/agent/verify', SIGN_UP],
  ['GET', '/v0/providers', PROVIDERS],
  ['GET', '/v0/providers/search', PROVIDERS],
  ['GET', '/v0/providers/:provider_id', PROVIDERS],
  ['GET', '/v0/providers/:provider_id/accounts', PROVIDERS],
  ['POST', '/v0/providers/:provider_id/connect', PROVIDERS],
  ['GET', '/v0/accounts', PROVIDERS],
  ['GET', '/v0/accounts/:account_id', PROVIDERS],
  ['POST', '/v0/inboxes/:inbox_id/authorize', PROVIDERS],
];

export function notImplementedRoutes(app: Hono): void {
  for (const [method, path, why] of ROUTES)
    app.on(method, path, () => {
      throw new MailboxError('not_implemented', `There is no ${path.slice('/v0'.length)} here: ${why}`);
    });
}
