// What a host says of where its log stands, signed with a tag of its own: whoever passes it on can't alter it, and two such statements about
// one place that differ prove that the host's data was copied or set back.
import type { HostId } from '../names.ts';
import type { PublicKey, Signer } from '../signature/ed25519.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Place } from './place.ts';

const TAG = 'mesh-feed-head';

/** The log up to a place: base64url of the chain there, and of the digest of what the index shows after it. */
export interface Standing extends Place {
  readonly chain: string;
  readonly digest: string;
}

export interface Head extends Standing {
  readonly hostId: HostId;
  /** ISO 8601, UTC: when it was said. */
  readonly at: string;
}

export interface SignedHead extends Head {
  /** Base64url, Ed25519 over the canonical JSON of the head and the tag. */
  readonly signature: string;
}

/** Signs a head as its own host's word. */
export function signHead(head: Head, signer: Signer): SignedHead {
  return { ...head, signature: Buffer.from(signer.sign(octetsOf(head))).toString('base64url') };
}

/** Whether the signature is of that key over this head. It does not say whose key that is. */
export function isSignedBy(head: SignedHead, key: PublicKey): boolean {
  return key.verify(octetsOf(head), Buffer.from(head.signature, 'base64url'));
}

function octetsOf({ hostId, logId, n, chain, digest, at }: Head): Uint8Array {
  return Buffer.from(canonicalJson({ tag: TAG, hostId, logId, n, chain, digest, at }));
}
