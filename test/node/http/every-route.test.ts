// Every route of the node against the same bad input: methods it does not have, bodies it can't take. Each is refused in the one
// error shape, and changes nothing.
import { describe, expect, it } from 'vitest';
import { sendConfig } from '../../support/mail.ts';
import { testNode } from '../../support/test-node.ts';

/** Every path with its methods; `json`: those of them that take a JSON body. */
const ROUTES: readonly (readonly [path: string, methods: readonly string[], json: readonly string[]])[] = [
  ['/health', ['GET'], []],
  ['/ready', ['GET'], []],
  ['/metrics', ['GET'], []],
  ['/api/hosts', ['GET'], []],
  ['/api/hosts/identity', ['GET'], []],
  ['/api/agents', ['GET', 'POST'], ['POST']],
  ['/api/agents/a1', ['GET', 'PATCH', 'DELETE'], ['PATCH']],
  ['/api/agents/a1/email/addresses', ['GET', 'POST'], ['POST']],
  ['/api/agents/a1/email/addresses/a%40x.com', ['GET', 'PATCH', 'DELETE'], ['PATCH']],
  ['/api/agents/email-index', ['GET'], []],
  ['/api/agents/email-index/history', ['GET'], []],
  ['/api/log/verification', ['GET'], []],
  ['/api/changes', ['GET'], []],
  ['/api/webhooks', ['GET', 'POST'], ['POST']],
  ['/api/webhooks/w1', ['GET', 'PATCH', 'DELETE'], ['PATCH']],
  ['/api/webhooks/w1/rotate-secret', ['POST'], ['POST']],
  ['/api/webhooks/w1/test', ['POST'], []],
  ['/api/webhooks/w1/deliveries', ['GET'], []],
  ['/api/webhooks/w1/deliveries/d1', ['GET'], []],
  ['/api/webhooks/w1/deliveries/d1/retry', ['POST'], []],
  ['/api/webhooks/w1/replay', ['POST'], ['POST']],
  ['/api/keys', ['GET', 'POST'], ['POST']],
  ['/api/keys/k1', ['DELETE'], []],
  ['/api/email/send', ['POST'], ['POST']],
  ['/api/email/explain', ['POST'], ['POST']],
  ['/api/email/status/x', ['GET'], []],
  ['/api/email/log', ['GET'], []],
  ['/api/email/providers', ['GET'], []],
  ['/api/email/x/cancel', ['POST'], []],
  ['/api/email/x/resend', ['POST'], []],
  ['/api/email/x/attachments', ['DELETE'], []],
  ['/api/email/blobs', ['POST'], []],
  ['/api/email/bounces', ['POST'], ['POST']],
  ['/api/email/suppressions', ['GET', 'POST'], ['POST']],
  ['/api/email/suppressions/a%40x.com', ['DELETE'], []],
  ['/api/email/validate', ['POST'], ['POST']],
  ['/api/email/tools', ['GET'], []],
];
const WITH_JSON = ROUTES.flatMap(([path, , json]) => json.map((method) => [method, path] as const));
const DEEP = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
const BODIES: readonly (readonly [name: string, body: string])[] = [
  ['nothing', ''],
  ['half of an object', '{"name":'],
  ['no JSON', 'name=x'],
  ['a list', '[]'],
  ['a text', '"x"'],
  ['null', 'null'],
  ['a number', '1'],
  ['an unknown field', '{"unknown":1}'],
  ['__proto__', '{"__proto__":{"x":1}}'],
  ['constructor', '{"constructor":{"prototype":{"x":1}}}'],
  ['a nest of 5,000', DEEP],
];

async function ask(
  method: string,
  path: string,
  init: { readonly body?: string; readonly type?: string; readonly encoding?: string } = {},
) {
  const node = await testNode({ send: sendConfig() });
  await node.ask('POST', '/api/agents', {
    id: 'a1',
    name: 'titania',
    tools: { email: { addresses: [{ address: 'a@x.com' }] } },
  });
  const before = await state(node);
  const encoding = init.encoding === undefined ? {} : { 'content-encoding': init.encoding };
  const headers = { host: 'localhost', 'content-type': init.type ?? 'application/json', ...encoding };
  const response = await node.node.fetch(
    new Request(`http://localhost${path}`, {
      method,
      headers,
      ...(init.body === undefined ? {} : { body: init.body }),
    }),
  );
  const body = (await response.json()) as { error: string; message: string };
  expect(await state(node)).toEqual(before);
  return { status: response.status, allow: response.headers.get('allow'), body };
}

/** Everything that a request could have changed. */
async function state({ ask: get }: Awaited<ReturnType<typeof testNode>>): Promise<readonly unknown[]> {
  const paths = [
    '/api/agents',
    '/api/webhooks',
    '/api/email/log',
    '/api/email/suppressions',
    '/api/agents/email-index',
  ];
  return Promise.all(paths.map(async (path) => (await get('GET', path)).body));
}

describe.each(ROUTES)('%s', (path, methods) => {
  const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((method) => !methods.includes(method));
  it.each(others)('answers 405 to %s, with what it has', async (method) => {
    const { status, allow, body } = await ask(method, path);
    expect([status, body.error]).toEqual([405, 'method_not_allowed']);
    for (const has of methods) expect(allow).toContain(has);
  });
});

const WRITING: readonly (readonly [method: string, path: string])[] = [
  ...ROUTES.flatMap(([path, methods]) =>
    methods.filter((method) => method !== 'GET').map((method) => [method, path] as const),
  ),
  ['POST', '/api/hosts/evict'],
  ['POST', '/api/conflicts/a%40x.com'],
  ['POST', '/api/mesh/v1/conflicts/a%40x.com'],
  ['POST', '/api/mesh/v1/claims/messages'],
];

describe.each(WRITING)('%s %s', (method, path) => {
  it.each(['gzip', 'GZIP', 'identity, gzip', 'x'])('answers 415 to a body packed with %s', async (encoding) => {
    const { status, body } = await ask(method, path, { body: '{}', encoding });
    expect([status, body.error]).toEqual([415, 'unsupported_media_type']);
  });
});

describe.each(WITH_JSON)('%s %s', (method, path) => {
  it('takes a body that is said to be as it is', async () => {
    expect((await ask(method, path, { body: '[]', encoding: 'Identity' })).status).not.toBe(415);
  });

  it.each(BODIES)('refuses a body of %s', async (_, body) => {
    const { status, body: answer } = await ask(method, path, { body });
    // A record that is not there may be missed before the body is looked at.
    expect([400, 404]).toContain(status);
    expect([typeof answer.error, typeof answer.message]).toEqual(['string', 'string']);
  });

  it('refuses a body that is not said to be JSON', async () => {
    const { status } = await ask(method, path, { body: '{}', type: 'text/html' });
    expect([400, 404, 415]).toContain(status);
  });

  it('refuses a body of 8 MiB', async () => {
    const { status } = await ask(method, path, { body: JSON.stringify({ name: 'x'.repeat(8 * 1_024 * 1_024) }) });
    expect([404, 413]).toContain(status);
  });
});

describe('a query', () => {
  it.each([
    ['/api/agents/email-index?address=%zz', 'address'],
    ['/api/agents/email-index?address=%ff', 'address'],
    ['/api/agents/email-index?agentId=%c3', 'agentId'],
    ['/api/agents/email-index?address=50%off@x.com', 'address'],
    ['/api/agents/email-index?address=a&address=b', 'address'],
    ['/api/email/log?state=%e0%a4', 'state'],
    ['/api/email/log?limit=0', 'limit'],
    ['/api/email/log?limit=x', 'limit'],
  ])('%s is refused with the field named', async (path, field) => {
    const { status, body } = await ask('GET', path);
    expect([status, (body as { field?: string }).field]).toEqual([400, field]);
  });
});
