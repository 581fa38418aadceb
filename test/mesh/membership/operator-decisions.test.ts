import { describe, expect, it } from 'vitest';
import {
  EVICT_ANSWER_MS_MAX,
  evict,
  evictOver,
  join,
  recover,
  recoverNow,
} from '../../../mesh/membership/operator-decisions.ts';
import type { HostId } from '../../../mesh/names.ts';
import { GREETING_MS_MAX } from '../../../mesh/peer-silence.ts';
import { EVICTED, firstConfig } from '../../../mesh/state/config.ts';
import type { Effect, Result } from '../../../mesh/state/events.ts';
import { FRESH_GREETING_MS_MAX } from '../../../mesh/state/membership.ts';
import { effectsOf, greetedBy, type KnownCore, MESH, started, THREE, writesOf } from '../../support/core-on.ts';
import { cloud, dataOf, desk, lab, mac, mini, votersOf } from '../../support/membership-of.ts';

const GONE = '2026-01-27T12:00:00.000Z';
const LOST = { incarnation: dataOf('e') };
const OTHER = firstConfig(votersOf(desk, lab), [desk, lab]);

const ended = (effects: readonly Effect[]): Result[] =>
  effects.flatMap((effect) =>
    effect.type === 'finish' ? [effect.result] : effect.type === 'persist' ? ended(effect.after) : [],
  );
const refused = (sentence: RegExp) => [{ kind: 'refused', message: expect.stringMatching(sentence) }];

describe('evicting a host', () => {
  const leaving = { config: { ...MESH, gone: { [desk]: GONE } }, greeted: { cloud: {}, mini: {} } };

  it('is refused at once with a sentence, or done at once when it was done before', () => {
    expect(ended(effectsOf((out) => evict(started(), 1, cloud, out)))).toEqual(refused(/'cloud' is a member/));
    const before = started({ config: { ...MESH, gone: { [desk]: EVICTED } } });
    expect(effectsOf((out) => evict(before, 1, desk, out))).toEqual([
      { type: 'finish', operation: 1, result: { kind: 'done' } },
    ]);
  });

  it('is told to nobody before it is written, is proposed, and ends in time whatever comes', () => {
    const state = started(leaving);
    const effects = effectsOf((out) => evict(state, 1, desk, out));
    const [first] = effects;
    expect(first).toMatchObject({ type: 'persist', writes: [{ key: 'claim/evicting/desk', value: { since: GONE } }] });
    expect(greetedBy(first?.type === 'persist' ? first.after : [])).toEqual([cloud, mini]);
    expect(greetedBy(effects)).toEqual([]);
    expect([ended(effects), state.membership.evictionsAwaited.get(1)]).toEqual([[], desk]);
    expect(effects).toContainEqual(
      expect.objectContaining({ type: 'timer', afterMs: [EVICT_ANSWER_MS_MAX, EVICT_ANSWER_MS_MAX] }),
    );
    // Its turn comes after that of `cloud`, a second later.
    expect(state.membership.move).toBeDefined();
  });

  it('ends as waiting, with what it waits for, and only for an operator who still waits', () => {
    const state = started(leaving);
    evict(state, 1, desk, []);
    const over = () => ended(effectsOf((out) => evictOver(state, 1, out)));
    expect(over()).toEqual([
      { kind: 'waiting', message: expect.stringMatching(/'desk' will be free once a majority/) },
    ]);
    expect([over(), state.membership.evicting.get(desk)]).toEqual([[], GONE]);
  });
});

describe('going on with the voters that are left', () => {
  const begin = (known: KnownCore, ...hosts: HostId[]) => effectsOf((out) => recover(started(known), 1, hosts, out));

  it.each<[string, KnownCore, readonly HostId[], RegExp]>([
    ['there is no mesh', { config: undefined }, [mac], /has not formed yet/],
    ['this host is not named', {}, [cloud], /must include this host, 'mac'/],
  ])('is refused at once when %s', (_, known, hosts, sentence) => {
    expect(ended(begin(known, ...hosts))).toEqual(refused(sentence));
  });

  it('asks everybody first, for as long as a greeting may take, whatever was heard before', () => {
    const effects = begin({ heard: { cloud: 0, mini: 0 } }, mac);
    expect([ended(effects), greetedBy(effects)]).toEqual([[], [cloud, mini]]);
    expect(effects).toContainEqual({
      ...{ type: 'timer', afterMs: [GREETING_MS_MAX, GREETING_MS_MAX] },
      event: { type: 'recoverDue', operation: 1, voters: [mac], sinceMs: 0 },
    });
  });

  /** What is decided two seconds after it was begun at 0, by what was heard `atMs`. */
  const decide = (known: KnownCore, hosts: readonly HostId[], atMs = 1_000) => {
    const state = started(known);
    for (const [host, { greeting }] of state.membership.greetings)
      state.membership.greetings.set(host, { greeting, atMs });
    state.nowMs = GREETING_MS_MAX;
    const effects = effectsOf((out) =>
      recoverNow(state, { type: 'recoverDue', operation: 1, voters: hosts, sinceMs: 0 }, out),
    );
    return { state, result: ended(effects), effects };
  };

  it.each<[string, KnownCore, readonly HostId[], RegExp]>([
    ['a majority answers', { greeted: { cloud: {} }, heard: { cloud: 1 } }, [mac], /nothing is lost/],
    ['this host is not named', {}, [cloud], /must include this host/],
    ['another host has its votes still', { greeted: { cloud: {} } }, [mac], /'cloud' answers and has its votes still/],
    ['one that is named is silent', {}, [mac, mini], /'mini' does not answer/],
    [
      'one that is named has lost its votes',
      { greeted: { cloud: LOST } },
      [mac, cloud],
      /'cloud' has lost its votes: name mac only/,
    ],
  ])('is refused when %s', (_, known, hosts, sentence) => {
    const { state, result } = decide(known, hosts);
    expect(result).toEqual(refused(sentence));
    expect(state.membership.config).toBe(MESH);
  });

  it('does not count what was heard before it was asked for', () => {
    const known = { greeted: { cloud: {} }, heard: { cloud: 0 } };
    expect(decide(known, [mac], 0).result).toEqual(refused(/'cloud' answers and has its votes/));
    expect(decide(known, [mac], -1).result).toEqual([{ kind: 'done' }]);
  });

  it('makes those that were named a mesh of their own, on the data that they have', () => {
    const { state, result } = decide({ greeted: { cloud: {}, desk: {} } }, [mac, cloud, desk]);
    expect(result).toEqual([{ kind: 'done' }]);
    expect(state.membership.config).toMatchObject({
      ...{ epoch: 2, voters: votersOf(cloud, desk, mac), unanimous: true, members: THREE },
      after: [{ mesh: MESH.mesh, epoch: 1 }],
    });
  });

  it('takes hosts that lost their votes when nobody has any', () => {
    const { state, result } = decide({ records: { incarnation: dataOf('f') }, greeted: { cloud: LOST } }, [mac, cloud]);
    expect(result).toEqual([{ kind: 'done' }]);
    expect(state.membership.config?.voters).toEqual({ [cloud]: LOST.incarnation, [mac]: dataOf('f') });
  });
});

describe('joining another mesh', () => {
  const joining = (known: KnownCore, nowMs = 0) => {
    const state = started(known);
    state.nowMs = nowMs;
    const effects = effectsOf((out) => join(state, 1, desk, out));
    return { state, effects, result: ended(effects) };
  };
  const there = { greeted: { desk: { config: OTHER, mesh: OTHER.mesh } } };

  it.each<[string, KnownCore, number, RegExp]>([
    ['was not heard', {}, 0, /'desk' was not heard of lately/],
    ['was heard too long ago', there, FRESH_GREETING_MS_MAX + 1, /'desk' was not heard of lately/],
    ['is in no mesh', { config: undefined, greeted: { desk: {} } }, 0, /'desk' is in no mesh yet/],
    ['is in the same mesh', { greeted: { desk: {} } }, 0, /'desk' is in the same mesh/],
  ])('is refused when the host %s', (_, known, nowMs, sentence) => {
    expect(joining(known, nowMs).result).toEqual(refused(sentence));
  });

  it('is done once it is durable', () => {
    const { state, effects, result } = joining(there);
    expect([result, state.membership.config, state.membership.starts.own.data]).toEqual([
      [{ kind: 'done' }],
      OTHER,
      dataOf('f'),
    ]);
    expect(writesOf(effects)).toContainEqual(['claim/config', OTHER]);
    expect(effects.filter(({ type }) => type === 'finish')).toEqual([]);
  });
});
