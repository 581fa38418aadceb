// The application: the gate, then the routes of clients or those of peers. Which routes there are is handed in, but for those whose place
// in the order matters: the hello before the signature is asked for, and the look-up by itself.

import type { IncomingMessage } from 'node:http';
import type { Hono, MiddlewareHandler } from 'hono';
import { EMAIL_INDEX_PATH } from '../../mesh/lookup/index-entry.ts';
import type { Log } from '../log.ts';
import { HELLO_PATH } from '../peers/keys/hello.ts';
import { addressGroup } from './address-group.ts';
import { errorResponse } from './errors.ts';
import { crossOrigin } from './gate/cross-origin.ts';
import type { Gate } from './gate/gate.ts';
import type { Visitor } from './gate/visitor.ts';
import { refusedEncoding } from './input.ts';
import { CHANGES_PATH, FORWARDED_PATHS, isMailboxPath, isPagePath, PEER_PATHS, requestPath } from './paths.ts';
import { optionalPeerAuth, type PeerAuthOptions, peerAuth } from './peers/peer-auth.ts';
import type { PeerRoute } from './peers/peer-message.ts';
import { addPeerRoutes } from './peers/peer-routes.ts';
import { rawHeader, rawHeaderNames } from './raw-headers.ts';
import { type EmailIndexServices, emailIndexRoutes } from './routes/email-index.ts';
import { type HelloOptions, helloRoutes } from './routes/hello.ts';
import { lookUpTurns } from './server/look-up-turns.ts';
import type { LoopTurns } from './server/loop-turns.ts';
import { createShell, type Fetch } from './shell.ts';

/** Puts the routes of one subject into the application. No path of one group fits another's, so their order does not matter. */
export type RouteGroup = (app: Hono) => void;

export interface AppServices {
  readonly log: Log;
  readonly gate: Gate;
  readonly hello: HelloOptions;
  readonly peerAuth: PeerAuthOptions;
  /** The origins whose pages may read. */
  readonly origins: readonly string[];
  /** For hosts whose keys are not known yet, below the paths of peers. */
  readonly strangerRoutes: readonly RouteGroup[];
  /** Only for hosts that sign. */
  readonly peerRoutes: readonly PeerRoute[];
  readonly emailIndex: EmailIndexServices;
  /** For anybody whom the gate let in. */
  readonly routes: readonly RouteGroup[];
  /** For browsers; absent: there is no page. It judges itself what it may show to whom. */
  readonly page?: Page | undefined;
}

export interface Page {
  /** Answers what lies at `isPagePath`. */
  readonly answer: (request: Request, visitor: Visitor) => Response | Promise<Response>;
  readonly paths: readonly string[];
}

export interface App {
  /** Answers requests, as an HTTP server or a test hands them in. */
  readonly fetch: Fetch;
  /** Every path that is served, as its route has it, for whomever it is. */
  readonly paths: readonly string[];
}

/** Answers every request, in the order of README.md, "The order of the gate". Never rejects: what a route throws becomes an answer. */
export function createApp(services: AppServices): App {
  const { gate } = services;
  const [clients, index, peers] = [clientRoutes(services), indexRoutes(services), peerRoutes(services)];
  const answerAll: Fetch = (request, environment = {}) => {
    // The gate was asked when the channel was opened.
    if (environment.asker !== undefined) return peers.fetch(request, environment);
    const incoming = environment.incoming as IncomingMessage | undefined;
    const header = (name: string) => headerOf(request, incoming, name);
    const headerNames = () => (incoming ? rawHeaderNames(incoming) : [...request.headers.keys()]);
    const path = requestPath(request.url);
    const connection = incoming?.socket;
    const client = addressGroup(connection?.remoteAddress);
    const visitor = { method: request.method, path, client, connection, header, headerNames };
    const refusal = gate.refuses(visitor);
    if (refusal !== undefined) return errorResponse(refusal);
    const isJudgedThere = request.method === 'GET' || path.startsWith(FORWARDED_PATHS) || isMailboxPath(path);
    const packed = isJudgedThere ? undefined : refusedEncoding(header('content-encoding'));
    if (packed !== undefined) return errorResponse(packed);
    if (services.page !== undefined && isPagePath(path)) return services.page.answer(request, visitor);
    if (path.startsWith(PEER_PATHS)) return peers.fetch(request, environment);
    if (path === EMAIL_INDEX_PATH)
      return (header('signature-input') === undefined ? index : peers).fetch(request, environment);
    const known = path === CHANGES_PATH ? { ...environment, refusedNow: () => gate.refuses(visitor) } : environment;
    const authorization = header('authorization');
    if (authorization === undefined) return clients.fetch(request, known);
    const actor = gate.actorOf(authorization);
    const answer = clients.fetch(request, { ...known, actor });
    return request.method === 'GET' || request.method === 'HEAD' ? answer : noted(answer);

    async function noted(answered: Response | Promise<Response>): Promise<Response> {
      const { status } = await answered;
      const key = actor === undefined ? {} : { keyId: actor.id, key: actor.name };
      services.log.info('api.changed', { method: request.method, path: path.slice(0, 200), status, ...key });
      return answered;
    }
  };
  const routed = [clients, index, peers].flatMap(({ routes }) => routes.map(({ path }) => path));
  return {
    fetch: readAlsoFrom(services.origins, answerAll),
    paths: [...routed, ...(services.page?.paths ?? [])],
  };
}

/** Lets pages of those origins read. */
function readAlsoFrom(origins: readonly string[], answerAll: Fetch): Fetch {
  if (origins.length === 0) return answerAll;
  const answerOrigin = crossOrigin(origins, answerAll);
  return (request, environment = {}) => {
    const origin = headerOf(request, environment.incoming as IncomingMessage | undefined, 'origin');
    return (origins.includes(origin ?? '') ? answerOrigin : answerAll)(request, environment);
  };
}

/** Read from the raw headers where there are any: building a `Headers` costs more than a look-up. */
function headerOf(request: Request, incoming: IncomingMessage | undefined, name: string): string | undefined {
  return incoming ? rawHeader(incoming, name) : (request.headers.get(name) ?? undefined);
}

/** What anybody may ask whom the gate let in. */
function clientRoutes({ log, routes }: AppServices): Hono {
  const app = createShell(log);
  for (const add of routes) add(app);
  return app;
}

/** The look-up by itself: beside the agents, whose `:id` its path would fit, Hono would take its slower, asynchronous way. */
function indexRoutes({ log, emailIndex }: AppServices): Hono {
  const app = createShell(log);
  emailIndexRoutes(app, emailIndex);
  return app;
}

/** What hosts ask each other: signed, and answered with a signature. */
function peerRoutes(services: AppServices): Hono {
  const app = createShell(services.log);
  app.use(HELLO_PATH, inTurn(lookUpTurns()));
  // Before peerAuth, which needs the key that is told here.
  helloRoutes(app, services.hello);
  for (const add of services.strangerRoutes) add(app);
  app.use(`${PEER_PATHS}*`, peerAuth(services.peerAuth));
  addPeerRoutes(app, services.peerRoutes);
  app.use(EMAIL_INDEX_PATH, inTurn(lookUpTurns()), indexAuth(services));
  emailIndexRoutes(app, services.emailIndex);
  return app;
}

/** Before anything is verified or signed, which is what it costs. */
function inTurn(turns: LoopTurns): MiddlewareHandler {
  return async function enterTurn(_, next) {
    await turns.enter();
    await next();
  };
}

/** A signed look-up must be a listed peer's where reads need a token; elsewhere a signature only makes the answer signed. */
function indexAuth({ gate, peerAuth: options }: AppServices): MiddlewareHandler {
  const optional = optionalPeerAuth(options);
  if (!gate.guardsReads) return optional;
  const required = peerAuth(options);
  return (c, next) => (gate.showsToken(c.req.header('authorization')) ? optional(c, next) : required(c, next));
}
