// The page of inboxes: who may see it, and what stands there before mail has come. With mail: test/live/page-of-inboxes.test.ts.
import { describe, expect, it } from 'vitest';
import { mailboxNode } from '../../../support/mailbox-node.ts';
import { PageVisitor } from '../../../support/page-visitor.ts';
import { testNode } from '../../../support/test-node.ts';

const TOKEN = 'token-token-token-token';
const NOBODYS = '/page/mailbox/inboxes/nobody%40agents.example.com';

async function seenWith(node: ConstructorParameters<typeof PageVisitor>[0], credential: string) {
  const visitor = new PageVisitor(node);
  await visitor.logIn(credential);
  return (path: string) => visitor.get(path);
}

describe('the page of inboxes', () => {
  it('is not there, and named nowhere, where the host keeps none', async () => {
    const { node } = await testNode({ token: TOKEN });
    const get = await seenWith(node, TOKEN);
    expect((await get('/page/mailbox')).status).toBe(404);
    expect((await get('/')).html).not.toContain('/page/mailbox');
  });

  it('shows each inbox with its agent, and an inbox that is empty', async () => {
    await using world = await mailboxNode({ token: TOKEN });
    const get = await seenWith(world.node, TOKEN);
    expect((await get('/page/mailbox')).html).toContain('keeps no inbox yet');
    const made = await world.v0('POST', '/inboxes', { username: 'support', display_name: '<b>Support' });
    expect(made.status).toBe(200);
    const { status, html } = await get('/page/mailbox');
    expect(status).toBe(200);
    expect(html).toContain('<a href="/page/mailbox/inboxes/support%40agents.example.com">support@<wbr>agents');
    expect(html).toContain('&lt;b&gt;Support');
    expect((await get('/page/mailbox/inboxes/support%40agents.example.com')).html).toContain(
      'No mail lies in this inbox',
    );
    expect((await get('/page/mailbox/inboxes/support%40agents.example.com?show=all')).html).toContain(
      'No mail has come.',
    );
    expect((await get(NOBODYS)).status).toBe(404);
    expect((await get(`${NOBODYS}/threads/no-thread`)).status).toBe(404);
  });

  it('marks an inbox whose address was taken away, and says why, and what can be done', async () => {
    await using world = await mailboxNode({ token: TOKEN });
    const get = await seenWith(world.node, TOKEN);
    await world.v0('POST', '/inboxes', { username: 'support' });
    const operator = { authorization: `Bearer ${TOKEN}` };
    const path = '/page/mailbox/inboxes/support%40agents.example.com';
    expect([(await get('/page/mailbox')).html, (await get(path)).html].join()).not.toMatch(/no mail<|Gets no mail/);
    const { agents } = (await world.ask('GET', '/api/agents', undefined, operator)).body as {
      agents: { id: string }[];
    };
    await world.ask('DELETE', `/api/agents/${agents[0]?.id}`, undefined, operator);
    expect((await get('/page/mailbox')).html).toContain('no mail</span>');
    expect((await get(path)).html).toMatch(
      /Gets no mail.*no agent of this host has that address any more\. Create the inbox again/s,
    );
  });

  it.each([
    [['read'], 403],
    [['send', 'webhooks'], 403],
    [['mailbox'], 200],
    [['admin'], 200],
  ])('for a key of scope %j: %i', async (scopes, status) => {
    await using world = await mailboxNode({ token: TOKEN });
    const operator = { authorization: `Bearer ${TOKEN}` };
    const { body } = await world.ask('POST', '/api/keys', { name: 'kim', scopes }, operator);
    const get = await seenWith(world.node, (body as { secret: string }).secret);
    expect((await get('/page/mailbox')).status).toBe(status);
  });

  it('is for nobody who shows nothing, also where nothing else is guarded, and whoever could make a key', async () => {
    await using world = await mailboxNode();
    const visitor = new PageVisitor(world.node);
    const seen = await visitor.get('/page/mailbox');
    expect([seen.status, seen.html]).toEqual([403, expect.stringContaining('only where MESH_TOKEN is set')]);
    const { body } = await world.ask('POST', '/api/keys', { name: 'kim', scopes: ['admin'] });
    const get = await seenWith(world.node, (body as { secret: string }).secret);
    expect((await get('/page/mailbox')).status).toBe(403);
  });
});
