import { describe, expect, it } from 'vitest';
import type { HostId } from '../../../mesh/names.ts';
import { voteKey } from '../../../mesh/state/config.ts';
import type { CoreState } from '../../../mesh/state/core-state.ts';
import { type KnownCore, MESH, run, started, THREE, writesOf } from '../../support/core-on.ts';
import { cloud, DATA, desk, mini, wishOf } from '../../support/membership-of.ts';

const GONE = '2026-01-27T12:00:00.000Z';
const WITH_DESK = wishOf(THREE, [...THREE, desk]);
const DESK = voteKey(desk, DATA[desk] ?? '');
const RECORD = `claim/lives/${DESK}`;

/** A core that has heard `desk`, which its hosts.json lists, with what it then wrote. */
function acquainted(known: KnownCore = {}): CoreState {
  const state = started({ wish: WITH_DESK, greeted: { [desk]: {}, [cloud]: {}, [mini]: {} }, ...known });
  const { membership } = state;
  membership.starts.seen.set(DESK, { number: 1, name: 'first', votes: 0 });
  membership.refusals.set(desk, 'It is busy.');
  membership.nudgedAtMs.set(desk, 0);
  state.heardAtMs.set(DESK, 0);
  return state;
}

/** What is kept of that host. */
const keptOf = ({ membership, heardAtMs }: CoreState, host: HostId) => [
  ...[membership.greetings, membership.refusals, membership.nudgedAtMs].map((known) => known.has(host)),
  ...[membership.starts.seen, heardAtMs].map((known) => known.has(voteKey(host, DATA[host] ?? ''))),
];

describe('of a host that hosts.json lists no more', () => {
  it('nothing is kept where nothing agreed on names it, on the disk or in memory', () => {
    const state = acquainted();
    expect(keptOf(state, desk)).toEqual([true, true, true, true, true]);
    const effects = run(state, { type: 'wished', wish: wishOf(THREE) });
    expect(keptOf(state, desk)).toEqual([false, false, false, false, false]);
    expect(writesOf(effects)).toContainEqual([RECORD, undefined]);
    expect([...state.membership.greetings.keys()]).toEqual([cloud, mini]);
  });

  it.each<[string, KnownCore]>([
    ['is a member', { config: { ...MESH, members: WITH_DESK.members } }],
    ['left, and is not forgotten', { config: { ...MESH, gone: { [desk]: GONE } } }],
  ])('all is kept while it %s, and nothing after that', (_, known) => {
    const state = acquainted(known);
    run(state, { type: 'wished', wish: wishOf(THREE) });
    expect(keptOf(state, desk)).toEqual([true, true, true, true, true]);
    const told = { version: 1, kind: 'ahead', incarnation: DATA[cloud] ?? '', config: { ...MESH, epoch: 2 } } as const;
    const question = { about: 'greeting' } as never;
    const effects = run(state, { type: 'replied', from: cloud, question, reply: told as never });
    expect(state.membership.config?.epoch).toBe(2);
    expect(keptOf(state, desk)).toEqual([false, false, false, false, false]);
    expect(writesOf(effects)).toContainEqual([RECORD, undefined]);
  });
});
