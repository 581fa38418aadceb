// Who may ask what, by the tokens and the keys of this node. Where a token is set, only who shows it, or a key of the scope, may do what it
// guards. Without MESH_TOKEN and without a key a node may be changed from its own machine alone: once hosts.json or a request shows that
// others reach the node, it takes no change. A node behind a proxy listens on loopback all the same, so where it listens shows nothing. A key
// opens what its scopes say and nothing else, also where nothing would have to be shown.
import { timingSafeEqual } from 'node:crypto';
import { MeshError } from '../../../mesh/errors.ts';
import { EMAIL_INDEX_PATH } from '../../../mesh/lookup/index-entry.ts';
import type { Clock } from '../../../mesh/ports.ts';
import type { Roster } from '../../../mesh/roster.ts';
import { keyDigest } from '../../keys/key-text.ts';
import type { Keys } from '../../keys/keys.ts';
import { type Actor, mayDo } from '../../keys/scopes.ts';
import type { Secrets } from '../../settings.ts';
import {
  amongRoutes,
  CHANGES_PATH,
  CONFLICTS_PATH,
  EXCHANGE_PEERS_PATH,
  FORWARDED_PATHS,
  isMailboxPath,
  isPagePath,
  MAILBOX_PATHS,
  PEER_PATHS,
  REGISTER_PEER_PATH,
} from '../paths.ts';
import { Attempts } from './attempts.ts';
import { type Credential, credentialIn, credentialOf } from './credential.ts';
import { wayFromOutside } from './proxies.ts';
import { scopeOf, whyNotAllowed } from './route-scopes.ts';
import type { Sessions } from './sessions.ts';
import { firstShown, ShownCredentials } from './shown-credentials.ts';
import { isHealthCheck, type Visitor } from './visitor.ts';

export interface TokensOptions {
  readonly roster: () => Roster;
  readonly secrets: Pick<Secrets, 'token' | 'readToken'>;
  readonly keys: Pick<Keys, 'actorOf'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** The sessions of browsers; absent where there is no page. */
  readonly sessions?: Pick<Sessions, 'credentialIn'> | undefined;
}

export interface Tokens {
  /** Why a visitor must show a token, or another one; `undefined` when it may ask. A credential that opens nothing is counted. */
  refuses(visitor: Visitor): MeshError | undefined;
  /** Whether `refuses` lets it ask. No failure is counted here, so whomever it does not admit must be put to `refuses`. */
  admits(visitor: Visitor): boolean;
  /** Whether reading needs a token, or a peer's signature. */
  readonly guardsReads: boolean;
  /** Whether the `Authorization` header lets its bearer read. */
  showsToken(authorization: string | undefined): boolean;
  /** The actor whose key the `Authorization` header shows; `undefined` for a token, and for none. */
  actorOf(authorization: string | undefined): Actor | undefined;
  /** Why whoever's session it is may not ask a route of the API: a page shows and does what that route would. */
  refusesOnPage(visitor: Visitor, asked: Pick<Visitor, 'method' | 'path'>): MeshError | undefined;
  /** The actor whose key the session of a page was begun with. */
  actorOnPage(visitor: Visitor): Actor | undefined;
  /** The credential that a browser logs in with. Throws `unauthorized` when it opens nothing, and `rate_limited`. */
  logsIn(visitor: Visitor, text: string): Credential;
}

/** Read only by who may write: they show where events go, and who wrote to whom. Without MESH_TOKEN, by who may read. */
const isPrivateRoute = amongRoutes([
  ...['/api/webhooks', '/api/email', '/api/keys', CHANGES_PATH, CONFLICTS_PATH],
  ...MAILBOX_PATHS,
]);
/** The one of these that says nothing of anybody: the schemas of the tools. */
const TOOLS_PATH = '/api/email/tools';

/**
 * Judges visitors by node/http/README.md, "Who may ask what". Credentials that opened nothing are counted by the client's network, but not by
 * `admits`.
 */
export function createTokens({ roster, secrets, keys, clock, sessions }: TokensOptions): Tokens {
  const token = secrets.token && keyDigest(secrets.token.reveal());
  const readToken = secrets.readToken && keyDigest(secrets.readToken.reveal());
  const opens = (shown: Credential) =>
    shown.isKey ? keys.actorOf(shown.digest) !== undefined : isOneOf(shown, token, readToken);
  const attempts = new Attempts(clock, opens);
  const shownBefore = new ShownCredentials();
  const judge = (visitor: Visitor, shown: Credential | undefined): MeshError | undefined => {
    const isOpen = isOpenRead(visitor.method, visitor.path);
    if (isMailboxPath(visitor.path) && token === undefined) return NO_TOKEN_FOR_MAIL;
    if (shown?.isKey) return judgeKey(visitor, keys.actorOf(shown.digest), isOpen && readToken === undefined);
    return judgeToken(visitor, shown, { token, readToken, isOpen, url: roster().self.url });
  };
  const inSession = (visitor: Visitor) => sessions?.credentialIn(visitor.header('cookie'));
  const actorOf = (shown: Credential | undefined) => (shown?.isKey ? keys.actorOf(shown.digest) : undefined);
  const refusal = (visitor: Visitor, isCounted: boolean) => {
    if (isJudgedElsewhere(visitor)) return undefined;
    const shown = shownBefore.of(visitor);
    const { client } = visitor;
    if (shown !== undefined) return attempts.judged({ client, shown, isCounted, judge: () => judge(visitor, shown) });
    if (isSignedLookUp(visitor)) return undefined;
    // A page listens; everything else of the API is for those who show a credential with each request.
    const isListener = isRead(visitor.method) && visitor.path === CHANGES_PATH;
    return judge(visitor, isListener ? inSession(visitor) : undefined);
  };
  return {
    refuses: (visitor) => refusal(visitor, true),
    admits: (visitor) => refusal(visitor, false) === undefined,
    guardsReads: readToken !== undefined,
    showsToken: (authorization) => {
      const shown = credentialIn(authorization);
      if (!shown?.isKey) return isOneOf(shown, token, readToken);
      const actor = keys.actorOf(shown.digest);
      return actor !== undefined && mayDo(actor, 'read');
    },
    actorOf: (authorization) => actorOf(credentialIn(authorization)),
    refusesOnPage: (visitor, asked) => judge({ ...visitor, ...asked }, inSession(visitor)),
    actorOnPage: (visitor) => actorOf(inSession(visitor)),
    logsIn: ({ client }, text) => {
      const credential = credentialOf(text);
      const judge = () => (opens(credential) ? undefined : NOTHING_OPENED);
      const refused = attempts.judged({ client, shown: firstShown(credential), isCounted: true, judge });
      if (refused !== undefined) throw refused;
      return credential;
    },
  };
}

/** Whether its route judges a visitor: peers by their signatures, a page by what it shows, inboxes and the forwarded by themselves. */
function isJudgedElsewhere({ path }: Visitor): boolean {
  if (path.startsWith(PEER_PATHS) || isHealthCheck(path) || isPagePath(path)) return true;
  return path.startsWith(FORWARDED_PATHS) || isMailboxPath(path);
}

/** Whether it is judged by its signature, should it show nothing else. */
function isSignedLookUp({ method, path, header }: Visitor): boolean {
  return isRead(method) && path === EMAIL_INDEX_PATH && header('signature-input') !== undefined;
}

/** What lies in inboxes is for who shows something, also where nothing else is guarded; and there anybody could make a key. */
const NO_TOKEN_FOR_MAIL = new MeshError(
  'forbidden',
  'Mail is shown here only where MESH_TOKEN is set: set it (16 characters or more), start the node again, and log in with it.',
);

const NOTHING_OPENED = new MeshError('unauthorized', 'That is neither a key of this node nor one of its tokens.');

function isOneOf(shown: Credential | undefined, ...tokens: (string | undefined)[]): boolean {
  const one = Buffer.from(shown?.digest ?? keyDigest(''), 'latin1');
  return tokens.some((other) => other !== undefined && timingSafeEqual(one, Buffer.from(other, 'latin1')));
}

function credentialNeeded({ method, path }: Visitor, variable: string): MeshError {
  return new MeshError(
    'unauthorized',
    `${method} ${path.slice(0, 100)} needs "Authorization: Bearer" with this node's ${variable}, or with a key of scope '${scopeOf(method, path)}'.`,
  );
}

interface Guards {
  readonly token: string | undefined;
  readonly readToken: string | undefined;
  /** The question is for who may read, not for who may write alone. */
  readonly isOpen: boolean;
  /** Where hosts.json says that this node is reached. */
  readonly url: string;
}

function judgeToken(visitor: Visitor, shown: Credential | undefined, { token, readToken, isOpen, url }: Guards) {
  // Whoever holds the only token there is may do what it guards; and who may read nothing without it, may change nothing.
  const needed = isOpen ? readToken : (token ?? readToken);
  if (token === undefined && !isOpen && !(isRead(visitor.method) && readToken !== undefined)) {
    const way = wayFromOutside(visitor, url);
    if (way !== undefined) return refusedFromOutside(visitor, way);
  }
  if (needed === undefined || isOneOf(shown, needed, token)) return undefined;
  const either = `MESH_READ_TOKEN${token === undefined ? '' : ' (or MESH_TOKEN)'}`;
  return credentialNeeded(visitor, needed === token ? 'MESH_TOKEN' : either);
}

/** `isOpen`: anybody may ask this, so whoever shows a key may, too. */
function judgeKey(visitor: Visitor, actor: Actor | undefined, isOpen: boolean): MeshError | undefined {
  if (actor === undefined)
    return new MeshError(
      'unauthorized',
      'The key that is shown is none of this node: it was revoked, has expired, or is of another node. npx mesh keys list shows those there are.',
    );
  const why = isOpen ? undefined : whyNotAllowed(actor, visitor);
  return why === undefined ? undefined : new MeshError('forbidden', why);
}

/** Whether it is read by whoever may read, without a token where none is set. */
export function isOpenRead(method: string, path: string): boolean {
  return (isRead(method) || path === REGISTER_PEER_PATH || path === EXCHANGE_PEERS_PATH) && !isPrivate(path);
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

function isPrivate(path: string): boolean {
  return path !== TOOLS_PATH && isPrivateRoute(path);
}

function refusedFromOutside({ method, path }: Visitor, way: string): MeshError {
  const message = `${method} ${path.slice(0, 100)} is refused: this node can be reached from other machines (${way}), and it has no MESH_TOKEN, so anybody could ask this. Set MESH_TOKEN (16 characters or more) and start it again; clients then show it as "Authorization: Bearer …".`;
  return new MeshError('unauthorized', message);
}
