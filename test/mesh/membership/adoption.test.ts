import { describe, expect, it } from 'vitest';
import { adopt, joinMesh, withdraw } from '../../../mesh/membership/adoption.ts';
import { GREETED_BY_ALL_MAX } from '../../../mesh/membership/greeted-hosts.ts';
import { createMove } from '../../../mesh/membership/move.ts';
import { createConfigProposal } from '../../../mesh/membership/succession.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../../mesh/names.ts';
import { type Config, EVICTED, firstConfig, recoveredConfig } from '../../../mesh/state/config.ts';
import type { CoreState } from '../../../mesh/state/core-state.ts';
import type { Effect } from '../../../mesh/state/events.ts';
import { RegisterTable } from '../../../mesh/state/register-table.ts';
import { coreOn, effectsOf, greetedBy, type KnownCore, MESH, run, started, writesOf } from '../../support/core-on.ts';
import { cloud, DATA, dataOf, desk, lab, mac, mini, votersOf, wishOf } from '../../support/membership-of.ts';

const KEY = 'titania@x.test' as AddressKey;
const GONE = '2026-01-27T12:00:00.000Z';
const MOVING: Config = { ...MESH, epoch: 2, voters: votersOf(cloud, desk, mac), old: MESH.voters };
const MOVED: Config = { ...MESH, epoch: 3, voters: votersOf(cloud, desk, mac) };
const OTHER = firstConfig(votersOf(desk, lab), [desk, lab]);
const register = { promised: [1, 'mac'], accepted: null, value: null } as const;

const adopted = (state: CoreState, config: Config) => effectsOf((out) => adopt(state, config, out));
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

describe('a configuration that is adopted', () => {
  it.each<[string, KnownCore, Config, object]>([
    ['formed', { config: undefined }, MESH, { epoch: 1, voters: [cloud, mac, mini] }],
    ['moving', {}, MOVING, { epoch: 2, voters: [cloud, desk, mac], from: [cloud, mac, mini] }],
    ['moved', { config: MOVING }, MOVED, { epoch: 3, voters: [cloud, desk, mac] }],
    ['recovered', {}, recoveredConfig(MESH, votersOf(mini), [mini]), { epoch: 2, voters: [mini], from: [mini] }],
  ])('is told to operators: mesh.%s', (kind, known, config, fields) => {
    const state = started(known);
    const effects = adopted(state, config);
    expect(logged(effects)).toEqual([[`mesh.${kind}`, fields]]);
    expect(state.membership.config).toBe(config);
    expect(writesOf(effects).slice(0, 2)).toEqual([
      ['claim/config', config],
      ['claim/succession', undefined],
    ]);
  });

  it('lets a host doubt what it holds when it was none of the mesh, or may have been none in an epoch that it missed', () => {
    const absent: Config = { ...MESH, members: [cloud, mini] };
    const [next, later]: [Config, Config] = [
      { ...MESH, epoch: 2 },
      { ...MESH, epoch: 9 },
    ];
    const why = (config: Config, after: Config, held = [KEY]) =>
      adopted(started({ config, held }), after).flatMap((effect) => (effect.type === 'doubt' ? [effect.why] : []));
    expect(why(absent, later)).toEqual(['returned']);
    expect(why(absent, next)).toEqual(['returned']);
    expect(why(MESH, later)).toEqual(['returned']);
    expect(why(MESH, next)).toEqual([]);
    expect(why(absent, later, [])).toEqual([]);
  });

  it('is told by a voter to everybody at once, and by any other host of a large mesh when it is its turn', () => {
    const many = Array.from({ length: GREETED_BY_ALL_MAX }, (_, at) => `n${at}` as HostId);
    const members = [cloud, mac, mini, ...many].sort();
    const wish = wishOf([cloud, mac, mini], members);
    const toldBy = (self: HostId) => {
      const state = coreOn(self, { config: undefined, wish });
      run(state, { type: 'started' });
      const effects = adopted(state, { ...MESH, members });
      return effects.flatMap((effect) => (effect.type === 'ask' ? [[effect.to, effect.isRoutine === true]] : []));
    };
    expect(toldBy(mac)).toHaveLength(members.length - 1);
    expect(toldBy(mac).filter(([, isRoutine]) => isRoutine)).toEqual([]);
    expect(toldBy('n7' as HostId).map(([to, isRoutine]) => [to, isRoutine])).toEqual([
      [cloud, true],
      [mac, true],
      [mini, true],
      ['n6', true],
      ['n8', true],
    ]);
  });

  it('is told to every host that it or the file names, after it was written', () => {
    const effects = adopted(started(), MOVING);
    expect(greetedBy(effects)).toEqual([cloud, desk, mini]);
    const written = effects.findIndex(({ type }) => type === 'persist');
    expect(effects.findIndex(({ type }) => type === 'ask')).toBeGreaterThan(written);
  });

  it('does nothing when it is not later', () => {
    const state = started({ config: MOVED });
    for (const config of [MESH, MOVING, MOVED, OTHER]) expect(adopted(state, config)).toEqual([]);
    expect(state.membership.config).toBe(MOVED);
  });

  it('ends everything that was about the one before', () => {
    const state = started();
    const { membership } = state;
    membership.proposing = { proposal: createConfigProposal(MESH, MOVING, 1), sinceMs: 0 };
    membership.succession = { epoch: 1, promised: [1, 'mac'], accepted: null, config: null };
    Object.assign(membership, { stuckWith: OTHER.mesh, move: createMove(0), keysTold: { epoch: 1, keys: [KEY] } });
    membership.setbacks = { count: 2, atMs: 0 };
    state.refusing.add(cloud);
    adopted(state, MOVING);
    expect(membership.setbacks.count).toBe(0);
    expect([membership.proposing, membership.succession, membership.stuckWith]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect([membership.move, membership.keysTold, state.refusing.size]).toEqual([undefined, undefined, 0]);
  });

  it('has every claim in hand begun again under it, and those begun that waited for a mesh', () => {
    const state = started();
    const [before = 0] = numbersSent(claim(state));
    const [after = 0, ...more] = numbersSent(adopted(state, MOVING));
    expect([after > before, more]).toEqual([true, []]);
    const unformed = started({ config: undefined });
    expect(numbersSent(claim(unformed))).toEqual([]);
    expect(numbersSent(adopted(unformed, MESH))).toHaveLength(1);
  });

  it('shows since when a host is gone that is to be evicted', () => {
    const state = started({ config: { ...MESH, members: [...MESH.members, desk] } });
    state.membership.evicting.set(desk, null);
    const effects = adopted(state, { ...MESH, epoch: 2, gone: { [desk]: GONE } });
    expect(writesOf(effects)).toContainEqual(['claim/evicting/desk', { since: GONE }]);
    expect(writesOf(adopted(state, { ...MESH, epoch: 3, gone: { [desk]: EVICTED } }))).toContainEqual([
      'claim/evicting/desk',
      undefined,
    ]);
  });
});

describe('a host that joins another mesh', () => {
  it('goes there on other data, which is written together with the mesh', () => {
    const state = started({ records: { registers: new RegisterTable([[KEY, register]]) } });
    const effects = effectsOf((out) => joinMesh(state, OTHER, out));
    expect(logged(effects)).toEqual([['mesh.joined', { epoch: 1, voters: [desk, lab] }]]);
    const keys = (effects.find((effect) => effect.type === 'persist')?.writes ?? []).map(({ key }) => key);
    expect(keys).toEqual([
      ...['claim/incarnation', 'claim/life', 'claim/succession', `claim/register/${KEY}`],
      ...['claim/config', 'claim/succession'],
    ]);
    expect([state.membership.config, state.registers.size]).toEqual([OTHER, 0]);
    expect(greetedBy(effects)).toEqual([desk, lab, cloud, mini]);
  });
});

describe('a configuration that a host of an earlier version passed on without what it does not know', () => {
  const whole: Config = { ...MOVED, floor: [7, 'cloud#1'], settled: [3] };
  const floorWritten = ['claim/floor', whole.floor];

  it('is made whole by another host in the same epoch, and the floor raised, durably', () => {
    const state = started({ config: MOVED });
    expect(writesOf(adopted(state, whole))).toEqual([floorWritten, ['claim/config', whole]]);
    expect([state.membership.config, state.floor]).toEqual([whole, whole.floor]);
    expect(adopted(state, whole)).toEqual([]);
    expect(adopted(state, MOVED)).toEqual([]);
    expect(state.membership.config).toEqual(whole);
  });

  it('is made whole beside what is in hand: the vote on its successor stands', () => {
    const state = started({ config: MOVED });
    const vote = { epoch: 3, promised: [1, 'mac'], accepted: null, config: null } as const;
    state.membership.succession = vote;
    expect(writesOf(adopted(state, whole)).map(([key]) => key)).not.toContain('claim/succession');
    expect(state.membership.succession).toBe(vote);
  });

  it('keeps the higher floor of the two, and what it knows of earlier moves', () => {
    const state = started({ config: { ...whole, settled: [2, 3] } });
    expect(adopted(state, { ...whole, floor: [6, 'cloud#1'] })).toEqual([]);
    adopted(state, { ...MOVED, floor: [8, 'cloud#1'] });
    expect(state.membership.config).toEqual({ ...whole, floor: [8, 'cloud#1'], settled: [2, 3] });
  });

  it('takes nothing over from another epoch, or from another mesh of the same epoch', () => {
    const state = started({ config: MOVED });
    expect(adopted(state, { ...whole, epoch: 2 })).toEqual([]);
    expect(adopted(state, { ...whole, mesh: OTHER.mesh })).toEqual([]);
    expect([state.membership.config, state.floor]).toEqual([MOVED, null]);
  });
});

describe('a host whose data is in use elsewhere', () => {
  const renewed: Config = { ...MESH, epoch: 2, voters: { ...MESH.voters, [mac]: dataOf('e') } };

  it('withdraws when its mesh has moved to other data of it', () => {
    const state = started();
    expect(logged(adopted(state, renewed))).toContainEqual(['mesh.used_twice', { by: mac, life: 1 }]);
    expect(state.membership.starts.withdrawnOnWordOf).toBe(mac);
  });

  it.each<[string, KnownCore, Config]>([
    ['the mesh goes on without it', {}, { ...MESH, epoch: 2, voters: votersOf(cloud, mini) }],
    ['it was on other data before', { records: { incarnation: dataOf('e') } }, renewed],
    ['an operator had another mesh go on', {}, recoveredConfig(MESH, renewed.voters, [mac])],
    ['it forms its first mesh', { config: undefined }, renewed],
  ])('does not when %s', (_, known, config) => {
    const state = started(known);
    adopted(state, config);
    expect([state.membership.config, state.membership.starts.withdrawnOnWordOf]).toEqual([config, undefined]);
  });

  it('says so once, and remembers who said it last', () => {
    const state = started();
    const first = effectsOf((out) => withdraw(state, cloud, out));
    const second = effectsOf((out) => withdraw(state, mini, out));
    expect([logged(first).length, logged(second)]).toEqual([1, []]);
    expect(state.membership.starts.withdrawnOnWordOf).toBe(mini);
  });

  it('votes no more', () => {
    const state = started({ wish: wishOf([mac]), config: firstConfig(votersOf(mac), [mac]) });
    withdraw(state, cloud, []);
    const item = { kind: 'prepare', key: KEY, n: 9, claiming: true } as const;
    const message = { version: 2, mesh: state.membership.config?.mesh ?? '', epoch: 1, life: 1, boot: 'x' } as const;
    const effects = run(state, {
      ...{ type: 'received', token: 1, from: mini },
      message: { ...message, incarnation: DATA[mini] ?? '', items: [item] },
    });
    expect(effects).toContainEqual(
      expect.objectContaining({ type: 'answer', answer: expect.objectContaining({ kind: 'refused' }) }),
    );
  });
});
