// The router of `/v0`, and of `/api/mailbox`, where what AgentMail's clients don't know is: the key first, then the route; every failure in
// the form that those clients read.
import { Hono } from 'hono';
import { refusedEncoding } from '../../http/input.ts';
import { requestPath } from '../../http/paths.ts';
import type { Log } from '../../log.ts';
import { MailboxError, mailboxAnswer, mailboxErrorOf } from '../errors.ts';
import type { Admission } from '../org/admission.ts';
import type { KeyRates } from '../org/key-rates.ts';
import { noRoute } from './caller.ts';
import type { Gate } from './gate.ts';
import { type AddRoutes, Routes } from './routes.ts';

export interface V0Services {
  readonly admission: Pick<Admission, 'admit'>;
  readonly rates: Pick<KeyRates, 'count'>;
  readonly gate: Gate;
  readonly log: Log;
  /** Each puts the routes of one resource into the application: first those that need no key. */
  readonly openRoutes: readonly ((app: Hono) => void)[];
  readonly routes: readonly AddRoutes[];
}

/** Answers what lies at and below `/v0` and `/api/mailbox`. */
export function createV0({ admission, rates, gate, log, openRoutes, routes }: V0Services): Hono {
  const app = new Hono({ getPath: (request) => requestPath(request.url) });
  app.use(async function refusePacked(c, next) {
    const packed = c.req.method === 'GET' ? undefined : refusedEncoding(c.req.header('content-encoding'));
    if (packed !== undefined) throw packed;
    await next();
  });
  for (const add of openRoutes) add(app);
  app.use(async function admit(c, next) {
    const caller = await admission.admit(c.req.header('authorization'));
    rates.count(caller.keyId);
    c.set('mailboxCaller', caller);
    await next();
  });
  const table = new Routes(app, gate);
  for (const add of routes) add(table);
  app.notFound((c) => mailboxAnswer(noRoute(c)));
  app.onError((error, c) => {
    const expected = mailboxErrorOf(error);
    if (expected !== undefined) return mailboxAnswer(expected);
    const { method, path } = c.req;
    log.error('request.failed', { method, path, error: error.message, stack: error.stack });
    return mailboxAnswer(new MailboxError('internal_error', 'The node failed on this request; its log says why.'));
  });
  return app;
}
