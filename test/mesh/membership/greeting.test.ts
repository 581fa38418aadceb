import { describe, expect, it } from 'vitest';
import { GREETING_INTERVAL_MS } from '../../../mesh/limits.ts';
import { GREETED_BY_ALL_MAX } from '../../../mesh/membership/greeted-hosts.ts';
import {
  FORMING_INTERVAL_EACH_MS,
  FORMING_INTERVAL_MS,
  greet,
  greetAll,
  greetInTurn,
  greetingTo,
  introduce,
  nudge,
} from '../../../mesh/membership/greeting.ts';
import { createMove } from '../../../mesh/membership/move.ts';
import type { HostId } from '../../../mesh/names.ts';
import { GREETING_MS_MAX } from '../../../mesh/peer-silence.ts';
import { type Config, firstConfig, voteKey } from '../../../mesh/state/config.ts';
import type { CoreState } from '../../../mesh/state/core-state.ts';
import type { Effect } from '../../../mesh/state/events.ts';
import { coreOn, effectsOf, greetedBy, type KnownCore, MESH, run, started, writesOf } from '../../support/core-on.ts';
import { cloud, DATA, dataOf, desk, mac, mini, votersOf, wishOf } from '../../support/membership-of.ts';

const GONE = '2026-01-27T12:00:00.000Z';
const JOINT: Config = { ...MESH, epoch: 2, voters: votersOf(desk, mac), old: MESH.voters };

const routinesIn = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'ask' ? [effect.isRoutine === true] : []));
const waitsIn = (effects: readonly Effect[], event: string) =>
  effects.flatMap((effect) => (effect.type === 'timer' && effect.event.type === event ? [effect.afterMs[0]] : []));

describe('a greeting', () => {
  it('says which start speaks, by the names of the wire', () => {
    const { membership } = coreOn(mac);
    expect(greetingTo(membership, cloud)).toEqual({
      ...{ version: 2, about: 'greeting', mesh: MESH.mesh, epoch: 1, config: MESH, wish: wishOf([cloud, mac, mini]) },
      ...{ incarnation: DATA[mac], life: 1, boot: 'first', boots: { 1: 'first' }, votes: 0 },
    });
  });

  it('says what is remembered of the host that it goes to, on the data on which that last spoke', () => {
    const { membership } = coreOn(mac, { greeted: { cloud: {} } });
    const you = { incarnation: DATA[cloud], life: 4, boot: 'x', votes: 9 };
    membership.starts.seen.set(voteKey(cloud, dataOf('f')), { number: 8, name: 'y', votes: 1 });
    expect(greetingTo(membership, cloud)).not.toHaveProperty('you');
    membership.starts.seen.set(voteKey(cloud, DATA[cloud] ?? ''), { number: 4, name: 'x', votes: 9 });
    expect(greetingTo(membership, cloud)).toMatchObject({ you });
    expect(greetingTo(membership, mini)).not.toHaveProperty('you');
  });

  it('says which hosts are to be evicted, once they are gone, and that this start has withdrawn', () => {
    const { membership } = coreOn(mac);
    membership.evicting.set(desk, null);
    expect(greetingTo(membership, cloud)).not.toHaveProperty('evicting');
    membership.evicting.set(desk, GONE);
    membership.starts.withdrawnOnWordOf = mini;
    expect(greetingTo(membership, cloud)).toMatchObject({ evicting: { [desk]: GONE }, standsBack: true });
  });

  it('says no more votes than are on the disk', () => {
    const { membership } = coreOn(mac);
    Object.assign(membership.starts, { votes: 7, votesTold: 5 });
    expect(greetingTo(membership, cloud).votes).toBe(5);
  });
});

describe('a host that has just started', () => {
  it('writes its start before it greets anybody, and waits so long for the other electors', () => {
    const state = coreOn(mac);
    const effects = effectsOf((out) => introduce(state, out));
    expect(writesOf(effects)).toEqual([
      ['claim/incarnation', DATA[mac]],
      ['claim/life', { life: 1, boots: { 1: 'first' }, votes: 0 }],
    ]);
    expect(greetedBy(effects)).toEqual([]);
    expect(waitsIn(effects, 'hearingOver')).toEqual([GREETING_MS_MAX]);
    expect(effects[0]).toMatchObject({ after: [{ type: 'event', event: { type: 'greetingDue' } }] });
    expect(effectsOf((out) => greet(state.membership, cloud, out))).toEqual([]);
  });
});

describe('a round of greetings', () => {
  const round = (state: CoreState) => effectsOf((out) => greetInTurn(state, out));

  it('goes to the electors and to every host of the file but this one', () => {
    const { membership } = started({ config: JOINT, wish: wishOf([mac], [mac, cloud, 'lab']) });
    expect(greetedBy(effectsOf((out) => greetAll(membership, out))).toSorted()).toEqual([
      'cloud',
      'desk',
      'lab',
      'mini',
    ]);
  });

  it('is routine in a settled mesh, but for the first one after a start', () => {
    const state = coreOn(mac, { greeted: { cloud: {}, mini: {} } });
    expect(routinesIn(round(state))).toEqual([false, false]);
    expect(routinesIn(round(state))).toEqual([true, true]);
  });

  it.each<[string, KnownCore, (state: CoreState) => void]>([
    ['has no mesh yet', { config: undefined }, () => undefined],
    ['moves', { config: JOINT }, () => undefined],
    ['has lost its data', { records: { incarnation: dataOf('f') } }, () => undefined],
    [
      'has not heard the electors',
      {},
      (state) => {
        state.membership.starts.hasHeardElectors = false;
      },
    ],
  ])('comes again soon, and is not routine, while the host %s', (_, known, prepare) => {
    const state = started(known);
    prepare(state);
    const effects = round(state);
    expect(waitsIn(effects, 'greetingDue')).toEqual([FORMING_INTERVAL_MS]);
    expect(
      new Set(routinesIn(effects.filter((effect) => effect.type === 'ask' && effect.question.about === 'greeting'))),
    ).toEqual(new Set([false]));
  });

  it.each([
    ['forty hosts are greeted', 40, [FORMING_INTERVAL_EACH_MS * 40]],
    ['the voters alone are, in a large mesh', 2 * GREETED_BY_ALL_MAX, [FORMING_INTERVAL_MS]],
  ])('comes less soon while the mesh forms where %s', (_, others, waits) => {
    const many = Array.from({ length: others - 2 }, (_, at) => `n${at}` as HostId);
    const state = started({ config: undefined, wish: wishOf([cloud, mac, mini], [cloud, mac, mini, ...many]) });
    expect(waitsIn(round(state), 'greetingDue')).toEqual(waits);
  });

  it('comes again soon while a move is due, and else after ten seconds', () => {
    const known = { greeted: { cloud: {}, mini: {} } };
    expect(waitsIn(round(started(known)), 'greetingDue')).toEqual([GREETING_INTERVAL_MS]);
    const state = started({ ...known, wish: wishOf([mac, mini]) });
    state.membership.move = createMove(0);
    expect(waitsIn(round(state), 'greetingDue')).toEqual([FORMING_INTERVAL_MS]);
  });

  it('is the last one while there is nobody to greet, until hosts.json lists others, or the mesh has others', () => {
    const alone = { config: undefined, wish: wishOf([mac]) };
    const [edited, claiming] = [started(alone), started(alone)];
    expect(waitsIn(round(edited), 'greetingDue')).toEqual([]);
    const effects = run(edited, { type: 'wished', wish: wishOf([cloud, mac, mini]) });
    expect(new Set(greetedBy(effects))).toEqual(new Set([cloud, mini]));
    expect(waitsIn(effects, 'greetingDue')).toEqual([FORMING_INTERVAL_MS]);
    claiming.membership.config = firstConfig(votersOf(mac), [mac]);
    expect(waitsIn(run(claiming, { type: 'hearingOver' }), 'greetingDue')).toEqual([]);
    claiming.membership.config = firstConfig(votersOf(mac), [cloud, mac]);
    claiming.membership.wish = wishOf([mac], [cloud, mac]);
    expect(waitsIn(run(claiming, { type: 'hearingOver' }), 'greetingDue')).toEqual([GREETING_INTERVAL_MS]);
    expect(waitsIn(run(claiming, { type: 'hearingOver' }), 'greetingDue')).toEqual([]);
  });

  it('waits for the disk when votes were cast since the last one', () => {
    const state = started();
    state.membership.starts.votes = 3;
    const effects = round(state);
    expect(greetedBy(effects)).toEqual([]);
    expect(writesOf(effects)).toEqual([['claim/life', { life: 1, boots: { 1: 'first' }, votes: 3 }]]);
    expect(effects[0]).toMatchObject({ after: [{ type: 'event', event: { type: 'votesKept', votes: 3 } }] });
  });
});

describe('a host that is behind', () => {
  it('is greeted for it, but not for each of its answers', () => {
    const state = started();
    const nudged = (nowMs: number, to = cloud) => {
      state.nowMs = nowMs;
      return greetedBy(effectsOf((out) => nudge(state, to, out)));
    };
    expect([nudged(0), nudged(FORMING_INTERVAL_MS - 1), nudged(1, mini)]).toEqual([[cloud], [], [mini]]);
    expect(nudged(FORMING_INTERVAL_MS)).toEqual([cloud]);
  });
});
