import { describe, expect, it } from 'vitest';
import { PageVisitor } from '../../support/page-visitor.ts';
import { testNode } from '../../support/test-node.ts';

/** Older than an event is when it is given up. */
const AGED_MS = 80 * 3_600_000;
const TURNS_MAX = 5_000;

interface Deliveries {
  readonly pausedUntil: string | null;
  readonly dead: number;
}

/** A receiver that nobody reaches, with a dead letter. */
async function unreached(stack: AsyncDisposableStack) {
  const { node, ask, clock } = await testNode();
  stack.use(node);
  node.start();
  const { body } = await ask('POST', '/api/webhooks', { url: 'http://127.0.0.1:9/x', events: ['agent.created'] });
  const { id } = body as { id: string };
  await ask('POST', '/api/agents', { name: 'iac' });
  const until = async (holds: (deliveries: Deliveries) => boolean) => {
    for (let turn = 0; turn < TURNS_MAX; turn += 1) {
      const seen = (await ask('GET', `/api/webhooks/${id}`)).body as { deliveries: Deliveries };
      if (holds(seen.deliveries)) return;
      await clock.advance(200);
    }
    throw new Error('It never came to that.');
  };
  await until(({ pausedUntil }) => pausedUntil !== null);
  clock.setWall(AGED_MS);
  await until(({ dead }) => dead === 1);
  await ask('POST', '/api/agents', { name: 'puck' });
  await until(({ pausedUntil }) => pausedUntil !== null);
  return { path: `/page/subscriptions/${id}`, visitor: new PageVisitor(node) };
}

describe('a replay to a receiver that is left alone', () => {
  it('is said to wait, with what helps', async () => {
    await using stack = new AsyncDisposableStack();
    const { path, visitor } = await unreached(stack);
    const { status, headers } = await visitor.post(`${path}/replay`, { status: 'dead' }, { from: path });
    expect(status).toBe(303);
    const { html } = await visitor.get(headers.get('location') ?? '');
    expect(html).toContain('1 event is sent again once the receiver is asked again');
    expect(html).toContain('Retry one delivery to have it asked now.');
  });
});
