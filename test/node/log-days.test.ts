// How long a whole node keeps its change log, as its operator says.
import { expect, it } from 'vitest';
import { DAY_MS, TRIM_INTERVAL_MS } from '../../node/changes/log-trimmer.ts';
import { testNode } from '../support/test-node.ts';

it('entries go after the days that are set, though a delivery waits for them, which is a dead letter then', async () => {
  const { node, clock, store, ask } = await testNode({ logDays: 2 });
  await using _ = node;
  node.start();
  await clock.settle();
  const { body } = await ask('POST', '/api/webhooks', { url: 'http://127.0.0.1:9/', events: ['agent.created'] });
  const { id } = body as { id: string };
  await ask('PATCH', `/api/webhooks/${id}`, { enabled: false });
  await ask('POST', '/api/agents', { name: 'puck' });
  const kept = () => [...store.snapshot().keys()].filter((key) => key.startsWith('change/')).length;
  // Ages are those of the wall clock; to live through two days takes too long.
  clock.setWall(2 * DAY_MS - 2 * TRIM_INTERVAL_MS);
  await clock.advance(TRIM_INTERVAL_MS);
  expect(kept()).toBe(1);
  await clock.advance(2 * TRIM_INTERVAL_MS);
  expect(kept()).toBe(0);
  const { body: letters } = await ask('GET', `/api/webhooks/${id}/deliveries?status=dead`);
  expect(letters).toMatchObject({ deliveries: [{ event: 'agent.created' }] });
});
