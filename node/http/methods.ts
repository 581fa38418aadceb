// One path, its methods, and 405 with `Allow` for every other: Hono alone would answer 404.
import type { Handler, Hono } from 'hono';
import { MeshError } from '../../mesh/errors.ts';
import { answerError } from './errors.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/**
 * Registers the handlers of one path. `HEAD` is answered wherever `GET` is. They are one handler to Hono: a path that has two
 * takes its slower, asynchronous way, which costs a tenth of a look-up.
 */
export function resource(app: Hono, path: string, handlers: Partial<Record<Method, Handler>>): void {
  const allow = Object.keys(handlers)
    .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ');
  app.all(path, (c, next) => {
    const { method } = c.req;
    const handler = handlers[(method === 'HEAD' ? 'GET' : method) as Method];
    if (handler !== undefined) return handler(c, next);
    c.header('Allow', allow);
    return answerError(
      c,
      new MeshError('method_not_allowed', `${method} is not a method of ${path}. It has: ${allow}.`),
    );
  });
}
