// What a subscription still waits for when the log is about to lose it: it becomes a dead letter, and never disappears.
import { describe, expect, it } from 'vitest';
import { WebhookWorld } from '../../../support/webhook-world.ts';

type Place = { readonly seq: number } | null;

async function worldOf(count: number, agents = 3) {
  const world = new WebhookWorld();
  await world.open();
  const { id } = await world.subscribe();
  const append = () => {
    for (let at = 0; at < count; at += 1) world.changes.append(`a${at % agents}`);
  };
  const lettersOf = () => {
    const found = Object.values(world.stored(`webhook/dead/${id}/`)) as { seq: number; reason: string; entry: Place }[];
    return found.sort((one, other) => one.seq - other.seq).map(({ seq, reason, entry }) => [seq, reason, entry?.seq]);
  };
  return { world, id, append, lettersOf };
}

const letters = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => [from + at, 'expired', from + at]);

describe('giving up what the log is about to lose', () => {
  it('buries what a disabled subscription holds up to there, whole, and keeps the rest', async () => {
    const { world, id, append, lettersOf } = await worldOf(500, 100);
    await world.webhooks.patch(id, { enabled: false });
    append();
    expect(world.webhooks.cursorReader.oldestSeq).toBe(1);
    await world.webhooks.cursorReader.giveUp(300);
    expect(lettersOf()).toEqual(letters(1, 300));
    expect(world.webhooks.cursorReader.oldestSeq).toBe(301);
    await world.webhooks.patch(id, { enabled: true });
    await world.clock.advance(1_000);
    expect(world.receiver.accepted).toHaveLength(200);
    expect((await world.webhooks.get(id)).deliveries).toMatchObject({ pending: 0, dead: 300 });
    await world.stop();
  });

  it('buries what waits for a receiver that is down, behind the first event of a lane too', async () => {
    const { world, append, lettersOf } = await worldOf(200);
    world.receiver.reply = () => 500;
    append();
    await world.clock.advance(1_000);
    await world.webhooks.cursorReader.giveUp(150);
    expect(lettersOf()).toEqual(letters(1, 150));
    expect(world.webhooks.cursorReader.oldestSeq).toBe(151);
    world.receiver.reply = () => 204;
    await world.clock.advance(10_000);
    expect(world.receiver.accepted).toHaveLength(50);
    await world.stop();
  });

  it('leaves an attempt in flight alone, and what stands behind it, until the next time', async () => {
    const { world, append, lettersOf } = await worldOf(4, 1);
    world.receiver.reply = () => 'silence';
    append();
    await world.clock.advance(0);
    expect(world.receiver.inFlight).toBe(1);
    await world.webhooks.cursorReader.giveUp(4);
    expect([lettersOf(), world.webhooks.cursorReader.oldestSeq]).toEqual([[], 1]);
    const stopped = world.stop();
    await world.clock.advance(10_000);
    await stopped;
  });

  it('is durable when it is done, and goes on after a power cut in the middle of it', async () => {
    for (let commits = 0; ; commits += 1) {
      const { world, id, append, lettersOf } = await worldOf(60, 20);
      await world.webhooks.patch(id, { enabled: false });
      append();
      let left = commits;
      const commit = world.store.commit.bind(world.store);
      const cut = Promise.withResolvers<'cut'>();
      world.store.commit = (writes) => {
        left -= 1;
        if (left >= 0) return commit(writes);
        cut.resolve('cut');
        return new Promise(() => undefined);
      };
      const done = world.webhooks.cursorReader.giveUp(40).then(() => 'done');
      const end = await Promise.race([done, cut.promise]);
      await world.crash();
      await world.clock.advance(0);
      if (end === 'done') expect(lettersOf()).toEqual(letters(1, 40));
      await world.webhooks.cursorReader.giveUp(40);
      expect([lettersOf(), (await world.webhooks.get(id)).deliveries]).toMatchObject([
        letters(1, 40),
        { dead: 40, held: 20 },
      ]);
      await world.stop();
      if (end === 'done') return;
    }
  });

  it('says no other reason of a subscription that is disabled already, however many dead letters it has by then', async () => {
    const { world, id, append } = await worldOf(3);
    await world.webhooks.patch(id, { enabled: false });
    const key = `webhook/progress/${id}`;
    const progress = world.stored(key)[key] as object;
    await world.open(new Map(world.store.crash()).set(key, JSON.stringify({ ...progress, dead: 99_999 })));
    append();
    await world.webhooks.cursorReader.giveUp(3);
    expect(await world.webhooks.get(id)).toMatchObject({ disabledReason: 'operator', deliveries: { dead: 100_000 } });
    expect(world.log.named('subscription.disabled')).toEqual([]);
    await world.stop();
  });

  it('has nothing to do for nobody', async () => {
    const world = new WebhookWorld();
    await world.open();
    expect(world.webhooks.cursorReader.oldestSeq).toBe(Infinity);
    await world.webhooks.cursorReader.giveUp(10);
    await world.stop();
  });
});
