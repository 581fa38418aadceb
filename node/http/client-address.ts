// Whom a request comes from, as far as sharing out is concerned: the address at the other end of its connection. Whoever sits
// behind one proxy is one client.
import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';

/** Empty when there is no connection, as in tests of routes. */
export function clientAddress(c: Context): string {
  const { incoming } = (c.env ?? {}) as { readonly incoming?: IncomingMessage };
  return incoming?.socket?.remoteAddress ?? '';
}
