// What all signed answers have in common: one host says something to another, at a time, with a body and a status. Each kind adds
// what else it covers, and its own tag, so that what was said as one kind is never heard as another.
import type { HostId } from '../names.ts';
import { type Component, signatureBase } from './base.ts';
import { digestFits } from './digest.ts';
import type { PublicKey, Signer } from './ed25519.ts';
import { isRefused, refuseAnswer } from './faults.ts';
import { skewFault } from './request.ts';
import { LABEL, type Profile, paramsText, type ReadSignature, readSignature } from './signature-input.ts';

export interface OutgoingStatement {
  readonly status: number;
  readonly from: HostId;
  readonly to: HostId;
  /** Content-Digest of the body (`contentDigest`): large prepared bodies need it computed only once. */
  readonly digest: string;
  /** Seconds since 1970, UTC. */
  readonly createdSeconds: number;
}

export type ResponseHeaders = Readonly<
  Record<'mesh-from' | 'mesh-to' | 'content-digest' | 'signature-input' | 'signature', string>
>;

/** A whole answer as it was received. */
export interface ReceivedResponse {
  readonly status: number;
  readonly body: Uint8Array;
  /** Content-Digest of the body, where it was computed already. */
  readonly digest?: string;
  /** A header field by its lower-case name; several lines joined by `, `. */
  field(name: string): string | undefined;
}

export interface ExpectedStatement {
  /** Whom we asked. */
  readonly from: HostId;
  /** This host. */
  readonly to: HostId;
  readonly key: PublicKey;
  readonly nowSeconds: number;
}

/** What every kind covers, in its order. */
export const COMMON_PARTS = ['"@status"', '"content-digest"', '"mesh-from"', '"mesh-to"'] as const;

/** The header fields to add to the answer. `more`: what this kind covers behind the common parts. */
export function signStatement(
  profile: Profile,
  statement: OutgoingStatement & { readonly nonce?: string },
  more: readonly Component[],
  signer: Signer,
): ResponseHeaders {
  const { createdSeconds, from, to, digest, nonce = '' } = statement;
  const params = paramsText(profile, { createdSeconds, nonce, keyId: from });
  const bytes = signer.sign(baseOf(statement, more, params));
  return {
    'mesh-from': from,
    'mesh-to': to,
    'content-digest': digest,
    'signature-input': `${LABEL}=${params}`,
    signature: `${LABEL}=:${Buffer.from(bytes).toString('base64')}:`,
  };
}

/** Returns when, and with which nonce, the asked host said this to us. Throws `peer_untrusted` or `clock_skew`, with a `reason`. */
export function verifyStatement(
  profile: Profile,
  received: ReceivedResponse,
  more: readonly Component[],
  { from, to, key, nowSeconds }: ExpectedStatement,
): Pick<ReadSignature, 'createdSeconds' | 'nonce'> {
  const read = readSignature(received.field('signature-input'), received.field('signature'), profile);
  if (isRefused(read)) throw refuseAnswer(read.reason, read.sentence);
  const digest = received.field('content-digest');
  if (digest === undefined) throw refuseAnswer('missing', 'The answer has no Content-Digest (RFC 9530).');
  const speaker = received.field('mesh-from') ?? 'nobody';
  if (speaker !== from || read.keyId !== from) {
    throw refuseAnswer('sender', `The answer speaks as '${speaker.slice(0, 64)}', not as '${from}'.`);
  }
  if (received.field('mesh-to') !== to) throw refuseAnswer('recipient', `The answer is not addressed to '${to}'.`);
  if (!digestFits(digest, received.body, received.digest)) {
    throw refuseAnswer('digest', 'Content-Digest is not the sha-256 of the answer that arrived.');
  }
  if (!key.verify(baseOf({ status: received.status, digest, from, to }, more, read.params), read.bytes)) {
    throw refuseAnswer(
      'forged',
      `The answer's signature does not fit the answer, our request and the key known here of '${from}'.`,
    );
  }
  // Last, so that who says what time it is there is proven.
  const fault = skewFault(from, to, nowSeconds - read.createdSeconds);
  if (fault !== undefined) throw refuseAnswer('clock_skew', fault);
  return read;
}

function baseOf(
  { status, digest, from, to }: Omit<OutgoingStatement, 'createdSeconds'>,
  more: readonly Component[],
  params: string,
): Uint8Array {
  const [statusName, digestName, fromName, toName] = COMMON_PARTS;
  return signatureBase(
    [[statusName, String(status)], [digestName, digest], [fromName, from], [toName, to], ...more],
    params,
  );
}
