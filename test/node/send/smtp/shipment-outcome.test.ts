import { describe, expect, it } from 'vitest';
import { answered, connectFailed, notSent, sendFailed } from '../../../../node/send/smtp/shipment-outcome.ts';
import type { SmtpError } from '../../../../node/send/smtp/smtp-errors.ts';

/** As the queue names them, and as the envelope does. */
const ANN = { asked: 'ann@köln.example', address: 'ann@xn--kln-sna.example' };
const BOB = { asked: 'bob@x.com', address: 'bob@x.com' };
const TO = [ANN, BOB];

const errorOf = (message: string, parts: Partial<SmtpError> = {}): SmtpError =>
  Object.assign(new Error(message), parts);
/** A server's answer of that code. */
const said = (code: number, text: string, parts: Partial<SmtpError> = {}) =>
  errorOf(`Refused: ${code} ${text}`, { responseCode: code, response: `${code} ${text}`, ...parts });

const STOPPED = errorOf('The node stops.', { code: 'EINTERRUPTED' });
const TOO_LATE = errorOf('The attempt took too long.', { code: 'ETIMEDOUT' });
const HUNG_UP = errorOf('Connection closed', { code: 'ECONNECTION' });

describe('a shipment without a connection', () => {
  it.each([
    ['what failed', HUNG_UP, undefined, 'connection_lost', 'transient', 'Connection closed'],
    [
      'a login refused for good',
      said(535, 'no', { command: 'AUTH PLAIN' }),
      undefined,
      'auth_failed',
      'permanent',
      '535 no',
    ],
    ['a stop', HUNG_UP, STOPPED, 'interrupted', 'transient', 'The node stops.'],
    ['a stop that the connection failed of itself', STOPPED, undefined, 'interrupted', 'transient', 'The node stops.'],
    ['a deadline', said(535, 'no'), TOO_LATE, 'server_timeout', 'transient', 'The attempt took too long.'],
    [
      'a token that could not be had',
      errorOf('No token', { code: 'ETOKEN' }),
      undefined,
      'token_failed',
      'transient',
      'No token',
    ],
    [
      'a token that was refused with a code of its own',
      said(535, 'no', { code: 'ETOKEN' }),
      undefined,
      'token_failed',
      'transient',
      '535 no',
    ],
    ['a deadline that has no code', HUNG_UP, errorOf('Too late'), 'server_timeout', 'transient', 'Too late'],
  ] as const)('tells of %s', (_, error, cause, name, kind, reply) => {
    const told = { kind: 'not_sent', error: name, class: kind, scope: 'account', reply, tookMs: 5 };
    expect(connectFailed(error, cause, 5)).toMatchObject(told);
  });

  it('is not sent, for what the caller says', () => {
    expect(notSent('smtputf8_unsupported', 'account', 'No SMTPUTF8', 5)).toEqual({
      kind: 'not_sent',
      error: 'smtputf8_unsupported',
      class: 'permanent',
      scope: 'account',
      reply: 'No SMTPUTF8',
      tookMs: 5,
    });
  });
});

describe('a dialogue that failed', () => {
  const failed = (error: SmtpError, { isUnknown = false, cause = undefined as SmtpError | undefined } = {}) =>
    sendFailed({ error, isUnknown }, TO, cause, 5);

  it.each([
    ['in one printable line', errorOf('Lost\r\nit'), undefined, 'Lost it'],
    ['by why this node cut it', HUNG_UP, STOPPED, 'The node stops.'],
    ['by what the server said, whatever this node did', said(451, 'later'), STOPPED, 'Refused: 451 later'],
  ])('after the final dot is unknown, told %s', (_, error, cause, reply) => {
    expect(failed(error, { isUnknown: true, cause })).toEqual({ kind: 'unknown', reply, tookMs: 5 });
  });

  it('over its recipients is an answer about each', () => {
    const rejectedErrors = [
      said(550, '5.1.1 nobody', { recipient: ANN.address }),
      said(450, '4.2.1 later', { recipient: BOB.address }),
      said(550, 'who?', { recipient: 'stranger@x.com' }),
    ];
    expect(failed(said(550, 'none', { command: 'RCPT TO', rejectedErrors }))).toEqual({
      kind: 'answered',
      answers: [
        { address: ANN.asked, verdict: 'refused', code: 550, enhanced: '5.1.1', reply: '550 5.1.1 nobody' },
        { address: BOB.asked, verdict: 'deferred', code: 450, enhanced: '4.2.1', reply: '450 4.2.1 later' },
      ],
      tookMs: 5,
    });
  });

  const rejectedErrors = [said(550, 'nobody', { recipient: BOB.address })];
  it.each([
    ['a server that closes', said(421, 'bye', { command: 'RCPT TO', rejectedErrors }), 'connection_lost', 'account'],
    ['another command', said(550, 'no', { command: 'MAIL FROM', rejectedErrors }), 'sender_refused', 'account'],
    ['no word about anybody', errorOf('Odd', { command: 'RCPT TO', rejectedErrors: [] }), 'connection_lost', 'account'],
    ['no list of anybody', errorOf('Odd', { command: 'RCPT TO' }), 'connection_lost', 'account'],
    ['a message too large', said(552, 'large', { command: 'DATA' }), 'message_too_large', 'message'],
    ['an attachment that went', errorOf('Gone\r\n', { code: 'ECOMPOSE' }), 'attachment_missing', 'message'],
    ['a stop', STOPPED, 'interrupted', 'account'],
    ['silence', TOO_LATE, 'server_timeout', 'account'],
  ] as const)('by %s is not sent', (_, error, name, scope) => {
    expect(failed(error)).toMatchObject({ kind: 'not_sent', error: name, scope, tookMs: 5 });
  });

  it.each([
    ['for good when an attachment went', errorOf('Gone\r\n', { code: 'ECOMPOSE' }), 'permanent', 'Gone'],
    ['for now when it was stopped', STOPPED, 'transient', 'The node stops.'],
  ])('is not sent %s', (_, error, kind, reply) => {
    expect(failed(error)).toMatchObject({ kind: 'not_sent', class: kind, reply });
  });

  it.each([
    [
      'refused',
      said(554, '5.7.1 spam', { command: 'DATA' }),
      { code: 554, enhanced: '5.7.1', reply: '554 5.7.1 spam' },
    ],
    ['deferred', said(451, 'later', { command: 'DATA' }), { code: 451, reply: '451 later' }],
  ])('over the message as a whole leaves everybody %s', (verdict, error, told) => {
    expect(failed(error)).toEqual({
      kind: 'answered',
      answers: TO.map(({ asked }) => ({ address: asked, verdict, ...told })),
      tookMs: 5,
    });
  });
});

describe('a message that was taken', () => {
  const taken = (accepted: readonly string[], rejected: readonly SmtpError[] = [], response = '250 2.0.0 Ok\r\n') =>
    answered(TO, { accepted, rejected, response }, 5);
  const yes = (address: string, code = 250, reply = '250 2.0.0 Ok') => ({ address, verdict: 'accepted', code, reply });

  it('is taken for everybody', () => {
    const answers = [yes(ANN.asked), yes(BOB.asked)];
    expect(taken([ANN.address, BOB.address])).toEqual({ kind: 'answered', answers, tookMs: 5 });
  });

  it('is taken for some, and refused for others', () => {
    expect(taken([ANN.address], [said(550, 'no', { recipient: BOB.address })])).toEqual({
      kind: 'answered',
      answers: [{ address: BOB.asked, verdict: 'refused', code: 550, reply: '550 no' }, yes(ANN.asked)],
      tookMs: 5,
    });
  });

  it.each([
    ['251 forwarded', 251, '251 forwarded'],
    ['Ok', 250, 'Ok'],
  ])('keeps what the server said: %s', (response, code, reply) => {
    expect(taken([ANN.address, BOB.address], [], response)).toMatchObject({
      answers: [yes(ANN.asked, code, reply), yes(BOB.asked, code, reply)],
    });
  });

  it.each([
    ['loses one', [ANN.address], [], 1],
    ['names one twice', [ANN.address, ANN.address], [], 2],
    ['names a stranger in place of one', [ANN.address, 'stranger@x.com'], [], 1],
    ['both takes and refuses one', [ANN.address, BOB.address], [said(550, 'no', { recipient: BOB.address })], 3],
  ] as [string, string[], SmtpError[], number][])('is in doubt when the answer %s', (_, accepted, rejected, count) => {
    const reply = `The server answered about ${count} of 2 recipients.`;
    expect(taken(accepted, rejected)).toEqual({ kind: 'unknown', reply, tookMs: 5 });
  });
});
