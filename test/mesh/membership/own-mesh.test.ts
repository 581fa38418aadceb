import { describe, expect, it } from 'vitest';
import type { AddressKey } from '../../../mesh/names.ts';
import { emptyClaimRecords } from '../../../mesh/state/claim-records.ts';
import { firstConfig } from '../../../mesh/state/config.ts';
import { coreOn, greetedBy, type KnownCore, run, writesOf } from '../../support/core-on.ts';
import { cloud, DATA, dataOf, lab, mac, votersOf, wishOf } from '../../support/membership-of.ts';

const KEY = 'a@x.test' as AddressKey;
const OWN = firstConfig(votersOf(mac), [mac]);
const WITH_CLOUD = wishOf([cloud, mac]);

function registersWith(key: AddressKey) {
  const { registers } = emptyClaimRecords();
  registers.set(key, { promised: [1, 'mac'], accepted: [1, 'mac'], value: null });
  return { registers };
}

/** A core on `mac`, alone in a mesh of its own, once its start is on the disk and hosts.json lists `wish`. */
function listed(known: KnownCore = {}, wish = WITH_CLOUD) {
  const state = coreOn(mac, { config: OWN, wish: wishOf([mac]), ...known });
  run(state, { type: 'started' });
  const effects = run(state, { type: 'wished', wish });
  return { state, effects };
}

describe('a mesh of one in which nothing was given out', () => {
  it('is given up when hosts.json lists others: the host is in none, on other data, through a restart', () => {
    const { state, effects } = listed();
    expect(state.membership.config).toBeUndefined();
    expect(state.membership.starts.own).toMatchObject({ number: 1 });
    expect(state.membership.starts.own.data).not.toBe(DATA[mac]);
    const written = Object.fromEntries(writesOf(effects));
    expect(written).toMatchObject({ 'claim/incarnation': state.membership.starts.own.data });
    for (const key of ['claim/config', 'claim/agreement']) {
      expect(Object.keys(written)).toContain(key);
      expect(written[key]).toBeUndefined();
    }
    expect(greetedBy(effects)).toContain(cloud);
  });

  it('is given up at the start, before anybody is greeted', () => {
    const state = coreOn(mac, { config: OWN, wish: WITH_CLOUD });
    const effects = run(state, { type: 'started' });
    const [first] = effects;
    expect(first).toMatchObject({ type: 'log', event: 'mesh.given_up' });
    expect(effects.findIndex(({ type }) => type === 'persist')).toBeLessThan(
      effects.findIndex(({ type }) => type === 'ask'),
    );
    expect(state.membership.config).toBeUndefined();
  });

  it('is given up for a host without a vote too', () => {
    expect(listed({}, wishOf([mac], [lab, mac])).state.membership.config).toBeUndefined();
  });

  it.each<[string, KnownCore]>([
    ['an address was given out', { held: [KEY] }],
    ['a register is kept', { records: registersWith(KEY) }],
    ['names were collected', { records: { floor: [3, 'mac'] } }],
    ['another host belongs to it', { config: { ...OWN, members: [lab, mac] } }],
    ['others vote', { config: firstConfig(votersOf(cloud, mac), [cloud, mac]) }],
    ['it came of a move', { config: { ...OWN, epoch: 3 } }],
    ['this host has lost the data that votes', { records: { incarnation: dataOf('f') } }],
  ])('is kept when %s', (_, known) => {
    const { state, effects } = listed(known);
    expect(state.membership.config).toBeDefined();
    expect(writesOf(effects).filter(([key]) => key === 'claim/config')).toEqual([]);
  });

  it('is kept while hosts.json lists nobody else', () => {
    expect(listed({}, wishOf([mac])).state.membership.config).toEqual(OWN);
  });
});
