// What an error of nodemailer means, by the reply in it: for a recipient, for the message, for the account.
import { describe, expect, it } from 'vitest';
import {
  connectionFailure,
  messageFailure,
  recipientRefusal,
  type SmtpError,
} from '../../../../node/send/smtp/smtp-errors.ts';

const MS = 7;

function error(parts: Omit<Partial<SmtpError>, 'message'> = {}): SmtpError {
  const code = parts.response === undefined ? {} : { responseCode: Number(parts.response.slice(0, 3)) };
  return Object.assign(new Error('It failed.'), code, parts);
}

describe('what a server says of a recipient', () => {
  it.each([
    ['450 mailbox busy', 'deferred'],
    ['421 closing', 'deferred'],
    ['452 4.5.3 too many recipients', 'deferred'],
    ['550 no such user', 'refused'],
    ['550 5.1.1 no such user', 'refused'],
    ['551 user not local', 'refused'],
    ['553 not allowed', 'refused'],
    // "Exceeded storage allocation": the mailbox is full, and may be emptied.
    ['552 mailbox full', 'deferred'],
    ['552 5.2.2 over quota', 'deferred'],
    ['552 5.3.4 message too big', 'refused'],
    ['550 the quota is exceeded', 'deferred'],
    ['554 mailbox is full', 'deferred'],
    // The enhanced code decides, where there is one.
    ['550 4.2.1 disabled for now', 'deferred'],
    ['450 5.1.1 no such user', 'refused'],
    ['550 5.2.2 over quota', 'deferred'],
    ['550 5.5.3 too many recipients', 'deferred'],
    ['550-5.1.1 no such\r\n550 5.1.1 user', 'refused'],
  ])("'%s': %s", (response, verdict) => {
    expect(recipientRefusal('bob@x.com', error({ response })).verdict).toBe(verdict);
  });

  it('is kept as its code, its enhanced code and one line', () => {
    expect(recipientRefusal('bob@x.com', error({ response: '550 5.1.1 no such\r\n user' }))).toEqual({
      address: 'bob@x.com',
      verdict: 'refused',
      code: 550,
      enhanced: '5.1.1',
      reply: '550 5.1.1 no such  user',
    });
  });

  it('is deferred when nothing was said', () => {
    expect(recipientRefusal('bob@x.com', error())).toEqual({
      address: 'bob@x.com',
      verdict: 'deferred',
      code: 450,
      reply: 'It failed.',
    });
  });
});

describe('a connection that was refused', () => {
  it.each<readonly [parts: Parameters<typeof error>[0], name: string, kind: 'transient' | 'permanent']>([
    [{ response: '554 no service here', command: 'CONN' }, 'greeting_refused', 'permanent'],
    [{ response: '450 not now', command: 'EHLO' }, 'greeting_refused', 'transient'],
    [{ response: '454 no TLS now', command: 'STARTTLS' }, 'tls_not_offered', 'transient'],
    [{ response: '502 what', command: 'STARTTLS' }, 'tls_not_offered', 'permanent'],
    [{ response: '421 closing', command: 'STARTTLS' }, 'connection_lost', 'transient'],
    [{ response: '535 5.7.8 wrong', command: 'AUTH PLAIN' }, 'auth_failed', 'permanent'],
    [{ response: '454 4.7.0 busy', command: 'AUTH LOGIN' }, 'auth_failed', 'transient'],
    [{ response: '421 4.7.0 closing', command: 'AUTH PLAIN' }, 'connection_lost', 'transient'],
    [{ code: 'EAUTH' }, 'auth_failed', 'transient'],
    [{ code: 'ETLS' }, 'tls_failed', 'transient'],
    [{ code: 'ESOCKET', originalCode: 'CERT_HAS_EXPIRED' }, 'tls_failed', 'transient'],
    [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'tls_failed', 'transient'],
    [{ code: 'ETIMEDOUT', timeoutType: 'CONNECT_TIMEOUT' }, 'connect_timeout', 'transient'],
    [{ code: 'ETIMEDOUT' }, 'server_timeout', 'transient'],
    [{ code: 'EPROTOCOL' }, 'protocol_error', 'transient'],
    [{ code: 'ESOCKET', originalCode: 'ECONNREFUSED' }, 'connect_failed', 'transient'],
    [{ code: 'EDNS' }, 'connect_failed', 'transient'],
    [{ code: 'ECONNECTION' }, 'connection_lost', 'transient'],
  ])('by %j is %s, %s, and always of the account', (parts, name, kind) => {
    expect(connectionFailure(error(parts), MS)).toMatchObject({
      kind: 'not_sent',
      error: name,
      class: kind,
      scope: 'account',
      tookMs: MS,
    });
  });
});

describe('a message of which nothing was taken', () => {
  it.each<
    readonly [
      parts: Parameters<typeof error>[0],
      name: string,
      kind: 'transient' | 'permanent',
      scope: 'account' | 'message',
    ]
  >([
    [{ response: '550 5.7.1 not you', command: 'MAIL FROM' }, 'sender_refused', 'permanent', 'account'],
    [{ response: '451 later', command: 'MAIL FROM' }, 'sender_refused', 'transient', 'account'],
    [{ response: '554 spam', command: 'DATA' }, 'message_refused', 'permanent', 'message'],
    [{ response: '451 4.7.1 greylisted', command: 'DATA' }, 'message_refused', 'transient', 'message'],
    [{ response: '552 5.3.4 too big', command: 'MAIL FROM' }, 'message_too_large', 'permanent', 'message'],
    [{ response: '552 5.2.3 too big', command: 'DATA' }, 'message_too_large', 'permanent', 'message'],
    [{ response: '552 too big', command: 'MAIL FROM' }, 'message_too_large', 'permanent', 'message'],
    // Full, not too large: it may be taken later.
    [{ response: '552 over quota', command: 'DATA' }, 'message_refused', 'transient', 'message'],
    [{ code: 'EMESSAGE' }, 'message_too_large', 'permanent', 'message'],
    [{ code: 'EENVELOPE', command: 'API' }, 'compose_failed', 'permanent', 'message'],
    [{ response: '421 closing', command: 'DATA' }, 'connection_lost', 'transient', 'account'],
    [{ code: 'ETIMEDOUT' }, 'server_timeout', 'transient', 'account'],
    [{ code: 'EPROTOCOL' }, 'protocol_error', 'transient', 'account'],
    [{ code: 'ECONNECTION' }, 'connection_lost', 'transient', 'account'],
  ])('by %j is %s, %s, of the %s', (parts, name, kind, scope) => {
    expect(messageFailure(error(parts), MS)).toMatchObject({ kind: 'not_sent', error: name, class: kind, scope });
  });
});
