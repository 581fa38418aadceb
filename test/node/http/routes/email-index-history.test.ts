// GET /api/agents/email-index/history, through the whole node.
import { describe, expect, it } from 'vitest';
import { testNode } from '../../../support/test-node.ts';

const PATH = '/api/agents/email-index/history';

async function nodeWithHistory() {
  const node = await testNode();
  const email = { email: { addresses: [{ address: 'Bücher+x@müller.de' }] } };
  await node.ask('POST', '/api/agents', { id: 'a1', name: 'titania', tools: email });
  await node.ask('PATCH', '/api/agents/a1', { name: 'oberon' });
  await node.ask('DELETE', '/api/agents/a1');
  return node;
}

interface Page {
  readonly history: readonly { readonly address?: string; readonly agent: { readonly name: string }; place: object }[];
  readonly keptSince: string;
  readonly nextCursor?: string;
}

describe('GET /api/agents/email-index/history', () => {
  it.each([
    ['the address, a plus as it is', `?address=${encodeURI('bücher+x@müller.de')}`],
    ['the address in A-labels', `?address=${encodeURI('Bücher')}%2Bx@xn--mller-kva.de`],
    ['the address and the agent', `?address=${encodeURI('bücher')}%2Bx@xn--mller-kva.de&agentId=a1`],
  ])('says who held it when, asked by %s', async (_, query) => {
    const { ask, node } = await nodeWithHistory();
    const { status, body } = await ask('GET', PATH + query);
    const { history, keptSince, nextCursor } = body as Page;
    expect(status).toBe(200);
    expect(history.map(({ address, agent }) => [address, agent.name])).toEqual([
      ['shown', 'titania'],
      ['changed', 'oberon'],
      ['gone', 'oberon'],
    ]);
    const { logId } = node.registry.changes;
    expect(history.map(({ place }) => place)).toEqual([1, 3, 4].map((n) => ({ hostId: 'mac', logId, n })));
    expect([keptSince, nextCursor]).toEqual(['2026-01-27T12:00:00.000Z', undefined]);
  });

  it('answers in pages', async () => {
    const { ask } = await nodeWithHistory();
    const first = (await ask('GET', `${PATH}?agentId=a1&limit=3`)).body as Page;
    expect([first.history.length, first.nextCursor]).toEqual([3, '3']);
    const second = (await ask('GET', `${PATH}?agentId=a1&limit=3&cursor=3`)).body as Page;
    expect([second.history.length, second.nextCursor]).toEqual([2, undefined]);
  });

  it('is empty for an address that nobody had', async () => {
    const { ask } = await nodeWithHistory();
    expect((await ask('GET', `${PATH}?address=nobody@x.com`)).body).toMatchObject({ history: [] });
  });

  it.each([
    ['', 'invalid_request', 'address'],
    ['?address=', 'invalid_address', 'address'],
    ['?address=x', 'invalid_address', 'address'],
    ['?agentId=a%20b', 'invalid_request', 'agentId'],
    ['?agentId=a1&agentId=a1', 'invalid_request', 'agentId'],
    ['?agentId=a1&cursor=x', 'invalid_request', 'cursor'],
    ['?agentId=a1&cursor=-1', 'invalid_request', 'cursor'],
    ['?agentId=a1&cursor=9999999999999999', 'invalid_request', 'cursor'],
    ['?agentId=a1&limit=0', 'invalid_request', 'limit'],
  ])('refuses %j', async (query, error, field) => {
    const { ask } = await testNode();
    expect(await ask('GET', PATH + query)).toMatchObject({ status: 400, body: { error, field } });
  });

  it('needs the token for reading, where one is set', async () => {
    const { ask } = await testNode({ readToken: 'read-token-of-16-or-more' });
    expect((await ask('GET', `${PATH}?agentId=a1`)).status).toBe(401);
  });
});
