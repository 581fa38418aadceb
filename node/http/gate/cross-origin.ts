// What browsers need to hear before a page of another origin may read an answer (Fetch standard, "CORS protocol"). Which origins may is the
// gate's to say: this only tells the browser so, in answers and in refusals alike.
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import type { Fetch } from '../shell.ts';

const MAX_AGE_SECONDS = 600;

/** Answers requests with an `Origin` of `origins`; a browser's question in advance (`OPTIONS`) without asking `answer`. */
export function crossOrigin(origins: readonly string[], answer: Fetch): Fetch {
  const door = new Hono<{ Bindings: Parameters<Fetch>[1] & object }>();
  door.use(
    cors({
      origin: [...origins],
      allowMethods: ['GET', 'HEAD'],
      allowHeaders: ['Authorization', 'Accept', 'If-None-Match', 'Last-Event-ID'],
      exposeHeaders: ['ETag', 'Mesh-Cursor', 'Retry-After'],
      maxAge: MAX_AGE_SECONDS,
    }),
  );
  door.all('*', (c) => answer(c.req.raw, c.env));
  return (request, environment) => door.fetch(request, environment);
}
