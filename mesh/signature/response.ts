// Signed answers: a forged promise would break uniqueness, so answers are signed as requests are. Each repeats the whole request that
// it answers, as its signer saw and verified it (RFC 9421 section 2.4): method, path, query, body, time, nonce and signature. So it can
// stand for the answer to no other. What was not verified gets no answer, only a refusal, which is a kind of its own and is never obeyed.
import { type Component, coverageOf } from './base.ts';
import type { Signer } from './ed25519.ts';
import type { AcceptedRequest, OpenedRequest, RequestParts } from './request.ts';
import { LABEL, type Profile } from './signature-input.ts';
import {
  COMMON_PARTS,
  type ExpectedStatement,
  type OutgoingStatement,
  type ReceivedResponse,
  type ResponseHeaders,
  signStatement,
  verifyStatement,
} from './statement.ts';
import { splitTarget } from './target.ts';

const ETAG = '"etag"';
const METHOD = '"@method";req';
const PATH = '"@path";req';
const QUERY = '"@query";req';
const DIGEST = '"content-digest";req';
const INPUT = `"signature-input";req;key="${LABEL}"`;
const SIGNATURE = `"signature";req;key="${LABEL}"`;

const REQUEST_PARTS = [METHOD, PATH, QUERY, DIGEST, INPUT, SIGNATURE];
const ANSWER: Profile = {
  tag: 'mesh-answer',
  coverage: coverageOf([...COMMON_PARTS, ...REQUEST_PARTS]),
  hasNonce: false,
};
/** An answer that says which version of something it shows. */
const TAGGED_ANSWER: Profile = { ...ANSWER, coverage: coverageOf([...COMMON_PARTS, ...REQUEST_PARTS, ETAG]) };
const REFUSAL: Profile = { tag: 'mesh-refusal', coverage: coverageOf([...COMMON_PARTS, SIGNATURE]), hasNonce: false };

export interface OutgoingResponse extends OutgoingStatement {
  readonly request: AcceptedRequest;
  /** The answer's ETag, when it has one. */
  readonly etag?: string | undefined;
}

export interface OutgoingRefusal extends OutgoingStatement {
  /** Nothing in it was verified. */
  readonly request: Pick<OpenedRequest, 'signature'>;
}

/** The header fields to add to the answer of a verified request. */
export function signResponse(response: OutgoingResponse, signer: Signer): ResponseHeaders {
  const { request, etag } = response;
  return signStatement(profileOf(etag), response, partsOf(request, etag), signer);
}

/** The header fields to add to the refusal of a request that could not be verified: it says that, and nothing else. */
export function signRefusal(refusal: OutgoingRefusal, signer: Signer): ResponseHeaders {
  return signStatement(REFUSAL, refusal, [[SIGNATURE, refusal.request.signature]], signer);
}

export interface ExpectedResponse extends ExpectedStatement {
  /** Our request, as we sent it. */
  readonly request: RequestParts;
}

export interface VerifiedResponse {
  readonly kind: 'answer' | 'refusal';
  /** By the clock of the host that signed it. */
  readonly createdSeconds: number;
}

/** Whether an answer claims to be signed at all. */
export function isSigned(received: Pick<ReceivedResponse, 'field'>): boolean {
  return received.field('signature-input') !== undefined;
}

/**
 * Returns when the answer is the asked host's own: `answer` to this very request, or `refusal`, which says only that the host did not
 * obey something that had our request's signature. Throws `peer_untrusted` or `clock_skew`, with a `reason`.
 */
export function verifyResponse(received: ReceivedResponse, expected: ExpectedResponse): VerifiedResponse {
  const { request } = expected;
  // What the field says here is only what to look for: the profile is then checked to the letter.
  if (received.field('signature-input')?.endsWith(`;tag="${REFUSAL.tag}"`)) {
    const { createdSeconds } = verifyStatement(REFUSAL, received, [[SIGNATURE, request.signature]], expected);
    return { kind: 'refusal', createdSeconds };
  }
  const etag = received.field('etag');
  const { createdSeconds } = verifyStatement(profileOf(etag), received, partsOf(request, etag), expected);
  return { kind: 'answer', createdSeconds };
}

function profileOf(etag: string | undefined): Profile {
  return etag === undefined ? ANSWER : TAGGED_ANSWER;
}

function partsOf({ method, target, digest, params, signature }: RequestParts, etag: string | undefined): Component[] {
  const { path, query } = splitTarget(target);
  return [
    [METHOD, method],
    [PATH, path],
    [QUERY, query],
    [DIGEST, digest],
    [INPUT, params],
    [SIGNATURE, signature],
    ...(etag === undefined ? [] : [[ETAG, etag] as const]),
  ];
}
