import { describe, expect, it } from 'vitest';
import { PageVisitor } from '../../support/page-visitor.ts';
import { testNode } from '../../support/test-node.ts';

const TOKEN = 'token-token-token-token';
const GIVEN = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

async function subscribed(logIn = TOKEN) {
  const { node, ask, clock } = await testNode({ token: TOKEN });
  const bearer = { authorization: `Bearer ${TOKEN}` };
  const wanted = { url: 'http://127.0.0.1:9/x', events: ['agent.created'] };
  const { body } = await ask('POST', '/api/webhooks', wanted, bearer);
  const { id } = body as { id: string };
  const visitor = new PageVisitor(node);
  await visitor.logIn(logIn);
  const path = `/page/subscriptions/${id}`;
  const until = async () =>
    ((await ask('GET', `/api/webhooks/${id}`, undefined, bearer)).body as { formerSecretsUntil?: string[] })
      .formerSecretsUntil;
  const rotate = (fields: Record<string, string>) => visitor.post(`${path}/rotate-secret`, fields, { from: path });
  return { ask, bearer, clock, visitor, path, rotate, until };
}

describe('a secret', () => {
  it('is made anew, and shown by the answer alone', async () => {
    const { visitor, path, rotate, until, clock } = await subscribed();
    const { status, html, headers } = await rotate({ secret: '', grace: '3600' });
    expect([status, headers.get('location')]).toEqual([200, null]);
    const [secret = ''] = /whsec_[A-Za-z0-9+/=]+/.exec(html) ?? [];
    expect(secret.length).toBeGreaterThan(30);
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await visitor.get(path)).html).not.toContain(secret);
    expect(await until()).toEqual([new Date(clock.wallMs() + 3_600_000).toISOString()]);
  });

  it('that is given is taken, and never shown', async () => {
    const { visitor, rotate } = await subscribed();
    const { status, html, headers } = await rotate({ secret: GIVEN, grace: '86400' });
    expect([status, html]).toEqual([303, expect.not.stringContaining(GIVEN)]);
    const told = await visitor.get(headers.get('location') ?? '');
    expect(told.html).toContain('signs by the secret that you gave');
    expect(told.html).not.toContain(GIVEN);
  });

  it.each([
    ['a short secret', { secret: 'short', grace: '0' }, 'must be 16 to 256 printable ASCII characters'],
    ['a grace that is none', { secret: '', grace: 'x' }, 'graceSeconds'],
  ])('%s is refused with a sentence, and nothing is changed', async (_, fields, why) => {
    const { rotate, until } = await subscribed();
    const { status, html } = await rotate(fields);
    expect([status, html]).toEqual([400, expect.stringContaining(why)]);
    expect(await until()).toBeUndefined();
  });

  it('is not for a key that may not', async () => {
    const { ask, bearer, visitor, path, until } = await subscribed();
    const made = await ask('POST', '/api/keys', { name: 'kim', scopes: ['read'] }, bearer);
    await visitor.logIn((made.body as { secret: string }).secret);
    expect((await visitor.post(`${path}/rotate-secret`, { secret: '' })).status).toBe(403);
    expect(await until()).toBeUndefined();
  });
});
