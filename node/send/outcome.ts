// What an SMTP dialogue came to: replies and errors of nodemailer, read as one of the outcomes that the queue knows. Pure.
// Codes are of RFC 5321 §4.2, enhanced ones of RFC 3463.
import type { RecipientAnswer, ShipmentErrorCode, ShipmentOutcome } from './mailer.ts';
import { printable } from './one-line.ts';

/** What nodemailer's errors carry. */
export interface SmtpError extends Error {
  readonly code?: string;
  readonly originalCode?: string;
  readonly response?: string;
  readonly responseCode?: number;
  readonly command?: string;
  readonly recipient?: string;
  readonly rejectedErrors?: readonly SmtpError[];
}

type NotSent = Extract<ShipmentOutcome, { readonly kind: 'not_sent' }>;

const ENHANCED = /^[245]\d\d[ -]([245]\.\d{1,3}\.\d{1,3})\b/;

function replyOf(error: SmtpError): Pick<NotSent, 'code' | 'enhanced' | 'reply'> {
  const enhanced = ENHANCED.exec(error.response ?? '')?.[1];
  return {
    reply: printable(error.response ?? error.message),
    ...(error.responseCode === undefined ? {} : { code: error.responseCode }),
    ...(enhanced === undefined ? {} : { enhanced }),
  };
}

/** Before anything of the message was said: connection, greeting, TLS, authentication. */
export function connectionFailure(error: SmtpError, tookMs: number): NotSent {
  const error_ = connectionError(error);
  const isRefused = (error.responseCode ?? 0) >= 500;
  const isCertain =
    error_ === 'auth_failed' || error_ === 'greeting_refused' ? isRefused : error_ === 'tls_not_offered';
  return {
    kind: 'not_sent',
    error: error_,
    class: isCertain ? 'permanent' : 'transient',
    scope: 'account',
    ...replyOf(error),
    tookMs,
  };
}

function connectionError(error: SmtpError): ShipmentErrorCode {
  if (error.code === 'EAUTH' || error.command?.startsWith('AUTH')) return 'auth_failed';
  if (error.command === 'STARTTLS') return 'tls_not_offered';
  if (error.code === 'ETLS') return /STARTTLS|upgrade/i.test(error.message) ? 'tls_not_offered' : 'tls_failed';
  if (/certificate|self.signed|altname|SSL|TLS|ERR_TLS/i.test(`${error.originalCode ?? ''} ${error.message}`))
    return 'tls_failed';
  if (error.responseCode !== undefined) return 'greeting_refused';
  if (error.code === 'ETIMEDOUT') return /greeting/i.test(error.message) ? 'server_timeout' : 'connect_timeout';
  if (error.code === 'EPROTOCOL') return 'protocol_error';
  if (error.originalCode !== undefined || error.code === 'ESOCKET' || error.code === 'EDNS') return 'connect_failed';
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
  const isPermanent = code >= 500;
  if (code === 552 || /^5\.3\.4|^5\.2\.3/.test(rest.enhanced ?? ''))
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
export function refusalOf(address: string, error: SmtpError): RecipientAnswer {
  const { code = 450, reply, enhanced } = replyOf(error);
  return {
    address,
    verdict: code >= 500 ? 'refused' : 'deferred',
    code,
    reply,
    ...(enhanced === undefined ? {} : { enhanced }),
  };
}
