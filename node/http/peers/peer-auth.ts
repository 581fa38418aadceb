// Who is speaking: requests between hosts are verified before their bodies are parsed, and every answer to them is signed and bound to the
// request as it was verified; the refusal of one that was not is signed as a refusal. Handlers behind it get the sender and the octets.
import type { Context, MiddlewareHandler } from 'hono';
import { MeshError } from '../../../mesh/errors.ts';
import { PEER_BODY_BYTES_MAX } from '../../../mesh/limits.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { Roster } from '../../../mesh/roster.ts';
import type { PublicKey } from '../../../mesh/signature/ed25519.ts';
import { isRefused, orRefuse, refused, type SignatureRefusal } from '../../../mesh/signature/faults.ts';
import type { NonceCache } from '../../../mesh/signature/nonces.ts';
import {
  type AcceptedRequest,
  acceptRequest,
  type OpenedRequest,
  openRequest,
  screenRequest,
} from '../../../mesh/signature/request.ts';
import type { PeerKeys } from '../../peers/keys/peer-keys.ts';
import { answerError } from '../errors.ts';
import { readBody } from '../input.ts';
import { type AnswerSigner, receivedOf, signAnswer, signRefused } from './answer-signature.ts';
import type { PeerMessage } from './peer-message.ts';

export interface PeerAuthOptions extends AnswerSigner {
  readonly roster: () => Roster;
  /** Whether a host has a say in the claims: hosts.json lists it, or what was agreed does. */
  readonly mayClaim: (id: HostId) => boolean;
  readonly keys: Pick<PeerKeys, 'known' | 'learn' | 'confirm' | 'suspect'>;
  /** One for the whole node: a request repeated at another route is a repeat too. */
  readonly nonces: NonceCache;
}

declare module 'hono' {
  interface ContextVariableMap {
    /** Set by `peerAuth` and `optionalPeerAuth`, once it is proven who asks. */
    peerMessage?: PeerMessage;
  }
}

/** What a host asks, as it was signed or came over a channel. Only behind `peerAuth`. */
export function peerMessage(c: Context): PeerMessage {
  const message = c.get('peerMessage');
  if (message === undefined)
    throw new Error(`the route ${c.req.path} reads a peer's message without peerAuth before it`);
  return message;
}

/**
 * For the routes between hosts: refuses with 401 `signature_refused` what is not signed well, with 403 `unlisted_host` a host
 * that hosts.json does not list or that it disables, with 413 a body above `PEER_BODY_BYTES_MAX`, with 503 `overloaded`.
 */
export function peerAuth(options: PeerAuthOptions): MiddlewareHandler {
  return async function verifyPeer(c, next) {
    if (isFromChannel(c)) return next();
    const opened = orRefuse(openRequest(receivedOf(c)));
    return answerSigned(c, next, opened, options, async () => {
      if (!options.mayClaim(opened.from)) throw unlisted(options.roster(), opened.from);
      return orRefuse(await admit(c, opened, options));
    });
  };
}

/**
 * For routes that answer anybody: a request without a mesh signature passes, unauthenticated, and so does that of a host that is not
 * listed, or whose key can't be learned; none of them gets a signed answer. Any other is refused unless its signature fits.
 */
export function optionalPeerAuth(options: PeerAuthOptions): MiddlewareHandler {
  return async function verifyPeerIfSigned(c, next) {
    if (isFromChannel(c)) return next();
    const opened = openIfSigned(c);
    if (opened === undefined || options.roster().get(opened.from)?.enabled !== true) return next();
    return answerSigned(c, next, opened, options, async () => {
      const admitted = await admit(c, opened, options);
      return isRefused(admitted) && admitted.reason === 'unknown_key' ? undefined : orRefuse(admitted);
    });
  };
}

/** What came over a channel needs no signature: its asker was proven when it was opened, and every frame is authenticated. */
function isFromChannel(c: Context): boolean {
  const { asker } = (c.env ?? {}) as { readonly asker?: PeerMessage };
  if (asker === undefined) return false;
  c.set('peerMessage', asker);
  return true;
}

function openIfSigned(c: Context): OpenedRequest | undefined {
  if (c.req.header('signature-input') === undefined) return undefined;
  const opened = openRequest(receivedOf(c));
  // Somebody else's signature, under another name: a gateway may sign its requests for its own reasons.
  return isRefused(opened) && opened.reason === 'missing' ? undefined : orRefuse(opened);
}

async function answerSigned(
  c: Context,
  next: () => Promise<void>,
  opened: OpenedRequest,
  options: PeerAuthOptions,
  verify: () => Promise<AcceptedRequest | undefined>,
): Promise<Response | undefined> {
  let accepted: AcceptedRequest | undefined;
  try {
    accepted = await verify();
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    const refusal = answerError(c, error);
    await signRefused(c, refusal, opened, options);
    return refusal;
  }
  await next();
  // What the handler threw is already an answer here: the application's onError made it.
  if (accepted !== undefined) await signAnswer(c, accepted, options);
  return undefined;
}

function unlisted(roster: Roster, from: HostId): MeshError {
  const how = roster.get(from) === undefined ? 'does not list' : 'disables';
  return new MeshError('unlisted_host', `hosts.json of host '${roster.self.id}' ${how} '${from}', so it is not heard.`);
}

/** Verifies the request, with its body. Throws `payload_too_large`, `overloaded`, `store_failed`. */
async function admit(
  c: Context,
  opened: OpenedRequest,
  options: PeerAuthOptions,
): Promise<AcceptedRequest | SignatureRefusal> {
  const { self, keys, nonces, clock } = options;
  const nowSeconds = () => Math.floor(clock.wallMs() / 1_000);
  const screened = screenRequest(opened, self, nowSeconds());
  if (screened !== undefined) return screened;
  const body = await readPeerBody(c);
  const key = keys.known(opened.from) ?? (await learnKey(options, opened.from));
  if (isRefused(key)) return key;
  const accepted = acceptRequest(opened, { self, body, key, nonces, nowSeconds: nowSeconds() });
  if (isRefused(accepted)) {
    if (accepted.reason === 'forged') keys.suspect(opened.from);
    return accepted;
  }
  keys.confirm(accepted.from);
  c.set('peerMessage', { from: accepted.from, body, signal: () => c.req.raw.signal });
  return accepted;
}

async function learnKey({ keys }: PeerAuthOptions, from: HostId): Promise<PublicKey | SignatureRefusal> {
  const learned = await keys.learn(from);
  if (learned.kind === 'known') return learned.key;
  return refused('unknown_key', `No key of '${from}' is known here yet. ${learned.why}`);
}

async function readPeerBody(c: Context): Promise<Uint8Array> {
  const { method } = c.req;
  // What a GET carries is not read by anybody here; a digest of anything but nothing is refused.
  if (method === 'GET' || method === 'HEAD') return new Uint8Array();
  const length = c.req.header('content-length');
  // The server reads no more than the announced length, and reads it in one go.
  if (length !== undefined && Number(length) <= PEER_BODY_BYTES_MAX)
    return new Uint8Array(await c.req.raw.arrayBuffer());
  return readBody(c.req.raw, PEER_BODY_BYTES_MAX);
}
