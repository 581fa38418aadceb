import { describe, expect, it } from 'vitest';
import {
  forgetFormerData,
  forgetUnnamed,
  isReplaced,
  rememberStart,
  SEEN_DATA_KEPT,
} from '../../../mesh/membership/seen-starts.ts';
import { firstConfig, voteKey } from '../../../mesh/state/config.ts';
import type { SeenStart, StartNames, Starts } from '../../../mesh/state/starts.ts';
import { cloud, DATA, dataOf, mac, mini, startsOf, votersOf } from '../../support/membership-of.ts';

const OWN = DATA[cloud] ?? '';

describe('what is remembered of another host', () => {
  const before: SeenStart = { number: 2, name: 'p4', votes: 5 };
  const remembered = (number: number, name: string, names: StartNames, votes: number, seen?: SeenStart) => {
    const starts = startsOf(OWN);
    const who = voteKey(mac, DATA[mac] ?? '');
    if (seen !== undefined) starts.seen.set(who, seen);
    const greeting = { incarnation: DATA[mac] ?? '', life: number, boot: name, boots: names, votes };
    const stored = rememberStart(starts, mac, greeting);
    expect(stored === undefined ? seen : stored).toEqual(
      stored === undefined ? starts.seen.get(who) : { who, start: starts.seen.get(who) },
    );
    return stored !== undefined;
  };

  it.each([
    ['the first that is heard of', [1, 'k7', { 1: 'k7' }, 0, undefined], true],
    ['a later start of that data', [3, 'm9', { 2: 'p4', 3: 'm9' }, 5, before], true],
    ['one later by many, which does not know the name any more', [40, 'z1', { 40: 'z1' }, 9, before], true],
    ['the same start with more votes', [2, 'p4', { 2: 'p4' }, 6, before], true],
    ['the same start with the same votes', [2, 'p4', { 2: 'p4' }, 5, before], false],
    ['another start of that number', [2, 'q8', { 2: 'q8' }, 9, before], false],
    ['another start of that number, which does not list itself', [2, 'q8', {}, 9, before], false],
    ['an earlier start', [1, 'k7', { 1: 'k7' }, 9, before], false],
    [
      'a later start of a copy that knows another name for the one remembered',
      [3, 'm9', { 2: 'q8' }, 9, before],
      false,
    ],
    ['a later start of older data, with fewer votes', [3, 'm9', { 2: 'p4', 3: 'm9' }, 4, before], false],
  ] as const)('is replaced by %s: %j → %s', (_, [number, name, names, votes, seen], isFollowed) => {
    expect(remembered(number, name, names, votes, seen)).toBe(isFollowed);
  });
});

describe('what is remembered of a host that lost its data again and again', () => {
  const config = firstConfig(votersOf(cloud, mac), [cloud, mac]);
  const data = (number: number) => number.toString(16).padStart(32, '0');
  const heard = (starts: Starts, host: typeof mac, of: string, life = 1) => {
    rememberStart(starts, host, { incarnation: of, life, boot: `${life}`, boots: {}, votes: 0 });
    return forgetFormerData(starts, config, host);
  };

  it('is that of the data that votes, and of the last few besides', () => {
    const starts = startsOf(OWN);
    heard(starts, mac, DATA[mac] ?? '');
    heard(starts, mini, data(99));
    for (let number = 0; number < SEEN_DATA_KEPT; number += 1) expect(heard(starts, mac, data(number))).toEqual([]);
    heard(starts, mac, data(0), 2);
    expect(heard(starts, mac, data(SEEN_DATA_KEPT))).toEqual([voteKey(mac, data(1))]);
    const [voting, other, ...former] = [...starts.seen.keys()];
    expect([voting, other]).toEqual([voteKey(mac, DATA[mac] ?? ''), voteKey(mini, data(99))]);
    expect(former).toHaveLength(SEEN_DATA_KEPT);
    expect(former.slice(-2)).toEqual([voteKey(mac, data(0)), voteKey(mac, data(SEEN_DATA_KEPT))]);
  });

  it('is nothing once the mesh has forgotten the host', () => {
    const starts = startsOf(OWN);
    for (const host of [mac, mini]) heard(starts, host, data(1));
    const before = { ...config, gone: { [mini]: 'since' } };
    expect(forgetUnnamed(starts, before, { ...before, epoch: 2 })).toEqual([]);
    expect(forgetUnnamed(starts, before, { ...config, members: [cloud, mac, mini] })).toEqual([]);
    expect(forgetUnnamed(starts, before, config)).toEqual([voteKey(mini, data(1))]);
    expect([...starts.seen.keys()]).toEqual([voteKey(mac, data(1))]);
  });
});

describe('a start that is replaced', () => {
  const CONFIG = firstConfig(votersOf(cloud, mac, mini), [cloud, mac, mini]);
  const data = DATA[mac] ?? '';
  const seen: Starts['seen'] = new Map([[voteKey(mac, data), { number: 2, name: 'p4', votes: 0 }]]);

  it.each([
    ['the one remembered', { data, number: 2, name: 'p4' }, false],
    ['a later one, not heard of yet', { data, number: 3, name: 'm9' }, false],
    ['an earlier one', { data, number: 1, name: 'k7' }, true],
    ['another one of the number remembered', { data, number: 2, name: 'q8' }, true],
    ['one on other data than the configuration names', { data: dataOf('f'), number: 9, name: 'z' }, true],
  ] as const)('is not every start: %s, %j → %s', (_, start, replaced) => {
    expect(isReplaced(CONFIG, startsOf(OWN, { seen }), mac, start)).toBe(replaced);
  });

  it('is none of a host that does not vote, on whatever data', () => {
    const start = { data: dataOf('f'), number: 1, name: 'k7' };
    expect(isReplaced({ ...CONFIG, voters: votersOf(cloud) }, startsOf(OWN), mac, start)).toBe(false);
    expect(isReplaced(undefined, startsOf(OWN, { seen }), mac, start)).toBe(false);
  });
});
