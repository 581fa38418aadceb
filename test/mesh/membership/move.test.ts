import { describe, expect, it } from 'vitest';
import type { Wish } from '../../../mesh/claims/messages.ts';
import { type Config, EVICTED, firstConfig, isMajority, voteKey } from '../../../mesh/membership/config.ts';
import type { Membership } from '../../../mesh/membership/membership.ts';
import {
  createMove,
  firstTarget,
  isItsTurn,
  isRechosen,
  nextConfig,
  nextKeys,
  settledConfig,
  takeKeys,
  toAskForKeys,
} from '../../../mesh/membership/move.ts';
import type { AddressKey, HostId } from '../../../mesh/names.ts';
import {
  cloud,
  desk,
  FIVE,
  greetingOf,
  INCARNATIONS,
  incarnationOf,
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
  readonly incarnation?: string;
  readonly atMs?: number;
}

/** What `self` knows when these hosts have just said that they wish the same, unless told otherwise; they stand where it does. */
function known(
  wish: Wish,
  told: Partial<Record<string, Told>>,
  { self = mac, config = CONFIG, ...more }: Partial<Membership> = {},
): Membership {
  const greetings: Membership['greetings'] = new Map();
  for (const [host, { atMs = NOW_MS, incarnation = INCARNATIONS[host as HostId] ?? '', ...said }] of Object.entries(
    told as Record<string, Told>,
  )) {
    const stand = said.config ?? config;
    greetings.set(host as HostId, { greeting: greetingOf(incarnation, said.wish ?? wish, { config: stand }), atMs });
  }
  return membershipOf(self, INCARNATIONS[self] ?? '', { wish, config, greetings, ...more });
}
const next = (membership: Membership) => nextConfig(membership, NOW_MS, NOW_ISO);

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
    expect(nextConfig(membershipOf(mac, INCARNATIONS[mac] ?? '', { wish }), NOW_MS, NOW_ISO)).toBeUndefined();
  });

  it('needs a majority of the present voters to wish for it', () => {
    const pair = wishOf([desk, mac]);
    expect(next(known(pair, { desk: {} }))).toBeUndefined();
    expect(next(known(pair, { desk: {}, lab: {} }))).toBeUndefined();
    expect(next(known(pair, { desk: {}, mini: { wish: wishOf(THREE) } }))).toBeUndefined();
    expect(next(known(pair, { desk: {}, mini: { incarnation: incarnationOf('f') } }))).toBeUndefined();
    expect(next(known(pair, { desk: {}, mini: { atMs: NOW_MS - FRESH_MS - 1 } }))).toBeUndefined();
    expect(next(known(pair, { desk: {}, mini: { atMs: NOW_MS - FRESH_MS } }))).toBeDefined();
  });

  it('needs no vote of its mover, which may be no voter or have lost its disk', () => {
    const pair = wishOf([cloud, desk]);
    expect(next(known(pair, { cloud: {}, mini: {} }, { self: desk }))?.voters).toEqual(votersOf(cloud, desk));
    expect(next(known(pair, { cloud: {} }, { self: desk }))).toBeUndefined();
    const renewed = incarnationOf('f');
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
      next(known(wish, agreed, { starts: startsOf(INCARNATIONS[mac] ?? '', { withdrawnOnWordOf: mini }) })),
    ).toBeUndefined();
  });

  it('names a voter in the incarnation that it has now', () => {
    const renewed = incarnationOf('f');
    const membership = known(wishOf(THREE), { cloud: { incarnation: renewed }, mini: {} });
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
    expect(settledConfig(joint)).toEqual({ ...CONFIG, epoch: 3, voters: votersOf(desk), gone: { [mini]: NOW_ISO } });
    expect(settledConfig(joint)).not.toHaveProperty('old');
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
    return firstTarget({ ...membership, config: undefined }, NOW_MS);
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
      formless({ cloud: {}, mini: {} }, { starts: startsOf(INCARNATIONS[mac] ?? '', { withdrawnOnWordOf: mini }) }),
    ).toBeUndefined();
    expect(firstTarget(known(wishOf(THREE), { cloud: {}, mini: {} }), NOW_MS)).toBeUndefined();
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
  const turns = (sinceMs: number, wish: Wish, config?: Config) =>
    FIVE.filter((self) =>
      isItsTurn(membershipOf(self, incarnationOf('f'), { wish, config }), NOW_MS - sinceMs, NOW_MS),
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

  it('comes to those before them too while the mesh moves', () => {
    const joint: Config = { ...CONFIG, epoch: 2, voters: votersOf(lab), old: votersOf(cloud) };
    expect([turns(0, wishOf([lab]), joint), turns(1_000, wishOf([lab]), joint)]).toEqual([['cloud'], ['cloud', 'lab']]);
  });

  it('comes by hosts.json alone before there is a mesh', () => {
    expect([turns(0, wishOf([mac, mini])), turns(1_000, wishOf([mac, mini]))]).toEqual([['mac'], ['mac', 'mini']]);
  });
});

describe('learning which addresses there are', () => {
  const joint: Config = { ...CONFIG, epoch: 2, voters: votersOf(desk, mac, mini), old: CONFIG.voters };
  const vote = (host: HostId) => voteKey(host, INCARNATIONS[host] ?? '');
  const keys = (...names: string[]) => names.map((name) => `${name}@x.test` as AddressKey);
  const asked = () => {
    const move = createMove(0);
    return { move, asks: toAskForKeys(move, joint, 0) };
  };

  it('asks each old voter from the start, and no other', () => {
    expect(asked().asks).toEqual([
      [cloud, ''],
      [mac, ''],
      [mini, ''],
    ]);
  });

  it('asks again after a second where nothing came', () => {
    const { move } = asked();
    expect(toAskForKeys(move, joint, 999)).toEqual([]);
    expect(toAskForKeys(move, joint, 1_000).map(([host]) => host)).toEqual([cloud, mac, mini]);
    expect(toAskForKeys(move, joint, 1_001)).toEqual([]);
  });

  it('asks at once for the next page, from the last key of the one before, and not after the last page', () => {
    const { move } = asked();
    takeKeys(move, joint, vote(cloud), { keys: keys('a', 'b'), more: true }, isMajority);
    expect(move.left).toBeUndefined();
    expect(toAskForKeys(move, joint, 5)).toEqual([[cloud, 'b@x.test']]);
    takeKeys(move, joint, vote(cloud), { keys: keys('c'), more: false }, isMajority);
    expect(move.left).toBeUndefined();
    expect(toAskForKeys(move, joint, 900)).toEqual([]);
    expect(toAskForKeys(move, joint, 2_000).map(([host]) => host)).toEqual([mac, mini]);
  });

  it('asks for a page that was lost again, and keeps those before it', () => {
    const { move } = asked();
    takeKeys(move, joint, vote(cloud), { keys: keys('a', 'b'), more: true }, isMajority);
    toAskForKeys(move, joint, 5);
    expect(toAskForKeys(move, joint, 1_005)).toContainEqual([cloud, 'b@x.test']);
    takeKeys(move, joint, vote(cloud), { keys: keys('c'), more: false }, isMajority);
    expect([...move.keys]).toEqual(keys('a', 'b', 'c'));
  });

  it('is done when a majority of the old voters has told all, every page of it', () => {
    const { move } = asked();
    takeKeys(move, joint, vote(cloud), { keys: keys('a', 'b'), more: true }, isMajority);
    expect(move.left).toBeUndefined();
    takeKeys(move, joint, vote(mac), { keys: keys('b', 'd'), more: false }, isMajority);
    expect(move.left).toBeUndefined();
    expect([move.left, nextKeys(move, 10), isRechosen(move)]).toEqual([undefined, [], false]);
    takeKeys(move, joint, vote(cloud), { keys: keys('c'), more: false }, isMajority);
    expect(move.left).toBeDefined();
    expect(move.left?.toSorted()).toEqual(keys('a', 'b', 'c', 'd'));
    expect(toAskForKeys(move, joint, 9_000)).toEqual([]);
  });

  it('is done with the old voters’ word alone: not one of them, nor another host or incarnation', () => {
    const { move } = asked();
    const nothing = { keys: [], more: false };
    takeKeys(move, joint, vote(cloud), nothing, isMajority);
    expect(move.left).toBeUndefined();
    takeKeys(move, joint, vote(cloud), nothing, isMajority);
    expect(move.left).toBeUndefined();
    takeKeys(move, joint, vote(desk), nothing, isMajority);
    expect(move.left).toBeUndefined();
    takeKeys(move, joint, voteKey(mini, incarnationOf('f')), nothing, isMajority);
    expect(move.left).toBeUndefined();
    takeKeys(move, joint, vote(mini), nothing, isMajority);
    expect(move.left).toBeDefined();
  });

  it('takes nothing more once it is done: the keys are being chosen again', () => {
    const { move } = asked();
    for (const host of [cloud, mac]) takeKeys(move, joint, vote(host), { keys: keys('a'), more: false }, isMajority);
    expect(nextKeys(move, 10)).toEqual(keys('a'));
    takeKeys(move, joint, vote(mini), { keys: keys('a', 'b'), more: false }, isMajority);
    expect([...move.keys]).toEqual(keys('a'));
    expect(isRechosen(move)).toBe(true);
  });

  it('has so many keys chosen again at once, and is through when all have been', () => {
    const { move } = asked();
    const many = Array.from({ length: 450 }, (_, index) => `${index}@x.test` as AddressKey);
    for (const host of [cloud, mac]) takeKeys(move, joint, vote(host), { keys: many, more: false }, isMajority);
    const begun: AddressKey[] = [];
    for (let operation = 1; operation <= 4; operation += 1) {
      const batch = nextKeys(move, 100);
      move.rechoosing.set(operation, batch.length);
      begun.push(...batch);
    }
    expect([begun.length, nextKeys(move, 100), isRechosen(move)]).toEqual([400, [], false]);
    move.rechoosing.delete(1);
    begun.push(...nextKeys(move, 100));
    expect([new Set(begun).size, isRechosen(move)]).toEqual([450, false]);
    move.rechoosing.clear();
    expect(isRechosen(move)).toBe(true);
  });
});
