// The one conversation with each peer: when it is asked, what its silence and its return do, and what others see of it.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { GREETING_INTERVAL_MS } from '../../../../mesh/limits.ts';
import { LEGACY_PROBE_PATH } from '../../../../mesh/lookup/legacy-hosts.ts';
import type { HostId } from '../../../../mesh/names.ts';
import { GREETING_MS_MAX } from '../../../../mesh/peer-silence.ts';
import { OWN_QUESTION_MS_MAX, RETURN_MS_MIN, TURN_MS } from '../../../../node/peers/heartbeat/heartbeat-times.ts';
import { CLOUD, greeting, heartbeatWorld, LAG_MS, SILENCE_MS_MAX } from '../../../support/heartbeat-world.ts';

describe('a peer that answers', () => {
  it('says with each answer which version its index has, as of the question; not with its own questions', async () => {
    const { clock, start, world, heartbeat, indexes } = await heartbeatWorld();
    await start();
    await clock.advance(LAG_MS);
    world.index = '"2"';
    heartbeat.heard(CLOUD, greeting('"3"'));
    await clock.advance(GREETING_INTERVAL_MS + LAG_MS);
    expect(indexes).toEqual([[CLOUD, '"2"', GREETING_INTERVAL_MS + LAG_MS]]);
  });

  it('is asked at once, and every ten seconds while it does not ask itself', async () => {
    const { clock, start, asked, status } = await heartbeatWorld();
    await start();
    await clock.advance(3 * (GREETING_INTERVAL_MS + LAG_MS));
    expect(asked).toEqual([0, 10_010, 20_020, 30_030]);
    expect(status()).toBe('online');
  });

  it('is asked every sixteen seconds when it takes its turn', async () => {
    const { start, asked, takingTurns, clock } = await heartbeatWorld();
    await start();
    await clock.advance(LAG_MS);
    await takingTurns(8);
    const [first = 0, ...rest] = asked.slice(1);
    expect([first, ...rest]).toEqual([0, 1, 2, 3].map((turn) => first + turn * OWN_QUESTION_MS_MAX));
    expect(first).toBe(2 * TURN_MS + LAG_MS);
  });

  it('is seen with the time of its last word, whoever began', async () => {
    const { start, takingTurns, presence, clock } = await heartbeatWorld();
    await start();
    await clock.advance(LAG_MS);
    const before = presence.of(CLOUD);
    await takingTurns(1);
    expect([before.status, before.rttMs]).toEqual(['online', LAG_MS]);
    expect(Date.parse(String(presence.of(CLOUD).lastSeenAt)) - Date.parse(String(before.lastSeenAt))).toBe(TURN_MS);
  });

  it('is known by the version of its index, whoever said so, while it says so', async () => {
    const { start, world, heartbeat, presence, clock } = await heartbeatWorld();
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
    const { start, heartbeat, stop, end } = await heartbeatWorld();
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
    const { start, world, takingTurns, clock, status, log } = await heartbeatWorld();
    await start();
    await clock.advance(LAG_MS);
    await takingTurns(turns);
    world.answer = 'silence';
    await clock.advance(SILENCE_MS_MAX);
    expect(status()).toBe('offline');
    expect(log.named('peer.lost')).toMatchObject([{ level: 'warn', fields: { why: 'Nobody answers.' } }]);
  });

  it('is offline as soon as nobody answers, where its channel ended', async () => {
    const { start, world, clock, heartbeat, status, asked } = await heartbeatWorld();
    await start();
    await clock.advance(GREETING_MS_MAX);
    world.answer = new MeshError('peer_silent', 'Nobody listens there.');
    heartbeat.doubt(CLOUD);
    await clock.advance(LAG_MS);
    expect([status(), asked]).toEqual(['offline', [0, GREETING_MS_MAX]]);
  });

  it('is asked once more and not more often than its questions can end, however often its channel ends', async () => {
    const { start, clock, heartbeat, status, asked } = await heartbeatWorld();
    await start();
    for (let turn = 0; turn < 40; turn += 1) {
      heartbeat.doubt(CLOUD);
      await clock.advance(GREETING_MS_MAX / 10);
    }
    expect([status(), asked]).toEqual(['online', [0, 2_000, 4_000, 6_000, 8_000].slice(0, asked.length)]);
    expect(asked.length).toBeLessThan(6);
  });

  it('is asked in its turn in a large mesh, though its channel ended', async () => {
    const { start, world, clock, heartbeat, asked } = await heartbeatWorld();
    world.company = new Map([[CLOUD, 3 * GREETING_INTERVAL_MS]]);
    await start();
    await clock.advance(GREETING_MS_MAX);
    const before = [...asked];
    heartbeat.doubt(CLOUD);
    await clock.advance(GREETING_MS_MAX);
    expect([before.length, asked]).toEqual([1, before]);
  });

  it('is asked every ten seconds after each silence, and seen again when it answers', async () => {
    const { start, world, clock, asked, status } = await heartbeatWorld();
    world.answer = 'silence';
    await start();
    await clock.advance(25_000);
    expect(asked).toEqual([0, 12_000, 24_000]);
    world.answer = 'greeting';
    await clock.advance(11_000 + LAG_MS);
    expect(status()).toBe('online');
  });

  it('is asked as soon as it is heard again', async () => {
    const { start, world, clock, heartbeat, status, asked } = await heartbeatWorld();
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
    const { start, world, clock, heartbeat, status, asked } = await heartbeatWorld();
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
    const { start, world, clock, heartbeat, status } = await heartbeatWorld();
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
    const { start, world, clock, turns, takingTurns } = await heartbeatWorld();
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
    const { start, world, clock, turns } = await heartbeatWorld();
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
    const { start, world, clock, presence, log } = await heartbeatWorld();
    world.answer = error;
    await start();
    await clock.advance(LAG_MS);
    expect(presence.of(CLOUD)).toMatchObject({ status: 'online', why });
    expect(log.named('peer.doubtful')).toMatchObject([{ level: 'warn', fields: { why } }]);
  });
});

describe('a peer that serves only the look-up', () => {
  it('is asked who it is every ten seconds, and nothing about claims', async () => {
    const { start, world, clock, asked, status, transport } = await heartbeatWorld();
    world.learned = { kind: 'legacy', address: '10.0.0.7', why: 'It knows no hello.' };
    world.isLegacy = true;
    await start();
    await clock.advance(GREETING_INTERVAL_MS);
    expect([status(), asked, transport.asked]).toEqual(['online', [], []]);
  });

  it('is spoken with as any other when it may not be taken for one', async () => {
    const { start, world, asked } = await heartbeatWorld();
    world.learned = { kind: 'legacy', address: '10.0.0.7', why: 'It knows no hello.' };
    await start();
    expect(asked).toEqual([0]);
  });
});

describe('where an engine keeps the claims', () => {
  it('a peer is asked a look-up that has no owner', async () => {
    const { start, transport, clock, status } = await heartbeatWorld({ engine: true });
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
    const { start, world, clock, presence } = await heartbeatWorld({ engine: true });
    world.probe = () => {
      throw new MeshError(code, 'So it is.');
    };
    await start();
    await clock.settle();
    expect(presence.of(CLOUD)).toMatchObject({ status, why: 'So it is.' });
  });
});
