import { describe, expect, it } from 'vitest';
import { SUBSCRIPTIONS_MAX } from '../../../../node/webhooks/webhooks.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { HOUR_MS, SECOND_MS, WebhookWorld } from '../../../support/webhook-world.ts';

async function openWorld(): Promise<WebhookWorld> {
  const world = new WebhookWorld();
  await world.open();
  return world;
}

describe('a background of deliveries', () => {
  it('has at most 8 in flight to one endpoint', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = () => 'silence';
    for (let at = 0; at < 100; at += 1) world.changes.append(`agent-${at}`);
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.inFlight).toBe(8);
  });

  it('has at most one in flight for each subscription and 128 more', async () => {
    const world = await openWorld();
    for (let at = 0; at < 40; at += 1) await world.subscribe({ url: `http://127.0.0.1:${at + 1}/` });
    world.receiver.reply = () => 'silence';
    for (let at = 0; at < 100; at += 1) world.changes.append(`agent-${at}`);
    await world.clock.advance(SECOND_MS);
    const heldBy = Object.values(Object.groupBy(world.receiver.received, ({ url }) => url)).map(
      (held) => held?.length ?? 0,
    );
    expect(heldBy).toHaveLength(40);
    // Some of the shared places are left for who comes next, and the others are shared out evenly.
    expect(Math.max(...heldBy) - Math.min(...heldBy)).toBeLessThanOrEqual(1);
    expect(world.receiver.inFlightMost).toBeGreaterThan(140);
    expect(world.receiver.inFlightMost).toBeLessThan(40 + 128);
  });

  it('gives a new endpoint its places at once, however many slow ones there are', async () => {
    const world = await openWorld();
    for (let at = 1; at < SUBSCRIPTIONS_MAX; at += 1) await world.subscribe({ url: `http://127.0.0.1:${at}/` });
    const answersAtOnce = (url: string) => url.endsWith('/good');
    world.receiver.reply = ({ url }) => (answersAtOnce(url) ? 204 : 'silence');
    for (let at = 0; at < 100; at += 1) world.changes.append(`agent-${at}`);
    await world.clock.advance(SECOND_MS);
    const { id } = await world.subscribe({ url: 'http://127.0.0.1:9/good' });
    for (let at = 0; at < 100; at += 1) world.changes.append(`agent-${at}`);
    await world.clock.advance(1);
    expect(world.receiver.accepted).toHaveLength(100);
    expect((await world.webhooks.get(id)).deliveries).toMatchObject({ pending: 0 });
  });

  it('counts the subscriptions at one origin as one receiver when places are shared out', async () => {
    const world = await openWorld();
    for (let at = 1; at < SUBSCRIPTIONS_MAX; at += 1) await world.subscribe({ url: `http://127.0.0.1:9/${at}` });
    world.receiver.reply = () => 'silence';
    for (let at = 0; at < 100; at += 1) world.changes.append(`agent-${at}`);
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.inFlight).toBe(SUBSCRIPTIONS_MAX - 1 + 64);
    await world.subscribe({ url: 'http://127.0.0.1:10/' });
    for (let at = 0; at < 100; at += 1) world.changes.append(`agent-${at}`);
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.received.filter(({ url }) => url === 'http://127.0.0.1:10/')).toHaveLength(8);
  });

  it('does not let a hanging and a failing endpoint slow the others', async () => {
    const world = await openWorld();
    for (let at = 0; at < 10; at += 1) await world.subscribe({ url: `http://127.0.0.1:${at + 1}/` });
    world.receiver.reply = async ({ url }) => {
      if (url.endsWith(':1/')) return 'silence';
      if (url.endsWith(':2/')) return 'unreachable';
      await world.clock.sleep(10);
      return 204;
    };
    for (let at = 0; at < 200; at += 1) world.changes.append(`agent-${at}`);
    // 200 events of 10 ms each, 8 at a time.
    await world.clock.advance(250);
    expect(world.receiver.accepted).toHaveLength(8 * 200);
  });

  // Ten have as many places as they can use; a hundred must share theirs.
  it.each([
    [10, 1_000, 250],
    [100, 100, 120],
  ])('leaves eight tenths of %i their pace though one tenth hangs and one fails', async (count, changes, ms) => {
    const acceptedBy = async (isIll: boolean) => {
      const random = seededRandom(1);
      const world = new WebhookWorld(random);
      await world.open();
      for (let at = 1; at <= count; at += 1) await world.subscribe({ url: `http://127.0.0.1:${1_000 + at}/` });
      world.receiver.reply = async ({ url }) => {
        if (isIll && url.endsWith('1/')) return 'silence';
        await world.clock.sleep(5 + 20 * random.next());
        return isIll && url.endsWith('2/') ? 500 : 204;
      };
      for (let at = 0; at < changes; at += 1) world.changes.append(`agent-${at % 100}`);
      await world.clock.advance(ms);
      return world.receiver.accepted.filter(({ url }) => !/[12]\/$/.test(url)).length;
    };
    const [ill, well] = [await acceptedBy(true), await acceptedBy(false)];
    expect(well).toBeGreaterThan(10 * count);
    expect(ill / well).toBeGreaterThanOrEqual(0.9);
  });

  it('holds a bounded part of 100,000 waiting events, begins at once, and reads each of them once', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = () => 'unreachable';
    for (let at = 0; at < 100_000; at += 1) world.changes.append(`agent-${at % 500}`);
    await world.clock.advance(SECOND_MS);
    expect(await world.totals()).toMatchObject({ atLeast: true });
    world.changes.entriesRead = 0;
    await world.crash();
    expect(world.changes.entriesRead).toBeLessThan(500);
    const before = world.receiver.received.length;
    world.receiver.reply = () => (world.receiver.received.length - before <= 5_000 ? 204 : 'unreachable');
    await world.clock.advance(5 * SECOND_MS);
    expect(world.receiver.accepted).toHaveLength(5_000);
    expect(world.changes.entriesRead).toBeLessThan(5_500);
    expect(Object.keys(world.stored('webhook/lane/')).length).toBeLessThan(200);
  }, 120_000);

  it('lets what is in flight end when it stops, and loses nothing by it', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = async () => {
      await world.clock.sleep(2 * SECOND_MS);
      return 204;
    };
    world.changes.append('ann');
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    const stopped = world.stop();
    await world.clock.advance(SECOND_MS);
    await stopped;
    expect(world.receiver.acceptedOf('ann')).toEqual([1]);
    await world.crash();
    await world.clock.advance(3 * SECOND_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual([1, 2]);
  });

  it('cuts off after 5 seconds what does not end when it stops', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = () => 'silence';
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    let isStopped = false;
    const stopped = world.stop().then(() => {
      isStopped = true;
    });
    await world.clock.advance(5 * SECOND_MS - 1);
    expect(isStopped).toBe(false);
    await world.clock.advance(1);
    await stopped;
    expect(world.receiver.inFlight).toBe(0);
    expect(world.clock.sleepers).toBe(0);
    await world.crash();
    expect((await world.webhooks.list())[0]?.deliveries).toMatchObject({ pending: 1, failingSince: null });
  });

  it('stops with the reason when the store fails', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.store.breakDisk(new Error('no space left'));
    const stopped = expect(world.stopsBy()).rejects.toMatchObject({ code: 'store_failed' });
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    await stopped;
    expect(world.receiver.received).toEqual([]);
  });

  it('survives a bug in the sender: told with its stack, tried again', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = ({ attempt }) => {
      if (attempt === 1) throw new TypeError('a bug');
      return 204;
    };
    world.changes.append('ann');
    await world.clock.advance(5 * SECOND_MS);
    expect(world.log.named('delivery.crashed')).toMatchObject([{ level: 'error' }]);
    expect(world.receiver.acceptedOf('ann')).toEqual([1]);
  });

  it('notices that the clock was set back, and does not wait for the old time to come again', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = ({ attempt }) => (attempt === 1 ? 500 : 204);
    world.changes.append('ann');
    await world.clock.advance(1);
    world.clock.setBack(1_000 * HOUR_MS);
    await world.clock.advance(29 * HOUR_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual([1]);
  });
});
