// The client and the route, each on its side of a real connection.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeServer, createHttpServer, listenOn } from '../../../../node/http/server/server.ts';
import { systemClock } from '../../../../node/system/clock.ts';
import {
  type Change,
  type ChangesOptions,
  ChangesRefused,
  createChangesClient,
} from '../../../../node/webhooks/receiver/changes-client.js';
import { changesNode } from '../../../support/listening.ts';
import { mailEntry, nothing, ownEntry } from '../../../support/log-entries.ts';

/** What the client waits for at most while it is connected. */
const SILENCE_MS = 45_000;

type World = Awaited<ReturnType<typeof openWorld>>;

async function openWorld() {
  const node = await changesNode();
  const server = createHttpServer((request, environment) => node.app.fetch(request, environment), {
    clock: systemClock,
  });
  const { ip, port } = await listenOn(server, { ip: '127.0.0.1', port: 0 });
  const append = (...numbers: number[]) =>
    node.changes.append(
      numbers.map((number) => ownEntry(number)),
      [],
      nothing,
    );
  /** Resolves when somebody waits for what comes. */
  const listened = async () => {
    while (node.clock.sleepers === 0) await node.clock.settle();
  };
  return { ...node, server, url: `http://${ip}:${port}`, append, listened };
}

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(async () => {
  world.stopping.abort();
  world.server.closeAllConnections();
  await closeServer(world.server, systemClock);
});

/** One that has never to wait between two connections. */
function client(options: ChangesOptions = {}) {
  let waits = 0;
  const sleep = (ms: number, signal?: AbortSignal) => {
    if (ms < SILENCE_MS) return Promise.resolve();
    waits += 1;
    return new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
  };
  const changes = createChangesClient(world.url, { sleep, ...options });
  /** Resolves when it has waited for an answer, for so many pieces of it, and waits for the next. */
  const hasRead = async (pieces: number) => {
    while (waits < pieces + 2) await world.clock.settle();
  };
  return Object.assign(changes, { hasRead });
}

async function next(changes: AsyncGenerator<Change>): Promise<readonly [cursor: string, id: string]> {
  const { done, value } = await changes.next();
  if (done) throw new Error('The iteration has ended.');
  return [value.cursor, value.event.id];
}

describe('the client at a node', () => {
  it('hears what comes after its cursor, and then what happens', async () => {
    const { append, cursor } = world;
    await append(1, 2);
    const changes = client({ since: cursor(1) });
    expect(await next(changes)).toEqual([cursor(2), 'entry-2']);
    const coming = next(changes);
    await append(3);
    expect(await coming).toEqual([cursor(3), 'entry-3']);
    await changes.return();
  });

  it('asks for what it wants in words that the node knows', async () => {
    const { append, changes: log, cursor } = world;
    await append(1);
    await log.append([mailEntry(2), ownEntry(3, { event: 'agent.deleted' })], [], nothing);
    const changes = client({ since: cursor(0), scope: 'host', events: ['agent.deleted', 'email.sent'], agentId: 'a1' });
    expect([await next(changes), await next(changes)]).toEqual([
      [cursor(2), 'entry-2'],
      [cursor(3), 'entry-3'],
    ]);
    await changes.return();
  });

  it('misses nothing and hears nothing twice while its connection is cut again and again', async () => {
    const { append, server, cursor } = world;
    const changes = client({ since: cursor(0) });
    for (let number = 1; number <= 20; number += 1) {
      await append(number);
      expect(await next(changes)).toEqual([cursor(number), `entry-${number}`]);
      if (number % 2 === 0) server.closeAllConnections();
    }
    await changes.return();
  });

  it('misses nothing when it is cut off before anything has happened', async () => {
    const { append, server, cursor } = world;
    await append(1);
    const changes = client();
    const coming = next(changes);
    await changes.hasRead(1);
    server.closeAllConnections();
    await append(2);
    expect(await coming).toEqual([cursor(2), 'entry-2']);
    await changes.return();
  });

  it('goes on from where a heartbeat found it when nothing that it wanted came', async () => {
    const { append, changes: log, server, clock, cursor, listened } = world;
    const changes = client({ since: cursor(0), events: ['agent.created'] });
    const coming = next(changes);
    await append(1, 2, 3);
    await listened();
    await clock.advance(15_000);
    await changes.hasRead(2);
    await log.forget(await log.read(0, 3));
    server.closeAllConnections();
    await log.append([ownEntry(4, { event: 'agent.created' })], [], nothing);
    expect(await coming).toEqual([cursor(4), 'entry-4']);
    await changes.return();
  });

  it('is told where to start over when its cursor is kept no more', async () => {
    const { append, changes: log, cursor } = world;
    await append(1, 2);
    await log.forget(await log.read(0, 1));
    const refused = await client({ since: cursor(0) })
      .next()
      .catch((error) => error);
    expect(refused).toBeInstanceOf(ChangesRefused);
    expect(refused).toMatchObject({ status: 410, body: { error: 'gone', since: cursor(1), now: cursor(2) } });
  });

  it('leaves nothing behind at the node', async () => {
    const { clock } = world;
    const leaving = new AbortController();
    const changes = client({ signal: leaving.signal });
    const coming = changes.next();
    await world.listened();
    leaving.abort();
    expect((await coming).done).toBe(true);
    while (clock.sleepers > 0) await clock.settle();
  });
});
