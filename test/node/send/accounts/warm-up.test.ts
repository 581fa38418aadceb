import { describe, expect, it } from 'vitest';
import { WARM_UP_DAYS_KEPT, WarmUps } from '../../../../node/send/accounts/warm-up.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const ANN = 'ann@x.com';
/** Two messages a day for two days, then three for two days, then as many as the rates allow. */
const PLAN = { perDay: [2, 3], daysPerStep: 2 };

const plan = (records: readonly (readonly [string, { firstDay: number; day: number; count: number }])[] = []) =>
  new WarmUps(PLAN, new Map(records));

describe('the plan for a new address', () => {
  it.each([
    [10, 0, 0],
    [10, 1, 0],
    [10, 2, 1],
    [11, 2, 1],
    [12, 2, 0],
    [12, 3, 1],
    [13, 3, 1],
    [14, 1_000, 0],
  ])('on day %i, after %i messages since midnight, makes it wait (1) or not (0): %i', (day, count, waits) => {
    const warmUps = plan([[ANN, { firstDay: 10, day, count }]]);
    expect(warmUps.waitMs(ANN, day * DAY_MS + HOUR_MS)).toBe(waits * 23 * HOUR_MS);
  });

  it('counts those that wait and go before', () => {
    const warmUps = plan([[ANN, { firstDay: 10, day: 10, count: 1 }]]);
    expect([0, 1].map((ahead) => warmUps.waitMs(ANN, 10 * DAY_MS + HOUR_MS, ahead))).toEqual([0, 23 * HOUR_MS]);
    warmUps.reserve(ANN);
    expect(warmUps.waitMs(ANN, 10 * DAY_MS + HOUR_MS, 0)).toBe(1_000);
  });

  it('begins with its first message, counts each, and writes what it counted', () => {
    const warmUps = plan();
    const atMs = 10 * DAY_MS;
    expect([
      warmUps.waitMs(ANN, atMs),
      warmUps.count(ANN, atMs),
      warmUps.count(ANN, atMs),
      warmUps.waitMs(ANN, atMs),
    ]).toEqual([
      0,
      [{ key: `send/warm-up/${ANN}`, value: { firstDay: 10, day: 10, count: 1 } }],
      [{ key: `send/warm-up/${ANN}`, value: { firstDay: 10, day: 10, count: 2 } }],
      DAY_MS,
    ]);
    expect(warmUps.waitMs('bob@x.com', atMs)).toBe(0);
  });

  it('counts anew each day, and keeps the first', () => {
    const warmUps = plan([[ANN, { firstDay: 10, day: 10, count: 2 }]]);
    expect(warmUps.count(ANN, 11 * DAY_MS)).toEqual([
      { key: `send/warm-up/${ANN}`, value: { firstDay: 10, day: 11, count: 1 } },
    ]);
  });

  it('writes nothing any more once it is over', () => {
    const warmUps = plan([[ANN, { firstDay: 10, day: 13, count: 3 }]]);
    expect([warmUps.count(ANN, 14 * DAY_MS), warmUps.count('new@x.com', 14 * DAY_MS).length]).toEqual([[], 1]);
  });

  it('writes the first message of an address even where it bounds nothing', () => {
    const warmUps = new WarmUps({ perDay: [], daysPerStep: 1 }, new Map());
    const written = [1, 2].map(() => warmUps.count(ANN, 0).length);
    expect([written, warmUps.waitMs(ANN, 0)]).toEqual([[1, 0], 0]);
  });

  it('is none where the operator made none', () => {
    const warmUps = new WarmUps(undefined, new Map([[ANN, { firstDay: 10, day: 10, count: 1_000 }]]));
    warmUps.reserve(ANN);
    expect([warmUps.waitMs(ANN, 10 * DAY_MS), warmUps.count('new@x.com', 10 * DAY_MS)]).toEqual([0, []]);
  });
});

describe('messages on their way', () => {
  it('take up places, and give them back', () => {
    const warmUps = plan();
    const waits: number[] = [];
    const note = () => waits.push(warmUps.waitMs(ANN, 0));
    for (const act of ['reserve', 'reserve', 'reserve', 'release', 'release'] as const) {
      warmUps[act](ANN);
      note();
    }
    expect(waits).toEqual([0, 1_000, 1_000, 1_000, 0]);
    expect(warmUps.waitMs('bob@x.com', 0)).toBe(0);
  });

  it('that all count are waited for till midnight', () => {
    const warmUps = plan([[ANN, { firstDay: 0, day: 0, count: 2 }]]);
    warmUps.reserve(ANN);
    expect(warmUps.waitMs(ANN, HOUR_MS)).toBe(23 * HOUR_MS);
  });

  it('are never fewer than none', () => {
    const warmUps = plan();
    warmUps.release(ANN);
    warmUps.reserve(ANN);
    warmUps.reserve(ANN);
    expect(warmUps.waitMs(ANN, 0)).toBe(1_000);
  });
});

describe('an address that nobody has any more', () => {
  const counted = (day: number) => plan([[ANN, { firstDay: 10, day, count: 2 }]]);
  const atMs = 100 * DAY_MS;
  const gone = [{ key: `send/warm-up/${ANN}`, value: undefined }];

  it.each([
    ['some weeks after it last sent', 100 - WARM_UP_DAYS_KEPT - 1, gone],
    ['not within these weeks', 100 - WARM_UP_DAYS_KEPT, []],
    ['when it was counted by a clock that was far ahead', 100 + WARM_UP_DAYS_KEPT + 1, gone],
  ])('is forgotten %s', (_, day, writes) => {
    expect(counted(day).trim(() => false, atMs)).toEqual(writes);
  });

  it('is a new sender afterwards', () => {
    const warmUps = counted(20);
    expect([warmUps.trim(() => false, atMs), warmUps.trim(() => false, atMs)]).toEqual([gone, []]);
    expect(warmUps.count(ANN, atMs)).toMatchObject([{ value: { firstDay: 100, count: 1 } }]);
  });

  it('is kept while somebody has it, or something of it is on its way', () => {
    const warmUps = counted(20);
    expect(warmUps.trim((address) => address === ANN, atMs)).toEqual([]);
    warmUps.reserve(ANN);
    expect(warmUps.trim(() => false, atMs)).toEqual([]);
  });
});

describe('a clock that is set', () => {
  it.each([
    ['forth', 5 * DAY_MS],
    ['back', -5 * DAY_MS],
  ])('%s, ends no day and begins none', (_, byMs) => {
    const warmUps = plan([[ANN, { firstDay: 10, day: 10, count: 2 }]]);
    warmUps.stepped(byMs);
    const atMs = 10 * DAY_MS + HOUR_MS + byMs;
    expect(warmUps.waitMs(ANN, atMs)).toBe(23 * HOUR_MS);
    expect(warmUps.count(ANN, atMs)).toEqual([
      { key: `send/warm-up/${ANN}`, value: { firstDay: 10, day: 10, count: 3 } },
    ]);
  });

  it('back while the node was down goes on with the day that was counted, as far into the plan', () => {
    const warmUps = plan([[ANN, { firstDay: 10, day: 12, count: 2 }]]);
    expect([warmUps.waitMs(ANN, 5 * DAY_MS), warmUps.count(ANN, 5 * DAY_MS), warmUps.waitMs(ANN, 5 * DAY_MS)]).toEqual([
      0,
      [{ key: `send/warm-up/${ANN}`, value: { firstDay: 3, day: 5, count: 3 } }],
      DAY_MS,
    ]);
  });

  it('twice, counts both', () => {
    const warmUps = plan([[ANN, { firstDay: 10, day: 10, count: 2 }]]);
    warmUps.stepped(DAY_MS);
    warmUps.stepped(DAY_MS);
    expect(warmUps.waitMs(ANN, 12 * DAY_MS)).toBe(DAY_MS);
  });
});
