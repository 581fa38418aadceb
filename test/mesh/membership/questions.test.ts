import { describe, expect, it } from 'vitest';
import { answerQuestion, hearReply } from '../../../mesh/membership/questions.ts';
import { createConfigProposal } from '../../../mesh/membership/succession.ts';
import type { HostId } from '../../../mesh/names.ts';
import { type Config, firstConfig, voteKey } from '../../../mesh/state/config.ts';
import type { CoreState } from '../../../mesh/state/core-state.ts';
import type { Effect } from '../../../mesh/state/events.ts';
import { CLAIM_VERSION, type Greeting, type Reply, type SuccessionQuestion } from '../../../mesh/state/messages.ts';
import { greetedBy, type KnownCore, MESH, started, THREE, writesOf } from '../../support/core-on.ts';
import {
  cloud,
  DATA,
  dataOf,
  desk,
  greetingOf,
  lab,
  mac,
  mini,
  votersOf,
  wishOf,
} from '../../support/membership-of.ts';

const GONE = '2026-01-27T12:00:00.000Z';
const JOINT: Config = { ...MESH, epoch: 2, voters: votersOf(desk, mac), old: MESH.voters };
const OTHER = firstConfig(votersOf(desk, lab), [desk, lab]);

const told = (from: HostId, said: Partial<Greeting> = {}): Greeting =>
  greetingOf(DATA[from] ?? '', wishOf(THREE), { config: MESH, ...said });
function heard(state: CoreState, from: HostId, said: Partial<Greeting> = {}): Effect[] {
  const out: Effect[] = [];
  answerQuestion(state, 1, from, told(from, said), out);
  return out;
}
function replied(state: CoreState, from: HostId, reply: Reply, question = asking(state)): Effect[] {
  const out: Effect[] = [];
  hearReply(state, from, question, reply, out);
  return out;
}
const asking = (state: CoreState): SuccessionQuestion => ({
  ...{ version: CLAIM_VERSION, mesh: MESH.mesh, epoch: 1, incarnation: state.membership.starts.own.data },
  ...{ about: 'succession', n: 1, hosts: THREE, kind: 'prepare' },
});
const standing = (from: HostId) => ({ version: CLAIM_VERSION, incarnation: DATA[from] ?? '' }) as const;

describe('a greeting that is heard', () => {
  it('is kept, by the monotonic clock, and ends what the host had against this one', () => {
    const state = started();
    state.membership.refusals.set(cloud, 'Its clock is wrong.');
    state.nowMs = 700;
    heard(state, cloud);
    expect(state.membership.greetings.get(cloud)).toEqual({ greeting: told(cloud), atMs: 700 });
    expect(state.membership.refusals.has(cloud)).toBe(false);
  });

  it('is answered with a greeting, behind what it made this host write', () => {
    const effects = heard(started(), cloud, { life: 3, boot: 'x', boots: { 3: 'x' } });
    const last = effects.at(-1);
    expect(writesOf(effects)).toEqual([[`claim/lives/cloud ${DATA[cloud]}`, { life: 3, boot: 'x', votes: 0 }]]);
    expect(last).toMatchObject({ type: 'persist', after: [{ type: 'reply', token: 1, reply: { about: 'greeting' } }] });
  });

  it('counts for nothing when its start has withdrawn', () => {
    const state = started();
    heard(state, cloud, { standsBack: true, config: { ...MESH, epoch: 9 } });
    expect([state.membership.greetings.size, state.heardAtMs.size, state.membership.config]).toEqual([0, 0, MESH]);
  });

  it('brings its configuration, when that is later', () => {
    const state = started();
    heard(state, cloud, { config: JOINT });
    expect(state.membership.config).toEqual(JOINT);
  });

  it('makes the voter reached that it comes from, on the data that votes and in this mesh', () => {
    const reached = (from: HostId, said: Partial<Greeting>) => {
      const state = started({ config: JOINT, heard: { cloud: 0 } });
      state.nowMs = 700;
      heard(state, from, { config: JOINT, ...said });
      return [...state.heardAtMs];
    };
    const before = [voteKey(cloud, DATA[cloud] ?? ''), 0];
    expect(reached(mini, {})).toEqual([before, [voteKey(mini, DATA[mini] ?? ''), 700]]);
    expect(reached(lab, {})).toEqual([before]);
    expect(reached(mini, { mesh: OTHER.mesh })).toEqual([before]);
    expect(reached(mini, { incarnation: dataOf('f') })).toEqual([before]);
    // A voter that has lost its data can't be reached in its former place.
    expect(reached(cloud, { incarnation: dataOf('f') })).toEqual([]);
  });

  it('makes this host note an eviction', () => {
    const state = started({ config: { ...MESH, gone: { [desk]: GONE } } });
    const effects = heard(state, cloud, { config: { ...MESH, gone: { [desk]: GONE } }, evicting: { [desk]: GONE } });
    expect(writesOf(effects)).toContainEqual(['claim/evicting/desk', { since: GONE }]);
  });

  it('lets this host vote once it has heard the other electors', () => {
    const state = started();
    state.membership.starts.hasHeardElectors = false;
    heard(state, cloud);
    expect(state.membership.starts.hasHeardElectors).toBe(false);
    heard(state, mini);
    expect(state.membership.starts.hasHeardElectors).toBe(true);
  });
});

describe('what a greeting remembers of this host', () => {
  const about = (you: Partial<NonNullable<Greeting['you']>>, known: KnownCore = {}) => {
    const state = started(known);
    heard(state, cloud, { you: { incarnation: DATA[mac] ?? '', life: 1, boot: 'first', votes: 0, ...you } });
    const { isKnown, withdrawnOnWordOf, own } = state.membership.starts;
    return [isKnown, withdrawnOnWordOf, own.data];
  };

  it('is that this start is known, or that its data is in use twice, or an older copy, or nothing', () => {
    const before: KnownCore = { records: { life: 1, boots: { 1: 'before' }, votes: 4 } };
    expect(about({})).toEqual([true, undefined, DATA[mac]]);
    expect(about({ boot: 'other' })).toEqual([false, cloud, DATA[mac]]);
    expect(about({ life: 2, boot: 'later' })).toEqual([false, undefined, dataOf('f')]);
    expect(about({ boot: 'before', votes: 4 }, before)).toEqual([false, undefined, DATA[mac]]);
    expect(about({ boot: 'before', votes: 5 }, before)).toEqual([false, undefined, dataOf('f')]);
  });

  it('is of no matter when it is about other data', () => {
    expect(about({ incarnation: dataOf('e'), life: 9, boot: 'later' })).toEqual([false, undefined, DATA[mac]]);
  });
});

describe('an answer to what this host asked', () => {
  it('brings the later configuration of a host that is ahead', () => {
    const state = started();
    replied(state, cloud, { ...standing(cloud), kind: 'ahead', config: JOINT });
    expect(state.membership.config).toEqual(JOINT);
  });

  it('of a host that is behind has it greeted', () => {
    expect(greetedBy(replied(started(), cloud, { ...standing(cloud), kind: 'behind' }))).toEqual([cloud]);
  });

  it('that decides the next configuration has this host go by it', () => {
    const state = started();
    const proposal = createConfigProposal(MESH, JOINT, 1);
    Object.assign(proposal, { phase: 'accepting', accepts: new Set([voteKey(mac, DATA[mac] ?? '')]) });
    state.membership.proposing = { proposal, sinceMs: 0 };
    replied(state, cloud, { ...standing(cloud), kind: 'accepted', n: 1 });
    expect(state.membership.config).toEqual(JOINT);
  });

  it('that is a greeting is heard as one', () => {
    const state = started();
    replied(state, cloud, told(cloud), told(mac) as never);
    expect(state.membership.greetings.has(cloud)).toBe(true);
  });
});
