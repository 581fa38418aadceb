import { describe, expect, it } from 'vitest';
import { isPristine, messageOf, standingOf, strayed } from '../../../mesh/membership/epoch.ts';
import type { AddressKey } from '../../../mesh/names.ts';
import type { Register } from '../../../mesh/register/acceptor.ts';
import type { Item } from '../../../mesh/register/item.ts';
import { RegisterTable } from '../../../mesh/state/register-table.ts';
import { coreOn, type KnownCore, MESH } from '../../support/core-on.ts';
import { DATA, mac } from '../../support/membership-of.ts';

const KEY = 'a@x.com' as AddressKey;
const ITEM: Item = { kind: 'prepare', key: KEY, n: 1, claiming: true };
const SECOND = { ...MESH, epoch: 2 };

describe('where a host stands', () => {
  it('is said with every message, beside the start that speaks', () => {
    const standing = { version: 2, mesh: MESH.mesh, epoch: 2, incarnation: DATA[mac] };
    const state = coreOn(mac, { config: SECOND });
    expect(standingOf(state)).toEqual(standing);
    const { number, name } = state.membership.starts.own;
    expect(messageOf(state, [ITEM])).toEqual({ ...standing, life: number, boot: name, items: [ITEM] });
  });

  it('is nowhere before the mesh has formed', () => {
    expect(standingOf(coreOn(mac, { config: undefined }))).toMatchObject({ mesh: '', epoch: 0 });
  });
});

describe('a sender that stands', () => {
  const here = { mesh: MESH.mesh, epoch: 2 };
  it.each([
    ['where this host does', SECOND, here, undefined],
    ['in an earlier epoch', SECOND, { ...here, epoch: 1 }, { kind: 'ahead', config: SECOND }],
    ['in a later epoch', SECOND, { ...here, epoch: 3 }, { kind: 'behind' }],
    ['in another mesh, even in a later epoch', SECOND, { mesh: 'other', epoch: 3 }, { kind: 'ahead', config: SECOND }],
    ['in no mesh', SECOND, { mesh: '', epoch: 0 }, { kind: 'ahead', config: SECOND }],
    ['in a mesh, of a host that has none', undefined, here, { kind: 'behind' }],
    ['in no mesh either', undefined, { mesh: '', epoch: 0 }, { kind: 'behind' }],
  ])('%s', (_, config, standing, answer) => {
    const said = answer && { version: 2, incarnation: DATA[mac], ...answer };
    expect(strayed(coreOn(mac, { config }), standing)).toEqual(said);
  });
});

describe('a host that can contradict no mesh', () => {
  const register: Register = { promised: [1, 'x'], accepted: null, value: null };
  it.each<[string, KnownCore, boolean]>([
    ['holds nothing', {}, true],
    ['has a register', { records: { registers: new RegisterTable([[KEY, register]]) } }, false],
    ['has an address', { held: [KEY] }, false],
  ])('%s: %s', (_, known, expected) => {
    expect(isPristine(coreOn(mac, known))).toBe(expected);
  });
});
