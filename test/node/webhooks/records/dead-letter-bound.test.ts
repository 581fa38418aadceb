// Dead letters of all subscriptions together are bounded: the oldest go, and it is told.
import { describe, expect, it } from 'vitest';
import { SECOND_MS, WebhookWorld } from '../../../support/webhook-world.ts';

const MAX = 100_000;

/** Two subscriptions whose dead letters are the entries 1 to 4; by the count of the first there are as many as may be, or `room` fewer. */
async function openFull({ room = 0 } = {}) {
  const world = new WebhookWorld();
  await world.open();
  const { id: first } = await world.subscribe();
  const { id: second } = await world.subscribe({ url: 'http://127.0.0.1:9/second' });
  for (const id of [first, second]) await world.webhooks.patch(id, { enabled: false });
  for (const agent of ['ann', 'bob', 'ann', 'bob']) world.changes.append(agent);
  await world.webhooks.cursorReader.giveUp(4);
  const key = `webhook/progress/${first}`;
  const progress = JSON.parse(world.store.snapshot().get(key) ?? '');
  await world.open(new Map(world.store.crash()).set(key, JSON.stringify({ ...progress, dead: MAX - 4 - room })));
  const lettersOf = (id: string) =>
    Object.values(world.stored(`webhook/dead/${id}/`)).map((letter) => (letter as { seq: number }).seq);
  const countsOf = async (id: string) => (await world.webhooks.get(id)).deliveries;
  /** One more entry that both give up. */
  const giveUpOneMore = async () => {
    world.changes.append('cyd');
    await world.webhooks.cursorReader.giveUp(world.changes.head);
    await world.clock.settle();
  };
  return { world, first, second, lettersOf, countsOf, giveUpOneMore };
}

describe('the dead letters of all subscriptions', () => {
  it('stay as long as there are not too many', async () => {
    const { first, second, lettersOf, countsOf, giveUpOneMore } = await openFull({ room: 2 });
    await giveUpOneMore();
    expect([lettersOf(first), lettersOf(second)]).toEqual([
      [1, 2, 3, 4, 5],
      [1, 2, 3, 4, 5],
    ]);
    expect(await countsOf(first)).not.toHaveProperty('deadDropped');
  });

  it('lose the oldest beyond that, whosever they are, and say so', async () => {
    const { world, first, second, lettersOf, countsOf, giveUpOneMore } = await openFull();
    await giveUpOneMore();
    expect([lettersOf(first), lettersOf(second)]).toEqual([
      [2, 3, 4, 5],
      [2, 3, 4, 5],
    ]);
    expect(await countsOf(first)).toMatchObject({ dead: MAX - 4, deadDropped: 1 });
    expect(await countsOf(second)).toMatchObject({ dead: 4, deadDropped: 1 });
    const told = world.log.named('dead_letters.dropped');
    expect(new Set(told.map(({ fields }) => fields.subscriptionId))).toEqual(new Set([first, second]));
    for (const { level, fields } of told)
      expect([level, fields]).toMatchObject(['warn', { letters: 1, fromSeq: 1, toSeq: 1 }]);
    await world.crash();
    expect(await countsOf(second)).toMatchObject({ dead: 4, deadDropped: 1 });
  });

  it('are no more than that after a start, whatever the disk holds', async () => {
    const { world, first, second, lettersOf } = await openFull({ room: -3 });
    await world.clock.settle();
    expect([...lettersOf(first), ...lettersOf(second)].sort()).toEqual([2, 3, 3, 4, 4]);
  });

  it('lose none that is being sent again', async () => {
    const { world, first, second, lettersOf, giveUpOneMore } = await openFull();
    world.receiver.reply = () => 'silence';
    await world.webhooks.patch(second, { enabled: true });
    await world.webhooks.deliveries.retry(second, '1');
    await world.clock.advance(1);
    await giveUpOneMore();
    await giveUpOneMore();
    expect(lettersOf(first)).not.toContain(1);
    expect(lettersOf(second)).toContain(1);
    expect([...lettersOf(first), ...lettersOf(second)]).toHaveLength(8);
  });

  it('are counted right where one of too many is accepted after all', async () => {
    const { world, second, lettersOf, countsOf, giveUpOneMore } = await openFull();
    await giveUpOneMore();
    await world.webhooks.patch(second, { enabled: true });
    await world.webhooks.deliveries.retry(second, '2');
    await world.clock.advance(SECOND_MS);
    expect([lettersOf(second), (await countsOf(second)).dead]).toEqual([[3, 4, 5], 3]);
  });
});
