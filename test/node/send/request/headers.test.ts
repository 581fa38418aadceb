// Which headers a request may set: none that this module, the server or a reader of mail acts on.
import { describe, expect, it } from 'vitest';
import type { MeshError } from '../../../../mesh/errors.ts';
import { parseHeaders } from '../../../../node/send/request/headers.ts';

const refusal = (headers: Readonly<Record<string, string>>): Partial<MeshError> => {
  try {
    return { message: JSON.stringify(parseHeaders(headers)) };
  } catch (error) {
    return error as MeshError;
  }
};

describe('a header of a request', () => {
  it.each([
    ['list-unsubscribe', 'List-Unsubscribe'],
    ['AUTO-SUBMITTED', 'Auto-Submitted'],
    ['X-Campaign', 'X-Campaign'],
    ['x-a', 'x-a'],
    [`X-${'a'.repeat(61)}`, `X-${'a'.repeat(61)}`],
  ])('%s is set as %s', (name, written) => {
    expect(parseHeaders({ [name]: 'value' })).toEqual([[written, 'value']]);
  });

  it.each([
    ...['From', 'to', 'Bcc', 'Subject', 'Message-ID', 'In-Reply-To', 'References', 'Date', 'Return-Path', 'Received'],
    ...['DKIM-Signature', 'MIME-Version', 'Content-Type', 'Content-Transfer-Encoding', 'Sender', 'Reply-To'],
    ...['X-Envelope-To', 'x-original-to', 'X-Forwarded-To', 'X-Sender', 'X-Return-Path', 'X-MailFrom', 'X-Rcpt-To'],
    ...['X-Google-Original-From', 'X-MS-Exchange-Organization', 'X-Spam-Flag', 'X-Virus-Scanned'],
    ...['X-', 'X--a', 'X-a b', 'X-a:', 'X-ä', 'Y-Campaign', '', `X-${'a'.repeat(62)}`],
  ])("'%s' is refused", (name) => {
    expect(refusal({ [name]: 'value' })).toMatchObject({ code: 'invalid_request', field: `headers.${name}` });
  });

  it.each([
    ['in its name', { 'X-A\r\nBcc': 'b@x.com' }, 'headers'],
    ['in its value', { 'X-A': 'one\r\nBcc: b@x.com' }, 'headers.X-A'],
    ['of one character in its value', { 'X-A': 'one\ntwo' }, 'headers.X-A'],
  ])('with a line break %s is refused', (_, headers, field) => {
    expect(refusal(headers as Record<string, string>)).toMatchObject({ code: 'invalid_request', field });
  });

  it.each(['X-Mesh-Loop', 'x-mesh-task'])('%s is refused, as it is the node’s own', (name) => {
    expect(refusal({ [name]: 'v' })).toMatchObject({
      ...{ code: 'invalid_request', field: `headers.${name}` },
      message: `'headers.${name}' can't be set: headers X-Mesh-… are the node's own. Call it otherwise, like X-Task-Id.`,
    });
    expect(parseHeaders({ 'X-Meshed': 'v' })).toEqual([['X-Meshed', 'v']]);
  });

  it('is given once, in whatever case', () => {
    expect(refusal({ 'X-A': '1', 'x-a': '2' })).toMatchObject({
      code: 'invalid_request',
      field: 'headers.x-a',
      message: expect.stringContaining('twice'),
    });
  });

  it('is one of thirty at most', () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`X-${at}`, 'v']));
    expect(parseHeaders(many(30))).toHaveLength(30);
    expect(refusal(many(31))).toMatchObject({ code: 'invalid_request', field: 'headers' });
  });
});
