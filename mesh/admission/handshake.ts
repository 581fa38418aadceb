// How a host that has nothing but a token and a fingerprint gets the mesh's secret, and nobody else does. Steps are those of README.md. Pure: it
// does not say which invitations are open, nor who may be admitted.
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { drawShare } from '../channel/share.ts';
import { MeshError } from '../errors.ts';
import type { Random } from '../ports.ts';
import { parsePublicKey, type Signer } from '../signature/ed25519.ts';
import type { InvitationKey } from './invitation-token.ts';
import {
  JOIN_VERSION,
  type JoinAnswer,
  type JoinAsk,
  joinAnswer,
  type Newcomer,
  type SealedContent,
  sealedContent,
} from './messages.ts';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const TAG_BYTES = 16;
/** Each key seals one text, for each answer has a share of its own. */
const NONCE = Buffer.alloc(12);

/** What the newcomer brings to step 1. */
export interface Asking {
  readonly invitation: InvitationKey;
  readonly to: JoinAsk['to'];
  readonly from: Omit<Newcomer, 'publicKey'>;
  readonly nowSeconds: number;
  readonly signer: Signer;
  readonly random: Pick<Random, 'bytes'>;
}

export interface OpenAsk {
  readonly ask: JoinAsk;
  /** Step 3: what the answer holds. Throws `peer_untrusted` when it is not by the host that was asked, or for another ask. */
  open(answer: unknown): SealedContent;
}

/** Step 1. */
export function askToJoin({ invitation, to, from, nowSeconds, signer, random }: Asking): OpenAsk {
  const share = drawShare(random);
  const said = {
    version: JOIN_VERSION,
    invitation: invitation.id,
    to,
    from: { ...from, publicKey: signer.publicKey },
    createdSeconds: nowSeconds,
    share: share.text,
  } as const;
  const transcript = transcriptOf(said);
  const ask = {
    ...said,
    mac: macOf(invitation.key, transcript).toString('base64url'),
    signature: Buffer.from(signer.sign(signedBy('asker', transcript))).toString('base64url'),
  };
  return { ask, open: (answer) => openAnswer(answer, { ask, transcript, invitation, agree: share.agree }) };
}

/** Whether the ask was made with the token of that invitation, by a host that has the key which it shows. */
export function isProven(ask: JoinAsk, invitation: InvitationKey): boolean {
  const transcript = transcriptOf(ask);
  if (!timingSafeEqual(Buffer.from(ask.mac, 'base64url'), macOf(invitation.key, transcript))) return false;
  const key = parsePublicKey(ask.from.publicKey);
  return key?.verify(signedBy('asker', transcript), Buffer.from(ask.signature, 'base64url')) === true;
}

/** Step 2, for a proven ask. Throws `invalid_request` of a share that would leave nothing secret. */
export function answerJoin(
  ask: JoinAsk,
  invitation: InvitationKey,
  content: SealedContent,
  own: Pick<Asking, 'signer' | 'random'>,
): JoinAnswer {
  const share = drawShare(own.random);
  const agreed = share.agree(ask.share);
  if (agreed === undefined)
    throw new MeshError('invalid_request', "'share' is no share of X25519.", { field: 'share' });
  const transcript = withAnswer(transcriptOf(ask), share.text);
  const cipher = createCipheriv(CIPHER, sealingKey(agreed, invitation, transcript), NONCE, {
    authTagLength: TAG_BYTES,
  });
  cipher.setAAD(transcript);
  const sealed = Buffer.concat([cipher.update(JSON.stringify(content), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  const signature = own.signer.sign(signedBy('answerer', transcript, sealed));
  return {
    version: JOIN_VERSION,
    share: share.text,
    sealed: sealed.toString('base64url'),
    signature: Buffer.from(signature).toString('base64url'),
  };
}

interface Opening {
  readonly ask: JoinAsk;
  readonly transcript: Buffer;
  readonly invitation: InvitationKey;
  agree(other: string): Uint8Array | undefined;
}

function openAnswer(received: unknown, { ask, transcript: asked, invitation, agree }: Opening): SealedContent {
  const parsed = joinAnswer.safeParse(received);
  if (!parsed.success) throw untrusted(ask, 'answers in a form that is not known here');
  const { share, signature, sealed: text } = parsed.data;
  const transcript = withAnswer(asked, share);
  const sealed = Buffer.from(text, 'base64url');
  const key = parsePublicKey(ask.to.publicKey);
  const isSigned = key?.verify(signedBy('answerer', transcript, sealed), Buffer.from(signature, 'base64url'));
  if (isSigned !== true) throw untrusted(ask, 'answers without the signature of the key with that fingerprint');
  const agreed = agree(share);
  if (agreed === undefined || sealed.byteLength <= TAG_BYTES) throw untrusted(ask, 'sealed its answer for nobody');
  const decipher = createDecipheriv(CIPHER, sealingKey(agreed, invitation, transcript), NONCE, {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(transcript);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const plain = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
    return sealedContent.parse(JSON.parse(plain));
  } catch (cause) {
    throw untrusted(ask, 'sealed its answer with another token, or filled it with something else', cause);
  }
}

/** Everything that was said before, each on a line of its own: none of the parts can hold a line break, and JSON escapes it in the name. */
function transcriptOf({ invitation, to, from, createdSeconds, share }: Omit<JoinAsk, 'mac' | 'signature'>): Buffer {
  const lines = [
    `mesh-join/${JOIN_VERSION}`,
    ...[invitation, to.id, to.publicKey, to.url],
    ...[from.id, from.publicKey, from.url, JSON.stringify(from.name ?? null), String(from.voter ?? null)],
    ...[String(createdSeconds), share],
  ];
  return Buffer.from(lines.join('\n'), 'utf8');
}

function withAnswer(transcript: Buffer, share: string): Buffer {
  return Buffer.concat([transcript, Buffer.from(`\n${share}`, 'latin1')]);
}

/** Neither side's signature can be sent back as the other's, nor taken for one of another kind. */
function signedBy(role: 'asker' | 'answerer', transcript: Buffer, sealed: Uint8Array = new Uint8Array()): Buffer {
  const digest = createHash('sha256').update(sealed).digest('base64url');
  return Buffer.concat([
    Buffer.from(`mesh-join ${role}\n`, 'latin1'),
    transcript,
    Buffer.from(`\n${digest}`, 'latin1'),
  ]);
}

function macOf(key: string, transcript: Buffer): Buffer {
  return createHmac('sha256', Buffer.from(key, 'base64url')).update('mesh-join ask\n').update(transcript).digest();
}

/** HKDF with SHA-256 (RFC 5869): from what only the two have in common, and the token, for this exchange alone. */
function sealingKey(agreed: Uint8Array, { key }: InvitationKey, transcript: Buffer): Uint8Array {
  const input = Buffer.concat([agreed, Buffer.from(key, 'base64url')]);
  const salt = createHash('sha256').update(transcript).digest();
  return new Uint8Array(hkdfSync('sha256', input, salt, 'mesh-join seal', KEY_BYTES));
}

function untrusted({ to }: JoinAsk, what: string, cause?: unknown): MeshError {
  return new MeshError('peer_untrusted', `Host '${to.id}' at ${to.url} ${what}. Nothing was taken from it.`, { cause });
}
