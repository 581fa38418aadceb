// Which configuration follows which: a pure function, and a case for each reason to change the voters.
// Longer than 300 lines: one function, with a case for each of its reasons.
import { describe, expect, it } from 'vitest';
import { HOSTS_MAX } from '../../../mesh/limits.ts';
import {
  firstVoters,
  GONE_KEPT_MAX,
  isItsTurn,
  nextConfig,
  settledConfig,
} from '../../../mesh/membership/next-config.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { Ballot } from '../../../mesh/register/ballot.ts';
import { type Config, EVICTED, firstConfig } from '../../../mesh/state/config.ts';
import { type Membership, NO_SETBACKS } from '../../../mesh/state/membership.ts';
import type { Wish } from '../../../mesh/state/messages.ts';
import {
  cloud,
  DATA,
  dataOf,
  desk,
  FIVE,
  greetingOf,
  lab,
  mac,
  membershipOf,
  mini,
  startsOf,
  votersOf,
  wishOf,
} from '../../support/membership-of.ts';

const THREE = [cloud, mac, mini];
const CONFIG = firstConfig(votersOf(...THREE), THREE);
const NOW_ISO = '2026-01-27T12:00:00.000Z';
const NOW_MS = 100_000;
const FRESH_MS = 25_000;

interface Told {
  readonly wish?: Wish;
  readonly config?: Config;
  readonly data?: string;
  readonly atMs?: number;
}

/** What `self` knows when these hosts have just said that they wish the same, unless told otherwise; they stand where it does. */
function known(
  wish: Wish,
  told: Partial<Record<string, Told>>,
  { self = mac, config = CONFIG, ...more }: Partial<Membership> = {},
): Membership {
  const greetings: Membership['greetings'] = new Map();
  for (const [host, { atMs = NOW_MS, data = DATA[host as HostId] ?? '', ...said }] of Object.entries(
    told as Record<string, Told>,
  )) {
    const stand = said.config ?? config;
    greetings.set(host as HostId, { greeting: greetingOf(data, said.wish ?? wish, { config: stand }), atMs });
  }
  return membershipOf(self, DATA[self] ?? '', { wish, config, greetings, ...more });
}
const next = (membership: Membership) => nextConfig(membership, NOW_MS, NOW_ISO);
const told = (floor: Ballot | null, isWhole = true) => ({ floor, isWhole });

describe('the next configuration', () => {
  const wish = wishOf([cloud, desk, mac]);
  const agreed = { cloud: {}, desk: {}, mini: {} };

  it('has other voters, and those before them while the mesh moves there', () => {
    expect(next(known(wish, agreed))).toEqual({
      mesh: CONFIG.mesh,
      epoch: 2,
      voters: votersOf(cloud, desk, mac),
      old: CONFIG.voters,
      members: [cloud, desk, mac],
      gone: { [mini]: NOW_ISO },
    });
  });

  it('is not due while all is as it is wished, nor in the middle of a move, nor where nobody votes', () => {
    expect(next(known(wishOf(THREE), { cloud: {}, mini: {} }))).toBeUndefined();
    const moving = { ...CONFIG, epoch: 2, old: CONFIG.voters };
    expect(next(known(wish, agreed, { config: moving }))).toBeUndefined();
    expect(next(known(wishOf([], THREE), agreed))).toBeUndefined();
    expect(nextConfig(membershipOf(mac, DATA[mac] ?? '', { wish }), NOW_MS, NOW_ISO)).toBeUndefined();
  });

  it('needs a majority of the present voters to wish for it', () => {
    const pair = wishOf([desk, mac]);
    expect(next(known(pair, { desk: {} }))).toBeUndefined();
    expect(next(known(pair, { desk: {}, lab: {} }))).toBeUndefined();
    expect(next(known(pair, { desk: {}, mini: { wish: wishOf(THREE) } }))).toBeUndefined();
    expect(next(known(pair, { desk: {}, mini: { data: dataOf('f') } }))).toBeUndefined();
    expect(next(known(pair, { desk: {}, mini: { atMs: NOW_MS - FRESH_MS - 1 } }))).toBeUndefined();
    expect(next(known(pair, { desk: {}, mini: { atMs: NOW_MS - FRESH_MS } }))).toBeDefined();
  });

  it('needs no vote of its mover, which may be no voter or have lost its disk', () => {
    const pair = wishOf([cloud, desk]);
    expect(next(known(pair, { cloud: {}, mini: {} }, { self: desk }))?.voters).toEqual(votersOf(cloud, desk));
    expect(next(known(pair, { cloud: {} }, { self: desk }))).toBeUndefined();
    const renewed = dataOf('f');
    expect(next(known(wishOf(THREE), { cloud: {}, mini: {} }, { starts: startsOf(renewed) }))?.voters).toEqual({
      ...CONFIG.voters,
      [mac]: renewed,
    });
    expect(next(known(pair, { cloud: {}, desk: {} }))).toBeDefined();
    expect(next(known(pair, { cloud: {}, desk: {} }, { starts: startsOf(renewed) }))).toBeUndefined();
  });

  it.each([
    ['was not heard of', undefined],
    ['was not heard of lately', { atMs: NOW_MS - FRESH_MS - 1 }],
    ['wishes for other voters', { wish: wishOf([cloud, desk, mac, mini]) }],
    ['wishes for other members', { wish: wishOf([cloud, desk, mac], FIVE) }],
    ['is in an earlier epoch', { config: { ...CONFIG, epoch: 2 } }],
    ['is in a later epoch', { config: { ...CONFIG, epoch: 4 } }],
    ['is in another mesh', { config: { ...CONFIG, mesh: 'f'.repeat(32), epoch: 3 } }],
  ] as const)('waits for each of the new voters: one %s', (_, said) => {
    const config = { ...CONFIG, epoch: 3 };
    const { desk: _desk, ...rest } = agreed;
    expect(next(known(wish, agreed, { config }))).toBeDefined();
    expect(next(known(wish, said === undefined ? rest : { ...rest, desk: said }, { config }))).toBeUndefined();
  });

  it('is not asked for by a host whose data is in use twice', () => {
    expect(
      next(known(wish, agreed, { starts: startsOf(DATA[mac] ?? '', { withdrawnOnWordOf: mini }) })),
    ).toBeUndefined();
  });

  it('names a voter on the data that it has now', () => {
    const renewed = dataOf('f');
    const membership = known(wishOf(THREE), { cloud: { data: renewed }, mini: {} });
    expect(next(membership)).toMatchObject({ voters: { ...CONFIG.voters, [cloud]: renewed }, old: CONFIG.voters });
  });

  it('is reached in one step when only the members differ', () => {
    const moved = next(known(wishOf(THREE, [...THREE, desk]), { cloud: {}, mini: {} }));
    expect(moved).toEqual({ ...CONFIG, epoch: 2, members: [cloud, desk, mac, mini] });
  });

  it('ends a move with the new voters alone', () => {
    const joint: Config = {
      ...CONFIG,
      epoch: 2,
      voters: votersOf(desk),
      old: CONFIG.voters,
      gone: { [mini]: NOW_ISO },
    };
    expect(settledConfig(joint, told(null))).toEqual({
      ...{ ...CONFIG, epoch: 3, voters: votersOf(desk), gone: { [mini]: NOW_ISO } },
      settled: [3],
    });
    expect(settledConfig(joint, told(null))).not.toHaveProperty('old');
  });

  it('hands on the highest floor, and the epochs that ended the last two moves', () => {
    const joint: Config = { ...CONFIG, epoch: 8, old: CONFIG.voters, floor: [7, 'mac#1'], settled: [3, 5] };
    expect(settledConfig(joint, told([6, 'mini#1']))).toMatchObject({ epoch: 9, floor: [7, 'mac#1'], settled: [5, 9] });
    expect(settledConfig(joint, told([8, 'cloud#1'])).floor).toEqual([8, 'cloud#1']);
    expect(settledConfig(joint, told(null)).floor).toEqual([7, 'mac#1']);
  });
});

describe('hosts that left long ago', () => {
  const DAY_BEFORE = '2026-01-26T12:00:00.000Z';
  const LATELY = '2026-01-26T12:00:00.001Z';
  const goneSince = (...since: readonly string[]) =>
    Object.fromEntries(since.map((at, number) => [`gone-${number}`, at])) as Config['gone'];
  const many = (count: number) =>
    goneSince(...Array.from({ length: count }, (_, at) => (at % 2 ? DAY_BEFORE : EVICTED)));
  const knowing = (gone: Config['gone'], told: Partial<Record<string, Told>>, more: Partial<Membership> = {}) =>
    known(wishOf(THREE), told, { config: { ...CONFIG, gone }, ...more });
  const present = { cloud: {}, mini: {} };

  it('are forgotten once they are too many: every address is chosen again by the same voters', () => {
    const gone = { ...many(GONE_KEPT_MAX + 1), [lab]: LATELY };
    const joint = next(knowing(gone, present)) as Config;
    expect(joint).toMatchObject({ epoch: 2, voters: CONFIG.voters, old: CONFIG.voters, members: CONFIG.members });
    expect(new Set(Object.values(joint.gone))).toEqual(new Set([EVICTED, LATELY]));
    expect(settledConfig(joint, told(null)).gone).toEqual({ [lab]: LATELY });
  });

  it.each<[string, Membership]>([
    ['they are few', knowing(many(GONE_KEPT_MAX), present)],
    ['their day is not over', knowing({ ...many(GONE_KEPT_MAX), [lab]: LATELY }, present)],
    ['a voter is away', knowing(many(GONE_KEPT_MAX + 1), { cloud: {} })],
    [
      'a voter has lost its data',
      knowing(many(GONE_KEPT_MAX + 1), { ...present, mini: { data: dataOf('f'), wish: wishOf([mac]) } }),
    ],
    ['some were forgotten within a day', knowing(many(GONE_KEPT_MAX + 1), present, { forgotAtMs: NOW_MS - 1 })],
  ])('are kept while %s', (_, membership) => {
    expect(next(membership)).toBeUndefined();
  });

  it('are kept at the end when a voter did not tell all, or the voters are others', () => {
    const gone = many(3);
    const joint: Config = { ...CONFIG, epoch: 2, old: CONFIG.voters, gone };
    expect(settledConfig(joint, told(null, false)).gone).toEqual(gone);
    expect(settledConfig({ ...joint, old: votersOf(desk) }, told(null)).gone).toEqual(gone);
    expect(settledConfig({ ...joint, unanimous: true }, told(null)).gone).toEqual(gone);
  });

  it('are never more than a host can read: a host that leaves waits for its turn', () => {
    const gone = many(HOSTS_MAX);
    const listed = { config: { ...CONFIG, members: [...THREE, desk], gone }, forgotAtMs: NOW_MS };
    expect(next(known(wishOf(THREE), present, listed))).toBeUndefined();
  });
});

describe('the first voters', () => {
  const formless = (told: Partial<Record<string, Told>>, more: Partial<Membership> = {}) => {
    const membership = known(wishOf(THREE), told, more);
    for (const [host, { greeting, atMs }] of membership.greetings) {
      const isFormed = told[host]?.config !== undefined;
      const { config: _, ...rest } = greeting;
      membership.greetings.set(host, { greeting: isFormed ? greeting : { ...rest, mesh: '', epoch: 0 }, atMs });
    }
    return firstVoters({ ...membership, config: undefined }, NOW_MS);
  };

  it('are all that hosts.json lists, when each was heard and lists the same', () => {
    expect(formless({ cloud: {}, mini: {} })).toEqual(CONFIG.voters);
    expect(formless({ cloud: {} })).toBeUndefined();
    expect(formless({ cloud: {}, mini: { atMs: NOW_MS - FRESH_MS - 1 } })).toBeUndefined();
    expect(formless({ cloud: {}, mini: { wish: wishOf([mac, mini]) } })).toBeUndefined();
    expect(formless({ cloud: {}, mini: { wish: wishOf(THREE, FIVE) } })).toBeUndefined();
  });

  it('are not asked for when one is in a mesh, or this host is none of them, or its data is in use twice', () => {
    expect(formless({ cloud: {}, mini: { config: CONFIG } })).toBeUndefined();
    expect(formless({ cloud: {}, mac: {}, mini: {} }, { self: desk })).toBeUndefined();
    expect(
      formless({ cloud: {}, mini: {} }, { starts: startsOf(DATA[mac] ?? '', { withdrawnOnWordOf: mini }) }),
    ).toBeUndefined();
    expect(firstVoters(known(wishOf(THREE), { cloud: {}, mini: {} }), NOW_MS)).toBeUndefined();
  });
});

describe('hosts that leave', () => {
  const wish = wishOf(THREE);
  const gone = (config: Partial<Config>, of: Wish = wish, evicting: readonly (readonly [HostId, string])[] = []) =>
    next(known(of, { cloud: {}, mini: {} }, { config: { ...CONFIG, ...config }, evicting: new Map(evicting) }))?.gone;

  it('are gone since the moment at which it was agreed, and those before them since theirs', () => {
    const before = { [lab]: '2026-01-01T00:00:00.000Z' };
    expect(gone({ members: [...THREE, desk], gone: before })).toEqual({ ...before, [desk]: NOW_ISO });
  });

  it('are gone, too, when they were guests, and not while hosts.json lists them', () => {
    const guests = new Set([desk]);
    const nextBy = (of: Wish) => next(known(of, { cloud: {}, mini: {} }, { config: CONFIG, guests }));
    expect(nextBy(wish)).toEqual({ ...CONFIG, epoch: CONFIG.epoch + 1, gone: { [desk]: NOW_ISO } });
    expect(nextBy(wishOf(THREE, [...THREE, desk]))).toMatchObject({ members: [cloud, desk, mac, mini], gone: {} });
  });

  it('are gone since they left first, though they are listed among the members by mistake', () => {
    const before = { [desk]: '2026-01-01T00:00:00.000Z' };
    expect(gone({ members: [...THREE, desk], gone: before })).toEqual(before);
  });

  it('are not gone any more when they are back', () => {
    const before = { [desk]: EVICTED, [lab]: '2026-01-01T00:00:00.000Z' };
    expect(gone({ gone: before }, wishOf(THREE, [...THREE, desk]))).toEqual({ [lab]: before[lab] });
  });

  it('are gone since ever when an operator evicted them, which is a change of its own, once', () => {
    const before = { [desk]: NOW_ISO, [lab]: NOW_ISO };
    expect(gone({ gone: before })).toBeUndefined();
    expect(gone({ gone: before }, wish, [[desk, NOW_ISO]])).toEqual({ [desk]: EVICTED, [lab]: NOW_ISO });
    expect(gone({ gone: { ...before, [desk]: EVICTED } }, wish, [[desk, NOW_ISO]])).toBeUndefined();
  });

  it('are evicted by the present voters, though one of them is silent or goes by another file', () => {
    const before = { [desk]: NOW_ISO };
    const of = (heard: Parameters<typeof known>[1]) =>
      next(known(wish, heard, { config: { ...CONFIG, gone: before }, evicting: new Map([[desk, NOW_ISO]]) }));
    const evicted = { ...CONFIG, epoch: CONFIG.epoch + 1, gone: { [desk]: EVICTED } };
    expect(of({ cloud: {} })).toEqual(evicted);
    expect(of({ cloud: {}, mini: { wish: wishOf([mac, mini]) } })).toEqual(evicted);
  });

  it('have their day of grace when they left at another time than the one that was evicted', () => {
    const before = { [desk]: NOW_ISO };
    expect(gone({ gone: before }, wish, [[desk, '2026-01-01T00:00:00.000Z']])).toBeUndefined();
  });

  it('are not evicted while they are members, or were none', () => {
    expect(
      gone({ members: [...THREE, lab] }, wishOf(THREE, [...THREE, desk]), [
        [desk, NOW_ISO],
        [mini, NOW_ISO],
      ]),
    ).toEqual({
      [lab]: NOW_ISO,
    });
  });
});

describe('whose turn it is', () => {
  const turns = (sinceMs: number, wish: Wish, config?: Config, setbacks = NO_SETBACKS) =>
    FIVE.filter((self) =>
      isItsTurn(membershipOf(self, dataOf('f'), { wish, config, setbacks }), NOW_MS - sinceMs, NOW_MS),
    );

  it('comes one after the other, a second apart, to all who vote or are wished to', () => {
    const wish = wishOf([desk, mac]);
    expect(turns(0, wish, CONFIG)).toEqual(['cloud']);
    expect(turns(999, wish, CONFIG)).toEqual(['cloud']);
    expect(turns(1_000, wish, CONFIG)).toEqual(['cloud', 'desk']);
    expect(turns(2_999, wish, CONFIG)).toEqual(['cloud', 'desk', 'mac']);
    expect(turns(3_000, wish, CONFIG)).toEqual(['cloud', 'desk', 'mac', 'mini']);
    expect(turns(60_000, wish, CONFIG)).toEqual(['cloud', 'desk', 'mac', 'mini']);
  });

  it.each([
    [1, 2_000],
    [2, 4_000],
    [3, 8_000],
    [30, 8_000],
  ])('begins anew with the last of %i setbacks, and comes after %i ms to the next each', (count, apartMs) => {
    const turnsAfter = (ms: number) => turns(60_000, wishOf([desk, mac]), CONFIG, { count, atMs: NOW_MS - ms });
    expect([turnsAfter(0), turnsAfter(apartMs - 1)]).toEqual([['cloud'], ['cloud']]);
    expect(turnsAfter(apartMs)).toEqual(['cloud', 'desk']);
    expect(turnsAfter(2 * apartMs)).toEqual(['cloud', 'desk', 'mac']);
  });

  it('comes to those before them too while the mesh moves', () => {
    const joint: Config = { ...CONFIG, epoch: 2, voters: votersOf(lab), old: votersOf(cloud) };
    expect([turns(0, wishOf([lab]), joint), turns(1_000, wishOf([lab]), joint)]).toEqual([['cloud'], ['cloud', 'lab']]);
  });

  it('comes by hosts.json alone before there is a mesh', () => {
    expect([turns(0, wishOf([mac, mini])), turns(1_000, wishOf([mac, mini]))]).toEqual([['mac'], ['mac', 'mini']]);
  });
});
