// The one spelling of a request target (path and query) that is sent, signed and verified. Without it, a client that leaves
// `'` alone and a server that reads it as `%27` would disagree on an address like o'brien@x.com.

const PLAIN = /^\/[A-Za-z0-9!$&()*+,\-.:;=@_~%/?]*$/;

/** The target as the WHATWG URL standard serialises it; `target` begins with `/`. Idempotent. */
export function canonicalTarget(target: string): string {
  if (PLAIN.test(target) && !target.includes('/.') && !/%2e/i.test(target)) return target;
  const url = new URL(`http://mesh.invalid${target}`);
  return `${url.pathname}${url.search}`;
}

/** The values of `@path` and `@query` (RFC 9421 sections 2.2.6 and 2.2.7): an absent query is `?`. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const at = target.indexOf('?');
  return at === -1 ? { path: target, query: '?' } : { path: target.slice(0, at), query: target.slice(at) };
}
