import { describe, expect, it } from 'vitest';
import {
  type Change,
  type ChangesOptions,
  ChangesRefused,
  createChangesClient,
} from '../../../../node/webhooks/receiver/changes-client.js';
import { startChangesServer } from '../../../support/changes-server.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const SILENCE_MS = 45_000;

/** What the client waits for, besides the node: a real socket's news must have reached it before time moves. */
class Waits {
  readonly clock = new VirtualClock();
  readonly #pending = new Set<number>();
  #begun = 0;

  readonly sleep = (ms: number, signal?: AbortSignal) => {
    this.#begun += 1;
    this.#pending.add(ms);
    return this.clock.sleep(ms, signal).finally(() => this.#pending.delete(ms));
  };

  /** Resolves when the client is between two connections. */
  pausing(): Promise<void> {
    return this.#until(() => [...this.#pending].some((ms) => ms !== SILENCE_MS));
  }

  /** Resolves when the client has begun to wait so often: once for the answer, and once for each piece of it. */
  begun(count: number): Promise<void> {
    return this.#until(() => this.#begun >= count);
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.clock.settle();
  }
}

async function open(options: ChangesOptions = {}) {
  const server = await startChangesServer();
  const waits = new Waits();
  const changes = createChangesClient(server.url, { sleep: waits.sleep, ...options });
  return { server, waits, clock: waits.clock, changes, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const told = (number: number) =>
  `id: log:${number}\nevent: agent.created\ndata: ${JSON.stringify(eventOf(number))}\n\n`;
const eventOf = (number: number) => ({ type: 'agent.created', id: `e-${number}`, sequence: number });
const changeOf = (number: number) => ({ cursor: `log:${number}`, event: eventOf(number) });

/** The next change, which must be one. */
async function next(changes: AsyncGenerator<Change>): Promise<Change> {
  const { done, value } = await changes.next();
  if (done) throw new Error('The iteration has ended.');
  return value;
}

describe('a client of changes', () => {
  it('asks once, and hands out each change with its cursor as it comes', async () => {
    await using world = await open();
    const first = next(world.changes);
    const asked = await world.server.next();
    expect(asked.url).toBe('/api/changes');
    expect(asked.headers).toMatchObject({ accept: 'text/event-stream' });
    expect(asked.headers).not.toHaveProperty('last-event-id');
    asked.stream(told(1) + told(2).slice(0, 20));
    expect(await first).toEqual(changeOf(1));
    await asked.say(told(2).slice(20) + told(3));
    expect([await next(world.changes), await next(world.changes)]).toEqual([changeOf(2), changeOf(3)]);
    await world.changes.return();
    await asked.gone;
    expect([world.server.count, world.clock.sleepers]).toEqual([1, 0]);
  });

  it('asks as it was told to: from where, for which, and with which token', async () => {
    const events = ['agent.created', 'agent.deleted'] as const;
    await using world = await open({ since: 'log:7&x', scope: 'mesh', events, agentId: 'a-1', token: 'sesame' });
    const first = next(world.changes);
    const asked = await world.server.next();
    expect(Object.fromEntries(new URL(asked.url, 'http://x').searchParams)).toEqual({
      since: 'log:7&x',
      scope: 'mesh',
      events: 'agent.created,agent.deleted',
      agentId: 'a-1',
    });
    expect(asked.headers.authorization).toBe('Bearer sesame');
    asked.stream(told(8));
    await first;
    await world.changes.return();
  });

  it('finds the node below a path', async () => {
    const server = await startChangesServer();
    const changes = createChangesClient(`${server.url}/mesh/`);
    const first = next(changes);
    const asked = await server.next();
    expect(asked.url).toBe('/mesh/api/changes');
    asked.stream(told(1));
    await first;
    await changes.return();
    await server[Symbol.asyncDispose]();
  });

  it.each(['ftp://127.0.0.1/', 'file:///tmp', 'nonsense'])('refuses %s before it asks anybody', async (url) => {
    await expect(createChangesClient(url).next()).rejects.toThrow(TypeError);
  });
});

describe('a connection that ends', () => {
  it.each([
    ['in order', 'end'],
    ['by a cut', 'cut'],
  ] as const)('%s is made again within a second, and goes on after the last change', async (_, how) => {
    await using world = await open({ since: 'log:0' });
    const first = next(world.changes);
    const before = await world.server.next();
    before.stream(told(1));
    expect(await first).toEqual(changeOf(1));
    const second = next(world.changes);
    before[how]();
    await before.gone;
    const after = world.server.next();
    await world.waits.pausing();
    await world.clock.advance(1_000);
    const asked = await after;
    expect(asked.headers['last-event-id']).toBe('log:1');
    asked.stream(told(2));
    expect(await second).toEqual(changeOf(2));
    await world.changes.return();
  });

  it.each([500, 502, 503, 429, 408])(
    'with %i is tried again, later each time, and at last every 30 seconds',
    async (status) => {
      await using world = await open();
      const first = next(world.changes);
      for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
        const asked = await world.server.next();
        asked.refuse(status);
        await asked.gone;
        const count = world.server.count;
        // Half of the time is certain.
        await world.waits.pausing();
        await world.clock.advance(waitMs / 2 - 1);
        expect(world.server.count).toBe(count);
        await world.clock.advance(waitMs / 2 + 1);
      }
      const asked = await world.server.next();
      asked.stream(told(1));
      expect(await first).toEqual(changeOf(1));
      const second = next(world.changes);
      asked.cut();
      await asked.gone;
      await world.waits.pausing();
      await world.clock.advance(1_000);
      (await world.server.next()).stream(told(2));
      expect(await second).toEqual(changeOf(2));
      await world.changes.return();
    },
  );

  it('with Retry-After is left alone for so long, five minutes at most', async () => {
    await using world = await open();
    const first = next(world.changes);
    for (const [header, waitMs] of [
      ['120', 120_000],
      ['86400', 300_000],
    ] as const) {
      const asked = await world.server.next();
      asked.refuse(503, undefined, { 'retry-after': header });
      await asked.gone;
      const count = world.server.count;
      await world.waits.pausing();
      await world.clock.advance(waitMs - 1);
      expect(world.server.count).toBe(count);
      await world.clock.advance(1);
    }
    (await world.server.next()).stream(told(1));
    expect(await first).toEqual(changeOf(1));
    await world.changes.return();
  });

  it('is left alone for as long as the stream said, 30 seconds at most', async () => {
    await using world = await open();
    const first = next(world.changes);
    const before = await world.server.next();
    before.stream(`retry: 20000\n${told(1)}`);
    await first;
    const second = next(world.changes);
    before.end();
    await before.gone;
    await world.waits.pausing();
    await world.clock.advance(9_999);
    expect(world.server.count).toBe(1);
    await world.clock.advance(10_001);
    (await world.server.next()).stream(told(2));
    expect(await second).toEqual(changeOf(2));
    await world.changes.return();
  });

  it('is given up when nothing comes for 45 seconds, not even a heartbeat', async () => {
    await using world = await open();
    const first = next(world.changes);
    const before = await world.server.next();
    before.stream();
    await world.waits.begun(3);
    await world.clock.advance(44_999);
    await before.say(':\n\n');
    await world.waits.begun(4);
    await world.clock.advance(44_999);
    expect(world.server.count).toBe(1);
    await world.clock.advance(1);
    await before.gone;
    await world.waits.pausing();
    await world.clock.advance(1_000);
    (await world.server.next()).stream(told(1));
    expect(await first).toEqual(changeOf(1));
    await world.changes.return();
  });
});

describe('a node that will not tell', () => {
  it.each([400, 401, 403, 404, 410, 302, 204, 200])(
    'and answers %i ends the iteration with its sentence',
    async (status) => {
      await using world = await open();
      const first = next(world.changes);
      const body = {
        error: 'changes_gone',
        message: 'Changes are kept for 7 days. Start over at log:500.',
        oldest: 'log:500',
      };
      (await world.server.next()).refuse(status, status === 204 ? undefined : body);
      const refusal = await first.catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(ChangesRefused);
      expect(refusal).toMatchObject({ status, name: 'ChangesRefused' });
      if (status === 204) return;
      expect(refusal).toMatchObject({ body, message: `The node refused (${status}): ${body.message}` });
    },
  );

  it('is not believed to tell changes by the form of its answer alone', async () => {
    await using world = await open();
    const first = next(world.changes);
    (await world.server.next()).refuse(403, { message: 'No.' }, { 'content-type': 'text/event-stream' });
    await expect(first).rejects.toMatchObject({ status: 403, message: 'The node refused (403): No.' });
  });

  it('and sends the client elsewhere is not followed: the token is for this node', async () => {
    await using world = await open({ token: 'sesame' });
    await using trap = await startChangesServer();
    const first = next(world.changes);
    (await world.server.next()).refuse(307, undefined, { location: `${trap.url}/api/changes` });
    await expect(first).rejects.toMatchObject({ status: 307 });
    expect(trap.count).toBe(0);
  });

  it('and says why at endless length is not read to the end', async () => {
    await using world = await open();
    const first = next(world.changes);
    (await world.server.next()).refuse(403, { message: 'x'.repeat(1_000_000) });
    await expect(first).rejects.toMatchObject({ status: 403, body: undefined });
  });

  it('and sends what is no event ends the iteration too, for the next connection would hear the same', async () => {
    await using world = await open();
    const first = next(world.changes);
    (await world.server.next()).stream('id: log:1\ndata: {"cut\n\n');
    await expect(first).rejects.toThrow('not JSON');
  });
});

describe('the signal', () => {
  it.each(['before', 'while asking', 'while listening', 'while waiting'])(
    'ends the iteration without an error: %s',
    async (when) => {
      const stop = new AbortController();
      if (when === 'before') stop.abort();
      await using world = await open({ signal: stop.signal });
      const first = world.changes.next();
      if (when !== 'before') {
        const asked = await world.server.next();
        if (when === 'while listening') asked.stream();
        if (when === 'while waiting') asked.refuse(503);
        if (when === 'while listening') await world.waits.begun(2);
        if (when === 'while waiting') await world.waits.pausing();
        stop.abort();
        await asked.gone;
      }
      expect(await first).toEqual({ done: true, value: undefined });
      expect([world.server.count, world.clock.sleepers]).toEqual([when === 'before' ? 0 : 1, 0]);
    },
  );
});
