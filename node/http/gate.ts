// Who may come in, before any route is looked for: a browser that was lured here is not (its `Host` is a name of somebody
// else's, or its `Origin` is), and where tokens are set, only who shows one. Without MESH_TOKEN a node may be changed from
// its own machine alone: once hosts.json or a request shows that others reach it (through a proxy: it then listens on loopback
// all the same), it takes no change. Peers' own routes are judged by signature instead.
import { timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { MeshError } from '../../mesh/errors.ts';
import { EMAIL_INDEX_PATH } from '../../mesh/lookup/index-entry.ts';
import type { Roster } from '../../mesh/roster.ts';
import type { Secrets } from '../config.ts';
import { isThisMachine } from '../machine/this-machine.ts';
import { CONFLICTS_PATH } from './paths.ts';

/** What the gate looks at; header names in lower case. */
interface Visitor {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  header(name: string): string | undefined;
  headerNames(): readonly string[];
}

export interface GateOptions {
  readonly roster: () => Roster;
  readonly secrets: Pick<Secrets, 'token' | 'readToken'>;
}

export interface Gate {
  /** Why a visitor must stay out, or `undefined`. */
  refuses(visitor: Visitor): MeshError | undefined;
  /**
   * Whether the index is only for peers and for those who show a token. The gate lets every signed look-up pass, since only its
   * route can verify the signature: the route must then insist on it, unless `showsToken`.
   */
  readonly guardsReads: boolean;
  /** Whether the `Authorization` header lets its bearer read. */
  showsToken(authorization: string | undefined): boolean;
}

/** Hosts talk to each other below this. */
export const PEER_PATHS = '/api/mesh/v1/';

/** Read only by who may write: they show where events go, and who wrote to whom. Without MESH_TOKEN, by who may read. */
const PRIVATE_ROUTES = ['/api/webhooks', '/api/email', CONFLICTS_PATH];
/** Of these, what says nothing of anybody: the schemas of the tools. */
const TOOLS_PATH = '/api/email/tools';
/** What proxies add to a request that they pass on: RFC 7239, RFC 9110 section 7.6.3, and what is in use beside them. */
const PROXY_HEADER =
  /^(?:forwarded|via|x-forwarded(?:-.+)?|x-real-ip|x-client-ip|x-cluster-client-ip|x-original-(?:for|forwarded-for|host|proto)|x-proxyuser-ip|x-envoy-external-address|x-appengine-user-ip|cf-connecting-ip(?:v6)?|cf-ray|true-client-ip|fastly-client-ip|fly-client-ip|cloudfront-viewer-address|x-azure-clientip|x-arr-log-id|x-amzn-trace-id)$/;
/** `Host` texts judged already; they are few, unless somebody plays. */
const KNOWN_HOSTS_MAX = 1_000;

export function createGate({ roster, secrets }: GateOptions): Gate {
  const token = secrets.token && digest(secrets.token.reveal());
  const readToken = secrets.readToken && digest(secrets.readToken.reveal());
  const isOurName = createNameCheck(roster);
  const opens = (authorization: string | undefined, ...tokens: (Uint8Array | undefined)[]): boolean => {
    const shown = digest(/^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '');
    return tokens.some((one) => one !== undefined && timingSafeEqual(shown, one));
  };

  const refuseStranger = (visitor: Visitor): MeshError | undefined => {
    const { method, path } = visitor;
    if (path.startsWith(PEER_PATHS) || isHealthCheck(path)) return undefined;
    const isRead = method === 'GET' || method === 'HEAD';
    const isOpenRead = isRead && !isPrivate(path);
    if (isOpenRead && path === EMAIL_INDEX_PATH && visitor.header('signature-input') !== undefined) return undefined;
    // Whoever holds the only token there is may do what it guards; and who may read nothing without it, may change nothing.
    const key = isOpenRead ? readToken : (token ?? readToken);
    if (token === undefined && !isOpenRead && !(isRead && readToken !== undefined)) {
      const way = wayFromOutside(visitor, roster().self.url);
      if (way !== undefined) return refusedFromOutside(visitor, way);
    }
    if (key === undefined || opens(visitor.header('authorization'), key, token)) return undefined;
    const variable = key === token ? 'MESH_TOKEN' : `MESH_READ_TOKEN${token === undefined ? '' : ' (or MESH_TOKEN)'}`;
    return new MeshError(
      'unauthorized',
      `${method} ${path.slice(0, 100)} needs "Authorization: Bearer" with this node's ${variable}.`,
    );
  };

  return {
    refuses: (visitor) => refuseForeigner(visitor, isOurName) ?? refuseStranger(visitor),
    guardsReads: readToken !== undefined,
    showsToken: (authorization) => opens(authorization, token, readToken),
  };
}

function isHealthCheck(path: string): boolean {
  return path === '/health' || path === '/ready';
}

function isPrivate(path: string): boolean {
  if (path === TOOLS_PATH) return false;
  return PRIVATE_ROUTES.some((route) => path === route || path.startsWith(`${route}/`));
}

/** What shows that others than this machine's own programs reach this node, or that a request came from one of them. */
function wayFromOutside(visitor: Visitor, url: string): string | undefined {
  if (!isThisMachine(new URL(url).hostname)) return `hosts.json says that it is reached at ${url}`;
  const header = visitor.headerNames().find((name) => PROXY_HEADER.test(name));
  if (header !== undefined) return `this request came through a proxy, which added '${header.slice(0, 100)}'`;
  const name = hostName(visitor.header('host') ?? '');
  if (isThisMachine(name) || name.endsWith('.localhost')) return undefined;
  return `this request calls it '${name.slice(0, 100)}'`;
}

function refusedFromOutside({ method, path }: Visitor, way: string): MeshError {
  const message = `${method} ${path.slice(0, 100)} is refused: this node can be reached from other machines (${way}), and it has no MESH_TOKEN, so anybody could ask this. Set MESH_TOKEN (16 characters or more) and start it again; clients then show it as "Authorization: Bearer …".`;
  return new MeshError('unauthorized', message);
}

function refuseForeigner(visitor: Visitor, isOurName: (host: string) => boolean): MeshError | undefined {
  const host = visitor.header('host') ?? '';
  // A health check of HTTP/1.0 names no host; no browser asks without one.
  if (host === '' && isHealthCheck(visitor.path)) return undefined;
  if (!isOurName(host)) {
    const message = `This node does not answer to the name '${host.slice(0, 100)}'. Use its IP address, or add the name to this host's "aliases" in hosts.json.`;
    return new MeshError('forbidden_origin', message);
  }
  const origin = visitor.header('origin');
  if (origin === undefined || isSameOrigin(origin, host)) return undefined;
  return new MeshError('forbidden_origin', `Pages of '${origin.slice(0, 100)}' may not use this node.`);
}

/**
 * A name that resolves to this machine is not enough: whoever owns a domain can point it here (DNS rebinding). An IP literal
 * can't be rebound; `localhost` and this host's names in hosts.json are the operator's.
 */
function createNameCheck(roster: () => Roster): (host: string) => boolean {
  let judgedFor: Roster | undefined;
  let known = new Map<string, boolean>();
  return (host) => {
    if (judgedFor !== roster() || known.size > KNOWN_HOSTS_MAX) {
      judgedFor = roster();
      known = new Map();
    }
    let verdict = known.get(host);
    if (verdict === undefined) {
      verdict = isNameOf(host, roster());
      known.set(host, verdict);
    }
    return verdict;
  };
}

function isNameOf(host: string, { self }: Roster): boolean {
  const name = hostName(host);
  if (isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost')) return true;
  return name === self.id || name === new URL(self.url).hostname || self.aliases.includes(name);
}

/** `Host` without its port and brackets, in lower case. */
function hostName(host: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(host)?.[1] ?? host.replace(/:\d+$/, '').toLowerCase();
}

function isSameOrigin(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** Of equal length whatever the text, so that comparing takes equal time. */
function digest(text: string): Uint8Array {
  return sha256(utf8ToBytes(text));
}
