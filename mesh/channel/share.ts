// X25519 (RFC 7748): one fresh share a side, used for one channel and then forgotten, so that what was said under its keys can't be
// spoken for later by whoever learns a host's lasting key. It proves nobody's name: handshake.ts does.
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import type { Random } from '../ports.ts';

/** PKCS 8 of an X25519 private key up to its 32 octets (RFC 8410 section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SHARE_BYTES = 32;

export interface Share {
  /** Base64url of the public part, 43 characters. */
  readonly text: string;
  /** The 32 octets that both sides have in common; `undefined` when `other` is no share, or one that would leave nothing secret. */
  agree(other: string): Uint8Array | undefined;
}

/** A new share of a key agreement (X25519, RFC 7748). Its private part stays in it. */
export function drawShare(random: Pick<Random, 'bytes'>): Share {
  const key = Buffer.concat([PKCS8_PREFIX, random.bytes(SHARE_BYTES)]);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  const text = createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '';
  return { text, agree: (other) => agreement(privateKey, other) };
}

function agreement(privateKey: KeyObject, x: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]{43}$/.test(x)) return undefined;
  try {
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
    return diffieHellman({ privateKey, publicKey });
  } catch {
    return undefined; // A point of small order (RFC 7748 section 6.1): the platform refuses an agreement of zeros.
  }
}
