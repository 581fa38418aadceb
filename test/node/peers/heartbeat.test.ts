// The one conversation with each peer: when it is asked, what its silence and its return do, and what others see of it.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import {
  COPY_FRESH_MS_MAX,
  GREETING_INTERVAL_MS,
  GREETING_MS_MAX,
  LARGE_GREETING_INTERVAL_MS,
} from '../../../mesh/limits.ts';
import { LEGACY_PROBE_PATH } from '../../../mesh/lookup/legacy-hosts.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { PeerAnswer } from '../../../mesh/ports.ts';
import { parseRoster } from '../../../mesh/roster.ts';
import type { Greeting } from '../../../mesh/state/messages.ts';
import type { Learned } from '../../../node/peers/first-contact.ts';
import { Heartbeat } from '../../../node/peers/heartbeat.ts';
import { OWN_QUESTION_MS_MAX, RETURN_MS_MIN, TURN_MS } from '../../../node/peers/heartbeat-times.ts';
import { FIRST_QUESTION_GAP_MS } from '../../../node/peers/limits.ts';
import { Presence } from '../../../node/peers/presence.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { urlOf } from '../../support/roster-of.ts';
import { ScriptedPeers } from '../../support/scripted-peers.ts';
import { testKeys } from '../../support/test-keys.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const CLOUD = 'cloud' as HostId;
const { key } = testKeys('cloud').cloud;
const LAG_MS = 10;
/** From a peer's last word until its silence is seen: it lets its turn go by, and does not answer. */
const SILENCE_MS_MAX = GREETING_INTERVAL_MS + GREETING_MS_MAX;
const greeting = (index?: string) => ({ about: 'greeting', index }) as Greeting;

/** Host `mac` and its peer `cloud`, which does as the test says. `engine`: the hosts keep no claims. */
async function setUp({ engine = false, next = (): number => 0 } = {}) {
  const [clock, log] = [new VirtualClock(), new RecordingLog()];
  const rosterOf = (...hosts: object[]) =>
    parseRoster(JSON.stringify({ hosts: [{ id: 'mac', url: urlOf('mac') }, ...hosts] }), {
      id: 'mac',
      hostName: 'mac',
    });
  const cloud = { id: 'cloud', url: urlOf('cloud') };
  const world = {
    roster: rosterOf(cloud),
    learned: { kind: 'known', key } as Learned | (() => Promise<Learned>),
    isLegacy: false,
    /** What the peer says to a greeting. */
    answer: 'greeting' as 'greeting' | 'silence' | Error,
    index: undefined as string | undefined,
    company: new Map([['cloud' as HostId, GREETING_INTERVAL_MS]]),
    relayedAtMs: undefined as number | undefined,
    probe: () => ({ status: 200, body: {} }) as PeerAnswer,
  };
  const asked: number[] = [];
  const transport = new ScriptedPeers({ cloud: () => world.probe() });
  const turns: string[] = [];
  const indexes: unknown[] = [];
  const presence = new Presence({
    ...{ keys: { status: () => ({ state: 'pinned' }) }, clock, log },
    relayedAtMs: () => world.relayedAtMs,
    found: (id) => turns.push(`${id} is there`),
    lost: (id, why) => turns.push(`${id} is gone: ${why}`),
    indexSaid: (id, index, atMs) => indexes.push([id, index, atMs]),
  });
  const heartbeat = new Heartbeat({
    ...{ presence, transport, clock, random: { next }, index: () => '"mine"' },
    roster: () => world.roster,
    company: () => world.company,
    introductions: {
      meet: async () => (typeof world.learned === 'function' ? await world.learned() : world.learned),
    },
    legacy: { has: () => world.isLegacy },
  });
  const greet = async (to: HostId) => {
    const sinceMs = clock.monotonicMs();
    asked.push(sinceMs);
    if (world.answer === 'silence') {
      await clock.sleep(GREETING_MS_MAX);
      heartbeat.greeted(to, { sinceMs, error: new MeshError('peer_silent', 'Nobody answers.') });
      return;
    }
    await clock.sleep(LAG_MS);
    if (world.answer === 'greeting') heartbeat.greeted(to, { sinceMs, reply: greeting(world.index) });
    else heartbeat.greeted(to, { sinceMs, error: world.answer });
  };
  const stop = new AbortController();
  let ended: Promise<void> | undefined;
  const start = async () => {
    ended = heartbeat.run(stop.signal, engine ? undefined : (to) => void greet(to));
    // Whoever waits for the end sees how it came.
    ended.catch(() => undefined);
    await clock.settle();
  };
  /** The peer takes its turn for so long. */
  const takingTurns = async (turns: number) => {
    for (let turn = 0; turn < turns; turn += 1) {
      await clock.advance(TURN_MS);
      if (turn % 2 === 0) heartbeat.heard(CLOUD, greeting(world.index));
    }
  };
  const status = () => presence.of(CLOUD).status;
  const edit = async (...hosts: object[]) => {
    world.roster = rosterOf(...hosts);
    heartbeat.edited();
    await clock.settle();
  };
  return {
    ...{
      clock,
      log,
      turns,
      indexes,
      world,
      asked,
      transport,
      presence,
      heartbeat,
      start,
      stop,
      takingTurns,
      status,
      edit,
      cloud,
    },
    end: () => ended,
  };
}

describe('a peer that answers', () => {
  it('says with each answer which version its index has, as of the question; not with its own questions', async () => {
    const { clock, start, world, heartbeat, indexes } = await setUp();
    await start();
    await clock.advance(LAG_MS);
    world.index = '"2"';
    heartbeat.heard(CLOUD, greeting('"3"'));
    await clock.advance(GREETING_INTERVAL_MS + LAG_MS);
    expect(indexes).toEqual([[CLOUD, '"2"', GREETING_INTERVAL_MS + LAG_MS]]);
  });

  it('is asked at once, and every ten seconds while it does not ask itself', async () => {
    const { clock, start, asked, status } = await setUp();
    await start();
    await clock.advance(3 * (GREETING_INTERVAL_MS + LAG_MS));
    expect(asked).toEqual([0, 10_010, 20_020, 30_030]);
    expect(status()).toBe('online');
  });

  it('is asked every sixteen seconds when it takes its turn', async () => {
    const { start, asked, takingTurns, clock } = await setUp();
    await start();
    await clock.advance(LAG_MS);
    await takingTurns(8);
    const [first = 0, ...rest] = asked.slice(1);
    expect([first, ...rest]).toEqual([0, 1, 2, 3].map((turn) => first + turn * OWN_QUESTION_MS_MAX));
    expect(first).toBe(2 * TURN_MS + LAG_MS);
  });

  it('is seen with the time of its last word, whoever began', async () => {
    const { start, takingTurns, presence, clock } = await setUp();
    await start();
    await clock.advance(LAG_MS);
    const before = presence.of(CLOUD);
    await takingTurns(1);
    expect([before.status, before.rttMs]).toEqual(['online', LAG_MS]);
    expect(Date.parse(String(presence.of(CLOUD).lastSeenAt)) - Date.parse(String(before.lastSeenAt))).toBe(TURN_MS);
  });

  it('is known by the version of its index, whoever said so, while it says so', async () => {
    const { start, world, heartbeat, presence, clock } = await setUp();
    world.index = '"1"';
    await start();
    await clock.advance(LAG_MS);
    expect(presence.indexOf(CLOUD)).toBe('"1"');
    heartbeat.heard(CLOUD, greeting('"2"'));
    expect(presence.indexOf(CLOUD)).toBe('"2"');
    // A version that does not say so took its place.
    heartbeat.heard(CLOUD, greeting());
    expect(presence.indexOf(CLOUD)).toBeUndefined();
  });

  it('has its routine greetings carried from the first to the last moment, and others have not', async () => {
    const { start, heartbeat, stop, end } = await setUp();
    const carried = () => [heartbeat.carries(CLOUD), heartbeat.carries('mini' as HostId)];
    expect(carried()).toEqual([false, false]);
    await start();
    expect(carried()).toEqual([true, false]);
    stop.abort();
    await end();
    expect(carried()).toEqual([false, false]);
  });
});

describe('a peer that falls silent', () => {
  it.each([
    ['after it answered', 0],
    ['after it asked', 1],
  ])('%s is offline twelve seconds later at most', async (_, turns) => {
    const { start, world, takingTurns, clock, status, log } = await setUp();
    await start();
    await clock.advance(LAG_MS);
    await takingTurns(turns);
    world.answer = 'silence';
    await clock.advance(SILENCE_MS_MAX);
    expect(status()).toBe('offline');
    expect(log.named('peer.lost')).toMatchObject([{ level: 'warn', fields: { why: 'Nobody answers.' } }]);
  });

  it('is asked every ten seconds after each silence, and seen again when it answers', async () => {
    const { start, world, clock, asked, status } = await setUp();
    world.answer = 'silence';
    await start();
    await clock.advance(25_000);
    expect(asked).toEqual([0, 12_000, 24_000]);
    world.answer = 'greeting';
    await clock.advance(11_000 + LAG_MS);
    expect(status()).toBe('online');
  });

  it('is asked as soon as it is heard again', async () => {
    const { start, world, clock, heartbeat, status, asked } = await setUp();
    world.answer = 'silence';
    await start();
    await clock.advance(GREETING_MS_MAX);
    expect(status()).toBe('offline');
    world.answer = 'greeting';
    await clock.advance(RETURN_MS_MIN);
    heartbeat.heard(CLOUD, greeting());
    await clock.advance(LAG_MS);
    expect([status(), asked.length]).toEqual(['online', 2]);
  });

  it('stays offline when it reaches us and we do not reach it', async () => {
    const { start, world, clock, heartbeat, status, asked } = await setUp();
    world.answer = 'silence';
    await start();
    for (let turn = 0; turn < 6; turn += 1) {
      await clock.advance(GREETING_INTERVAL_MS);
      heartbeat.heard(CLOUD, greeting());
      expect(status()).toBe('offline');
    }
    expect(asked.length).toBeLessThanOrEqual(12);
  });

  it('is noticed in eighteen seconds when it goes on asking us', async () => {
    const { start, world, clock, heartbeat, status } = await setUp();
    await start();
    await clock.advance(LAG_MS);
    world.answer = 'silence';
    for (let ms = 0; ms < OWN_QUESTION_MS_MAX; ms += 500) {
      heartbeat.heard(CLOUD, greeting());
      await clock.advance(500);
    }
    await clock.advance(GREETING_MS_MAX);
    expect(status()).toBe('offline');
  });
});

describe('who wants to know when a peer is there', () => {
  it('is told once when it is found, when it falls silent, and when it is there again', async () => {
    const { start, world, clock, turns, takingTurns } = await setUp();
    await start();
    await clock.advance(LAG_MS);
    await takingTurns(4);
    expect(turns).toEqual(['cloud is there']);
    world.answer = 'silence';
    await clock.advance(3 * SILENCE_MS_MAX);
    expect(turns.slice(1)).toEqual(['cloud is gone: Nobody answers.']);
    world.answer = 'greeting';
    await clock.advance(SILENCE_MS_MAX);
    expect(turns.slice(2)).toEqual(['cloud is there']);
  });

  it('is told that a peer is there which is not believed', async () => {
    const { start, world, clock, turns } = await setUp();
    world.answer = new MeshError('clock_skew', 'Its clock is wrong.');
    await start();
    await clock.advance(LAG_MS);
    expect(turns).toEqual(['cloud is there']);
  });
});

describe('a peer that answers what is no greeting', () => {
  it.each([
    [new MeshError('clock_skew', 'Its clock is wrong.'), 'Its clock is wrong.'],
    [new Error('zod'), 'Its answer to a greeting is in a form that is not known here.'],
  ])('is there, and doubtful: %s', async (error, why) => {
    const { start, world, clock, presence, log } = await setUp();
    world.answer = error;
    await start();
    await clock.advance(LAG_MS);
    expect(presence.of(CLOUD)).toMatchObject({ status: 'online', why });
    expect(log.named('peer.doubtful')).toMatchObject([{ level: 'warn', fields: { why } }]);
  });
});

describe('a peer that serves only the look-up', () => {
  it('is asked who it is every ten seconds, and nothing about claims', async () => {
    const { start, world, clock, asked, status, transport } = await setUp();
    world.learned = { kind: 'legacy', address: '10.0.0.7', why: 'It knows no hello.' };
    world.isLegacy = true;
    await start();
    await clock.advance(GREETING_INTERVAL_MS);
    expect([status(), asked, transport.asked]).toEqual(['online', [], []]);
  });

  it('is spoken with as any other when it may not be taken for one', async () => {
    const { start, world, asked } = await setUp();
    world.learned = { kind: 'legacy', address: '10.0.0.7', why: 'It knows no hello.' };
    await start();
    expect(asked).toEqual([0]);
  });
});

describe('where an engine keeps the claims', () => {
  it('a peer is asked a look-up that has no owner', async () => {
    const { start, transport, clock, status } = await setUp({ engine: true });
    await start();
    await clock.advance(GREETING_INTERVAL_MS);
    expect(transport.asked.map(({ path, lane }) => [path, lane])).toEqual(
      Array(2).fill([LEGACY_PROBE_PATH, 'greetings']),
    );
    expect(status()).toBe('online');
  });

  it.each([
    ['peer_silent', 'offline'],
    ['peer_untrusted', 'online'],
  ] as const)('%s: it is %s, and it is said why', async (code, status) => {
    const { start, world, clock, presence } = await setUp({ engine: true });
    world.probe = () => {
      throw new MeshError(code, 'So it is.');
    };
    await start();
    await clock.settle();
    expect(presence.of(CLOUD)).toMatchObject({ status, why: 'So it is.' });
  });
});

describe('hosts.json', () => {
  it('edited: who is new is asked at once, who left is asked no more', async () => {
    const { start, clock, asked, edit, cloud, heartbeat, status } = await setUp();
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
    const { start, clock, asked, edit } = await setUp();
    await start();
    await clock.advance(1_000);
    await edit({ id: 'cloud', url: urlOf('elsewhere') });
    expect(asked).toEqual([0, 1_000]);
  });

  it('edited elsewhere changes nothing', async () => {
    const { start, clock, asked, edit, cloud } = await setUp();
    await start();
    await clock.advance(1_000);
    await edit({ ...cloud, name: 'The cloud' });
    expect(asked).toEqual([0]);
  });
});

describe('in a large mesh', () => {
  it('a peer that this host does not keep in touch with is not asked; whether it is there, relays say', async () => {
    const { start, world, clock, asked, heartbeat, presence, log } = await setUp();
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

  it('a peer is asked every thirty seconds, and as soon as it has a vote with this host every ten', async () => {
    const { start, world, clock, asked, heartbeat } = await setUp();
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
    const { start, world, clock, asked, heartbeat } = await setUp();
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

  it('first questions are spread over a while, so that no host is asked by all at once', async () => {
    const { start, world, clock, asked } = await setUp({ next: () => 0.5 });
    world.company = new Map([[CLOUD, LARGE_GREETING_INTERVAL_MS]]);
    await start();
    expect(asked).toEqual([]);
    await clock.advance(FIRST_QUESTION_GAP_MS / 2);
    expect(asked).toEqual([FIRST_QUESTION_GAP_MS / 2]);
  });
});

describe('an end', () => {
  it('leaves nothing behind, and asks nothing more', async () => {
    const { start, clock, stop, end, asked } = await setUp();
    await start();
    await clock.advance(LAG_MS);
    stop.abort();
    await end();
    await clock.advance(60_000);
    expect([asked.length, clock.sleepers]).toEqual([1, 0]);
  });

  it('that came before the beginning lets nobody be asked, whatever hosts.json says later', async () => {
    const { start, stop, end, edit, cloud, asked } = await setUp();
    stop.abort();
    await start();
    await end();
    await edit(cloud);
    expect(asked).toEqual([]);
  });

  it('comes though a peer hangs that is asked who it is', async () => {
    const { start, world, stop, end } = await setUp();
    const met = Promise.withResolvers<Learned>();
    world.learned = () => met.promise;
    await start();
    stop.abort();
    met.resolve({ kind: 'silent', why: 'This node is stopping.' });
    await end();
  });

  it('comes with the store’s failure', async () => {
    const { start, world, end } = await setUp();
    world.learned = () => Promise.reject(new MeshError('store_failed', 'The disk is full.'));
    await start();
    await expect(end()).rejects.toMatchObject({ code: 'store_failed' });
  });
});
