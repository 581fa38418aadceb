// What a confused or hostile client may send to the routes of agents and addresses: each is refused in the one error shape,
// with the field's name where there is one, and changes nothing: not the agents, not the log, not the disk, not the claims.
import { describe, expect, it } from 'vitest';
import { REQUEST_BODY_BYTES_MAX } from '../../../node/http/input.ts';
import { expectRefused, populated } from '../../support/refusal.ts';

const AGENTS = '/api/agents';
const AGENT = '/api/agents/a1';
const LIST = '/api/agents/a1/email/addresses';
const ADDRESS = '/api/agents/a1/email/addresses/a%40x.com';

/** The routes that read a body, each with one that it would take. */
const WRITING = [
  { method: 'POST', path: AGENTS, good: { name: 'new' } },
  { method: 'PATCH', path: AGENT, good: { label: 'new' } },
  { method: 'POST', path: LIST, good: { address: 'new@x.com' } },
  { method: 'PATCH', path: ADDRESS, good: { displayName: 'new' } },
] as const;

describe.each(WRITING)('$method $path', ({ method, path, good }) => {
  const text = JSON.stringify(good);

  it('answers 400 for JSON that is nested without end', () => {
    const body = `${'['.repeat(100_000)}"__proto__"${']'.repeat(100_000)}`;
    return expectRefused({ method, path, body }, { status: 400, error: 'invalid_json' });
  });

  it.each([
    ['nothing', ' '],
    ['half an object', '{"name":'],
    ['two objects', `${text}${text}`],
    ['single quotes', "{'name':'x'}"],
    ['a comment', `${text}//`],
    ['a number JSON has not', '{"name":NaN}'],
    ['a byte order mark alone', '\ufeff'],
    ['HTML', '<html></html>'],
    ['UTF-8 that is none', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['an overlong encoding', new Uint8Array([0x22, 0xc0, 0xaf, 0x22])],
  ])('answers 400 for %s', (_, body) => expectRefused({ method, path, body }, { status: 400, error: 'invalid_json' }));

  it.each(['null', '[]', '"text"', '42', 'true', `[${text}]`])('answers 400 for %s in place of an object', (body) =>
    expectRefused({ method, path, body }, { status: 400, error: 'invalid_request' }),
  );

  it.each(['__proto__', 'constructor', 'toString', 'nmae', 'claimId', 'sequence', 'a.b', 'x'.repeat(150)])(
    'answers 400 for the unknown field %s',
    (field) =>
      expectRefused(
        { method, path, body: `{${JSON.stringify(field)}:{"isAdmin":true},${text.slice(1)}` },
        { status: 400, error: 'unknown_field', field },
      ),
  );

  it.each(['\\u005f_proto__', '\\u005F\\u005F\\u0070roto__', '__pr\\u006fto__'])(
    'answers 400 for a field whose name hides behind an escape: %s',
    (name) =>
      expectRefused(
        { method, path, body: `{"${name}":{},${text.slice(1)}` },
        { status: 400, error: 'unknown_field', field: '__proto__' },
      ),
  );

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonx', ''])(
    'answers 415 for Content-Type %j',
    (type) =>
      expectRefused(
        { method, path, body: text, headers: { 'Content-Type': type } },
        { status: 415, error: 'unsupported_media_type' },
      ),
  );

  it('answers 413 for a body over the bound, whether it says so first or not', async () => {
    const body = `${text}${' '.repeat(REQUEST_BODY_BYTES_MAX)}`;
    const expected = { status: 413, error: 'payload_too_large' };
    await expectRefused({ method, path, body }, expected);
    await expectRefused({ method, path, body: text, headers: { 'Content-Length': '999999999' } }, expected);
  });

  it('answers 413 for a body without an end, without reading on', async () => {
    let octets = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        octets += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    await expectRefused({ method, path, body }, { status: 413, error: 'payload_too_large' });
    expect(octets).toBeLessThan(2 * REQUEST_BODY_BYTES_MAX);
  });

  it('takes the good one, so that the refusals above are not for another reason', async () => {
    const node = await populated();
    const headers = { 'Content-Type': 'application/json; charset=utf-8' };
    const response = await node.app.request(path, { method, headers, body: text });
    expect(response.ok).toBe(true);
  });
});

it.each([
  [{ name: 7 }, "'name' is not valid: must be a text, not a number."],
  [{}, "'name' is not valid: must be a text, and is missing."],
  [{ name: 'x', tools: [] }, "'tools' is not valid: must be an object, not a list."],
])('says in our own words what is wrong with %j', async (body, message) => {
  const { app } = await populated();
  const headers = { 'Content-Type': 'application/json' };
  const response = await app.request(AGENTS, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(await response.json()).toMatchObject({ message });
});

const long = 'x'.repeat(10_000);
const email = (addresses: unknown) => ({ tools: { email: { addresses } } });
const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 'v']));

/** Body, the field that is refused, and its code when it is not `invalid_request`. */
type Row = readonly [body: unknown, field: string, error?: string];

const NAMES: readonly Row[] = [
  ...[
    '',
    '   ',
    '\n',
    'x'.repeat(129),
    long,
    'a\u0000b',
    'a\u001b[31m',
    'a\u0085',
    '\ud800',
    7,
    true,
    null,
    [],
    {},
    'my agent',
    '../etc',
    '/etc',
    'a//b',
    '臺',
  ].map((name): Row => [{ name }, 'name']),
  ...['x'.repeat(257), long, 'a\u0007', '\udfff', 7, false, [], {}].map(
    (label): Row => [{ name: 'new', label }, 'label'],
  ),
];

const LISTS: readonly Row[] = [
  ...[7, 'email', [], true].map((tools): Row => [{ name: 'new', tools }, 'tools']),
  ...[7, 'a@x.com', ['a@x.com']].map((tool): Row => [{ name: 'new', tools: { email: tool } }, 'tools.email']),
  ...['yes', 1, []].map((enabled): Row => [{ name: 'new', tools: { email: { enabled } } }, 'tools.email.enabled']),
  ...[7, 'new@x.com', {}].map((list): Row => [{ name: 'new', ...email(list) }, 'tools.email.addresses']),
  ...[7, 'new@x.com', null, []].map((entry): Row => [{ name: 'new', ...email([entry]) }, 'tools.email.addresses[0]']),
  [{ name: 'new', tools: { sms: {} } }, 'tools.sms', 'unknown_field'],
  [{ name: 'new', tools: { email: { address: 'x' } } }, 'tools.email.address', 'unknown_field'],
  [
    { name: 'new', ...email([{ address: 'n@x.com', claimId: 'c' }]) },
    'tools.email.addresses[0].claimId',
    'unknown_field',
  ],
  [{ name: 'new', ...email([{ address: 'n@x.com' }, {}]) }, 'tools.email.addresses[1].address'],
  [
    { name: 'new', ...email([{ address: 'n@x.com' }, { address: 'n' }]) },
    'tools.email.addresses[1].address',
    'invalid_address',
  ],
  [{ name: 'new', ...email([{ address: 'n@x.com' }, { address: ' N@X.com' }]) }, 'tools.email.addresses[1].address'],
  [
    { name: 'new', ...email(Array.from({ length: 11 }, (_, at) => ({ address: `n${at}@x.com` }))) },
    'tools.email.addresses',
    'limit_exceeded',
  ],
  [{ name: 'new', ...email([{ address: 'n@x.com', metadata: { a: 1 } }]) }, 'tools.email.addresses[0].metadata.a'],
  [{ name: 'new', ...email([{ address: 'n@x.com', displayName: '../etc' }]) }, 'tools.email.addresses[0].displayName'],
  [{ name: 'new', ...email([{ address: 'n@x.com', primary: 'yes' }]) }, 'tools.email.addresses[0].primary'],
];

const IDS: readonly Row[] = [
  ...[
    '',
    ' ',
    'a b',
    'a/b',
    '../a',
    '-a',
    '.a',
    'ü',
    '__proto__',
    'constructor',
    'email-index',
    'x'.repeat(129),
    long,
    7,
    null,
    {},
  ].map((id): Row => [{ name: 'new', id }, 'id']),
];

const BAD_ADDRESSES: readonly Row[] = [
  ...[
    '',
    ' ',
    'nobody',
    '@x.com',
    'a@',
    'a@@x.com',
    'a b@x.com',
    'a@x',
    'a@x..com',
    '.a@x.com',
    `${'a'.repeat(65)}@x.com`,
  ].map((address): Row => [{ address }, 'address', 'invalid_address']),
  ...[
    `${long}@x.com`,
    `a@${long}.com`,
    `${'"'.repeat(10_000)}@x.com`,
    '\ud800@x.com',
    'a\u0000@x.com',
    'A <a@x.com>',
  ].map((address): Row => [{ address }, 'address', 'invalid_address']),
  ...[7, null, true, [], {}, ['n@x.com']].map((address): Row => [{ address }, 'address']),
  [{}, 'address'],
];

const DETAILS: readonly Row[] = [
  ...['x'.repeat(129), long, 'a/b', 'a\\b', '.', '..', '.hidden', 'a\nb', 'a\u0000', '\ud800', 7, {}, []].map(
    (displayName): Row => [{ displayName }, 'displayName'],
  ),
  ...['yes', 1, null, {}].map((primary): Row => [{ primary }, 'primary']),
  ...[7, 'text', [], keys(21), { k: long }].map((metadata): Row => [{ metadata }, 'metadata']),
  ...[7, true, {}, [], '\ud800'].map((value): Row => [{ metadata: { tenant: value } }, 'metadata.tenant']),
  ...['constructor', 'toString', 'hasOwnProperty', 'prototype', 'a\u0007b', 'k'.repeat(129)].map(
    (key): Row => [{ metadata: { [key]: 'v' } }, `metadata.${key}`],
  ),
];

describe('a body that breaks the rules', () => {
  const refuse = (method: string, path: string, [body, field, error = 'invalid_request']: Row) =>
    expectRefused({ method, path, body: JSON.stringify(body) }, { status: 400, error, field });
  const shown = (rows: readonly Row[]) => rows.map((row) => [JSON.stringify(row[0]).slice(0, 80), row] as const);

  it.each(shown([...NAMES, ...IDS, ...LISTS]))(`POST ${AGENTS} %s`, (_, row) => refuse('POST', AGENTS, row));
  it.each(shown([[{}, 'name']]))(`POST ${AGENTS} %s`, (_, row) => refuse('POST', AGENTS, row));
  it.each(shown([...NAMES, ...LISTS]))(`PATCH ${AGENT} %s`, (_, row) => refuse('PATCH', AGENT, row));
  it.each(
    shown([
      [{ id: 'a1' }, 'id'],
      [{ hostId: 'x' }, 'hostId'],
      [{ createdAt: 'x' }, 'createdAt', 'unknown_field'],
    ]),
  )(`PATCH ${AGENT} %s`, (_, row) => refuse('PATCH', AGENT, row));
  it.each(shown(BAD_ADDRESSES))(`POST ${LIST} %s`, (_, row) => refuse('POST', LIST, row));
  it.each(shown(DETAILS))(`POST ${LIST} %s`, (_, [body, ...rest]) =>
    refuse('POST', LIST, [{ address: 'new@x.com', ...(body as object) }, ...rest]),
  );
  it.each(shown(DETAILS))(`PATCH ${ADDRESS} %s`, (_, row) => refuse('PATCH', ADDRESS, row));
  it.each(shown([[{ address: 'other@x.com' }, 'address', 'unknown_field']]))(`PATCH ${ADDRESS} %s`, (_, row) =>
    refuse('PATCH', ADDRESS, row),
  );
});
