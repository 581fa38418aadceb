// How two hosts open a channel: each proves its lasting key over two fresh shares and over everything that both said, and both derive one
// key a direction. Steps are those of ../signature/README.md, "The channel". It does not say which key is a host's: the caller does, with
// the keys that signed requests are verified with. It hides nothing: frames are authenticated, not encrypted.
import { createHash, hkdfSync } from 'node:crypto';
import { type HostId, parseHostId } from '../names.ts';
import type { Random } from '../ports.ts';
import { SIGNATURE_SKEW_SECONDS_MAX } from '../signature/clock-skew.ts';
import type { PublicKey, Signer } from '../signature/ed25519.ts';
import { refused, type SignatureRefusal } from '../signature/faults.ts';
import { skewFault } from '../signature/request.ts';
import { drawShare, type Share } from './share.ts';

/** The token of the Upgrade field (RFC 9110 section 7.8); the version is signed too. */
export const CHANNEL_PROTOCOL = 'mesh-channel/1';
export const CHANNEL_PATH = '/api/mesh/v1/channel';

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const START = /^[A-Za-z0-9._-]{1,128}$/;
const SHARE = /^[A-Za-z0-9_-]{43}$/;
const SIGNATURE = /^[A-Za-z0-9_-]{86}$/;
const TIME = /^\d{1,15}$/;

/** What a side says of itself in the open. */
interface Said {
  readonly host: HostId;
  /** The start of the node that speaks (../state/starts.ts), as text: no session outlives it. */
  readonly start: string;
  /** Base64url of its share. */
  readonly share: string;
  /** Seconds since 1970, UTC. */
  readonly createdSeconds: number;
}

/** The first step, read: who wishes to ask whom. Nothing in it is true yet. */
export interface Offer extends Said {
  readonly to: HostId;
}

/** The second step, read. Nothing in it is true before `acceptReply`. */
export interface Reply extends Said {
  readonly to: HostId;
  readonly signature: Uint8Array;
}

type HandshakeFields = Readonly<Record<'mesh-from' | 'mesh-to' | 'mesh-start' | 'mesh-created' | 'mesh-share', string>>;

/** What one host brings to a handshake. */
export interface OwnSide {
  readonly self: HostId;
  readonly start: string;
  readonly nowSeconds: number;
  readonly signer: Signer;
  readonly random: Pick<Random, 'bytes'>;
  /** Shared by the operators of all hosts. Where it is set, only a host that has it too can go on. */
  readonly secret: string | undefined;
}

/** One key a direction, 32 octets each. */
interface ChannelKeys {
  readonly asker: Uint8Array;
  readonly answerer: Uint8Array;
}

/** Step 1. */
export interface OpenOffer {
  readonly offer: Offer;
  readonly fields: HandshakeFields;
  readonly share: Share;
}

/** What the asker says first. The share is drawn anew for each channel, and serves this one alone. */
export function offerChannel(own: Omit<OwnSide, 'signer' | 'secret'>, to: HostId): OpenOffer {
  const share = drawShare(own.random);
  const offer = { host: own.self, to, start: own.start, share: share.text, createdSeconds: own.nowSeconds };
  return { offer, fields: fieldsOf(offer), share };
}

/** Reads a step's fields; `undefined` when they are none. */
export function readOffer(field: (name: string) => string | undefined): Offer | undefined {
  const host = parseHostId(field('mesh-from') ?? '');
  const to = parseHostId(field('mesh-to') ?? '');
  const [start, share, created] = [field('mesh-start') ?? '', field('mesh-share') ?? '', field('mesh-created') ?? ''];
  const isWhole =
    host !== undefined && to !== undefined && START.test(start) && SHARE.test(share) && TIME.test(created);
  return isWhole ? { host, to, start, share, createdSeconds: Number(created) } : undefined;
}

/**
 * `field`: of the answer's head, by its lower-case name. `undefined` when the answer is no reply in this form; whether its signature fits
 * is not looked at.
 */
export function readReply(field: (name: string) => string | undefined): Reply | undefined {
  const said = readOffer(field);
  const signature = field('mesh-signature') ?? '';
  return said && SIGNATURE.test(signature) ? { ...said, signature: Buffer.from(signature, 'base64url') } : undefined;
}

/** Why an offer is refused before anything is computed; `undefined` when it is not. */
export function screenOffer(offer: Offer, self: HostId, nowSeconds: number): SignatureRefusal | undefined {
  if (offer.to !== self) return refused('recipient', `The offer speaks to host '${offer.to}'; this is '${self}'.`);
  if (offer.host === self)
    return refused('sender', `The offer says it comes from '${self}', which is this host itself.`);
  const fault = skewFault(offer.host, self, nowSeconds - offer.createdSeconds);
  return fault === undefined ? undefined : refused('clock_skew', fault);
}

/** What the answerer has after step 2. */
export interface OpenReply {
  readonly fields: HandshakeFields & { readonly 'mesh-signature': string };
  readonly keys: ChannelKeys;
  /** Whether these octets are step 3: the asker's signature over all that was said. */
  fits(proof: Uint8Array): boolean;
}

/** Step 2, for a screened offer of the host with `key`. Refused: `malformed`, of a share that would leave nothing secret. */
export function replyTo(offer: Offer, key: PublicKey, own: OwnSide): OpenReply | SignatureRefusal {
  const share = drawShare(own.random);
  const agreed = share.agree(offer.share);
  if (agreed === undefined) return refused('malformed', 'The share of the offer is none.');
  const said = { host: own.self, to: offer.host, start: own.start, share: share.text, createdSeconds: own.nowSeconds };
  const transcript = transcriptOf(offer, said, key.text, own.signer.publicKey);
  const signature = Buffer.from(own.signer.sign(signedBy('answerer', transcript))).toString('base64url');
  return {
    fields: { ...fieldsOf(said), 'mesh-signature': signature },
    keys: keysOf(agreed, own.secret, transcript),
    fits: (proof) => proof.byteLength === SIGNATURE_BYTES && key.verify(signedBy('asker', transcript), proof),
  };
}

/** What the asker has after step 2: its proof for step 3. */
export interface AcceptedReply {
  readonly proof: Uint8Array;
  readonly keys: ChannelKeys;
}

/** Verifies step 2. `key`: of the host that was asked. Refused: `sender`, `recipient`, `malformed`, `clock_skew`, `forged`. */
export function acceptReply(
  { offer, share }: OpenOffer,
  reply: Reply,
  key: PublicKey,
  own: Pick<OwnSide, 'signer' | 'secret' | 'nowSeconds'>,
): AcceptedReply | SignatureRefusal {
  if (reply.host !== offer.to) return refused('sender', `The reply speaks as '${reply.host}', not as '${offer.to}'.`);
  if (reply.to !== offer.host) return refused('recipient', `The reply is not addressed to '${offer.host}'.`);
  const agreed = share.agree(reply.share);
  if (agreed === undefined) return refused('malformed', 'The share of the reply is none.');
  const transcript = transcriptOf(offer, reply, own.signer.publicKey, key.text);
  if (!key.verify(signedBy('answerer', transcript), reply.signature)) {
    return refused('forged', `The signature does not fit the handshake and the key known here of '${offer.to}'.`);
  }
  const agoSeconds = own.nowSeconds - reply.createdSeconds;
  if (Math.abs(agoSeconds) > SIGNATURE_SKEW_SECONDS_MAX) {
    return refused('clock_skew', skewFault(offer.to, offer.host, agoSeconds) ?? '');
  }
  return { proof: own.signer.sign(signedBy('asker', transcript)), keys: keysOf(agreed, own.secret, transcript) };
}

/** Everything that both sides said, each on a line of its own: none of the parts can hold a line break. */
function transcriptOf(asker: Said, answerer: Said, askerKey: string, answererKey: string): Uint8Array {
  const side = (said: Said, key: string) => [said.host, key, said.start, said.createdSeconds, said.share];
  const lines = [CHANNEL_PROTOCOL, ...side(asker, askerKey), ...side(answerer, answererKey)];
  return Buffer.from(lines.join('\n'), 'latin1');
}

/** No signature of another kind begins so, and neither side's can be sent back as the other's. */
function signedBy(role: 'asker' | 'answerer', transcript: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`mesh-channel ${role}\n`, 'latin1'), transcript]);
}

/** HKDF with SHA-256 (RFC 5869): from what only the two have in common, for this handshake alone. */
function keysOf(agreed: Uint8Array, secret: string | undefined, transcript: Uint8Array): ChannelKeys {
  const input = Buffer.concat([agreed, Buffer.from(secret ?? '', 'utf8')]);
  const salt = createHash('sha256').update(transcript).digest();
  const derive = (role: string) => new Uint8Array(hkdfSync('sha256', input, salt, `mesh-channel ${role}`, KEY_BYTES));
  return { asker: derive('asker'), answerer: derive('answerer') };
}

function fieldsOf({ host, to, start, createdSeconds, share }: Offer): HandshakeFields {
  return {
    'mesh-from': host,
    'mesh-to': to,
    'mesh-start': start,
    'mesh-created': String(createdSeconds),
    'mesh-share': share,
  };
}
