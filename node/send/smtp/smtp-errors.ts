// Reads the errors of nodemailer, which hold what a server replied, as outcomes that the queue knows. Pure. What the codes of a reply mean
// is in reply-codes.ts.

import { printable } from '../header-text.ts';
import type { RecipientAnswer, ShipmentErrorCode, ShipmentOutcome } from '../mailer.ts';
import { isTemporary, isTemporaryOfRecipient, isTooLarge, type Reply } from '../reply-codes.ts';

/** The members of nodemailer's errors that are used here. */
export interface SmtpError extends Error {
  readonly code?: string;
  readonly originalCode?: string;
  readonly response?: string;
  readonly responseCode?: number;
  readonly command?: string;
  /** What took too long when `code` is `ETIMEDOUT`: connecting, the greeting, securing, or silence in between. */
  readonly timeoutType?: string;
  readonly recipient?: string;
  readonly rejectedErrors?: readonly SmtpError[];
}

type NotSent = Extract<ShipmentOutcome, { readonly kind: 'not_sent' }>;

const ENHANCED = /^[245]\d\d[ -]([245]\.\d{1,3}\.\d{1,3})\b/;

function replyOf(error: SmtpError): Reply {
  const enhanced = ENHANCED.exec(error.response ?? '')?.[1];
  return {
    reply: printable(error.response ?? error.message),
    ...(error.responseCode === undefined ? {} : { code: error.responseCode }),
    ...(enhanced === undefined ? {} : { enhanced }),
  };
}

/** The outcome of a failure before the message was mentioned: at the connection, the greeting, TLS or the login. */
export function connectionFailure(error: SmtpError, tookMs: number): NotSent {
  const said = replyOf(error);
  const name = said.code === undefined ? lineError(error) : refusalError(error, said.code);
  const isCertain = said.code !== undefined && !isTemporary(said);
  return {
    kind: 'not_sent',
    error: name,
    class: isCertain ? 'permanent' : 'transient',
    scope: 'account',
    ...said,
    tookMs,
  };
}

/** Names what the server refused. The command tells it; the words of the answer do not. */
function refusalError({ command = '' }: SmtpError, code: number): ShipmentErrorCode {
  if (command === 'STARTTLS') return code === 421 ? 'connection_lost' : 'tls_not_offered';
  if (command.startsWith('AUTH')) return code === 421 ? 'connection_lost' : 'auth_failed';
  return 'greeting_refused';
}

/** Codes of Node and OpenSSL for what is wrong with a certificate, or with TLS itself. */
const TLS_CODES =
  /^(?:ERR_(?:SSL|TLS|OSSL)_|EPROTO$|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_|INVALID_|PATH_LENGTH_|HOSTNAME_MISMATCH$)/;

/** Names a failure of the connection, when the server said nothing or nothing that is an answer. */
function lineError({ code, originalCode = '', timeoutType }: SmtpError): ShipmentErrorCode {
  if (code === 'EAUTH') return 'auth_failed';
  if (code === 'ETLS' || TLS_CODES.test(originalCode) || TLS_CODES.test(code ?? '')) return 'tls_failed';
  if (code === 'ETIMEDOUT') return timeoutType === 'CONNECT_TIMEOUT' ? 'connect_timeout' : 'server_timeout';
  if (code === 'EPROTOCOL') return 'protocol_error';
  if (originalCode !== '' || code === 'ESOCKET' || code === 'EDNS') return 'connect_failed';
  return 'connection_lost';
}

/**
 * After `MAIL FROM`, when the server took nothing. A reply to `MAIL FROM` is about the account, one to `DATA` about the message;
 * what the library itself would not write is the message's fault, and never the server's.
 */
export function messageFailure(error: SmtpError, tookMs: number): NotSent {
  const code = error.responseCode;
  const rest = { ...replyOf(error), tookMs };
  if (error.code === 'EENVELOPE' && error.command === 'API')
    return { kind: 'not_sent', error: 'compose_failed', class: 'permanent', scope: 'message', ...rest };
  if (error.code === 'EMESSAGE' && code === undefined)
    return { kind: 'not_sent', error: 'message_too_large', class: 'permanent', scope: 'message', ...rest };
  if (code === undefined || code === 421) {
    const isLate = error.code === 'ETIMEDOUT';
    const name = isLate ? 'server_timeout' : error.code === 'EPROTOCOL' ? 'protocol_error' : 'connection_lost';
    return { kind: 'not_sent', error: name, class: 'transient', scope: 'account', ...rest };
  }
  const isPermanent = !isTemporary(rest);
  if (isPermanent && isTooLarge(rest))
    return { kind: 'not_sent', error: 'message_too_large', class: 'permanent', scope: 'message', ...rest };
  const isSender = error.command === 'MAIL FROM';
  return {
    kind: 'not_sent',
    error: isSender ? 'sender_refused' : 'message_refused',
    class: isPermanent ? 'permanent' : 'transient',
    scope: isSender ? 'account' : 'message',
    ...rest,
  };
}

/** What the server said of one recipient it did not take. */
export function recipientRefusal(address: string, error: SmtpError): RecipientAnswer {
  const said = replyOf(error);
  const { code = 450, reply, enhanced } = said;
  return {
    address,
    verdict: isTemporaryOfRecipient({ ...said, code }) ? 'deferred' : 'refused',
    code,
    reply,
    ...(enhanced === undefined ? {} : { enhanced }),
  };
}
