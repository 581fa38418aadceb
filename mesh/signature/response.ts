// Signed answers: a forged promise would break uniqueness, so answers are signed as requests are. Each is bound to the one
// request it answers by covering that request's signature (RFC 9421 section 2.4), hence needs no nonce of its own.
import type { HostId } from '../names.ts';
import { coverageOf, signatureBase } from './base.ts';
import { digestFits } from './digest.ts';
import type { PublicKey, Signer } from './ed25519.ts';
import { refuseAnswer } from './faults.ts';
import { LABEL, type Profile, paramsText, readSignature } from './fields.ts';
import { ageFault } from './request.ts';

const STATUS = '"@status"';
const DIGEST = '"content-digest"';
const FROM = '"mesh-from"';
const TO = '"mesh-to"';
const REQUEST_SIGNATURE = `"signature";req;key="${LABEL}"`;

const RESPONSE: Profile = { coverage: coverageOf([STATUS, DIGEST, FROM, TO, REQUEST_SIGNATURE]), hasNonce: false };

export interface OutgoingResponse {
  readonly status: number;
  readonly from: HostId;
  readonly to: HostId;
  /** Content-Digest of the body (`contentDigest`): large prepared bodies need it computed only once. */
  readonly digest: string;
  /** The signature of the request this answers, as `OpenedRequest` has it. */
  readonly requestSignature: string;
  /** Seconds since 1970, UTC. */
  readonly createdSeconds: number;
}

export type ResponseHeaders = Readonly<
  Record<'mesh-from' | 'mesh-to' | 'content-digest' | 'signature-input' | 'signature', string>
>;

/** The header fields to add to the answer. */
export function signResponse(response: OutgoingResponse, signer: Signer): ResponseHeaders {
  const { createdSeconds, from, to, digest } = response;
  const params = paramsText(RESPONSE, { createdSeconds, nonce: '', keyId: from });
  const bytes = signer.sign(baseOf(response, params));
  return {
    'mesh-from': from,
    'mesh-to': to,
    'content-digest': digest,
    'signature-input': `${LABEL}=${params}`,
    signature: `${LABEL}=:${Buffer.from(bytes).toString('base64')}:`,
  };
}

/** A whole answer as it was received. */
export interface ReceivedResponse {
  readonly status: number;
  readonly body: Uint8Array;
  /** A header field by its lower-case name; several lines joined by `, `. */
  field(name: string): string | undefined;
}

export interface ExpectedResponse {
  /** Whom we asked. */
  readonly from: HostId;
  /** This host. */
  readonly to: HostId;
  readonly key: PublicKey;
  /** The signature of our request. */
  readonly requestSignature: string;
  readonly nowSeconds: number;
}

/** Whether an answer claims to be signed at all. */
export function isSigned(received: Pick<ReceivedResponse, 'field'>): boolean {
  return received.field('signature-input') !== undefined;
}

/** Returns when the answer is the asked host's own, to this very request. Throws `peer_untrusted` with a `reason`. */
export function verifyResponse(received: ReceivedResponse, expected: ExpectedResponse): void {
  const read = readSignature(received.field('signature-input'), received.field('signature'), RESPONSE, refuseAnswer);
  const digest = received.field('content-digest');
  if (digest === undefined) throw refuseAnswer('missing', 'The answer has no Content-Digest (RFC 9530).');
  const { from, to } = expected;
  const speaker = received.field('mesh-from') ?? 'nobody';
  if (speaker !== from || read.keyId !== from) {
    throw refuseAnswer('sender', `The answer speaks as '${speaker.slice(0, 64)}', not as '${from}'.`);
  }
  if (received.field('mesh-to') !== to) throw refuseAnswer('recipient', `The answer is not addressed to '${to}'.`);
  const fault = ageFault(read.createdSeconds, expected.nowSeconds);
  if (fault !== undefined) throw refuseAnswer('stale', `The answer's signature ${fault}`);
  if (!digestFits(digest, received.body)) {
    throw refuseAnswer('digest', 'Content-Digest is not the sha-256 of the answer that arrived.');
  }
  const { status } = received;
  const base = baseOf({ status, digest, from, to, requestSignature: expected.requestSignature }, read.params);
  if (!expected.key.verify(base, read.bytes)) {
    throw refuseAnswer(
      'forged',
      `The answer's signature does not fit the answer, our request and the key known here of '${from}'.`,
    );
  }
}

function baseOf(response: Omit<OutgoingResponse, 'createdSeconds'>, params: string): Uint8Array {
  return signatureBase(
    [
      [STATUS, String(response.status)],
      [DIGEST, response.digest],
      [FROM, response.from],
      [TO, response.to],
      [REQUEST_SIGNATURE, response.requestSignature],
    ],
    params,
  );
}
