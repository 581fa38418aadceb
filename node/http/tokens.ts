// Who may ask what, by the tokens of this node. Where a token is set, only who shows it may do what it guards. Without MESH_TOKEN a node may
// be changed from its own machine alone: once hosts.json or a request shows that others reach the node, it takes no change. A node behind a
// proxy listens on loopback all the same, so where it listens shows nothing.
import { timingSafeEqual } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { MeshError } from '../../mesh/errors.ts';
import { EMAIL_INDEX_PATH } from '../../mesh/lookup/index-entry.ts';
import type { Roster } from '../../mesh/roster.ts';
import { isThisMachine } from '../machine/this-machine.ts';
import type { Secrets } from '../settings.ts';
import { hostName } from './own-names.ts';
import { CHANGES_PATH, CONFLICTS_PATH, PEER_PATHS } from './paths.ts';
import { isHealthCheck, type Visitor } from './visitor.ts';

export interface TokensOptions {
  readonly roster: () => Roster;
  readonly secrets: Pick<Secrets, 'token' | 'readToken'>;
}

export interface Tokens {
  /** Why a visitor must show a token, or another one; `undefined` when it may ask. */
  refuses(visitor: Visitor): MeshError | undefined;
  /** Whether reading needs a token, or a peer's signature. */
  readonly guardsReads: boolean;
  /** Whether the `Authorization` header lets its bearer read. */
  showsToken(authorization: string | undefined): boolean;
}

/** Read only by who may write: they show where events go, and who wrote to whom. Without MESH_TOKEN, by who may read. */
const PRIVATE_ROUTES = ['/api/webhooks', '/api/email', CHANGES_PATH, CONFLICTS_PATH];
/** Of these, what says nothing of anybody: the schemas of the tools. */
const TOOLS_PATH = '/api/email/tools';
/** What proxies add to a request that they pass on: RFC 7239, RFC 9110 section 7.6.3, and what is in use beside them. */
const PROXY_HEADER =
  /^(?:forwarded|via|x-forwarded(?:-.+)?|x-real-ip|x-client-ip|x-cluster-client-ip|x-original-(?:for|forwarded-for|host|proto)|x-proxyuser-ip|x-envoy-external-address|x-appengine-user-ip|cf-connecting-ip(?:v6)?|cf-ray|true-client-ip|fastly-client-ip|fly-client-ip|cloudfront-viewer-address|x-azure-clientip|x-arr-log-id|x-amzn-trace-id)$/;

export function createTokens({ roster, secrets }: TokensOptions): Tokens {
  const token = secrets.token && digest(secrets.token.reveal());
  const readToken = secrets.readToken && digest(secrets.readToken.reveal());
  const opens = (authorization: string | undefined, ...tokens: (Uint8Array | undefined)[]): boolean => {
    const shown = digest(/^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '');
    return tokens.some((one) => one !== undefined && timingSafeEqual(shown, one));
  };

  return {
    refuses: (visitor) => {
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
    },
    guardsReads: readToken !== undefined,
    showsToken: (authorization) => opens(authorization, token, readToken),
  };
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

/** Of equal length whatever the text, so that comparing takes equal time. */
function digest(text: string): Uint8Array {
  return sha256(utf8ToBytes(text));
}
