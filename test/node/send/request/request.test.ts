// What may be asked for: everything that a message needs, and nothing that turns it against its owner.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { validate } from '../../../../node/http/input.ts';
import { SpooledContent } from '../../../../node/send/attachments/blob-store.ts';
import {
  BODY_BYTES_MAX,
  parseSendRequest,
  type SendRequest,
  sendRequest,
} from '../../../../node/send/request/request.ts';
import security from '../../../data/send-security.json' with { type: 'json' };
import { cpuMsOf } from '../../../support/cpu-time.ts';

const NOW = Date.parse('2026-01-27T12:00:00Z');
const BLOB = 'a'.repeat(64);

function parse(parts: Record<string, unknown>, internalDomains: readonly string[] = []): SendRequest {
  const value = validate(sendRequest, { to: 'bob@mail.example.com', subject: 'Hello', body: 'Hi', ...parts });
  return parseSendRequest(value, { internalDomains, nowMs: NOW, bytesOf: (blob) => (blob === BLOB ? 10 : undefined) });
}

function refusal(parts: Record<string, unknown>): MeshError {
  try {
    parse(parts);
  } catch (error) {
    if (error instanceof MeshError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

describe('recipients', () => {
  it('are strings, names with addresses, objects, or lists of them', () => {
    const { to, cc, bcc } = parse({
      to: ['Bob <bob@mail.example.com>', { name: 'Ann', address: 'ann@mail.example.com' }],
      cc: 'cid@mail.example.com',
    });
    expect(to).toEqual([
      { name: 'Bob', address: 'bob@mail.example.com' },
      { name: 'Ann', address: 'ann@mail.example.com' },
    ]);
    expect([cc, bcc]).toEqual([[{ name: '', address: 'cid@mail.example.com' }], []]);
  });

  it('are each asked once, in the first place they are named', () => {
    const { to, cc, bcc } = parse({
      to: 'bob@mail.example.com',
      cc: ['BOB@MAIL.example.com', 'bob@mail.example.com'],
      bcc: 'bob@mail.example.com',
    });
    expect([to.length, cc.map(({ address }) => address), bcc]).toEqual([1, ['BOB@mail.example.com'], []]);
  });

  it.each([
    ['to', 'nobody', 'to', 'invalid_address'],
    ['to', ['bob@mail.example.com', 'a@b@c'], 'to[1]', 'invalid_address'],
    ['to', 'a@mail.example.com, b@mail.example.com', 'to', 'invalid_address'],
    ['cc', [{ address: 'x' }], 'cc[0].address', 'invalid_address'],
    ['to', 'bob@localhost', 'to', 'invalid_address'],
    ['to', '"a>b"@mail.example.com', 'to', 'invalid_address'],
    ['to', ['bob@mail.example.com', '"a<b"@mail.example.com'], 'to[1]', 'invalid_address'],
    ['cc', { name: 'x', address: '"<>"@mail.example.com' }, 'cc.address', 'invalid_address'],
    ['bcc', ['"ä>b"@mail.example.com'], 'bcc[0]', 'invalid_address'],
    ['replyTo', 'Ann <"a>b"@mail.example.com>', 'replyTo', 'invalid_address'],
    ['from', '"a>b"@mail.example.com', 'from', 'invalid_address'],
    ['to', 'bot@[192.0.2.1]', 'to', 'invalid_address'],
    ['to', 'bob@printer.local', 'to', 'invalid_address'],
    ['to', [], 'to', 'invalid_request'],
    ['to', { path: '/etc/passwd' }, 'to', 'invalid_request'],
    ['to', Array.from({ length: 101 }, (_, at) => `a${at}@mail.example.com`), 'to', 'invalid_request'],
  ])('%s: %j is refused at %s', (field, value, at, code) => {
    expect(refusal({ [field]: value })).toMatchObject({ field: at, code });
  });

  it('may be in a special-use domain that the operator calls a mail domain', () => {
    expect(parse({ to: 'bob@printer.corp.local' }, ['corp.local']).to[0]?.address).toBe('bob@printer.corp.local');
  });
});

describe('attachments', () => {
  it('are contents that were put away, or blobs', () => {
    const content = new SpooledContent({ blob: 'b'.repeat(64), bytes: 3 });
    const { attachments } = parse({
      attachments: [
        { filename: 'a.txt', content },
        { filename: 'b.txt', blob: BLOB, contentType: 'text/plain' },
      ],
    });
    expect(attachments).toEqual([
      { filename: 'a.txt', blob: 'b'.repeat(64), bytes: 3 },
      { filename: 'b.txt', blob: BLOB, bytes: 10, contentType: 'text/plain' },
    ]);
  });

  it.each([
    ['/etc/passwd'],
    ['file:///etc/passwd'],
    [{ path: '/etc/passwd' }],
    [{ filename: 'x', path: '/etc/passwd' }],
    [{ filename: 'x', href: 'http://127.0.0.1/' }],
    [{ filename: 'x', content: { path: '/etc/passwd' } }],
    [{ filename: 'x', content: '/etc/passwd' }],
    [{ filename: 'x', raw: 'x', blob: BLOB }],
    [{ filename: 'x', blob: '../../etc/passwd' }],
    [{ filename: 'x', blob: 'f'.repeat(64) }],
    [{ filename: 'x' }],
    [{ filename: 'x', blob: BLOB, encoding: 'base64' }],
    [{ filename: 'x', blob: BLOB, cid: 'x' }],
    [{ filename: 'a\r\nX: 1', blob: BLOB }],
    [{ filename: 'x', blob: BLOB, contentType: 'text/html\r\nX: 1' }],
    [{ filename: 'x', blob: BLOB, contentType: 'text/html; charset=x' }],
    [{ filename: 'x', blob: BLOB, contentType: 'message/rfc822' }],
    [{ filename: 'x', blob: BLOB, contentType: 'Multipart/mixed' }],
  ])('%j is refused', (attachment) => {
    expect(refusal({ attachments: [attachment] }).field).toMatch(/^attachments\[0\]/);
  });
});

describe('headers', () => {
  it('of the list may be set, in any case', () => {
    expect(parse({ headers: { 'x-trace': '1', 'list-unsubscribe': '<mailto:a@b.example.com>' } }).headers).toEqual([
      ['x-trace', '1'],
      ['List-Unsubscribe', '<mailto:a@b.example.com>'],
    ]);
  });

  it.each([
    'Bcc',
    'to',
    'FROM',
    'Sender',
    'Date',
    'Message-ID',
    'Received',
    'Return-Path',
    'DKIM-Signature',
    'Content-Type',
    'MIME-Version',
    'Resent-To',
    'X-Original-To',
    'X',
    'X Y',
    'X:Y',
    '',
  ])('%j may not', (name) => expect(refusal({ headers: { [name]: 'x' } }).field).toMatch(/^headers/));
});

describe('the message that is answered', () => {
  it.each(['<a@b>', '<PH0PR11MB@[2001:db8::1]>', '<no-at>', '<AM..0@a_b.prod.outlook.com>', '<a@b@c>'])(
    'is quoted as it is: %s',
    (id) => expect(parse({ inReplyTo: id, references: [id] }).references).toEqual([id]),
  );

  it.each(['a@b', '<>', '<a b@c>', '<a><b>', '<ä@b>'])('is none: %s', (id) => {
    expect(refusal({ inReplyTo: id })).toMatchObject({ field: 'inReplyTo' });
  });
});

describe('everything that must stay on one line', () => {
  const fields: readonly (readonly [string, (text: string) => Record<string, unknown>])[] = [
    ['subject', (text) => ({ subject: `a${text}` })],
    ['from.name', (text) => ({ from: { name: `a${text}`, address: 'a@mail.example.com' } })],
    ['from.address', (text) => ({ from: { address: `a@mail.example.com${text}` } })],
    ['from(string)', (text) => ({ from: `a@mail.example.com${text}` })],
    ['to.name', (text) => ({ to: [{ name: `a${text}`, address: 'a@mail.example.com' }] })],
    ['to(string)', (text) => ({ to: `Bob${text} <bob@mail.example.com>` })],
    ['to.address', (text) => ({ to: { address: `bob@mail.example.com${text}` } })],
    ['inReplyTo', (text) => ({ inReplyTo: `<a@b.example.com>${text}` })],
    ['references', (text) => ({ references: [`<a@b.example.com>${text}`] })],
    ['header value', (text) => ({ headers: { 'X-A': `a${text}` } })],
    ['header key', (text) => ({ headers: { [`X-A${text}`]: 'a' } })],
    ['prepared header value', (text) => ({ headers: { 'X-A': { prepared: true, value: `a${text}` } } })],
    ['attachment filename', (text) => ({ attachments: [{ filename: `a${text}`, blob: BLOB }] })],
    [
      'attachment contentType',
      (text) => ({ attachments: [{ filename: 'a', blob: BLOB, contentType: `text/plain${text}` }] }),
    ],
    ['attachment cid', (text) => ({ attachments: [{ filename: 'a', blob: BLOB, cid: `a${text}` }] })],
    ['attachment header value', (text) => ({ attachments: [{ filename: 'a', blob: BLOB, headers: { 'X-A': text } }] })],
    ['replyTo', (text) => ({ replyTo: `bob@mail.example.com${text}` })],
    ['idempotencyKey', (text) => ({ idempotencyKey: `a${text}` })],
    ['agentId', (text) => ({ agentId: `a${text}` })],
    // What nodemailer knows and a caller may not say at all.
    ['messageId', (text) => ({ messageId: `<a@b>${text}` })],
    ['list comment/url', (text) => ({ list: { help: `a${text}` } })],
    ['envelope.to', (text) => ({ envelope: { to: `a@b.example.com${text}` } })],
    ['envelope.from', (text) => ({ envelope: { from: `a@b.example.com${text}` } })],
    ['envelope.size', (text) => ({ envelope: { size: text } })],
    ['dsn id/recipient', (text) => ({ dsn: { id: text } })],
    ['priority', (text) => ({ priority: `high${text}` })],
    ['date', (text) => ({ date: text })],
    ['encoding', (text) => ({ encoding: text })],
    ['sender', (text) => ({ sender: text })],
    ['icalEvent.method', (text) => ({ icalEvent: { method: text } })],
  ];

  it('is tried with every field of the list of cases', () => {
    const tried = new Set(fields.map(([name]) => name));
    expect(security.fields.filter((field) => !tried.has(field))).toEqual([]);
  });

  describe.each(fields)('%s', (_, build) => {
    it.each([...Object.entries(security.payloads), ['NUL', '\0'], ['DEL', '\x7f'], ['half a pair', '\ud800']])(
      'with %s is refused with the field named',
      (__, payload) => {
        const { field, code } = refusal(build(payload));
        expect(field).toBeTruthy();
        expect(['invalid_request', 'invalid_address', 'unknown_field']).toContain(code);
      },
    );
  });
});

describe('a request', () => {
  it.each([
    [{ body: undefined }, 'body'],
    [{ body: '' }, 'body'],
    [{ body: 'a\0b' }, 'body'],
    [{ body: 'x'.repeat(2 * 1_024 * 1_024 + 1) }, 'body'],
    [{ subject: 'x'.repeat(999) }, 'subject'],
    [{ subject: undefined }, 'subject'],
    [{ sendAt: 'tomorrow' }, 'sendAt'],
    [{ sendAt: '2026-01-27T12:00:00' }, 'sendAt'],
    [{ sendAt: '2027-01-27T12:00:00Z' }, 'sendAt'],
    [{ lifetimeSeconds: 1 }, 'lifetimeSeconds'],
    [{ unknown: 1 }, 'unknown'],
    [{ payload: 'x'.repeat(1_024 * 1_024) }, 'payload'],
  ])('is refused at %#: field %s', (parts, field) => expect(refusal(parts).field).toBe(field));

  it('may be a payload alone, with a text for people made for it', () => {
    expect(parse({ body: undefined, payload: { a: 1 } })).toMatchObject({
      payload: { a: 1 },
      text: expect.stringContaining('JSON'),
    });
  });

  it.each(['\n', '\r', ' \n', '.\r\n'])('of two million octets of %j takes no longer than its length', (line) => {
    const spent = (octets: number) => {
      const body = line.repeat(octets / line.length);
      return cpuMsOf(() => parse({ body }));
    };
    // Four times the text takes four times as long; looking back from each line end would take sixteen times as long.
    expect(spent(BODY_BYTES_MAX) / spent(BODY_BYTES_MAX / 4)).toBeLessThan(9);
  });

  it('has the line ends of mail, whatever was sent', () => {
    expect(parse({ body: 'a\nb\rc\r\nd' }).text).toBe('a\r\nb\r\nc\r\nd');
  });

  it('has the same fingerprint just when it asks for the same message', () => {
    const one = parse({ headers: { 'X-A': '1', 'X-B': '2' }, idempotencyKey: 'k', wait: true }).fingerprint();
    expect(parse({ headers: { 'X-B': '2', 'X-A': '1' } }).fingerprint()).toBe(one);
    expect(parse({ headers: { 'X-B': '2', 'X-A': '2' } }).fingerprint()).not.toBe(one);
  });
});
