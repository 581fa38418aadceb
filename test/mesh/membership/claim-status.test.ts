import { describe, expect, it } from 'vitest';
import { evictionSentence, membershipOf, relationOf, statusOf } from '../../../mesh/membership/claim-status.ts';
import { createMove } from '../../../mesh/membership/move.ts';
import type { AddressKey } from '../../../mesh/names.ts';
import { type Config, EVICTED, firstConfig } from '../../../mesh/state/config.ts';
import { GONE_GRACE_MS } from '../../../mesh/state/electorate.ts';
import { FRESH_GREETING_MS_MAX } from '../../../mesh/state/membership.ts';
import { coreOn, type KnownCore, MESH, THREE } from '../../support/core-on.ts';
import { cloud, dataOf, desk, lab, mac, mini, votersOf, wishOf } from '../../support/membership-of.ts';

const RENEWED = dataOf('f');
const GONE = '2026-01-27T12:00:00.000Z';
const JOINT: Config = { ...MESH, epoch: 2, voters: votersOf(desk, mac, mini), old: MESH.voters };
const OTHER = firstConfig(votersOf(desk, lab), [desk, lab]);
/** Both peers said lately that they wish the same. */
const AGREED = { cloud: {}, mini: {} };

describe('whether a claim could succeed', () => {
  const BASE = { kind: 'quorum', voters: THREE, required: 2, unsettled: 0 };

  it('is so when a majority was heard lately', () => {
    const state = coreOn(mac, { heard: { cloud: 0 } });
    expect(statusOf(state)).toEqual({ ...BASE, ready: true });
    state.nowMs = FRESH_GREETING_MS_MAX;
    expect(statusOf(state).ready).toBe(true);
    state.nowMs += 1;
    expect(statusOf(state)).toEqual({
      ...BASE,
      ready: false,
      reason: 'no_majority',
      why: '2 of 3 voters must answer; 1 did when last asked.',
      hosts: [cloud, mini],
    });
  });

  it('is so before a lone host has made its first claim, and not before several have formed a mesh', () => {
    expect(statusOf(coreOn(mac, { config: undefined, wish: wishOf([mac]) }))).toMatchObject({
      ready: true,
      required: 1,
    });
    expect(statusOf(coreOn(mac, { config: undefined }))).toMatchObject({ ready: false, reason: 'forming' });
  });

  it('is not so when something stands in the way whoever answers, and says what', () => {
    const config = { ...MESH, gone: { [mac]: GONE } };
    const status = statusOf(coreOn(mac, { config, heard: { cloud: 0, mini: 0 } }));
    expect(status).toMatchObject({ ready: false, reason: 'membership_mismatch', hosts: [mac] });
    expect(status.why).toMatch(/no longer part of the mesh/);
  });
});

describe('what a host shows of the mesh', () => {
  it('is who votes, who is gone, and that all is well', () => {
    const config = { ...MESH, epoch: 5, gone: { [lab]: GONE, [desk]: EVICTED } };
    expect(membershipOf(coreOn(mac, { config, greeted: AGREED }))).toEqual({
      epoch: 5,
      voters: THREE,
      joining: false,
      gone: { [lab]: GONE },
      evicted: [desk],
      evicting: [],
      state: 'Epoch 5: 2 of cloud, mac, mini decide.',
      notes: [],
      registers: { kept: 0, released: 0, collected: 0 },
    });
  });

  it('is hosts.json before there is a mesh', () => {
    const lone = membershipOf(coreOn(mac, { config: undefined, wish: wishOf([mac]) }));
    expect(lone).toMatchObject({ epoch: 0, voters: [mac], gone: {}, state: 'The mesh forms with its first claim.' });
    expect(membershipOf(coreOn(mac, { config: undefined })).state).toMatch(/^The mesh has not formed yet/);
  });

  it('is from whom to whom the mesh moves, and how far it is', () => {
    const state = coreOn(mac, { config: JOINT, wish: wishOf([desk, mac, mini]) });
    const sentence = 'Epoch 2: the mesh moves from cloud, mac, mini to desk, mac, mini; a majority of both decides.';
    expect(membershipOf(state)).toMatchObject({ voters: [desk, mac, mini], from: THREE, state: sentence });
    const keys = new Set(['a@x.test', 'b@x.test', 'c@x.test'] as AddressKey[]);
    state.membership.move = { ...createMove(0), keys, left: ['c@x.test' as AddressKey], done: 1 };
    expect(membershipOf(state).state).toBe(`${sentence} 1 of 3 addresses are taken over.`);
  });

  it('is that all must agree after a loss', () => {
    const config: Config = { ...MESH, epoch: 4, voters: votersOf(mac), old: votersOf(mac), unanimous: true };
    expect(membershipOf(coreOn(mac, { config })).state).toMatch(/^Epoch 4: after a loss, mac must agree, every one/);
  });
});

describe('what differs between the files and what is agreed', () => {
  const notesOf = (known: KnownCore, nowMs = 0) => {
    const state = coreOn(mac, known);
    state.nowMs = nowMs;
    return membershipOf(state).notes;
  };

  it.each<[string, KnownCore, readonly RegExp[]]>([
    ['nothing, when all say the same', { greeted: AGREED }, []],
    [
      'another file',
      { greeted: { ...AGREED, cloud: { wish: wishOf([cloud], [cloud, desk]) } } },
      [/^hosts\.json of 'cloud' has voters cloud and hosts cloud, desk; here they are cloud, mac, mini and cloud, mac/],
    ],
    ['nothing of a host that is no member', { greeted: { ...AGREED, desk: { wish: wishOf([desk]) } } }, []],
    [
      'another mesh',
      { greeted: { ...AGREED, desk: { config: OTHER, mesh: OTHER.mesh } } },
      [/^host 'desk' belongs to another mesh.*'npx mesh join desk --accept-loss'/],
    ],
    [
      'voters that are waited for',
      { wish: wishOf([...THREE, desk]), greeted: AGREED },
      [
        /^hosts\.json has voters cloud, desk, mac, mini, the mesh goes by cloud, mac, mini until.*; desk was not heard lately$/,
      ],
    ],
    ['lost data', { records: { incarnation: RENEWED }, greeted: AGREED }, [/^'mac' has lost its claim data/]],
  ])('is %s', (_, known, expected) => {
    const notes = notesOf(known);
    expect(notes).toHaveLength(expected.length);
    for (const [at, sentence] of expected.entries()) expect(notes[at]).toMatch(sentence);
  });

  it('is nothing of a host that was not heard lately, and nothing before there is a mesh', () => {
    const known: KnownCore = { greeted: { cloud: { wish: wishOf([cloud]) } } };
    expect(notesOf(known, FRESH_GREETING_MS_MAX)).toHaveLength(1);
    expect(notesOf(known, FRESH_GREETING_MS_MAX + 1)).toEqual([]);
    expect(notesOf({ ...known, config: undefined })).toEqual([]);
  });

  it('is why a member refuses to speak with this host, and not why a stranger does', () => {
    const state = coreOn(mac, { greeted: AGREED });
    state.membership.refusals.set(cloud, 'cloud has another key.').set(desk, 'desk has none.');
    expect(membershipOf(state).notes).toEqual(['cloud has another key.']);
  });

  it('is which hosts are to be evicted', () => {
    const state = coreOn(mac, { config: { ...MESH, gone: { [desk]: GONE } }, greeted: AGREED });
    state.membership.evicting.set(desk, GONE);
    expect(membershipOf(state)).toMatchObject({ evicting: [desk], notes: [expect.stringMatching(/'desk'/)] });
  });
});

describe('what an eviction waits for', () => {
  it.each<[string, KnownCore, RegExp]>([
    [
      'for a majority, of a host that is gone',
      { config: { ...MESH, gone: { [desk]: GONE } }, greeted: AGREED },
      /'desk' will be free once a majority of the voters has agreed\. It goes on/,
    ],
    [
      'for the move, of a host that is a member',
      { greeted: AGREED },
      /free once no hosts\.json lists it and the mesh has moved without it\. It/,
    ],
    [
      'for a voter that is silent',
      { greeted: { cloud: {} } },
      /moved without it; mini was not heard lately\. It goes on by itself, through restarts\.$/,
    ],
  ])('is said: %s', (_, known, sentence) => {
    expect(evictionSentence(coreOn(mac, known).membership, desk, 0)).toMatch(sentence);
  });
});

describe('how a host stands to the mesh', () => {
  it('is whether the configuration names it, and whether it last spoke of another mesh', () => {
    const config = { ...MESH, gone: { [lab]: GONE } };
    const state = coreOn(mac, { config, greeted: { cloud: {}, desk: { config: OTHER, mesh: OTHER.mesh } } });
    expect([cloud, desk, lab].map((host) => relationOf(state, host))).toMatchObject([
      { isConcerned: true, isForeign: false },
      { isConcerned: false, isForeign: true },
      { isConcerned: true, isForeign: false },
    ]);
  });

  it.each([
    ['left a moment ago', 0, false],
    ['left almost a day ago', GONE_GRACE_MS - 1, false],
    ['left a day ago', GONE_GRACE_MS, true],
  ])('ends for good a day after the host left: %s', (_, agoMs, isGoneForGood) => {
    const state = coreOn(mac, { config: { ...MESH, gone: { [lab]: GONE } } });
    state.wallMs = Date.parse(GONE) + agoMs;
    expect(relationOf(state, lab)).toEqual({ isConcerned: true, isGoneForGood, isForeign: false });
  });

  it('ends for good with an eviction', () => {
    const state = coreOn(mac, { config: { ...MESH, gone: { [lab]: EVICTED } } });
    state.wallMs = Date.parse(GONE);
    expect([lab, cloud].map((host) => relationOf(state, host).isGoneForGood)).toEqual([true, false]);
  });
});
