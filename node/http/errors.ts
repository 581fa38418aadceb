// Where codes meet HTTP, once: a code without a status does not compile. Every failure leaves in the same shape,
// `{"error","message","field"?,…}`; a bug is logged with its stack and answered without it.
import { STATUS_CODES } from 'node:http';
import type { Context, ErrorHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type ErrorCode, MeshError } from '../../mesh/errors.ts';
import type { Log } from '../log.ts';

/** The one status of each code. */
export const STATUS_OF = {
  invalid_json: 400,
  invalid_request: 400,
  invalid_address: 400,
  unknown_field: 400,
  unknown_event: 400,
  limit_exceeded: 400,
  url_refused: 400,
  unauthorized: 401,
  signature_refused: 401,
  forbidden: 403,
  forbidden_origin: 403,
  unlisted_host: 403,
  sender_not_owned: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  name_taken: 409,
  id_taken: 409,
  membership_mismatch: 409,
  sending_not_configured: 409,
  idempotency_mismatch: 409,
  not_cancellable: 409,
  not_resendable: 409,
  request_timeout: 408,
  gone: 410,
  payload_too_large: 413,
  expectation_failed: 417,
  headers_too_large: 431,
  unsupported_media_type: 415,
  unsupported_version: 400,
  rate_limited: 429,
  internal_error: 500,
  peer_silent: 502,
  peer_unintelligible: 502,
  peer_untrusted: 502,
  peer_refused: 502,
  clock_skew: 502,
  uniqueness_unavailable: 503,
  overloaded: 503,
  stopping: 503,
  store_failed: 503,
  store_full: 507,
} as const satisfies Record<ErrorCode, ContentfulStatusCode>;

/** A `MeshError` as it leaves: status, headers, and the one shape of an error body. */
export function errorAnswer(error: MeshError) {
  const headers: Record<string, string> = {};
  if (error.retryAfterSeconds !== undefined) headers['Retry-After'] = String(error.retryAfterSeconds);
  if (error.claimIds.length > 0) headers['Mesh-Claim-Id'] = error.claimIds.join(', ');
  if (error.code === 'unauthorized') headers['WWW-Authenticate'] = 'Bearer';
  const field = error.field === undefined ? {} : { field: error.field };
  const body = { error: error.code, message: error.message, ...field, ...error.extra };
  return { status: STATUS_OF[error.code], headers, body };
}

/** The answer on a socket that has no request to answer: a whole HTTP/1.1 response. */
export function rawErrorResponse(error: MeshError): string {
  const { status, headers, body } = errorAnswer(error);
  const json = JSON.stringify(body);
  const fields = Object.entries({ ...headers, 'Content-Type': 'application/json' }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields.join('')}`;
  return `${head}Content-Length: ${Buffer.byteLength(json)}\r\nConnection: close\r\n\r\n${json}`;
}

/** The answer to a `MeshError`. */
export function answerError(c: Context, error: MeshError): Response {
  const { status, headers, body } = errorAnswer(error);
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  return c.json(body, status);
}

/** The answer to a `MeshError` where no route was asked yet. */
export function errorResponse(error: MeshError): Response {
  const { status, headers, body } = errorAnswer(error);
  return new Response(JSON.stringify(body), { status, headers: { ...headers, 'Content-Type': 'application/json' } });
}

/** nginx's "client closed request". */
const CLIENT_LEFT = 499;

/** Hono's last resort: expected failures by their code, everything else as a logged 500. */
export function onError(log: Log): ErrorHandler {
  return (error, c) => {
    if (error instanceof MeshError) return answerError(c, error);
    if (c.req.raw.signal.aborted) {
      // Whoever asked has gone: nothing of ours failed, and nobody reads the answer.
      log.info('request.left', { method: c.req.method, path: c.req.path });
      return new Response(null, { status: CLIENT_LEFT });
    }
    return answerError(c, failedRequest(log, c.req, error));
  };
}

/** A bug: its stack goes to the log, and what is returned to who asked. */
export function failedRequest(
  log: Log,
  { method, path }: { readonly method: string; readonly path: string },
  error: Error,
): MeshError {
  log.error('request.failed', { method, path, error: error.message, stack: error.stack });
  return new MeshError('internal_error', 'The node failed on this request; its log says why.');
}
