// The empty application that routes are put into: paths as they were sent (a segment is decoded once, by `pathSegment`), and
// every failure in the one error shape.
import { Hono } from 'hono';
import { MeshError } from '../../mesh/errors.ts';
import type { Log } from '../log.ts';
import { answerError, onError } from './errors.ts';

export function createShell(log: Log): Hono {
  const app = new Hono({ getPath: (request) => rawPath(request.url) });
  app.onError(onError(log));
  app.notFound((c) => answerError(c, new MeshError('not_found', `There is no route ${c.req.path.slice(0, 200)}.`)));
  return app;
}

/** The path of a URL, still percent-encoded: Hono's own would decode part of it. */
export function rawPath(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const query = url.indexOf('?', start);
  return url.slice(start, query === -1 ? undefined : query);
}
