// The empty application that routes are put into: paths as they were sent (a segment is decoded once, by `pathSegment`), and
// every failure in the one error shape.
import { Hono } from 'hono';
import { MeshError } from '../../mesh/errors.ts';
import type { Log } from '../log.ts';
import { answerError, onError } from './errors.ts';
import { requestPath } from './paths.ts';
import type { PeerMessage } from './peers/peer-message.ts';

/**
 * Answers a request, which a socket may have brought, or the channel of a peer: `asker` is that peer, proven, and what it asks. `refusedNow`, of a
 * request that may be answered for long: why the gate would refuse it by now.
 */
export type Fetch = (
  request: Request,
  environment?: {
    readonly incoming?: unknown;
    readonly asker?: PeerMessage;
    readonly refusedNow?: () => MeshError | undefined;
  },
) => Response | Promise<Response>;

/** An application that answers 404 and whatever is thrown in the shape of every error; what is no refusal is logged, and is 500. */
export function createShell(log: Log): Hono {
  const app = new Hono({ getPath: (request) => requestPath(request.url) });
  app.onError(onError(log));
  app.notFound((c) => answerError(c, new MeshError('not_found', `There is no route ${c.req.path.slice(0, 200)}.`)));
  return app;
}
