import { describe, expect, it } from 'vitest';
import { judgeStart, rejoin } from '../../../mesh/membership/rejoin.ts';
import { createConfigProposal } from '../../../mesh/membership/succession.ts';
import type { AddressKey, AgentId, ClaimId } from '../../../mesh/names.ts';
import type { Config } from '../../../mesh/state/config.ts';
import type { CoreState } from '../../../mesh/state/core-state.ts';
import type { Effect } from '../../../mesh/state/events.ts';
import { RegisterTable } from '../../../mesh/state/register-table.ts';
import type { SeenStart } from '../../../mesh/state/starts.ts';
import { effectsOf, greetedBy, MESH, run, started, writesOf } from '../../support/core-on.ts';
import { cloud, DATA, dataOf, desk, mac, mini, votersOf } from '../../support/membership-of.ts';

const OWN = DATA[cloud] ?? '';
const KEY = 'titania@x.test' as AddressKey;
const MOVING: Config = { ...MESH, epoch: 2, voters: votersOf(cloud, desk, mac), old: MESH.voters };
const register = { promised: [1, 'mac'], accepted: null, value: null } as const;

const logged = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'log' ? [[effect.event, effect.fields]] : []));
const numbersSent = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'send' && effect.to === cloud ? effect.items.map(({ n }) => n) : []));
const claim = (state: CoreState) => {
  const owner = { hostId: mac, agentId: 'agent' as AgentId, agentName: 'agent', claimId: 'claim-1' as ClaimId };
  return run(state, {
    type: 'claim',
    operation: 1,
    claims: [{ key: KEY, owner: { ...owner, since: '2026-01-27T12:00:00Z' } }],
  });
};

describe('what another host remembers of this one', () => {
  const own = { data: OWN, number: 3, name: 'm9' };
  const names = { 2: 'p4', 3: 'm9' };
  const judge = (seen: SeenStart, isKnown = false) => judgeStart({ own, names, votesAtStart: 5, isKnown }, seen);

  it.each([
    ['this start', { number: 3, name: 'm9', votes: 9 }, 'known', 'known'],
    [
      'the start before, with the votes that this one began with',
      { number: 2, name: 'p4', votes: 5 },
      'nothing',
      'nothing',
    ],
    ['the start before, with a vote more', { number: 2, name: 'p4', votes: 6 }, 'older copy', 'older copy'],
    ['a start so early that its name is not kept', { number: 1, name: 'k7', votes: 99 }, 'nothing', 'nothing'],
    ['another start of the number of this one', { number: 3, name: 't2', votes: 0 }, 'used twice', 'used twice'],
    ['a later start', { number: 4, name: 'u5', votes: 0 }, 'older copy', 'used twice'],
    ['an earlier start by another name', { number: 2, name: 'q8', votes: 0 }, 'older copy', 'used twice'],
  ] as const)('is %s: %j means %s, and once this start is known %s', (_, seen, unknown, known) => {
    expect([judge(seen), judge(seen, true)]).toEqual([unknown, known]);
  });
});

describe('a host whose data is an older copy', () => {
  it('forgets what it voted, and begins again on other data with what it has in hand', () => {
    const state = started({ records: { registers: new RegisterTable([[KEY, register]]) } });
    const [before = 0] = numbersSent(claim(state));
    state.membership.succession = { epoch: 1, promised: [1, 'mac'], accepted: null, config: null };
    state.membership.proposing = { proposal: createConfigProposal(MESH, MOVING, 1), sinceMs: 0 };
    const effects = effectsOf((out) => rejoin(state, cloud, 7, out));
    expect(logged(effects)).toEqual([['mesh.rejoining', { by: cloud, life: 1, seen: 7 }]]);
    expect(effects.findIndex(({ type }) => type === 'doubt')).toBeLessThan(
      effects.findIndex(({ type }) => type === 'persist'),
    );
    const { own } = state.membership.starts;
    expect([own, state.registers.size]).toEqual([{ data: dataOf('f'), number: 1, name: 'first' }, 0]);
    expect(writesOf(effects).slice(0, 4)).toEqual([
      ['claim/incarnation', dataOf('f')],
      ['claim/life', { life: 1, boots: { 1: 'first' }, votes: 0 }],
      ['claim/succession', undefined],
      [`claim/register/${KEY}`, undefined],
    ]);
    expect([state.membership.succession, state.membership.proposing]).toEqual([undefined, undefined]);
    expect(numbersSent(effects)[0]).toBeGreaterThan(before);
    expect(greetedBy(effects)).toEqual([cloud, mini]);
  });
});
