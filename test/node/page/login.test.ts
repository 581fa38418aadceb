import { describe, expect, it } from 'vitest';
import { PageVisitor } from '../../support/page-visitor.ts';
import { testNode } from '../../support/test-node.ts';

const TOKEN = 'token-token-token-token';
const READ = 'read-read-read-read-read';

async function guarded() {
  const world = await testNode({ token: TOKEN, readToken: READ });
  const bearer = { authorization: `Bearer ${TOKEN}` };
  const makeKey = async (...scopes: string[]) => {
    const { body } = await world.ask('POST', '/api/keys', { name: 'kim', scopes }, bearer);
    return body as { secret: string; key: { id: string } };
  };
  return { ...world, bearer, makeKey, visitor: new PageVisitor(world.node) };
}

describe('who has not logged in', () => {
  it('is sent to do so, and back afterwards, where reads are guarded', async () => {
    const { visitor } = await guarded();
    const sent = await visitor.get('/page/addresses?q=a');
    expect(sent.status).toBe(303);
    expect(sent.headers.get('location')).toBe('/page/login?next=%2Fpage%2Faddresses%3Fq%3Da');
    const back = await visitor.logIn(READ, '/page/addresses?q=a');
    expect(back.headers.get('location')).toBe('/page/addresses?q=a');
  });

  it('sees the page of a node on loopback that guards nothing', async () => {
    const { node } = await testNode();
    const visitor = new PageVisitor(node);
    expect((await visitor.get('/')).status).toBe(200);
    expect((await visitor.get('/page/subscriptions')).status).toBe(200);
  });

  it.each(['x-forwarded-for', 'forwarded', 'via'])(
    'sees nothing private of it through a proxy that says %s',
    async (name) => {
      const { node } = await testNode();
      const visitor = new PageVisitor(node, { [name]: '10.0.0.1' });
      expect((await visitor.get('/page/subscriptions')).status).toBe(303);
      expect((await visitor.get('/page/settings')).status).toBe(303);
    },
  );
});

describe('the login', () => {
  it('makes a cookie of a key, which no script and no other site can use', async () => {
    const { visitor, makeKey } = await guarded();
    const { secret } = await makeKey('read');
    const { headers } = await visitor.logIn(secret);
    expect(headers.get('set-cookie')).toMatch(
      /^mesh_session\.mac=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    expect(headers.get('set-cookie')).not.toContain(secret);
    expect((await visitor.get('/')).html).toContain('kim');
  });

  it('sends the cookie over nothing but TLS where a proxy brings it', async () => {
    const { node } = await guarded();
    const behind = new PageVisitor(node, { 'x-forwarded-proto': 'https' });
    const { headers } = await behind.post(
      '/page/login',
      { key: TOKEN },
      { from: '/page/login', headers: { origin: 'https://localhost' } },
    );
    expect(headers.get('set-cookie')).toMatch(/; Secure$/);
  });

  it('says that a wrong key opens nothing, and looks at no more than ten a minute', async () => {
    const { visitor, clock } = await guarded();
    for (let at = 0; at < 10; at += 1) expect((await visitor.logIn(`wrong-${at}`)).status).toBe(401);
    expect((await visitor.logIn('wrong')).html).toContain('opened nothing within a minute');
    await clock.advance(60_000);
    expect((await visitor.logIn(TOKEN)).status).toBe(303);
  });

  it.each(['//evil.example', 'https://evil.example/', '/\\evil.example', '/page/../api/keys\r\nx: y', '/api/keys'])(
    'leads nowhere but to a page of this node: %j',
    async (next) => {
      const { visitor } = await guarded();
      expect((await visitor.logIn(TOKEN, next)).headers.get('location')).toBe('/');
    },
  );
});

describe('a session', () => {
  it('ends when somebody logs out', async () => {
    const { visitor } = await guarded();
    await visitor.logIn(TOKEN);
    const { cookie } = visitor;
    const left = await visitor.post('/page/logout');
    expect(left.headers.get('set-cookie')).toContain('Max-Age=0');
    visitor.cookie = cookie;
    expect((await visitor.get('/')).status).toBe(303);
  });

  it('ends when its key is revoked', async () => {
    const { visitor, makeKey, ask, bearer } = await guarded();
    const { secret, key } = await makeKey('read');
    await visitor.logIn(secret);
    expect((await visitor.get('/')).status).toBe(200);
    await ask('DELETE', `/api/keys/${key.id}`, undefined, bearer);
    expect((await visitor.get('/')).status).toBe(303);
  });

  it('ends after twelve hours', async () => {
    const { visitor, clock } = await guarded();
    await visitor.logIn(TOKEN);
    await clock.advance(12 * 3_600_000 - 1);
    expect((await visitor.get('/')).status).toBe(200);
    await clock.advance(1);
    expect((await visitor.get('/')).status).toBe(303);
  });

  it('opens no route of the API but the one that a page listens to', async () => {
    const { visitor } = await guarded();
    await visitor.logIn(TOKEN);
    expect((await visitor.get('/api/agents')).status).toBe(401);
    expect((await visitor.get('/api/webhooks')).status).toBe(401);
    expect((await visitor.get('/api/changes?waitMs=0', { accept: 'application/x-ndjson' })).status).toBe(200);
  });
});

describe('a key', () => {
  it('sees what its scope shows, and is told of the rest which one is missing', async () => {
    const { visitor, makeKey } = await guarded();
    await visitor.logIn((await makeKey('read')).secret);
    for (const path of ['/', '/page/addresses']) expect((await visitor.get(path)).status).toBe(200);
    const refused = await visitor.get('/page/subscriptions');
    expect(refused.status).toBe(403);
    expect(refused.html).toContain('needs a key of scope &#39;webhooks&#39;');
    expect((await visitor.get('/page/settings')).status).toBe(403);
  });

  it('that may not act finds dead buttons, and is refused when it acts all the same', async () => {
    const { visitor, makeKey, ask, bearer } = await guarded();
    const { body } = await ask(
      'POST',
      '/api/webhooks',
      { url: 'http://127.0.0.1:9/x', events: ['agent.created'] },
      bearer,
    );
    const { id } = body as { id: string };
    await visitor.logIn((await makeKey('read')).secret);
    const acted = await visitor.post(`/page/subscriptions/${id}/disable`);
    expect(acted.status).toBe(403);
    const conflicts = await visitor.post('/page/conflicts/keep', { address: 'a@x.com', keep: 'theirs' });
    expect(conflicts.html).toContain('scope &#39;admin&#39;');
  });
});

describe('a form', () => {
  it.each([
    ['without an origin', {}],
    ['of another origin', { origin: 'http://evil.example' }],
    ['of a page in a box', { origin: 'null' }],
  ])('%s changes nothing', async (_, headers) => {
    const { visitor } = await guarded();
    await visitor.logIn(TOKEN);
    expect((await visitor.post('/page/logout', {}, { headers: headers as Record<string, string> })).status).toBe(403);
    expect((await visitor.get('/')).status).toBe(200);
  });

  it('with the token of another session, or of none, changes nothing', async () => {
    const { node, visitor } = await guarded();
    await visitor.logIn(TOKEN);
    const stranger = new PageVisitor(node);
    const token = /name="formToken" value="([^"]+)"/.exec((await stranger.get('/page/login')).html)?.[1] ?? '';
    expect((await visitor.post('/page/logout', { formToken: token })).status).toBe(403);
    expect((await visitor.post('/page/logout', { formToken: '' })).status).toBe(403);
    expect((await visitor.get('/')).status).toBe(200);
  });
});
