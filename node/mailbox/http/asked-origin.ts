// Where whoever asks reaches this host, which links in its answers begin with. This host speaks no TLS itself: a proxy in front of it does, and what it
// passes on looks like plain HTTP. What a client says of its own way matters to its own answer alone.
import type { Context } from 'hono';

/** `urls`: under which this host is known. No `/` at the end. */
export function askedOrigin(c: Context, urls: readonly string[]): string {
  const asked = new URL(c.req.url);
  const known = urls.map((url) => new URL(url)).find(({ host }) => host === asked.host);
  if (known !== undefined) return known.origin;
  const isSecure = /^\s*https\s*(?:,|$)/i.test(c.req.header('x-forwarded-proto') ?? '');
  return isSecure ? `https://${asked.host}` : asked.origin;
}
