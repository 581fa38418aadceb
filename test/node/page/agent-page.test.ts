// What the page of an agent shows to whom.
import { describe, expect, it } from 'vitest';
import { sendConfig } from '../../support/mail.ts';
import { PageVisitor } from '../../support/page-visitor.ts';
import { testNode } from '../../support/test-node.ts';

const TOKEN = 'token-token-token-token';
const OPERATOR = { authorization: `Bearer ${TOKEN}` };

describe('the mail of an agent', () => {
  it('is shown to a key that acts for another agent neither here nor by the API', async () => {
    const { node, clock, ask } = await testNode({ token: TOKEN, send: sendConfig() });
    node.start();
    await clock.settle();
    for (const id of ['a1', 'a2']) {
      const email = { addresses: [{ address: `${id}@x.com` }] };
      await ask('POST', '/api/agents', { id, name: id, tools: { email } }, OPERATOR);
      const mail = { agentId: id, to: 'somebody@example.com', subject: `a secret of ${id}`, body: 'b' };
      expect((await ask('POST', '/api/email/send', mail, OPERATOR)).status).toBe(202);
    }
    const wish = { name: 'kim', scopes: ['read', 'send'], agentId: 'a1' };
    const { secret } = (await ask('POST', '/api/keys', wish, OPERATOR)).body as { secret: string };
    const visitor = new PageVisitor(node);
    await visitor.logIn(secret);
    expect((await visitor.get('/page/agents/a1')).html).toContain('a secret of a1');
    const { status, html } = await visitor.get('/page/agents/a2');
    expect([status, html.includes('a secret of a2')]).toEqual([200, false]);
    expect(html).toContain('The key kim shows the mail of its own agent alone.');
  });
});
