import { describe, expect, it } from 'vitest';
import { GREETING_INTERVAL_MS } from '../../../mesh/limits.ts';
import { statusOf } from '../../../mesh/membership/claim-status.ts';
import { companyOf, GREETED_BY_ALL_MAX, LARGE_GREETING_INTERVAL_MS } from '../../../mesh/membership/greeted-hosts.ts';
import { greetAll, greetInTurn } from '../../../mesh/membership/greeting.ts';
import type { HostId } from '../../../mesh/names.ts';
import { type Config, firstConfig } from '../../../mesh/state/config.ts';
import type { Effect } from '../../../mesh/state/events.ts';
import { coreOn, effectsOf, greetedBy, run } from '../../support/core-on.ts';
import { cloud, desk, mac, mini, votersOf, wishOf } from '../../support/membership-of.ts';

const hostsOf = (count: number) =>
  Array.from({ length: count }, (_, at) => `n${String(at).padStart(3, '0')}` as HostId);
const VOTERS = [cloud, mac, mini];

describe('whom a host keeps in touch with', () => {
  const few = hostsOf(GREETED_BY_ALL_MAX - VOTERS.length);
  const many = hostsOf(200);
  const [first, second, third] = many as [HostId, HostId, HostId];

  it('in a small mesh: everybody, every ten seconds', () => {
    const company = companyOf({ self: few[0] as HostId, hosts: few, voters: VOTERS });
    expect([...company.keys()].sort()).toEqual([...few.slice(1), ...VOTERS].sort());
    expect(new Set(company.values())).toEqual(new Set([GREETING_INTERVAL_MS]));
  });

  it('in a large one: the voters and the two neighbours by name, every half minute', () => {
    const company = companyOf({ self: second, hosts: many, voters: VOTERS });
    expect([...company.keys()].sort()).toEqual([...VOTERS, first, third].sort());
    expect(new Set(company.values())).toEqual(new Set([LARGE_GREETING_INTERVAL_MS]));
  });

  it('as a voter in a large one: everybody, and the other voters as often as ever', () => {
    const company = companyOf({ self: mac, hosts: [...many, mac], voters: VOTERS });
    expect(company.size).toBe(202);
    expect([cloud, mini, first].map((host) => company.get(host))).toEqual([10_000, 10_000, 30_000]);
  });

  it('is everybody where nobody else votes', () => {
    for (const voters of [[], [first]]) expect(companyOf({ self: first, hosts: many, voters }).size).toBe(199);
  });

  it('is the same seen from both sides', () => {
    const everybody = [...many, ...VOTERS];
    const greeted = new Map(
      everybody.map((self) => [self, companyOf({ self, hosts: everybody, voters: VOTERS })] as const),
    );
    for (const [self, company] of greeted)
      for (const [other, intervalMs] of company)
        expect([self, other, greeted.get(other)?.get(self)]).toEqual([self, other, intervalMs]);
  });
});

describe('the core of a large mesh', () => {
  const hosts = hostsOf(60);
  const [own, next] = hosts as [HostId, HostId];
  const members = [...hosts, ...VOTERS].sort();
  const config: Config = firstConfig(votersOf(...VOTERS), members);
  const wish = wishOf(VOTERS, members);
  const routine = (effects: readonly Effect[]) =>
    effects.flatMap((effect) => (effect.type === 'ask' && effect.isRoutine === true ? [effect.to] : []));
  const atOnce = (effects: readonly Effect[]) => {
    const later = new Set(routine(effects));
    return greetedBy(effects).filter((to) => !later.has(to));
  };

  it('of a host that forms a mesh: it waits for the other voters, and greets nobody else twice a second', () => {
    const state = coreOn(mac, { config: undefined, wish });
    run(state, { type: 'started' });
    expect(atOnce(effectsOf((out) => greetInTurn(state, out))).sort()).toEqual([cloud, mini]);
    const other = coreOn(own, { config: undefined, wish });
    run(other, { type: 'started' });
    expect(atOnce(effectsOf((out) => greetInTurn(other, out)))).toEqual([]);
  });

  it('of a voter that hears of a configuration: everybody is told at once', () => {
    const state = coreOn(mac, { config, wish });
    run(state, { type: 'started' });
    expect(atOnce(effectsOf((out) => greetAll(state.membership, out)))).toHaveLength(62);
  });

  it('of a host that does not vote: what it greets by itself are five', () => {
    const state = coreOn(own, { config, wish });
    run(state, { type: 'started' });
    expect([...greetedBy(effectsOf((out) => greetAll(state.membership, out)))].sort()).toEqual(
      [...VOTERS, next, hosts.at(-1)].sort(),
    );
  });

  it('says that it is ready while the voters were heard with the last greetings but one', () => {
    const heard = { cloud: 0, mac: 0, mini: 0 };
    const state = coreOn(own, { config, wish, heard });
    const isReadyAt = (nowMs: number) => statusOf(Object.assign(state, { nowMs })).ready;
    const [goneMs, smallMs] = [2.5 * LARGE_GREETING_INTERVAL_MS, 2.5 * GREETING_INTERVAL_MS];
    expect([smallMs + 1, goneMs, goneMs + 1].map(isReadyAt)).toEqual([true, true, false]);
    const small = coreOn(desk, { heard });
    expect([smallMs, smallMs + 1].map((nowMs) => statusOf(Object.assign(small, { nowMs })).ready)).toEqual([
      true,
      false,
    ]);
  });

  it('lets an operator go on with hosts, and join one, that it does not greet otherwise', () => {
    const far = hosts[30] as HostId;
    const state = coreOn(own, { config, wish });
    run(state, { type: 'started' });
    expect(greetedBy(run(state, { type: 'recover', operation: 1, voters: [own, far] }))).toContain(far);
    expect(greetedBy(run(state, { type: 'join', operation: 2, host: far }))).toEqual([far]);
  });
});
