import { describe, expect, it } from 'vitest';
import { agentOf } from '../../../support/agent-of.ts';
import { indexNode as node, INDEX_PATH as PATH } from '../../../support/index-node.ts';
import { urlOf } from '../../../support/roster-of.ts';

const TITANIA = { agentId: 'id-titania', agentName: 'titania', hostId: 'mac', hostUrl: urlOf('mac') };

describe('GET /api/agents/email-index', () => {
  it('answers the bare map of every address here', async () => {
    const { get } = node();
    const { status, headers, body } = await get();
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(body).toEqual({
      'titania@x.com': { ...TITANIA, displayName: 'Titania', primary: true, metadata: { tenant: '23blocks' } },
      'queen@x.com': { ...TITANIA, primary: false },
      'a+b@x.com': { ...TITANIA, agentId: 'id-plus', agentName: 'plus', primary: true },
    });
  });

  it('answers HEAD with the size and tag of the whole, and no body', async () => {
    const { app } = node();
    const [whole, head] = [await app.request(PATH), await app.request(PATH, { method: 'HEAD' })];
    const size = (await whole.arrayBuffer()).byteLength;
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(String(size));
    expect(head.headers.get('etag')).toBe(whole.headers.get('etag'));
  });

  it('answers in pages to who asks for a limit: the same entries, each in one of them', async () => {
    const { get } = node();
    const first = await get('?limit=2');
    const { nextCursor, ...entries } = first.body as Record<string, unknown>;
    const last = await get(`?limit=2&cursor=${encodeURIComponent(String(nextCursor))}`);
    const { emails: _, meta: __, ...whole } = (await get()).body;
    expect([Object.keys(entries), { ...entries, ...last.body }]).toEqual([['a+b@x.com'], whole]);
    expect(first.headers.get('etag')).toBe((await get()).headers.get('etag'));
  });

  it('answers 304 to who knows all pages, and only for the first', async () => {
    const { app } = node();
    const tag = (await app.request(PATH)).headers.get('etag') ?? '';
    const statusOf = async (query: string) =>
      (await app.request(`${PATH}${query}`, { headers: { 'if-none-match': tag } })).status;
    expect(await Promise.all(['?limit=2', '?cursor=2026-01-01T00:00:00.000Z,a'].map(statusOf))).toEqual([304, 200]);
  });

  it.each([
    ['limit', '?limit=0'],
    ['limit', '?limit=5001'],
    ['cursor', '?cursor=nowhere'],
  ])('refuses a %s that is none: %s', async (field, query) => {
    const { status, body } = await node().get(query);
    expect([status, body]).toMatchObject([400, { error: 'invalid_request', field }]);
  });

  it('ignores parameters it does not know', async () => {
    const { get } = node();
    expect((await get('?provider=smtp&provider=local')).body).toHaveProperty(['titania@x.com']);
  });

  it.each(['address', 'agentId', 'federated'])('refuses %s twice, naming it', async (field) => {
    const { get } = node();
    const { status, body } = await get(`?${field}=a&${field}=a`);
    expect([status, body]).toMatchObject([400, { error: 'invalid_request', field }]);
  });

  it('answers other methods with 405', async () => {
    const { app } = node();
    const response = await app.request(PATH, { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

describe('a claim that is not done', () => {
  const asked = '?address=Pending%40x.com';
  const unsigned = { 'X-Federated-Query': 'true' };

  it('is shown to a host that only knows the look-up, as pending', async () => {
    const { get } = node();
    expect((await get(asked, unsigned)).body).toEqual({
      'pending@x.com': {
        agentId: 'id-puck',
        agentName: 'puck',
        hostId: 'mac',
        hostUrl: urlOf('mac'),
        primary: false,
        pending: true,
      },
    });
  });

  it.each([
    ['a client', asked, {}],
    ['a host that takes part in the claims', asked, { ...unsigned, 'Signature-Input': 'mesh=()' }],
    ['who asks for the whole mesh', `${asked}&federated=true`, {}],
    ['who asks for another address', '?address=other%40x.com', unsigned],
    ['who asks for its agent', '?agentId=id-puck', unsigned],
  ])('is not shown to %s', async (_, query, headers) => {
    const { get } = node();
    expect(JSON.stringify((await get(query, headers)).body)).not.toContain('puck');
  });

  it('is not in the whole index', async () => {
    const { get } = node();
    expect((await get('', unsigned)).body).not.toHaveProperty(['pending@x.com']);
  });
});

describe('the tag of the whole index', () => {
  it.each([
    ['itself', (tag: string) => tag],
    ['itself, weak', (tag: string) => `W/${tag}`],
    ['a list with it', (tag: string) => `"other", W/"x" ,${tag}`],
    ['any', () => '*'],
  ])('is answered 304 without a body when sent back as %s', async (_, condition) => {
    const { app, get } = node();
    const tag = (await get()).headers.get('etag') ?? '';
    const response = await app.request(PATH, { headers: { 'If-None-Match': condition(tag) } });
    expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([304, '', tag]);
  });

  it('is strong, and no longer matches after a change', async () => {
    const { get, index } = node();
    const tag = (await get()).headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[^"]+"$/);
    index.put(agentOf('oberon', ['king@x.com']));
    const { status, body } = await get('', { 'If-None-Match': tag });
    expect(status).toBe(200);
    expect(body).toHaveProperty(['king@x.com']);
  });

  it('says nothing about a single address', async () => {
    const { get } = node();
    const { status, headers } = await get('?address=titania@x.com', { 'If-None-Match': '*' });
    expect([status, headers.get('etag')]).toEqual([200, null]);
  });
});

describe('GET …/email-index?address=', () => {
  it.each([
    'titania@x.com',
    'titania%40x.com',
    'TITANIA@X.com',
    '%20titania@x.com%20',
    '+titania@x.com+',
    'titania@x.com&x=1',
  ])('%s finds titania@x.com', async (value) => {
    const { get } = node();
    const { status, body } = await get(`?address=${value}`);
    expect([status, Object.keys(body)]).toEqual([200, ['titania@x.com']]);
  });

  it.each(['a%2Bb@x.com', 'a+b@x.com'])('%s finds a+b@x.com, for gateways send either', async (value) => {
    const { get } = node();
    expect(Object.keys((await get(`?address=${value}`)).body)).toEqual(['a+b@x.com']);
  });

  it('reads a plus as a space where only that is held', async () => {
    const { get, index } = node();
    index.put(agentOf('spaced', ['"a b"@x.com']));
    expect(Object.keys((await get('?address=%22a+b%22@x.com')).body)).toEqual(['"a b"@x.com']);
    index.put(agentOf('plussed', ['"a+b"@x.com']));
    expect(Object.keys((await get('?address=%22a+b%22@x.com')).body)).toEqual(['"a+b"@x.com']);
  });

  it.each([
    'nobody@x.com',
    'quiet@x.com',
    '',
    'nonsense',
    '__proto__',
    'constructor',
    'a@b@c',
    `${'a'.repeat(5_000)}@x.com`,
  ])('%s is a miss: 200 and the empty map', async (value) => {
    const { get } = node();
    const { status, body } = await get(`?address=${value}`);
    expect([status, body]).toEqual([200, {}]);
  });
});

describe('GET …/email-index?agentId=', () => {
  it("answers all of that agent's addresses", async () => {
    const { get } = node();
    expect(Object.keys((await get('?agentId=id-titania')).body)).toEqual(['titania@x.com', 'queen@x.com']);
  });

  it('answers the empty map for an agent whose email is disabled', async () => {
    const { get } = node();
    expect(await get('?agentId=id-quiet')).toMatchObject({ status: 200, body: {} });
  });

  it.each(['id-nobody', '', '__proto__', 'constructor', '%00', 'x'.repeat(5_000)])(
    '%s, unknown here, is 404 naming the field',
    async (value) => {
      const { get } = node();
      const { status, body } = await get(`?agentId=${value}`);
      expect([status, body]).toMatchObject([404, { error: 'not_found', field: 'agentId' }]);
    },
  );

  it('must match together with the address', async () => {
    const { get } = node();
    expect(Object.keys((await get('?agentId=id-titania&address=Queen@x.com')).body)).toEqual(['queen@x.com']);
    expect((await get('?agentId=id-plus&address=queen@x.com')).body).toEqual({});
    expect((await get('?agentId=id-nobody&address=queen@x.com')).status).toBe(404);
  });
});
