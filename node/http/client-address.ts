// Whom a request comes from, as far as sharing out is concerned: the address at the other end of its connection, or its network, if
// it is one of IPv6. Whoever sits behind one proxy is one client.
import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import { addressGroup } from './address-group.ts';

/** Empty when there is no connection, as in tests of routes. */
export function clientAddress(c: Context): string {
  const { incoming } = (c.env ?? {}) as { readonly incoming?: IncomingMessage };
  return addressGroup(incoming?.socket?.remoteAddress);
}
