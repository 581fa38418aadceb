// Ed25519 keys (RFC 8032) as hosts name them: the raw 32 octets in base64url, 43 characters. The computation is the
// platform's. It does not promise that a key belongs to anybody: that is for whoever pins it.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';

/** What makes signatures: this host's private key, wherever it is kept. */
export interface Signer {
  /** Base64url of the raw public key. */
  readonly publicKey: string;
  /** The 64 octets of an Ed25519 signature. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** What checks them. */
export interface PublicKey {
  /** Base64url of the raw public key, in its one canonical spelling. */
  readonly text: string;
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** `undefined` when the text is not 43 base64url characters (32 octets). */
export function parsePublicKey(text: string): PublicKey | undefined {
  if (!/^[A-Za-z0-9_-]{43}$/.test(text)) return undefined;
  // The last character carries two bits that belong to no octet: one key, one spelling.
  const x = Buffer.from(text, 'base64url').toString('base64url');
  const key: KeyObject = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return { text: x, verify: (bytes, signature) => verify(null, bytes, key, signature) };
}
