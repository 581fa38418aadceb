// What a request shows of the way it took: the headers that proxies add, and the name it was sent to. Somebody else's program reaches this node
// through a proxy on its own machine just as a local one does, so where the connection comes from shows nothing.
import { isThisMachine } from '../../machine/this-machine.ts';
import { hostName } from './own-names.ts';
import type { Visitor } from './visitor.ts';

/** What proxies add to a request that they pass on: RFC 7239, RFC 9110 section 7.6.3, and what is in use beside them. */
const PROXY_HEADER =
  /^(?:forwarded|via|x-forwarded(?:-.+)?|x-real-ip|x-client-ip|x-cluster-client-ip|x-original-(?:for|forwarded-for|host|proto)|x-proxyuser-ip|x-envoy-external-address|x-appengine-user-ip|cf-connecting-ip(?:v6)?|cf-ray|true-client-ip|fastly-client-ip|fly-client-ip|cloudfront-viewer-address|x-azure-clientip|x-arr-log-id|x-amzn-trace-id)$/;

/** The header by which a proxy says that it passed the request on; `undefined`: there is none. Names in lower case. */
export function proxyHeaderIn(names: readonly string[]): string | undefined {
  return names.find((name) => PROXY_HEADER.test(name));
}

/** Says, as a part of a sentence, what shows that others than this machine's own programs reach this node. `url`: its own in hosts.json. */
export function wayFromOutside(visitor: Visitor, url: string): string | undefined {
  if (!isThisMachine(new URL(url).hostname)) return `hosts.json says that it is reached at ${url}`;
  const header = proxyHeaderIn(visitor.headerNames());
  if (header !== undefined) return `this request came through a proxy, which added '${header.slice(0, 100)}'`;
  const name = hostName(visitor.header('host') ?? '');
  if (isThisMachine(name) || name.endsWith('.localhost')) return undefined;
  return `this request calls it '${name.slice(0, 100)}'`;
}
