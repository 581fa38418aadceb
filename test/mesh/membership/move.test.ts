import { describe, expect, it } from 'vitest';
import { KEYS_PER_PAGE_MAX } from '../../../mesh/limits.ts';
import { attend, createMove, hearKeys, isRechosen, nextKeys, toAskForKeys } from '../../../mesh/membership/move.ts';
import { CONFIG_PROPOSAL_MS_MAX } from '../../../mesh/membership/succession.ts';
import type { AddressKey, HostId } from '../../../mesh/names.ts';
import type { Owner } from '../../../mesh/owner.ts';
import { GREETING_MS_MAX } from '../../../mesh/peer-silence.ts';
import { type Config, firstConfig, voteKey } from '../../../mesh/state/config.ts';
import type { CoreState } from '../../../mesh/state/core-state.ts';
import type { Effect } from '../../../mesh/state/events.ts';
import type { KeysAnswer, KeysQuestion, Reply } from '../../../mesh/state/messages.ts';
import { coreOn, MESH, run } from '../../support/core-on.ts';
import { aheadBy, asking, coreWith, JOINT, keyOf, REGISTER } from '../../support/joint-mesh.ts';
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

describe('telling a mover which addresses there are', () => {
  const told = (state: CoreState, question: KeysQuestion): Reply | undefined =>
    run(state, { type: 'asked', token: 1, from: cloud, question }).flatMap((effect) =>
      effect.type === 'reply' ? [effect.reply] : [],
    )[0];
  const pageOf = (state: CoreState, after: string) => {
    const reply = told(state, asking(after)) as KeysAnswer & { kind: 'keys' };
    return [reply.keys.length, reply.keys[0], reply.keys.at(-1), reply.more];
  };

  it('goes page by page, in the order of the keys, each from above the last one', () => {
    const state = coreWith(mac, JOINT, 2 * KEYS_PER_PAGE_MAX + 1);
    expect(pageOf(state, '')).toEqual([2_000, keyOf(0), keyOf(1_999), true]);
    expect(pageOf(state, keyOf(1_999))).toEqual([2_000, keyOf(2_000), keyOf(3_999), true]);
    expect(pageOf(state, keyOf(3_999))).toEqual([1, keyOf(4_000), keyOf(4_000), false]);
    expect(pageOf(state, keyOf(4_000))).toEqual([0, undefined, undefined, false]);
    // A page that was lost is asked for again.
    expect(pageOf(state, keyOf(1_999))).toEqual([2_000, keyOf(2_000), keyOf(3_999), true]);
  });

  it('says that there is no more when the last page is full', () => {
    expect(pageOf(coreWith(mac, JOINT, KEYS_PER_PAGE_MAX), '')).toEqual([2_000, keyOf(0), keyOf(1_999), false]);
  });

  it('tells those of the moment at which this epoch was first asked about, and in the next epoch all', () => {
    const state = coreWith(mini, JOINT, 1);
    expect(pageOf(state, '')).toEqual([1, keyOf(0), keyOf(0), false]);
    state.registers.set(keyOf(1), REGISTER);
    expect(pageOf(state, '')).toEqual([1, keyOf(0), keyOf(0), false]);
    const later: Config = { ...JOINT, epoch: 4, old: JOINT.voters };
    run(state, { type: 'replied', from: cloud, question: asking(''), reply: aheadBy(later) });
    expect(told(state, asking('', later))).toMatchObject({ kind: 'keys', keys: [keyOf(0), keyOf(1)] });
  });

  it('tells what only its registry holds, should its registers be lost', () => {
    const state = coreOn(mac, { config: JOINT, held: [keyOf(3)] });
    state.registers.set(keyOf(1), REGISTER).set(keyOf(3), REGISTER);
    expect(told(state, asking(''))).toMatchObject({ keys: [keyOf(1), keyOf(3)] });
    const later = coreOn(mac, { config: JOINT, held: [keyOf(3)] });
    expect(told(later, asking(''))).toMatchObject({ keys: [keyOf(3)], more: false });
  });

  it('is for the epoch that this host is in, and for a voter to do', () => {
    expect(told(coreWith(mac, { ...JOINT, epoch: 3 }), asking(''))).toMatchObject({
      kind: 'ahead',
      config: { epoch: 3 },
    });
    expect(told(coreWith(mac, MESH), asking(''))).toMatchObject({ kind: 'behind' });
    expect(told(coreWith(mac, { ...JOINT, mesh: 'f'.repeat(32) }), asking(''))).toMatchObject({ kind: 'ahead' });
    expect(told(coreWith(lab, JOINT), asking(''))).toMatchObject({ kind: 'refused' });
  });

  it('tells what it holds in the mesh that asks, after it left another in an epoch of the same number', () => {
    const before: Config = { ...JOINT, epoch: 4 };
    const state = coreWith(mac, before);
    run(state, { type: 'started' });
    expect(told(state, asking('', before))).toMatchObject({ keys: [] });
    const other = firstConfig(votersOf(desk, lab), [desk, lab]);
    const hear = (config: Config) =>
      run(state, {
        type: 'asked',
        token: 2,
        from: desk,
        question: greetingOf(DATA[desk] ?? '', wishOf([desk, lab, mac]), { config }),
      });
    hear(other);
    run(state, { type: 'join', operation: 1, host: desk });
    const ours = { ...votersOf(desk, lab), [mac]: state.membership.starts.own.data };
    hear({ ...other, epoch: 3, voters: ours });
    state.registers.set(keyOf(7), REGISTER);
    const joint: Config = { ...other, epoch: 4, voters: votersOf(desk, lab), old: ours };
    hear(joint);
    expect(told(state, asking('', joint))).toMatchObject({ keys: [keyOf(7)] });
  });
});

describe('what is due', () => {
  const KEY = 'titania@x.test' as AddressKey;
  const attended = (state: CoreState, nowMs = 0) => {
    state.nowMs = nowMs;
    const out: Effect[] = [];
    attend(state, out);
    return out;
  };
  const wantedBy = ({ membership }: CoreState) => membership.proposing?.proposal.wanted;
  /** A claim that waits for a mesh. */
  const waiting = (state: CoreState) =>
    run(state, {
      ...{ type: 'claim', operation: 1 },
      claims: [
        { key: KEY, owner: { hostId: mac, agentId: 'a', agentName: 'a', claimId: 'claim-1', since: '' } as Owner },
      ],
    });

  it('is a first configuration once every voter was heard, and it is this host’s turn', () => {
    const state = coreOn(mac, { config: undefined, greeted: { cloud: {}, mini: {} } });
    attended(state);
    expect(wantedBy(state)).toBeUndefined();
    attended(state, 1_000);
    expect(wantedBy(state)).toEqual(MESH);
  });

  it('is none where the host holds something, or waits for its first claim alone', () => {
    const alone = { config: undefined, wish: wishOf([mac]) };
    const holding = coreOn(mac, { config: undefined, greeted: { cloud: {}, mini: {} }, held: [KEY] });
    const lone = coreOn(mac, alone);
    for (const state of [holding, lone]) for (const nowMs of [0, 1_000]) attended(state, nowMs);
    expect([wantedBy(holding), wantedBy(lone)]).toEqual([undefined, undefined]);
    waiting(lone);
    expect(wantedBy(lone)).toEqual(firstConfig(votersOf(mac), [mac]));
  });

  it('waits, where this host alone votes, for the others that are listed: each is heard, or has had its time', () => {
    const known = { config: undefined, wish: wishOf([mac], [cloud, mac, mini]) };
    const [silent, heard] = [coreOn(mac, known), coreOn(mac, { ...known, greeted: { cloud: {}, mini: {} } })];
    waiting(heard);
    expect(wantedBy(heard)).toEqual(firstConfig(votersOf(mac), [cloud, mac, mini]));
    waiting(silent);
    attended(silent, GREETING_MS_MAX);
    expect(wantedBy(silent)).toBeUndefined();
    attended(silent, GREETING_MS_MAX + 1);
    expect(wantedBy(silent)).toEqual(firstConfig(votersOf(mac), [cloud, mac, mini]));
  });

  it('is nothing any more when a voter that was there is silent again', () => {
    const state = coreOn(mac, { config: undefined, greeted: { cloud: {}, mini: {} } });
    attended(state);
    expect(state.membership.move).toBeDefined();
    state.membership.greetings.delete(mini);
    attended(state, 1_000);
    expect([state.membership.move, wantedBy(state)]).toEqual([undefined, undefined]);
  });

  it('is a proposal again when nobody has answered the one before in its time, once others have had twice their turn', () => {
    const known = { greeted: { cloud: {}, mini: {} }, wish: wishOf([cloud, mac, mini], [cloud, desk, mac, mini]) };
    const state = coreOn(mac, known);
    attended(state);
    attended(state, 1_000);
    const first = state.membership.proposing?.proposal;
    attended(state, 1_000 + CONFIG_PROPOSAL_MS_MAX);
    expect([first?.wanted.epoch, state.membership.proposing?.proposal]).toEqual([2, first]);
    attended(state, 1_001 + CONFIG_PROPOSAL_MS_MAX);
    expect(state.membership.proposing).toBeUndefined();
    attended(state, 3_001 + CONFIG_PROPOSAL_MS_MAX);
    expect(state.membership.proposing?.proposal.n).toBeGreaterThan(first?.n ?? Infinity);
  });

  it('is that claims which wait for a mesh are refused, once none can form', () => {
    const state = coreOn(mac, { config: undefined });
    waiting(state);
    expect(attended(state)).toEqual([]);
    const other = greetingOf(DATA[cloud] ?? '', wishOf([cloud]));
    state.membership.greetings.set(cloud, { greeting: other, atMs: 0 });
    expect(attended(state)).toMatchObject([
      { type: 'finish', operation: 1, result: { kind: 'unavailable', reason: 'membership_mismatch' } },
    ]);
  });
});

describe('learning which addresses there are', () => {
  const joint: Config = { ...JOINT, voters: votersOf(desk, mac, mini) };
  const vote = (host: HostId) => voteKey(host, DATA[host] ?? '');
  const keys = (...names: string[]) => names.map((name) => `${name}@x.test` as AddressKey);
  const asked = () => {
    const move = createMove(0);
    return { move, asks: toAskForKeys(move, joint, 0) };
  };

  it('asks each old voter from the start, and no other', () => {
    expect(asked().asks).toEqual([
      [cloud, ''],
      [mac, ''],
      [mini, ''],
    ]);
  });

  it('asks again after a second where nothing came', () => {
    const { move } = asked();
    expect(toAskForKeys(move, joint, 999)).toEqual([]);
    expect(toAskForKeys(move, joint, 1_000).map(([host]) => host)).toEqual([cloud, mac, mini]);
    expect(toAskForKeys(move, joint, 1_001)).toEqual([]);
  });

  it('asks at once for the next page, from the last key of the one before, and not after the last page', () => {
    const { move } = asked();
    hearKeys(move, joint, vote(cloud), { keys: keys('a', 'b'), more: true });
    expect(move.left).toBeUndefined();
    expect(toAskForKeys(move, joint, 5)).toEqual([[cloud, 'b@x.test']]);
    hearKeys(move, joint, vote(cloud), { keys: keys('c'), more: false });
    expect(move.left).toBeUndefined();
    expect(toAskForKeys(move, joint, 900)).toEqual([]);
    expect(toAskForKeys(move, joint, 2_000).map(([host]) => host)).toEqual([mac, mini]);
  });

  it('asks for a page that was lost again, and keeps those before it', () => {
    const { move } = asked();
    hearKeys(move, joint, vote(cloud), { keys: keys('a', 'b'), more: true });
    toAskForKeys(move, joint, 5);
    expect(toAskForKeys(move, joint, 1_005)).toContainEqual([cloud, 'b@x.test']);
    hearKeys(move, joint, vote(cloud), { keys: keys('c'), more: false });
    expect([...move.keys]).toEqual(keys('a', 'b', 'c'));
  });

  it('is done when a majority of the old voters has told all, every page of it', () => {
    const { move } = asked();
    hearKeys(move, joint, vote(cloud), { keys: keys('a', 'b'), more: true });
    expect(move.left).toBeUndefined();
    hearKeys(move, joint, vote(mac), { keys: keys('b', 'd'), more: false });
    expect(move.left).toBeUndefined();
    expect([move.left, nextKeys(move, 10), isRechosen(move)]).toEqual([undefined, [], false]);
    hearKeys(move, joint, vote(cloud), { keys: keys('c'), more: false });
    expect(move.left).toBeDefined();
    expect(move.left?.toSorted()).toEqual(keys('a', 'b', 'c', 'd'));
    expect(toAskForKeys(move, joint, 9_000)).toEqual([]);
  });

  it('is done with the old voters’ word alone: not one of them, nor another host, nor one on other data', () => {
    const { move } = asked();
    const nothing = { keys: [], more: false };
    hearKeys(move, joint, vote(cloud), nothing);
    expect(move.left).toBeUndefined();
    hearKeys(move, joint, vote(cloud), nothing);
    expect(move.left).toBeUndefined();
    hearKeys(move, joint, vote(desk), nothing);
    expect(move.left).toBeUndefined();
    hearKeys(move, joint, voteKey(mini, dataOf('f')), nothing);
    expect(move.left).toBeUndefined();
    hearKeys(move, joint, vote(mini), nothing);
    expect(move.left).toBeDefined();
  });

  it('needs every voter where hosts that left are to be forgotten', () => {
    const { move } = asked();
    const forgetting: Config = { ...JOINT, voters: JOINT.old ?? {} };
    for (const host of [cloud, mac]) hearKeys(move, forgetting, vote(host), { keys: keys('a'), more: false });
    expect(move.left).toBeUndefined();
    hearKeys(move, forgetting, vote(mini), { keys: keys('b'), more: false });
    expect(move.left).toEqual(keys('a', 'b'));
  });

  it('takes nothing more once it is done: the keys are being chosen again', () => {
    const { move } = asked();
    for (const host of [cloud, mac]) hearKeys(move, joint, vote(host), { keys: keys('a'), more: false });
    expect(nextKeys(move, 10)).toEqual(keys('a'));
    hearKeys(move, joint, vote(mini), { keys: keys('a', 'b'), more: false });
    expect([...move.keys]).toEqual(keys('a'));
    expect(isRechosen(move)).toBe(true);
  });

  it('has so many keys chosen again at once, and is through when all have been', () => {
    const { move } = asked();
    const many = Array.from({ length: 450 }, (_, index) => `${index}@x.test` as AddressKey);
    for (const host of [cloud, mac]) hearKeys(move, joint, vote(host), { keys: many, more: false });
    const begun: AddressKey[] = [];
    for (let operation = 1; operation <= 4; operation += 1) {
      const batch = nextKeys(move, 100);
      move.rechoosing.set(operation, batch.length);
      begun.push(...batch);
    }
    expect([begun.length, nextKeys(move, 100), isRechosen(move)]).toEqual([400, [], false]);
    move.rechoosing.delete(1);
    begun.push(...nextKeys(move, 100));
    expect([new Set(begun).size, isRechosen(move)]).toEqual([450, false]);
    move.rechoosing.clear();
    expect(isRechosen(move)).toBe(true);
  });
});
