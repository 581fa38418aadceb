import { describe, expect, it } from 'vitest';
import { CLAIM_MS_MAX, CLAIMS_IN_HAND_MAX } from '../../../mesh/limits.ts';
import type { AddressKey, HostId } from '../../../mesh/names.ts';
import {
  lastingObstacleTo,
  namesOf,
  obstacleTo,
  unavailable,
  whyNoClaim,
  whyNotBegun,
} from '../../../mesh/operations/obstacles.ts';
import { type Config, firstConfig } from '../../../mesh/state/config.ts';
import { coreOn, type KnownCore, MESH, THREE } from '../../support/core-on.ts';
import { cloud, dataOf, desk, lab, mac, mini, votersOf, wishOf } from '../../support/membership-of.ts';

const KEY = 'titania@x.test' as AddressKey;
const RENEWED = dataOf('f');
const GONE = '2026-01-27T12:00:00.000Z';
const UNFORMED = { config: undefined };
const JOINT: Config = { ...MESH, epoch: 2, voters: votersOf(desk, mac, mini), old: MESH.voters };
const OTHER = firstConfig(votersOf(desk, lab), [desk, lab]);
const accepted = { epoch: 0, promised: [1, 'mac'], accepted: [1, 'mac'], config: MESH } as const;

type Expected = readonly [reason: string, hosts: readonly HostId[], sentence: RegExp] | undefined;

/** What stands in the way whoever answers, and whether time may remove it. */
const STANDING: readonly (readonly [string, KnownCore, Expected])[] = [
  ['it has formed', {}, undefined],
  [
    'it was claimed with an engine, and no mesh has formed',
    { ...UNFORMED, held: [KEY] },
    ['membership_mismatch', [mac], /claimed with an engine/],
  ],
  [
    'hosts.json names no voter',
    { ...UNFORMED, wish: wishOf([], THREE) },
    ['membership_mismatch', [], /No host votes.*mark three or five/],
  ],
  [
    'another mesh formed while this host was forming one',
    { ...UNFORMED, records: { succession: accepted }, greeted: { desk: { mesh: OTHER.mesh } } },
    [
      'membership_mismatch',
      [desk],
      /Host 'desk' belongs to a mesh.*cloud, mac, mini.*'npx mesh join desk --accept-loss' here/,
    ],
  ],
  [
    'the mesh that this host took part in forming is heard of',
    { ...UNFORMED, records: { succession: accepted }, greeted: { cloud: { mesh: MESH.mesh }, mini: {} } },
    ['forming', [], /every voter was heard/],
  ],
  [
    'two files name other voters',
    { ...UNFORMED, greeted: { cloud: { wish: wishOf([cloud]) }, mini: { wish: wishOf([mac]) } } },
    [
      'membership_mismatch',
      [cloud, mini],
      /this host goes by cloud, mac, mini, but 'cloud' goes by cloud; 'mini' goes by mac\./,
    ],
  ],
  [
    'a host in a mesh names other voters',
    { ...UNFORMED, greeted: { cloud: { wish: wishOf([cloud]), mesh: OTHER.mesh }, mini: {} } },
    ['forming', [], /every voter was heard/],
  ],
  ['nobody was heard', UNFORMED, ['forming', [cloud, mini], /cloud, mini have not answered\. Start them, or take/]],
  [
    'one was not heard',
    { ...UNFORMED, greeted: { cloud: {} } },
    ['forming', [mini], /and mini has not answered\. Start it, or take what is not to vote out of hosts\.json/],
  ],
  [
    'all were heard',
    { ...UNFORMED, greeted: { cloud: {}, mini: {} } },
    ['forming', [], /is forming: every voter was heard/],
  ],
  ['it is alone by its file, and forms with its first claim', { ...UNFORMED, wish: wishOf([mac]) }, undefined],
  [
    'this host lost its data',
    { records: { incarnation: RENEWED } },
    ['forming', [mac], /'mac', has lost its claim data/],
  ],
  [
    'this host left the mesh',
    { config: { ...MESH, gone: { [mac]: GONE } } },
    ['membership_mismatch', [mac], new RegExp(`does not list 'mac' since ${GONE}`)],
  ],
];

describe('what stands in the way of a claim, whoever answers', () => {
  it.each(STANDING)('is told when %s', (_, known, expected) => {
    const state = coreOn(mac, known);
    const obstacle = obstacleTo(state);
    expect(obstacle && [obstacle.reason, obstacle.hosts]).toEqual(expected?.slice(0, 2));
    if (expected !== undefined) expect(obstacle?.message).toMatch(expected[2]);
    expect(lastingObstacleTo(state)).toEqual(expected?.[0] === 'membership_mismatch' ? obstacle : undefined);
    // Who asks more is told the same first.
    if (expected !== undefined) expect(whyNoClaim(state, CLAIM_MS_MAX)).toEqual(obstacle);
  });

  it('is that its data is in use twice, before anything else about the mesh', () => {
    for (const known of [{}, { records: { incarnation: RENEWED } }, UNFORMED]) {
      const state = coreOn(mac, known);
      state.membership.starts.withdrawnOnWordOf = mini;
      expect(obstacleTo(state)).toMatchObject({
        ...{ reason: 'membership_mismatch', hosts: [mac] },
        message: expect.stringMatching(/^Host 'mini' knows another start of 'mac'/),
      });
    }
  });

  it('repeats why a host that is not heard refuses to speak with this one', () => {
    const state = coreOn(mac, { ...UNFORMED, greeted: { cloud: {} } });
    state.membership.refusals.set(mini, 'The clock of mini is wrong.');
    expect(obstacleTo(state)?.message).toMatch(/mini has not answered\. The clock of mini is wrong\.$/);
  });
});

describe('why no claim can be decided', () => {
  const kindOf = (known: KnownCore) => {
    const obstacle = whyNoClaim(coreOn(mac, known), CLAIM_MS_MAX);
    return obstacle && [obstacle.reason, obstacle.hosts];
  };
  const lost = { incarnation: RENEWED };

  it.each<[string, KnownCore, Expected]>([
    ['nothing, when a majority was heard', { heard: { cloud: 0 } }, undefined],
    ['nothing, before a lone host has formed its mesh', { ...UNFORMED, wish: wishOf([mac]) }, undefined],
    ['silence', {}, ['no_majority', [cloud, mini], /^2 of 3 voters must answer; 1 did when last asked\.$/]],
    [
      'silence on one side of a move',
      { config: JOINT, heard: { cloud: 0 } },
      ['no_majority', [desk, mini], /^2 of 4 voters must answer, a majority of the old ones and a majority of the new/],
    ],
    [
      'that a majority lost its data, though one of them is heard',
      { greeted: { cloud: lost, mini: lost }, heard: { cloud: 0 } },
      [
        'membership_mismatch',
        [cloud, mini],
        /^cloud, mini lost the claim data that a majority needs.*'npx mesh recover mac' on one of them/,
      ],
    ],
  ])('is %s', (_, known, expected) => {
    expect(kindOf(known)).toEqual(expected?.slice(0, 2));
    if (expected !== undefined) expect(whyNoClaim(coreOn(mac, known), CLAIM_MS_MAX)?.message).toMatch(expected[2]);
  });

  it('is that all voters lost their data: then any of them may go on, by a command on one of them', () => {
    const state = coreOn(desk, { greeted: { cloud: lost, mac: lost, mini: lost } });
    expect(whyNoClaim(state, CLAIM_MS_MAX)?.message).toContain("'npx mesh recover cloud mac mini' on one of them");
  });

  it('is silence when fewer lost their data, and all those left must answer', () => {
    expect(kindOf({ greeted: { cloud: lost } })).toEqual(['no_majority', [cloud, mini]]);
  });

  it('counts who was heard within the time that is asked about', () => {
    const state = coreOn(mac, { heard: { cloud: 0 } });
    state.nowMs = 1_000;
    expect([whyNoClaim(state, 1_000), whyNoClaim(state, 999)?.reason]).toEqual([undefined, 'no_majority']);
  });
});

describe('a claim that is refused', () => {
  it('was not begun when the host has its most in hand, or an obstacle lasts', () => {
    const state = coreOn(mac);
    state.claimsInHand = CLAIMS_IN_HAND_MAX - 1;
    expect(whyNotBegun(state)).toBeUndefined();
    state.claimsInHand = CLAIMS_IN_HAND_MAX;
    expect(whyNotBegun(state)).toMatchObject({ reason: 'overloaded', hosts: [cloud, mini] });
    const gone = coreOn(mac, { config: { ...MESH, gone: { [mac]: GONE } } });
    expect(whyNotBegun(gone)).toEqual(obstacleTo(gone));
    expect(whyNotBegun(coreOn(mac, UNFORMED))).toBeUndefined();
  });

  it('says what was needed, who was reached, and whether to try again', () => {
    const state = coreOn(mac);
    const said = { kind: 'unavailable', required: 2, reached: 1 };
    expect(unavailable(state)).toEqual({
      ...said,
      reason: 'no_majority',
      message: '2 of 3 voters must answer; 1 did when last asked. Nothing was claimed; try again.',
      hostsFailed: [cloud, mini],
    });
    state.claimsInHand = CLAIMS_IN_HAND_MAX;
    expect(unavailable(state, whyNotBegun(state))).toMatchObject({
      ...{ ...said, reason: 'overloaded' },
      message: expect.stringMatching(/claims in hand, its most\. Nothing was claimed; try again\.$/),
    });
    const gone = coreOn(mac, { config: { ...MESH, gone: { [mac]: GONE } } });
    expect(unavailable(gone)).toMatchObject({ reason: 'membership_mismatch', hostsFailed: [mac] });
    expect(unavailable(gone).message).toMatch(/or stop this node\. Nothing was claimed\.$/);
  });

  it('names the hosts whose answers do not count, when those left can not decide', () => {
    const state = coreOn(mac, { heard: { cloud: 0, mini: 0 } });
    state.refusing.add(cloud);
    expect(unavailable(state).reason).toBe('no_majority');
    state.refusing.add(mini);
    expect(unavailable(state)).toMatchObject({
      ...{ reason: 'membership_mismatch', hostsFailed: [cloud, mini] },
      message: expect.stringMatching(/^The answers of cloud, mini do not count/),
    });
    // Who has not tried is not told so: they may have refused long ago.
    expect(whyNoClaim(state, CLAIM_MS_MAX)).toBeUndefined();
  });

  it('is told so although a majority is heard: that is what was tried', () => {
    expect(unavailable(coreOn(mac, { heard: { cloud: 0 } }))).toMatchObject({ reason: 'no_majority', reached: 2 });
  });
});

describe('hosts in a sentence', () => {
  it('are their names, or nobody', () => {
    expect([namesOf([]), namesOf([mac]), namesOf([cloud, mac])]).toEqual(['nobody', 'mac', 'cloud, mac']);
  });
});
