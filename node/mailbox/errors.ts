// What is refused at `/v0`, in the words of AgentMail's clients: each code has one status and one name.
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type ErrorCode, MeshError } from '../../mesh/errors.ts';

export type MailboxCode =
  | 'validation_error'
  | 'missing_authorization'
  | 'unknown_api_key'
  | 'domain_not_verified'
  | 'payload_too_large'
  | 'limit_exceeded'
  | 'missing_permission'
  | 'permission_escalation'
  | 'unrestricted_key_required'
  | 'cannot_delete'
  | 'forbidden'
  | 'message_rejected'
  | 'resource_taken'
  | 'not_found'
  | 'not_implemented'
  | 'conflict'
  | 'race_condition'
  | 'unprocessable'
  | 'query_range_too_wide'
  | 'misdirected'
  | 'rate_limit_exceeded'
  | 'service_unavailable'
  | 'internal_error';

const ANSWERS: Readonly<Record<MailboxCode, readonly [status: ContentfulStatusCode, name: string]>> = {
  validation_error: [400, 'ValidationError'],
  missing_authorization: [401, 'UnauthorizedError'],
  unknown_api_key: [401, 'UnauthorizedError'],
  domain_not_verified: [403, 'ForbiddenError'],
  payload_too_large: [413, 'PayloadTooLargeError'],
  limit_exceeded: [403, 'ForbiddenError'],
  missing_permission: [403, 'ForbiddenError'],
  permission_escalation: [403, 'ForbiddenError'],
  unrestricted_key_required: [403, 'ForbiddenError'],
  cannot_delete: [403, 'ForbiddenError'],
  forbidden: [403, 'ForbiddenError'],
  message_rejected: [403, 'MessageRejectedError'],
  resource_taken: [403, 'IsTakenError'],
  not_found: [404, 'NotFoundError'],
  // Not 501: clients ask again by themselves after each 5xx.
  not_implemented: [404, 'NotFoundError'],
  conflict: [409, 'ConflictError'],
  race_condition: [409, 'ConflictError'],
  unprocessable: [422, 'UnprocessableError'],
  query_range_too_wide: [422, 'UnprocessableError'],
  misdirected: [421, 'MisdirectedError'],
  rate_limit_exceeded: [429, 'RateLimitError'],
  service_unavailable: [503, 'ServiceUnavailableError'],
  internal_error: [500, 'InternalError'],
};

/** Codes of the node that a client of `/v0` can meet; any other is a bug there. */
const OF_NODE: Partial<Record<ErrorCode, MailboxCode>> = {
  invalid_json: 'validation_error',
  invalid_request: 'validation_error',
  invalid_address: 'validation_error',
  unknown_field: 'validation_error',
  unsupported_media_type: 'validation_error',
  request_timeout: 'validation_error',
  unknown_event: 'validation_error',
  url_refused: 'validation_error',
  payload_too_large: 'validation_error',
  limit_exceeded: 'limit_exceeded',
  not_found: 'not_found',
  sender_not_owned: 'forbidden',
  conflict: 'resource_taken',
  rate_limited: 'rate_limit_exceeded',
  uniqueness_unavailable: 'service_unavailable',
  overloaded: 'service_unavailable',
  stopping: 'service_unavailable',
  store_failed: 'service_unavailable',
  store_full: 'service_unavailable',
};

/** When to ask again where nothing else is known. */
const RETRY_AFTER_SECONDS = 1;

interface MailboxErrorDetail {
  /** What the client can do about it. */
  readonly fix?: string;
  /** Each field that is wrong, by its path. */
  readonly errors?: readonly { readonly path: readonly (string | number)[]; readonly message: string }[];
  readonly retryAfterSeconds?: number | undefined;
  /** Further members of the body. */
  readonly extra?: Readonly<Record<string, string>>;
}

/** An expected failure of a request to `/v0`. `message` is a sentence. */
export class MailboxError extends Error {
  readonly code: MailboxCode;
  readonly detail: MailboxErrorDetail;

  constructor(code: MailboxCode, message: string, detail: MailboxErrorDetail = {}) {
    super(message);
    this.code = code;
    this.detail = detail;
  }
}

/** A field of a request that is wrong; `words` follow its name, without a full stop. */
export function wrongField(field: string, words: string): MailboxError {
  const errors = [{ path: pathOf(field), message: words }];
  return new MailboxError('validation_error', `'${field}' ${words}.`, { errors });
}

export const noSuch = (what: string): MailboxError => new MailboxError('not_found', `There is no such ${what}.`);

/** The failure as a client of `/v0` is told it; `undefined`: it is a bug. */
export function mailboxErrorOf(error: unknown): MailboxError | undefined {
  if (error instanceof MailboxError) return error;
  if (!(error instanceof MeshError)) return undefined;
  const code = OF_NODE[error.code];
  if (code === undefined) return undefined;
  const { field, message, retryAfterSeconds } = error;
  const errors = field === undefined ? [] : [{ path: pathOf(field), message: wordsAbout(field, message) }];
  return new MailboxError(code, message, { ...(code === 'validation_error' ? { errors } : {}), retryAfterSeconds });
}

const HEADERS = 'headers.';

/** Places of a list are numbers, which the node writes in brackets: `attachments[0].content`. A header may be called 7, or X.Y. */
function pathOf(field: string): readonly (string | number)[] {
  if (field.startsWith(HEADERS)) return ['headers', field.slice(HEADERS.length)];
  const steps = field.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  return steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** What a sentence says of the field with whose name it begins: the path names it already. */
function wordsAbout(field: string, sentence: string): string {
  const named = `'${field}' `;
  return sentence.startsWith(named) ? sentence.slice(named.length).replace(/\.$/, '') : sentence;
}

/** A 5xx says that nothing was done: clients ask again by themselves. */
export function mailboxAnswer({ code, message, detail }: MailboxError): Response {
  const { fix, errors, extra } = detail;
  const [status, name] = ANSWERS[code];
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  const retryAfterSeconds = detail.retryAfterSeconds ?? (status === 503 ? RETRY_AFTER_SECONDS : undefined);
  if (retryAfterSeconds !== undefined) headers['Retry-After'] = String(retryAfterSeconds);
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer';
  return new Response(JSON.stringify({ name, code, message, fix, errors, ...extra }), { status, headers });
}
