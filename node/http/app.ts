// The application: the gate, then every route. The order matters where it is said so.
import type { IncomingMessage } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import type { Log } from '../log.ts';
import type { Registry } from '../registry/registry.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { errorResponse } from './errors.ts';
import type { Gate } from './gate.ts';
import { optionalPeerAuth, type PeerAuthOptions, peerAuth } from './peer-auth.ts';
import { addressRoutes } from './routes/addresses.ts';
import { agentRoutes } from './routes/agents.ts';
import { type ClaimVoter, claimRoutes } from './routes/claims.ts';
import { type EmailIndexServices, emailIndexRoutes } from './routes/email-index.ts';
import { type HelloOptions, helloRoutes } from './routes/hello.ts';
import { type NodeRoutesOptions, nodeRoutes } from './routes/node.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { createShell, rawPath } from './shell.ts';

export type Fetch = (request: Request, environment?: { readonly incoming?: unknown }) => Response | Promise<Response>;

export interface AppServices {
  readonly log: Log;
  readonly gate: Gate;
  readonly peerAuth: PeerAuthOptions;
  readonly hello: HelloOptions;
  readonly claims: ClaimVoter;
  readonly emailIndex: EmailIndexServices;
  readonly registry: Registry;
  readonly webhooks: Webhooks;
  readonly node: NodeRoutesOptions;
}

/** Answers requests, as an HTTP server or a test hands them in. */
export function createApp(services: AppServices): Fetch {
  const { log, gate, registry } = services;
  const app = createShell(log);
  nodeRoutes(app, services.node);
  // Before peerAuth, which needs the key that is told here.
  helloRoutes(app, services.hello);
  app.use('/api/mesh/v1/*', peerAuth(services.peerAuth));
  claimRoutes(app, services.claims);
  app.use('/api/agents/email-index', indexAuth(services));
  // Before the agents, one of which could be called so.
  emailIndexRoutes(app, services.emailIndex);
  agentRoutes(app, registry);
  addressRoutes(app, registry);
  webhookRoutes(app, services.webhooks);
  return (request, environment = {}) => {
    // Node's own headers where there are some: a web `Headers` costs more than the rest of the gate.
    const headers = (environment.incoming as IncomingMessage | undefined)?.headers;
    const header = (name: string) => (headers ? single(headers[name]) : (request.headers.get(name) ?? undefined));
    const refusal = gate.refuses({ method: request.method, path: rawPath(request.url), header });
    return refusal === undefined ? app.fetch(request, environment) : errorResponse(refusal);
  };
}

/** A signed look-up must be a listed peer's where reads need a token; elsewhere a signature only makes the answer signed. */
function indexAuth({ gate, peerAuth: options }: AppServices): MiddlewareHandler {
  const optional = optionalPeerAuth(options);
  if (!gate.guardsReads) return optional;
  const required = peerAuth(options);
  return (c, next) => (gate.showsToken(c.req.header('authorization')) ? optional(c, next) : required(c, next));
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join(', ') : value;
}
