// Pages of other origins, as the browser that shows them asks a whole node.
import { describe, expect, it } from 'vitest';
import { testNode } from '../../../support/test-node.ts';

const PAGE = 'https://dashboard.example.com';
const TOKEN = 'write-token-0123456';

async function asked(method: string, path: string, headers: Readonly<Record<string, string>>, readToken?: string) {
  const node = await testNode({
    ...{ origins: [PAGE], aliases: ['mesh.example.com'], token: TOKEN },
    ...(readToken === undefined ? {} : { readToken }),
  });
  const { status, headers: got } = await node.ask(method, path, undefined, headers);
  return [status, got.get('access-control-allow-origin')];
}

describe('a page of an origin that may read', () => {
  it.each([
    ['GET', '/api/agents', 200],
    ['GET', '/api/agents/email-index?address=a%40x.com', 200],
    ['HEAD', '/api/hosts', 200],
    ['GET', '/health', 200],
    ['GET', '/api/nowhere', 404],
  ])('may read the answer to %s %s', async (method, path, status) => {
    expect(await asked(method, path, { origin: PAGE })).toEqual([status, PAGE]);
  });

  it('reads why it is refused, too', async () => {
    expect(await asked('GET', '/api/agents', { origin: PAGE }, 'read-token-0123456')).toEqual([401, PAGE]);
    expect(await asked('GET', '/api/webhooks', { origin: PAGE })).toEqual([401, PAGE]);
    const shown = { origin: PAGE, authorization: `Bearer ${TOKEN}` };
    expect(await asked('GET', '/api/webhooks', shown)).toEqual([200, PAGE]);
  });

  it('changes nothing, whatever it shows', async () => {
    const shown = { origin: PAGE, authorization: `Bearer ${TOKEN}` };
    expect(await asked('POST', '/api/agents', shown)).toEqual([403, PAGE]);
    expect(await asked('DELETE', '/api/agents/a1', shown)).toEqual([403, PAGE]);
  });

  it('is told in advance what it may ask', async () => {
    const node = await testNode({ origins: [PAGE] });
    const question = { origin: PAGE, 'access-control-request-method': 'GET' };
    const { status, headers } = await node.ask('OPTIONS', '/api/webhooks', undefined, question);
    expect([status, headers.get('access-control-allow-origin')]).toEqual([204, PAGE]);
    expect(headers.get('access-control-allow-methods')).toBe('GET,HEAD');
    expect(headers.get('access-control-allow-headers')).toMatch(/Authorization/);
    expect(headers.get('vary')).toMatch(/Origin/);
  });
});

describe('a page of any other origin', () => {
  it.each(['https://dashboard.example.com.evil.example', 'http://dashboard.example.com', 'null'])(
    '(%s) may read nothing, and is not told that it may',
    async (origin) => expect(await asked('GET', '/api/agents', { origin })).toEqual([403, null]),
  );

  it('hears nothing in advance', async () => {
    const question = { origin: 'https://evil.example', 'access-control-request-method': 'GET' };
    expect(await asked('OPTIONS', '/api/agents', question)).toEqual([403, null]);
  });
});

describe('a further name', () => {
  it.each([
    ['mesh.example.com:443', 200],
    ['other.example.com', 403],
  ])('%s → %i', async (host, status) => {
    expect((await asked('GET', '/api/agents', { host }))[0]).toBe(status);
  });
});
