// Whom the heartbeat speaks with: as hosts.json lists them, in a large mesh, and until its end.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { COPY_FRESH_MS_MAX, GREETING_INTERVAL_MS } from '../../../../mesh/limits.ts';
import { LARGE_GREETING_INTERVAL_MS } from '../../../../mesh/membership/greeted-hosts.ts';
import { GREETING_MS_MAX } from '../../../../mesh/peer-silence.ts';
import { FIRST_QUESTION_GAP_MS, FORMING_LOOK_MS } from '../../../../node/peers/heartbeat/heartbeat.ts';
import type { Learned } from '../../../../node/peers/keys/first-contact.ts';
import { CLOUD, greeting, heartbeatWorld, LAG_MS } from '../../../support/heartbeat-world.ts';
import { urlOf } from '../../../support/roster-of.ts';

describe('hosts.json', () => {
  it('edited: who is new is asked at once, who left is asked no more', async () => {
    const { start, clock, asked, edit, cloud, heartbeat, status } = await heartbeatWorld();
    await edit();
    await start();
    expect(asked).toEqual([]);
    await edit(cloud);
    await clock.advance(LAG_MS);
    expect([asked, status()]).toEqual([[0], 'online']);
    await edit({ ...cloud, enabled: false });
    await clock.advance(30_000);
    expect([asked, heartbeat.carries(CLOUD), status()]).toEqual([[0], false, 'unknown']);
  });

  it('that has a peer at another place: it is asked there at once', async () => {
    const { start, clock, asked, edit } = await heartbeatWorld();
    await start();
    await clock.advance(1_000);
    await edit({ id: 'cloud', url: urlOf('elsewhere') });
    expect(asked).toEqual([0, 1_000]);
  });

  it('edited elsewhere changes nothing', async () => {
    const { start, clock, asked, edit, cloud } = await heartbeatWorld();
    await start();
    await clock.advance(1_000);
    await edit({ ...cloud, name: 'The cloud' });
    expect(asked).toEqual([0]);
  });
});

describe('in a large mesh', () => {
  it('a peer that this host does not keep in touch with is not asked; whether it is there, relays say', async () => {
    const { start, world, clock, asked, heartbeat, presence, log } = await heartbeatWorld();
    world.company = new Map();
    await start();
    expect(presence.of(CLOUD).status).toBe('unknown');
    world.relayedAtMs = clock.monotonicMs();
    await clock.advance(COPY_FRESH_MS_MAX);
    const known = () => [presence.of(CLOUD).status, presence.isDown(CLOUD), presence.isRelayed(CLOUD)];
    expect(known()).toEqual(['online', false, true]);
    await clock.advance(1_000);
    const why = "No relay has heard host 'cloud' for 41 s.";
    expect([presence.of(CLOUD), known()]).toMatchObject([{ status: 'offline', why }, ['offline', true, false]]);
    expect([asked, heartbeat.carries(CLOUD), log.events]).toEqual([[], false, []]);
  });

  it('a peer that greets this host, and is not asked, is remembered until it is forgotten', async () => {
    const { start, world, heartbeat, presence } = await heartbeatWorld();
    world.company = new Map();
    await start();
    heartbeat.heard(CLOUD, { index: '"1"' });
    expect([[...presence.hosts()], presence.indexOf(CLOUD)]).toEqual([[CLOUD], '"1"']);
    presence.forget(CLOUD);
    expect([[...presence.hosts()], presence.indexOf(CLOUD)]).toEqual([[], undefined]);
  });

  it('relays do not say whether a peer is there that this host asks itself, as long as it asks', async () => {
    const { start, world, clock, presence, heartbeat, edit, cloud } = await heartbeatWorld();
    world.answer = 'silence';
    world.relayedAtMs = clock.monotonicMs();
    await start();
    expect([heartbeat.carries(CLOUD), presence.of(CLOUD).status]).toEqual([true, 'unknown']);
    world.company = new Map();
    await edit(cloud);
    expect([heartbeat.carries(CLOUD), presence.of(CLOUD).status]).toEqual([false, 'online']);
  });

  it('a peer is asked every thirty seconds, and as soon as it has a vote with this host every ten', async () => {
    const { start, world, clock, asked, heartbeat } = await heartbeatWorld();
    world.company = new Map([[CLOUD, LARGE_GREETING_INTERVAL_MS]]);
    await start();
    await clock.advance(2 * (LARGE_GREETING_INTERVAL_MS + LAG_MS));
    expect(asked).toEqual([0, 30_010, 60_020]);
    world.company = new Map([[CLOUD, GREETING_INTERVAL_MS]]);
    heartbeat.edited();
    await clock.advance(2 * (GREETING_INTERVAL_MS + LAG_MS));
    expect(asked.slice(3)).toEqual([70_030, 80_040]);
  });

  it('a peer that this host is to keep in touch with from now on is asked at once, and who is not any more no longer', async () => {
    const { start, world, clock, asked, heartbeat } = await heartbeatWorld();
    world.company = new Map();
    await start();
    await clock.advance(5_000);
    world.company = new Map([[CLOUD, LARGE_GREETING_INTERVAL_MS]]);
    heartbeat.edited();
    await clock.advance(LAG_MS);
    world.company = new Map();
    heartbeat.edited();
    await clock.advance(120_000);
    expect(asked).toEqual([5_000]);
  });

  it('a silent voter is asked within ten seconds once this host can claim nothing, however long it was to be left alone', async () => {
    const { start, world, clock, asked } = await heartbeatWorld();
    world.company = new Map([[CLOUD, LARGE_GREETING_INTERVAL_MS]]);
    world.answer = 'silence';
    await start();
    await clock.advance(2 * (GREETING_MS_MAX + LARGE_GREETING_INTERVAL_MS));
    expect(asked).toEqual([0, GREETING_MS_MAX + LARGE_GREETING_INTERVAL_MS]);
    world.isAwaited = true;
    world.answer = 'greeting';
    await clock.advance(GREETING_INTERVAL_MS);
    expect(asked).toHaveLength(3);
    await clock.advance(GREETING_INTERVAL_MS + LAG_MS);
    expect(asked).toHaveLength(4);
    world.isAwaited = false;
    await clock.advance(LARGE_GREETING_INTERVAL_MS - 1);
    expect(asked).toHaveLength(4);
  });

  it('a peer that can wait for the mesh to form is not asked before, whatever it asks, and is soon after', async () => {
    const { start, world, clock, asked, heartbeat } = await heartbeatWorld();
    world.canWait = true;
    world.company = new Map([[CLOUD, LARGE_GREETING_INTERVAL_MS]]);
    await start();
    await clock.advance(LARGE_GREETING_INTERVAL_MS);
    heartbeat.heard(CLOUD, greeting());
    await clock.advance(LARGE_GREETING_INTERVAL_MS);
    expect(asked).toEqual([]);
    world.canWait = false;
    await clock.advance(FORMING_LOOK_MS);
    expect(asked).toHaveLength(1);
  });

  it('first questions are spread over a while, so that no host is asked by all at once', async () => {
    const { start, world, clock, asked } = await heartbeatWorld({ next: () => 0.5 });
    world.company = new Map([[CLOUD, LARGE_GREETING_INTERVAL_MS]]);
    await start();
    expect(asked).toEqual([]);
    await clock.advance(FIRST_QUESTION_GAP_MS / 2);
    expect(asked).toEqual([FIRST_QUESTION_GAP_MS / 2]);
  });
});

describe('an end', () => {
  it('leaves nothing behind, and asks nothing more', async () => {
    const { start, clock, stop, end, asked } = await heartbeatWorld();
    await start();
    await clock.advance(LAG_MS);
    stop.abort();
    await end();
    await clock.advance(60_000);
    expect([asked.length, clock.sleepers]).toEqual([1, 0]);
  });

  it('that came before the beginning lets nobody be asked, whatever hosts.json says later', async () => {
    const { start, stop, end, edit, cloud, asked } = await heartbeatWorld();
    stop.abort();
    await start();
    await end();
    await edit(cloud);
    expect(asked).toEqual([]);
  });

  it('comes though a peer hangs that is asked who it is', async () => {
    const { start, world, stop, end } = await heartbeatWorld();
    const met = Promise.withResolvers<Learned>();
    world.learned = () => met.promise;
    await start();
    stop.abort();
    met.resolve({ kind: 'silent', why: 'This node is stopping.' });
    await end();
  });

  it('comes with the store’s failure', async () => {
    const { start, world, end } = await heartbeatWorld();
    world.learned = () => Promise.reject(new MeshError('store_failed', 'The disk is full.'));
    await start();
    await expect(end()).rejects.toMatchObject({ code: 'store_failed' });
  });
});
