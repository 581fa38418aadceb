import { describe, expect, it } from 'vitest';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../../mesh/names.ts';
import { EVICTED } from '../../../mesh/state/config.ts';
import { electorateOf, GONE_GRACE_MS, isVoid, votersOf } from '../../../mesh/state/electorate.ts';
import { coreOn, MESH } from '../../support/core-on.ts';
import { cloud, DATA, mac, mini } from '../../support/membership-of.ts';

const LEFT_AT = '2026-01-27T12:00:00.000Z';
const KEY = 'titania@x.com' as AddressKey;
const lab = 'lab' as HostId;
const vote = (host: HostId) => `${host} ${DATA[host]}`;
const ownerOn = (hostId: HostId, claimId: string) => ({
  ...{ hostId, agentId: 'agent' as AgentId, agentName: 'agent', since: LEFT_AT },
  claimId: claimId as ClaimId,
});

describe('who is asked about a register', () => {
  it('are the voters that were agreed on, whatever hosts.json wishes', () => {
    expect(votersOf(coreOn(mac, { wish: { voters: [lab], members: [lab] } }))).toEqual([cloud, mac, mini]);
  });

  it('are those of hosts.json while nothing is agreed', () => {
    expect(votersOf(coreOn(mac, { config: undefined, wish: { voters: [lab, mac], members: [lab, mac] } }))).toEqual([
      ...[lab, mac],
    ]);
  });

  it('are the voters before them too, while the mesh moves', () => {
    const config = { ...MESH, epoch: 2, voters: { lab: '5'.repeat(32), mac: DATA[mac] }, old: MESH.voters };
    expect(votersOf(coreOn(mac, { config: config as typeof MESH }))).toEqual([cloud, lab, mac, mini]);
  });
});

describe('whose votes decide', () => {
  const electorate = electorateOf(coreOn(mac), MESH);
  it.each([
    [[], false],
    [[cloud], false],
    [[cloud, mini], true],
    [[cloud, mac, mini], true],
  ])('%j: %s', (hosts, decides) => {
    expect(electorate.isQuorum(new Set(hosts.map(vote)))).toBe(decides);
  });

  it('is no host on other data than was agreed', () => {
    expect(electorate.isQuorum(new Set([vote(cloud), `mini ${'9'.repeat(32)}`]))).toBe(false);
  });

  it.each([
    [[], true],
    [[cloud], true],
    [[cloud, mini], false],
  ])('can be a majority without %j: %s', (hosts, can) => {
    expect(electorate.canDecideWithout(new Set(hosts.map(vote)))).toBe(can);
  });
});

describe('a claim', () => {
  it.each([
    ['of this host, as its registry has it, stands', ownerOn(mac, 'claim-titania@x.com'), false],
    ['of this host that its registry has by another id is void', ownerOn(mac, 'older'), true],
    ['of another member stands', ownerOn(cloud, 'c'), false],
  ])('%s', (_, owner, expected) => {
    expect(isVoid(coreOn(mac, { held: [KEY] }), KEY, owner)).toBe(expected);
  });

  it('of this host that its registry does not hold is void', () => {
    expect(isVoid(coreOn(mac), KEY, ownerOn(mac, 'c'))).toBe(true);
  });

  it.each([
    ['left stands while its grace lasts', LEFT_AT, GONE_GRACE_MS - 1, false],
    ['left is void after its grace', LEFT_AT, GONE_GRACE_MS, true],
    ['was evicted is void at once', EVICTED, 0, true],
  ])('of a host that %s', (_, since, afterMs, expected) => {
    const state = coreOn(mac, { config: { ...MESH, gone: { [lab]: since } } });
    state.wallMs = Date.parse(LEFT_AT) + afterMs;
    expect(isVoid(state, KEY, ownerOn(lab, 'c'))).toBe(expected);
  });
});
