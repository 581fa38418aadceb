import { describe, expect, it } from 'vitest';
import { greetingTo } from '../../../mesh/membership/greeting.ts';
import type { HostId } from '../../../mesh/names.ts';
import {
  type Config,
  canDecideWithout,
  electorsOf,
  firstConfig,
  isLater,
  isMajority,
  isQuorum,
  isVoter,
  majorityOf,
  recoveredConfig,
  type Voters,
  voteKey,
} from '../../../mesh/state/config.ts';
import {
  foreignersOf,
  freshGreeting,
  isAlone,
  isJoining,
  mayAdopt,
  mayVote,
  wishesAlone,
} from '../../../mesh/state/membership.ts';
import { dataOf, greetingOf, membershipOf, startsOf, wishOf } from '../../support/membership-of.ts';

const [cloud, desk, mac, mini] = ['cloud', 'desk', 'mac', 'mini'] as string[] as [HostId, HostId, HostId, HostId];
const DATA: Voters = {
  [cloud]: dataOf('a'),
  [desk]: dataOf('b'),
  [mac]: dataOf('c'),
  [mini]: dataOf('d'),
};
const OURS = dataOf('c');
const votersOf = (...hosts: HostId[]): Voters => Object.fromEntries(hosts.map((host) => [host, DATA[host]])) as Voters;
const votesOf = (...hosts: HostId[]) => new Set(hosts.map((host) => voteKey(host, DATA[host] ?? '')));
const THREE = [cloud, mac, mini];
const CONFIG = firstConfig(votersOf(...THREE), THREE);
const OTHER = firstConfig(votersOf(desk, mini), [desk, mini]);

describe('a quorum', () => {
  it('is more than half of the voters, each once and on its data', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(majorityOf)).toEqual([1, 2, 2, 3, 3, 4, 4]);
    expect(isQuorum(CONFIG, votesOf(cloud))).toBe(false);
    expect(isQuorum(CONFIG, votesOf(cloud, desk))).toBe(false);
    expect(isQuorum(CONFIG, votesOf(cloud, mac))).toBe(true);
    expect(isQuorum(CONFIG, new Set([...votesOf(cloud), voteKey(mac, dataOf('f'))]))).toBe(false);
    expect(isMajority(votersOf(cloud, desk, mac, mini), votesOf(cloud, desk))).toBe(false);
    expect(isMajority(votersOf(cloud, desk, mac, mini), votesOf(cloud, desk, mac))).toBe(true);
  });

  it('is one of the old voters and one of the new while the mesh moves', () => {
    const moving: Config = { ...CONFIG, epoch: 2, voters: votersOf(desk, mac), old: CONFIG.voters };
    expect(isQuorum(moving, votesOf(cloud, mac, mini))).toBe(false);
    expect(isQuorum(moving, votesOf(desk, mac))).toBe(false);
    expect(isQuorum(moving, votesOf(desk, mac, mini))).toBe(true);
    expect(canDecideWithout(moving, votesOf(cloud))).toBe(true);
    expect(canDecideWithout(moving, votesOf(desk))).toBe(false);
    expect(canDecideWithout(moving, votesOf(cloud, mini))).toBe(false);
    expect(electorsOf(moving)).toEqual([cloud, desk, mac, mini]);
  });

  it('counts a voter that has new data on the side that names it', () => {
    const renewed = dataOf('f');
    const moving: Config = { ...CONFIG, epoch: 2, voters: { ...CONFIG.voters, [mac]: renewed }, old: CONFIG.voters };
    expect([OURS, renewed, dataOf('e')].map((one) => isVoter(moving, mac, one))).toEqual([true, true, false]);
    const votes = new Set([...votesOf(cloud), voteKey(mac, renewed)]);
    expect(isQuorum(moving, votes)).toBe(false);
    expect(isQuorum(moving, votes.add(voteKey(mini, DATA[mini] ?? '')))).toBe(true);
  });
});

describe('the first configuration', () => {
  it('is the same whoever makes it, and another for other voters or other data', () => {
    const turned = Object.fromEntries(Object.entries(CONFIG.voters).reverse()) as Voters;
    expect(firstConfig(turned, THREE)).toEqual(CONFIG);
    const renewed = firstConfig({ ...CONFIG.voters, [mac]: dataOf('f') }, THREE);
    expect(new Set([CONFIG.mesh, OTHER.mesh, renewed.mesh]).size).toBe(3);
  });
});

describe('a later configuration', () => {
  it('is one of the same mesh in a later epoch, or any where there was none', () => {
    expect(isLater({ ...CONFIG, epoch: 2 }, CONFIG)).toBe(true);
    expect(isLater(CONFIG, CONFIG)).toBe(false);
    expect(isLater(CONFIG, { ...CONFIG, epoch: 2 })).toBe(false);
    expect(isLater(CONFIG, undefined)).toBe(true);
  });

  it('is none of another mesh, whatever its epoch', () => {
    expect(isLater({ ...OTHER, epoch: 9 }, CONFIG)).toBe(false);
  });

  it('is what an operator made of it, unless it had gone on since', () => {
    const third: Config = { ...CONFIG, epoch: 3 };
    const recovered = recoveredConfig(third, votersOf(mac), THREE);
    expect(recovered).toMatchObject({ epoch: 4, voters: votersOf(mac), after: [{ mesh: CONFIG.mesh, epoch: 3 }] });
    expect(recovered.mesh).not.toBe(CONFIG.mesh);
    expect([2, 3, 4].map((epoch) => isLater(recovered, { ...CONFIG, epoch }))).toEqual([true, true, false]);
    expect(isLater({ ...third, epoch: 9 }, recovered)).toBe(false);
  });

  it('is what an operator made of it twice, and what followed from that', () => {
    const once = recoveredConfig(CONFIG, votersOf(mac), THREE);
    const moved: Config = { ...once, epoch: once.epoch + 2 };
    const twice = recoveredConfig(moved, votersOf(mac), THREE);
    expect(twice.after).toEqual([
      { mesh: CONFIG.mesh, epoch: 1 },
      { mesh: once.mesh, epoch: 4 },
    ]);
    for (const before of [CONFIG, once, moved]) expect(isLater(twice, before)).toBe(true);
    expect(isLater(twice, { ...once, epoch: 5 })).toBe(false);
    expect(isLater({ ...twice, epoch: 7 }, CONFIG)).toBe(true);
    expect(isLater(moved, CONFIG)).toBe(true);
  });

  it('is not the other of two that operators made at once', () => {
    const [one, other] = [
      recoveredConfig(CONFIG, votersOf(mac), THREE),
      recoveredConfig(CONFIG, votersOf(mini), THREE),
    ];
    expect([isLater(one, other), isLater(other, one)]).toEqual([false, false]);
  });

  it('remembers so many recoveries, and the last of them', () => {
    let config: Config = CONFIG;
    for (let times = 0; times < 12; times += 1) config = recoveredConfig(config, votersOf(mac), THREE);
    expect(config.after?.map(({ epoch }) => epoch)).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('leaves a mesh for good those who left, and needs all of those that go on', () => {
    const gone = { [desk]: '2026-01-27T12:00:00.000Z' };
    const moving: Config = { ...CONFIG, epoch: 2, voters: votersOf(mac, mini), old: CONFIG.voters, gone };
    expect(recoveredConfig(moving, votersOf(mac), [mac])).toEqual({
      mesh: expect.stringMatching(/^[0-9a-f]{32}$/),
      epoch: 3,
      voters: votersOf(mac),
      old: votersOf(mac),
      unanimous: true,
      members: [mac],
      gone,
      after: [{ mesh: CONFIG.mesh, epoch: 2 }],
    });
  });
});

describe('a configuration that another host tells', () => {
  const accepted = (config: Config | null) =>
    ({ epoch: 0, promised: [1, 'mac'], accepted: [1, 'mac'], config }) as const;

  it('is taken over by a host that has none and holds nothing', () => {
    expect(mayAdopt(membershipOf(mac, OURS), CONFIG, true)).toBe(true);
    expect(mayAdopt(membershipOf(mac, OURS, { succession: accepted(null) }), CONFIG, true)).toBe(true);
  });

  it('is not taken over by a host that has none but holds something', () => {
    expect(mayAdopt(membershipOf(mac, OURS), CONFIG, false)).toBe(false);
    expect(mayAdopt(membershipOf(mac, OURS, { succession: accepted(CONFIG) }), CONFIG, false)).toBe(false);
  });

  it('is not taken over by a host that took part in forming another', () => {
    expect(mayAdopt(membershipOf(mac, OURS, { succession: accepted(OTHER) }), CONFIG, true)).toBe(false);
    expect(mayAdopt(membershipOf(mac, OURS, { succession: accepted(CONFIG) }), CONFIG, true)).toBe(true);
  });

  it('is taken over when it is later, whatever the host holds, and never from another mesh', () => {
    const settled = membershipOf(mac, OURS, { config: { ...CONFIG, epoch: 3 } });
    for (const pristine of [true, false]) {
      expect(mayAdopt(settled, { ...CONFIG, epoch: 4 }, pristine)).toBe(true);
      expect(mayAdopt(settled, { ...CONFIG, epoch: 3 }, pristine)).toBe(false);
      expect(mayAdopt(settled, { ...CONFIG, epoch: 2 }, pristine)).toBe(false);
      expect(mayAdopt(settled, { ...OTHER, epoch: 9 }, pristine)).toBe(false);
      expect(mayAdopt(settled, recoveredConfig({ ...CONFIG, epoch: 3 }, votersOf(mini), THREE), pristine)).toBe(true);
      expect(mayAdopt(settled, recoveredConfig({ ...CONFIG, epoch: 2 }, votersOf(mini), THREE), pristine)).toBe(false);
    }
  });
});

describe('a host', () => {
  it('is joining when it votes on other data than it has, and not when it is no voter or in no mesh', () => {
    expect(isJoining(membershipOf(mac, dataOf('f'), { config: CONFIG }))).toBe(true);
    expect(isJoining(membershipOf(mac, OURS, { config: CONFIG }))).toBe(false);
    expect(isJoining(membershipOf(desk, dataOf('b'), { config: CONFIG }))).toBe(false);
    expect(isJoining(membershipOf(mac, OURS))).toBe(false);
  });

  it('votes on the data that was agreed, on either side of a move, unless its data is in use twice', () => {
    const renewed = dataOf('f');
    const moving: Config = { ...CONFIG, epoch: 2, voters: { ...CONFIG.voters, [mac]: renewed }, old: CONFIG.voters };
    expect(mayVote(membershipOf(mac, OURS, { config: CONFIG }))).toBe(true);
    expect(mayVote(membershipOf(mac, renewed, { config: CONFIG }))).toBe(false);
    expect(mayVote(membershipOf(mac, renewed, { config: moving }))).toBe(true);
    expect(
      mayVote(membershipOf(mac, OURS, { config: CONFIG, starts: startsOf(OURS, { withdrawnOnWordOf: mini }) })),
    ).toBe(false);
    expect(mayVote(membershipOf(mac, OURS))).toBe(false);
  });

  it('decides alone only as the one voter, on its data, while nothing moves', () => {
    const lone = firstConfig(votersOf(mac), THREE);
    expect(isAlone(membershipOf(mac, OURS, { config: lone }))).toBe(true);
    expect(isAlone(membershipOf(mac, dataOf('f'), { config: lone }))).toBe(false);
    expect(isAlone(membershipOf(mini, dataOf('d'), { config: lone }))).toBe(false);
    expect(isAlone(membershipOf(mac, OURS, { config: { ...lone, epoch: 2, old: CONFIG.voters } }))).toBe(false);
    expect(
      isAlone(membershipOf(mac, OURS, { config: lone, starts: startsOf(OURS, { withdrawnOnWordOf: mini }) })),
    ).toBe(false);
    expect(isAlone(membershipOf(mac, OURS, { config: CONFIG }))).toBe(false);
    expect(isAlone(membershipOf(mac, OURS))).toBe(false);
  });

  it('wishes to be alone when hosts.json lists no other voter', () => {
    expect(wishesAlone(membershipOf(mac, OURS, { wish: wishOf([mac], THREE) }))).toBe(true);
    expect(wishesAlone(membershipOf(mac, OURS, { wish: wishOf([mini], THREE) }))).toBe(false);
    expect(wishesAlone(membershipOf(mac, OURS, { wish: wishOf([mac, mini]) }))).toBe(false);
    expect(wishesAlone(membershipOf(mac, OURS, { wish: wishOf([]) }))).toBe(false);
  });

  it('names as foreign those of another mesh, and not those who have none, or who have yet to follow a recovery', () => {
    const recovered = recoveredConfig(CONFIG, votersOf(mac), THREE);
    const heard = (config?: Config) => ({
      greeting: greetingOf(dataOf('1'), wishOf(THREE), config === undefined ? {} : { config }),
      atMs: 0,
    });
    const greetings = new Map([
      [cloud, heard(CONFIG)],
      [desk, heard(OTHER)],
      [mini, heard()],
      ['same' as HostId, heard(recovered)],
    ]);
    expect(foreignersOf(membershipOf(mac, OURS, { config: recovered, greetings }))).toEqual([desk]);
    expect(foreignersOf(membershipOf(mac, OURS, { config: CONFIG, greetings }))).toEqual([desk, 'same']);
    expect(foreignersOf(membershipOf(mac, OURS, { greetings }))).toEqual([]);
  });
});

describe('a greeting', () => {
  it('counts for 25 seconds', () => {
    const greeting = greetingOf(dataOf('d'), wishOf(THREE));
    const known = membershipOf(mac, OURS, { greetings: new Map([[mini, { greeting, atMs: 1_000 }]]) });
    expect(freshGreeting(known, mini, 26_000)).toBe(greeting);
    expect(freshGreeting(known, mini, 26_001)).toBeUndefined();
    expect(freshGreeting(known, cloud, 1_000)).toBeUndefined();
  });

  it('says where its host stands, and what it knows of the one it greets', () => {
    const seen = new Map([
      [voteKey(mini, dataOf('d')), { number: 4, name: 'fourth', votes: 0 }],
      [voteKey(cloud, dataOf('e')), { number: 7, name: 'seventh', votes: 0 }],
    ]);
    const heard = (incarnation: string) => ({ greeting: greetingOf(incarnation, wishOf(THREE)), atMs: 0 });
    const greetings = new Map([
      [mini, heard(dataOf('d'))],
      [cloud, heard(dataOf('a'))],
    ]);
    const config = { ...CONFIG, epoch: 3 };
    const known = membershipOf(mac, OURS, { config, greetings, starts: startsOf(OURS, { seen }) });
    expect(greetingTo(known, mini)).toMatchObject({
      mesh: CONFIG.mesh,
      epoch: 3,
      config,
      incarnation: OURS,
      you: { incarnation: dataOf('d'), life: 4, boot: 'fourth' },
    });
    // What is remembered of `cloud` is about other data than it has now.
    expect(greetingTo(known, cloud)).not.toHaveProperty('you');
    expect(greetingTo(membershipOf(mac, OURS), mini)).toMatchObject({ mesh: '', epoch: 0 });
  });
});
