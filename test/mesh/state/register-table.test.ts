// The table of registers beside a plain map of the same registers, through changes drawn by chance.
import { describe, expect, it } from 'vitest';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../../mesh/names.ts';
import type { Owner } from '../../../mesh/owner.ts';
import type { Register } from '../../../mesh/register/acceptor.ts';
import type { Ballot } from '../../../mesh/register/ballot.ts';
import { RegisterTable, STORED_REGISTER } from '../../../mesh/state/register-table.ts';
import { uuidsFrom } from '../../../mesh/uuid.ts';
import { packPage } from '../../../node/store/packed-page.ts';
import { compareKeys } from '../../../node/store/record.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const CHANGES = 4_000;
/** Few, so that each is put, changed, dropped and put again. */
const KEYS = 60;

/** Registers of every form that may be read back, the odd ones among them. */
function registersFrom(seed: number) {
  const random = seededRandom(seed);
  const uuid = uuidsFrom(random);
  const one = <T>(list: readonly T[]) => list[Math.floor(random.next() * list.length)] as T;
  const ballot = (): Ballot => [
    one([0, 1, 7, 4_294_967_296, Number.MAX_SAFE_INTEGER]),
    one(['mac', 'mac#5f0c', 'cloud#aa', `host-${Math.floor(random.next() * 200)}`]),
  ];
  const owner = (): Owner => ({
    hostId: one(['mac', 'cloud', '{']) as HostId,
    agentId: `agent-${Math.floor(random.next() * 200)}` as AgentId,
    agentName: one(['iac', 'a\tb', '\u0000', 'ü', '\ud800', '{', `agent-${Math.floor(random.next() * 200)}`]),
    claimId: one([uuid(), uuid(), uuid().toUpperCase(), 'claim-1', '']) as ClaimId,
    since: one([
      new Date(Math.floor(random.next() * 4e12)).toISOString(),
      ...['2026-01-27T12:00:00Z', '2026-01-27T12:00:00.0000Z', '+010000-01-01T00:00:00.000Z', 'some day', ''],
    ]),
  });
  const register = (): Register => {
    const [promised, accepted] = [ballot(), random.next() < 0.2 ? null : ballot()];
    return { promised, accepted, value: accepted === null || random.next() < 0.3 ? null : owner() };
  };
  const key = () =>
    one([`a${Math.floor(random.next() * KEYS)}@x.com`, `ü${Math.floor(random.next() * 5)}@x.com`]) as AddressKey;
  return { random, key, register };
}

/** Takes what a store loads of these, which are in order; the keys of those that were not packed. */
function addLoaded(table: RegisterTable, texts: readonly (readonly [key: AddressKey, json: string])[]): string[] {
  const { packed, others } = packPage([texts.flat()], { under: '', ...STORED_REGISTER });
  for (const part of packed) table.addStored(part);
  return others.filter((_, at) => at % 2 === 0);
}

describe('the table of registers', () => {
  it.each([1, 2, 3])('has what a plain map has, seed %i', (seed) => {
    const { random, key, register } = registersFrom(seed);
    const [table, map] = [new RegisterTable(), new Map<AddressKey, Register>()];
    for (let change = 0; change < CHANGES; change += 1) {
      const at = key();
      if (random.next() < 0.4) expect(table.delete(at)).toBe(map.delete(at));
      else {
        const put = register();
        table.set(at, put);
        map.set(at, put);
      }
      const looked = key();
      expect([looked, table.get(looked), table.size]).toEqual([looked, map.get(looked), map.size]);
    }
    expect([...table.keys()].map((at) => [at, table.get(at)])).toEqual([...map]);
    expect([...table.unowned()]).toEqual([...map].flatMap(([at, { value }]) => (value === null ? [at] : [])));
    table.clear();
    expect([table.size, [...table.keys()], table.get(key())]).toEqual([0, [], undefined]);
  });

  it.each([6, 7, 8])('has stored ones, and what changes since, as a plain map has them, seed %i', (seed) => {
    const { random, key, register } = registersFrom(seed);
    const [table, map] = [new RegisterTable(), new Map<AddressKey, Register>()];
    for (let put = 0; put < KEYS; put += 1) {
      const drawn = register();
      const [promised, accepted] = [drawn.promised, drawn.accepted && drawn.promised];
      map.set(key(), random.next() < 0.7 ? { ...drawn, promised, accepted } : drawn);
    }
    const stored = [...map].sort(([one], [other]) => compareKeys(one, other));
    const notPacked = new Set(
      addLoaded(
        table,
        stored.map(([at, value]) => [at, JSON.stringify(value)] as const),
      ),
    );
    expect([notPacked.size > 0, table.size > 0]).toEqual([true, true]);
    for (const [at, value] of stored) if (notPacked.has(at)) table.set(at, value);
    const sorted = (keys: Iterable<AddressKey>) => [...keys].sort();
    for (let change = 0; change < CHANGES; change += 1) {
      const at = key();
      if (random.next() < 0.4) expect(table.delete(at)).toBe(map.delete(at));
      else {
        const put = register();
        table.set(at, put);
        map.set(at, put);
      }
      const looked = key();
      expect([looked, table.get(looked), table.size]).toEqual([looked, map.get(looked), map.size]);
      if (change % 100 > 0) continue;
      expect(sorted(table.keys())).toEqual(sorted(map.keys()));
      const unowned = [...map].flatMap(([one, { value }]) => (value === null ? [one] : []));
      expect(sorted(table.unowned())).toEqual(sorted(unowned));
    }
    table.clear();
    expect([table.size, [...table.keys()], table.get(key())]).toEqual([0, [], undefined]);
  });

  it('takes stored registers of the common form packed, as it would take them parsed', () => {
    const { register } = registersFrom(6);
    const key = 'titania@x.com' as AddressKey;
    const taken = Array.from({ length: CHANGES }, () => {
      const stored = register();
      const table = new RegisterTable();
      const isTaken = addLoaded(table, [[key, JSON.stringify(stored)]]).length === 0;
      expect([stored, table.get(key)]).toEqual([stored, isTaken ? stored : undefined]);
      return isTaken;
    });
    expect(new Set(taken)).toEqual(new Set([true, false]));
  });

  it.each([
    ['another order of members', '{"accepted":[7,"mac"],"promised":[7,"mac"],"value":null}'],
    ['a promise that is newer than the acceptance', '{"promised":[8,"mac"],"accepted":[7,"mac"],"value":null}'],
    ['a ballot of nobody', '{"promised":[7,"Not A Host"],"accepted":[7,"Not A Host"],"value":null}'],
    ['a number that is none', '{"promised":[07,"mac"],"accepted":[07,"mac"],"value":null}'],
    [
      'a number above those that are whole',
      '{"promised":[9007199254740993,"mac"],"accepted":[9007199254740993,"mac"],"value":null}',
    ],
    ['something behind it', '{"promised":[7,"mac"],"accepted":[7,"mac"],"value":null} '],
    ['a member more', '{"promised":[7,"mac"],"accepted":[7,"mac"],"value":null,"more":1}'],
    [
      'an owner without a claim',
      '{"promised":[7,"mac"],"accepted":[7,"mac"],"value":{"hostId":"mac","agentId":"a","agentName":"a","claimId":"","since":"x"}}',
    ],
    ['no object', '"x"'],
    ['what looks rewritten already', '#7\tmac\t=\t\t\t\t\t\t'],
  ])('takes no stored register with %s', (_, json) => {
    const table = new RegisterTable();
    const key = 'titania@x.com' as AddressKey;
    expect([addLoaded(table, [[key, json]]), table.size]).toEqual([[key], 0]);
  });

  it('can be gone through while what is gone through is dropped', () => {
    const { register } = registersFrom(4);
    const keys = ['a@x.com', 'b@x.com', 'c@x.com'] as AddressKey[];
    const table = new RegisterTable(keys.map((key) => [key, register()]));
    addLoaded(table, [['d@x.com' as AddressKey, '{"promised":[7,"mac"],"accepted":[7,"mac"],"value":null}']]);
    for (const key of table.keys()) table.delete(key);
    expect([table.size, [...table.keys()]]).toEqual([0, []]);
  });
});
