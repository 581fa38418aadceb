// Every failure that is expected, as a closed set of codes. A refusal is for the caller to mend. An outage is for the world to end, and is
// retried by policy. Anything else that is thrown is a bug. node/http/errors.ts gives each code its one HTTP status.

/** Refusals: the request can't be done as it stands. */
type RefusalCode =
  | 'invalid_json'
  | 'invalid_request'
  | 'invalid_address'
  | 'unknown_field'
  | 'unknown_event'
  | 'limit_exceeded'
  | 'url_refused'
  | 'unauthorized'
  | 'forbidden'
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
  | 'gone'
  | 'payload_too_large'
  | 'headers_too_large'
  | 'request_timeout'
  | 'expectation_failed'
  | 'unsupported_media_type'
  | 'unsupported_version'
  | 'signature_refused'
  | 'unlisted_host'
  | 'membership_mismatch';

/** Outages: the same request may succeed later. */
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

/** What may be said beside a code and a sentence. */
export interface MeshErrorDetail {
  /** JSON path of the offending field, e.g. `addresses[2].displayName`. */
  readonly field?: string;
  /** Further members of the error body. The client sees them as they are, so they hold no secret. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Seconds after which a retry makes sense, sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** The claims that the answer is about, sent as `Mesh-Claim-Id`. */
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

  /** This failure in other words, with nothing but what a client is shown beside them. */
  reworded(message: string): MeshError {
    return new MeshError(this.code, message, { extra: this.extra, cause: this.cause });
  }
}

/** The refusal or outage that `error` is, for callers that take such a failure for a result. Throws anything else again: it is a bug. */
export function refusalOf(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  throw error;
}
