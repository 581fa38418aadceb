// Signed requests between hosts (RFC 9421, Ed25519): who speaks, to whom, what exactly, when, and only once. Signing covers
// method, path, query, body, sender, recipient, time and nonce; other headers are not covered, so a handler must not obey them.
// Verifying comes in steps, because finding the sender's key may take a question over the network: open, screen, accept.
import { MeshError } from '../errors.ts';
import { type HostId, parseHostId } from '../names.ts';
import { coverageOf, signatureBase } from './base.ts';
import { SIGNATURE_SKEW_SECONDS_MAX } from './clock-skew.ts';
import { contentDigest, digestFits } from './digest.ts';
import type { PublicKey, Signer } from './ed25519.ts';
import { isRefused, refused, type SignatureFault, type SignatureRefusal } from './faults.ts';
import type { NonceCache } from './nonces.ts';
import { LABEL, type Profile, paramsText, readSignature } from './signature-input.ts';
import { canonicalTarget, splitTarget } from './target.ts';

const METHOD = '"@method"';
const PATH = '"@path"';
const QUERY = '"@query"';
const DIGEST = '"content-digest"';
const FROM = '"mesh-from"';
const TO = '"mesh-to"';

const REQUEST: Profile = {
  tag: 'mesh-request',
  coverage: coverageOf([METHOD, PATH, QUERY, DIGEST, FROM, TO]),
  hasNonce: true,
};

export interface OutgoingRequest {
  /** Upper-case. */
  readonly method: string;
  /** Path with query, in its canonical spelling (`canonicalTarget`): sent exactly so. */
  readonly target: string;
  readonly from: HostId;
  readonly to: HostId;
  /** The body's octets; empty when there is none. */
  readonly body: Uint8Array;
  /** Seconds since 1970, UTC. */
  readonly createdSeconds: number;
  /** 16–64 base64url characters, never used twice. */
  readonly nonce: string;
}

/** The parts of a request that its answer is bound to, as its signer sent them, or as its receiver saw them. */
export interface RequestParts {
  readonly method: string;
  readonly target: string;
  /** Content-Digest of the body. */
  readonly digest: string;
  /** Serialised inner list with parameters, the nonce among them: its member of Signature-Input. */
  readonly params: string;
  /** The member of Signature, `:…:`. */
  readonly signature: string;
}

export interface SignedRequest {
  /** The header fields to add to the request. */
  readonly headers: Readonly<
    Record<'mesh-from' | 'mesh-to' | 'content-digest' | 'signature-input' | 'signature', string>
  >;
  /** What the answer must be bound to: `verifyResponse` asks for it. */
  readonly parts: RequestParts;
}

/** Signs a request of this host for one other host (RFC 9421). The body is covered by its digest (RFC 9530). */
export function signRequest(request: OutgoingRequest, signer: Signer): SignedRequest {
  const params = paramsText(REQUEST, { ...request, keyId: request.from });
  const digest = contentDigest(request.body);
  const bytes = signer.sign(baseOf(request, digest, params));
  const signature = `:${Buffer.from(bytes).toString('base64')}:`;
  return {
    headers: {
      'mesh-from': request.from,
      'mesh-to': request.to,
      'content-digest': digest,
      'signature-input': `${LABEL}=${params}`,
      signature: `${LABEL}=${signature}`,
    },
    parts: { method: request.method, target: request.target, digest, params, signature },
  };
}

/** What a server has of a request before it reads the body. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path with query, as it was received. */
  readonly target: string;
  /** A header field by its lower-case name; several lines joined by `, `. */
  field(name: string): string | undefined;
}

/** A request whose signature could be read. Nothing in it is true yet: only `acceptRequest` makes it so. */
export interface OpenedRequest extends RequestParts {
  readonly from: HostId;
  readonly to: HostId;
  readonly createdSeconds: number;
  readonly nonce: string;
  readonly base: Uint8Array;
  readonly signatureBytes: Uint8Array;
}

declare const accepted: unique symbol;
/** A request that was verified here. Only `acceptRequest` makes one, and only such a one is answered with a signed answer. */
export type AcceptedRequest = OpenedRequest & { readonly [accepted]: true };

/** Reads the signature's fields; or why that can't be: `missing`, `malformed`, `coverage`, `kind`, `version` or `sender`. */
export function openRequest(received: ReceivedRequest): OpenedRequest | SignatureRefusal {
  const read = readSignature(received.field('signature-input'), received.field('signature'), REQUEST);
  if (isRefused(read)) return read;
  const digest = received.field('content-digest');
  if (digest === undefined) return refused('missing', 'A signed request needs Content-Digest (RFC 9530).');
  const from = hostField(received, 'mesh-from');
  if (typeof from !== 'string') return from;
  const to = hostField(received, 'mesh-to');
  if (typeof to !== 'string') return to;
  if (read.keyId !== from) {
    return refused('sender', `The signature's keyid is not '${from}', the host in Mesh-From.`);
  }
  if (canonicalTarget(received.target) !== received.target) {
    return refused('malformed', 'The path or query is not in the spelling that is signed (WHATWG URL).');
  }
  const { params } = read;
  return {
    from,
    to,
    createdSeconds: read.createdSeconds,
    nonce: read.nonce,
    method: received.method,
    target: received.target,
    digest,
    params,
    base: baseOf({ method: received.method, target: received.target, from, to }, digest, params),
    signatureBytes: read.bytes,
    signature: read.serialised,
  };
}

/** Whom it is for and how old it is: why it is refused before the body is read; `undefined` when it is not. */
export function screenRequest(opened: OpenedRequest, self: HostId, nowSeconds: number): SignatureRefusal | undefined {
  if (opened.to !== self) {
    return refused('recipient', `The request speaks to host '${opened.to}'; this is '${self}'.`);
  }
  if (opened.from === self) {
    return refused('sender', `The request says it comes from '${self}', which is this host itself.`);
  }
  const fault = skewFault(opened.from, self, nowSeconds - opened.createdSeconds);
  return fault === undefined ? undefined : refused('clock_skew', fault);
}

/**
 * The last step, with the whole body and the sender's key: from here on the request is what its sender said, said once.
 * Refused: `digest`, `forged`, `replayed`, `clock_skew`, `recipient`, `sender`. Throws `overloaded` when no more nonces can be remembered.
 */
export function acceptRequest(
  opened: OpenedRequest,
  check: {
    readonly self: HostId;
    readonly body: Uint8Array;
    readonly key: PublicKey;
    readonly nonces: NonceCache;
    readonly nowSeconds: number;
  },
): AcceptedRequest | SignatureRefusal {
  const screened = screenRequest(opened, check.self, check.nowSeconds);
  if (screened !== undefined) return screened;
  if (!digestFits(opened.digest, check.body)) {
    return refused('digest', 'Content-Digest is not the sha-256 of the body that arrived.');
  }
  if (!check.key.verify(opened.base, opened.signatureBytes)) {
    return refused('forged', `The signature does not fit the request and the key known here of '${opened.from}'.`);
  }
  const admission = check.nonces.admit(opened, check.nowSeconds);
  return admission === 'fresh' ? (opened as AcceptedRequest) : notAdmitted(admission, opened, check.nowSeconds);
}

function notAdmitted(
  admission: 'replayed' | 'forgotten' | 'full',
  { from, to, createdSeconds }: OpenedRequest,
  nowSeconds: number,
): SignatureRefusal {
  if (admission === 'full') {
    throw new MeshError('overloaded', 'More signed requests arrive than this host can tell from repeats.', {
      retryAfterSeconds: 1,
    });
  }
  const [reason, sentence]: [SignatureFault, string] =
    admission === 'replayed'
      ? ['replayed', 'The request was received before: each needs a nonce of its own.']
      : [
          'clock_skew',
          `${clocksDiffer(from, to, nowSeconds - createdSeconds)}, and '${to}' can't tell repeats of what was made before it started.`,
        ];
  return refused(reason, sentence);
}

/** A sentence, when what `from` made `agoSeconds` ago by the clock of `here` is too old or too new there. */
export function skewFault(from: HostId, here: HostId, agoSeconds: number): string | undefined {
  if (Math.abs(agoSeconds) <= SIGNATURE_SKEW_SECONDS_MAX) return undefined;
  return `${clocksDiffer(from, here, agoSeconds)}; ${SIGNATURE_SKEW_SECONDS_MAX} s is the most. Set both clocks right.`;
}

function clocksDiffer(from: HostId, here: HostId, agoSeconds: number): string {
  const side = agoSeconds > 0 ? 'behind' : 'ahead of';
  return `The clock of host '${from}' is ${Math.abs(agoSeconds)} s ${side} that of host '${here}'`;
}

function baseOf(
  request: { readonly method: string; readonly target: string; readonly from: HostId; readonly to: HostId },
  digest: string,
  params: string,
): Uint8Array {
  const { path, query } = splitTarget(request.target);
  return signatureBase(
    [
      [METHOD, request.method],
      [PATH, path],
      [QUERY, query],
      [DIGEST, digest],
      [FROM, request.from],
      [TO, request.to],
    ],
    params,
  );
}

function hostField(received: ReceivedRequest, name: 'mesh-from' | 'mesh-to'): HostId | SignatureRefusal {
  const text = received.field(name);
  if (text === undefined) return refused('missing', `A signed request needs the header ${name}.`);
  const id = parseHostId(text);
  return id === text ? id : refused('malformed', `The header ${name} is not a host id.`);
}
