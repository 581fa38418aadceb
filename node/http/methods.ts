// One path, its methods, and 405 with `Allow` for every other: Hono alone would answer 404.
import type { Handler, Hono } from 'hono';
import { MeshError } from '../../mesh/errors.ts';
import { answerError } from './errors.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Registers the handlers of one path. `HEAD` is answered wherever `GET` is. */
export function resource(app: Hono, path: string, handlers: Partial<Record<Method, Handler>>): void {
  const methods = Object.keys(handlers) as Method[];
  for (const method of methods) {
    const handler = handlers[method];
    if (handler) app.on(method, path, handler);
  }
  const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  app.all(path, (c) => {
    c.header('Allow', allow);
    const message = `${c.req.method} is not a method of ${path}. It has: ${allow}.`;
    return answerError(c, new MeshError('method_not_allowed', message));
  });
}
