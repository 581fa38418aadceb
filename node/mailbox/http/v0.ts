// The router of `/v0`, and of `/api/mailbox`, where what AgentMail's clients don't know is: the key first, then the route; every failure in
// the form that those clients read.
import { Hono } from 'hono';
import { requestPath } from '../../http/paths.ts';
import type { Log } from '../../log.ts';
import { MailboxError, mailboxAnswer, mailboxErrorOf } from '../errors.ts';
import type { KeyRates } from '../org/key-rates.ts';
import type { OrganizationKey } from '../org/organization-key.ts';

export interface V0Services {
  readonly key: Pick<OrganizationKey, 'admit' | 'id'>;
  readonly rates: Pick<KeyRates, 'count'>;
  readonly log: Log;
  /** Each puts the routes of one resource into the application: first those that need no key. */
  readonly openRoutes: readonly ((app: Hono) => void)[];
  readonly routes: readonly ((app: Hono) => void)[];
}

/** Answers what lies at and below `/v0` and `/api/mailbox`. */
export function createV0({ key, rates, log, openRoutes, routes }: V0Services): Hono {
  const app = new Hono({ getPath: (request) => requestPath(request.url) });
  for (const add of openRoutes) add(app);
  app.use(async function admit(c, next) {
    key.admit(c.req.header('authorization'));
    rates.count(key.id);
    await next();
  });
  for (const add of routes) add(app);
  app.notFound((c) => {
    const message = `There is no route ${c.req.method} ${c.req.path.slice(0, 200)}.`;
    return mailboxAnswer(new MailboxError('not_found', message));
  });
  app.onError((error, c) => {
    const expected = mailboxErrorOf(error);
    if (expected !== undefined) return mailboxAnswer(expected);
    const { method, path } = c.req;
    log.error('request.failed', { method, path, error: error.message, stack: error.stack });
    return mailboxAnswer(new MailboxError('internal_error', 'The node failed on this request; its log says why.'));
  });
  return app;
}
