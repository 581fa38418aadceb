// The answer to a hello, signed: a statement of its own kind. The asker's key is not known yet, so nothing that the asker signed is
// covered: only who speaks, to whom, when, with which body, and the nonce that the asker drew.
import { coverageOf } from './base.ts';
import type { Signer } from './ed25519.ts';
import { refuseAnswer } from './faults.ts';
import type { Profile } from './signature-input.ts';
import {
  COMMON_PARTS,
  type ExpectedStatement,
  type OutgoingStatement,
  type ReceivedResponse,
  type ResponseHeaders,
  signStatement,
  verifyStatement,
} from './statement.ts';

const HELLO: Profile = { tag: 'mesh-hello', coverage: coverageOf(COMMON_PARTS), hasNonce: true };

/** The header fields to add to the answer. `nonce`: the asker's. */
export function signHello(hello: OutgoingStatement & { readonly nonce: string }, signer: Signer): ResponseHeaders {
  return signStatement(HELLO, hello, [], signer);
}

/** Returns when the host with this key said so to us, in answer to `nonce`. Throws `peer_untrusted` with a `reason`. */
export function verifyHello(
  received: ReceivedResponse,
  expected: ExpectedStatement & { readonly nonce: string },
): void {
  if (verifyStatement(HELLO, received, [], expected).nonce !== expected.nonce) {
    throw refuseAnswer('forged', 'The answer to a hello is signed with another nonce than the one asked with.');
  }
}
