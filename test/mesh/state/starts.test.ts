import { describe, expect, it } from 'vitest';
import { voteKey } from '../../../mesh/state/config.ts';
import { beginOnOtherData, nextStart } from '../../../mesh/state/starts.ts';
import { cloud, DATA, mac, startsOf } from '../../support/membership-of.ts';

const OWN = DATA[cloud] ?? '';
const NEW = { incarnation: undefined, life: 0, boots: {}, votes: 0, lives: new Map() };

describe('a start', () => {
  it('is the first on data that is new, under the name that was drawn for the data', () => {
    const { own, names, votes, nextData } = nextStart(NEW, 'fresh', 'k7');
    expect([own, names, votes]).toEqual([{ data: 'fresh', number: 1, name: 'k7' }, { 1: 'k7' }, 0]);
    expect(nextData).toMatch(/^[0-9a-f]{32}$/);
  });

  it('follows the one that was stored, and keeps the fresh name for data that it may have to begin anew on', () => {
    const stored = { ...NEW, incarnation: OWN, life: 2, boots: { 1: 'k7', 2: 'p4' }, votes: 9 };
    expect(nextStart(stored, 'fresh', 'm9')).toMatchObject({
      own: { data: OWN, number: 3, name: 'm9' },
      names: { 1: 'k7', 2: 'p4', 3: 'm9' },
      nextData: 'fresh',
      ...{ votes: 9, votesTold: 9, votesAtStart: 9 },
      ...{ isStored: false, isKnown: false, hasHeardElectors: false, withdrawnOnWordOf: undefined },
    });
  });

  it('keeps the names of twenty starts, its own among them', () => {
    const boots = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [String(at + 1), `n${at + 1}`]));
    const { names } = nextStart({ ...NEW, incarnation: OWN, life: 30, boots }, 'fresh', 'last');
    expect(Object.keys(names).map(Number)).toEqual(Array.from({ length: 20 }, (_, at) => at + 12));
    expect(names['31']).toBe('last');
  });

  it('reads what was stored of other hosts by the names of the format', () => {
    const lives = new Map([[voteKey(mac, OWN), { life: 4, boot: 'x', votes: 7 }]]);
    expect(nextStart({ ...NEW, lives }, 'fresh', 'k7').seen.get(voteKey(mac, OWN))).toEqual({
      number: 4,
      name: 'x',
      votes: 7,
    });
  });

  it('on other data is the first there, has cast no vote that it told of, and has other data left for the next time', () => {
    const starts = startsOf(OWN, { nextData: 'spare', names: { 1: 'k7', 2: 'p4' }, votes: 12, votesTold: 9 });
    beginOnOtherData(starts);
    expect(starts).toMatchObject({ own: { data: 'spare', number: 1, name: 'boot' }, votes: 12, votesTold: 12 });
    expect(starts.names).toEqual({ 1: 'boot' });
    const once = starts.nextData;
    beginOnOtherData(starts);
    expect(new Set([OWN, 'spare', once, starts.nextData]).size).toBe(4);
  });
});
