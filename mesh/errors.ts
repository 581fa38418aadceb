// The closed set of what can go wrong on purpose. A refusal is the caller's to mend, an outage is the world's and is retried
// by policy; anything else that is thrown is a bug. `node/http/errors.ts` gives each code its one HTTP status.

/** The caller's: the request can't be done as it stands. */
type RefusalCode =
  | 'invalid_json'
  | 'invalid_request'
  | 'invalid_address'
  | 'unknown_field'
  | 'unknown_event'
  | 'limit_exceeded'
  | 'url_refused'
  | 'unauthorized'
  | 'forbidden_origin'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'name_taken'
  | 'id_taken'
  | 'sending_not_configured'
  | 'sender_not_owned'
  | 'idempotency_mismatch'
  | 'not_cancellable'
  | 'not_resendable'
  | 'payload_too_large'
  | 'headers_too_large'
  | 'request_timeout'
  | 'expectation_failed'
  | 'unsupported_media_type'
  | 'unsupported_version'
  | 'signature_refused'
  | 'unlisted_host'
  | 'membership_mismatch';

/** The world's: it may succeed later. */
type OutageCode =
  | 'uniqueness_unavailable'
  | 'overloaded'
  | 'rate_limited'
  | 'stopping'
  | 'store_failed'
  | 'store_full'
  | 'peer_silent'
  | 'peer_unintelligible'
  | 'peer_untrusted'
  | 'peer_refused'
  | 'clock_skew'
  | 'internal_error';

export type ErrorCode = RefusalCode | OutageCode;

export interface MeshErrorDetail {
  /** JSON path of the offending field, e.g. `addresses[2].displayName`. */
  readonly field?: string;
  /** Further members of the error body, shown to the client as they are: never a secret. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Seconds after which a retry makes sense; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** The claims that the answer is about; becomes `Mesh-Claim-Id`. */
  readonly claimIds?: readonly string[];
  readonly cause?: unknown;
}

/** An expected failure. `message` is a sentence that says what was wrong, where, and what would be right. */
export class MeshError extends Error {
  override readonly name = 'MeshError';
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;
  readonly claimIds: readonly string[];

  constructor(code: ErrorCode, message: string, detail: MeshErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.field = detail.field;
    this.extra = detail.extra ?? {};
    this.retryAfterSeconds = detail.retryAfterSeconds;
    this.claimIds = detail.claimIds ?? [];
  }
}

/** For who takes a refusal or an outage for a result: it, and nothing else. Rethrows a bug. */
export function refusalOf(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  throw error;
}
