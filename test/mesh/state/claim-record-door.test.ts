import { describe, expect, it } from 'vitest';
import type { HostId } from '../../../mesh/names.ts';
import { readClaimRecord, readPackedRegisters } from '../../../mesh/state/claim-record-door.ts';
import { emptyClaimRecords, REGISTER as UNDER } from '../../../mesh/state/claim-records.ts';
import { firstConfig } from '../../../mesh/state/config.ts';
import { STORED_REGISTER } from '../../../mesh/state/register-table.ts';
import { packPage } from '../../../node/store/packed-page.ts';

const OWNER = { hostId: 'mac', agentId: 'a1', agentName: 'iac', claimId: 'claim-1', since: '2026-01-27T12:00:00Z' };
const REGISTER = { promised: [7, 'cloud'], accepted: [5, 'mac'], value: OWNER };

const DATA = { cloud: 'a'.repeat(32), mac: 'b'.repeat(32) };
const CONFIG = firstConfig(DATA, ['cloud', 'mac'] as HostId[]);

function read(key: string, value: unknown) {
  const records = emptyClaimRecords();
  readClaimRecord(records, { key, value });
  return records;
}

/** What is read of records as a store loads them. */
function readPage(values: Readonly<Record<string, unknown>>, gone: readonly string[] = []) {
  const records = emptyClaimRecords();
  const flat = Object.entries(values).flatMap(([key, value]) => [key, JSON.stringify(value)]);
  const { packed, others } = packPage([flat], { under: UNDER, ...STORED_REGISTER });
  readPackedRegisters(records, packed, gone);
  for (const [at, key] of others.entries())
    if (at % 2 === 0) readClaimRecord(records, { key, value: JSON.parse(others[at + 1] ?? '') });
  return records;
}

describe('a stored record of the claims', () => {
  it('is read as it was written', () => {
    const registers = [
      REGISTER,
      { promised: [5, 'mac'], accepted: [5, 'mac'], value: null },
      { promised: [1, 'mac'], accepted: null, value: null },
    ];
    for (const register of registers) {
      const { registers: table } = read('claim/register/titania@x.com', register);
      expect([...table.keys()].map((key) => [key, table.get(key)])).toEqual([['titania@x.com', register]]);
      const { registers: ofText } = readPage({ 'claim/register/titania@x.com': register });
      expect([...ofText.keys()].map((key) => [key, ofText.get(key)])).toEqual([['titania@x.com', register]]);
    }
    expect([...read('claim/unsettled/claim-1', 'titania@x.com').intents]).toEqual([['claim-1', 'titania@x.com']]);
    expect(read('claim/ballot-ceiling', 20_000).ballotCeiling).toBe(20_000);
    expect(read('claim/floor', [7, 'mac#aa']).floor).toEqual([7, 'mac#aa']);
    expect(read('claim/guest/desk', true).guests).toEqual(new Set(['desk']));
    expect(read('claim/incarnation', 'ab12').incarnation).toBe('ab12');
    expect(read('claim/config', CONFIG).config).toEqual(CONFIG);
    const succession = { epoch: 1, promised: [7, 'cloud#bb'], accepted: [5, 'mac#aa'], config: CONFIG };
    expect(read('claim/succession', succession).succession).toEqual(succession);
    expect(read('claim/life', { life: 3, boots: { 3: 'x' } })).toMatchObject({ life: 3, boots: { 3: 'x' } });
    expect([...read('claim/lives/mac aa', { life: 2, boot: 'y' }).lives]).toEqual([
      ['mac aa', { life: 2, boot: 'y', votes: 0 }],
    ]);
  });

  it('that was packed is not there when it was removed since', () => {
    const free = { promised: [5, 'mac'], accepted: [5, 'mac'], value: null };
    const values = { 'claim/register/a@x.com': free, 'claim/register/b@x.com': free };
    expect([...readPage(values, ['claim/register/a@x.com']).registers.keys()]).toEqual(['b@x.com']);
  });

  it('of an earlier version that a mesh formed by is its first configuration; before it formed, it is nothing', () => {
    const agreement = { voters: ['cloud', 'mac'], incarnations: DATA };
    expect(read('claim/agreement', agreement).config).toEqual(CONFIG);
    expect(read('claim/agreement', { voters: ['cloud', 'mac'] }).config).toBeUndefined();
  });

  it.each([
    ['a register that is a text', 'claim/register/a@x.com', 'x'],
    ['a register that is null', 'claim/register/a@x.com', null],
    ['a register without a promise', 'claim/register/a@x.com', { ...REGISTER, promised: undefined }],
    ['a ballot without a number', 'claim/register/a@x.com', { ...REGISTER, accepted: ['5', 'mac'] }],
    ['a ballot of half a number', 'claim/register/a@x.com', { ...REGISTER, promised: [1.5, 'mac'] }],
    ['a ballot of nobody', 'claim/register/a@x.com', { ...REGISTER, promised: [1, 'Not A Host'] }],
    ['an acceptance above the promise', 'claim/register/a@x.com', { ...REGISTER, accepted: [8, 'mac'] }],
    ['a value that was never accepted', 'claim/register/a@x.com', { ...REGISTER, accepted: null }],
    ['an owner without a claim', 'claim/register/a@x.com', { ...REGISTER, value: { ...OWNER, claimId: '' } }],
    ['an owner that is a number', 'claim/register/a@x.com', { ...REGISTER, value: 1 }],
    ['a ceiling that is a text', 'claim/ballot-ceiling', '20000'],
    ['a floor of nobody', 'claim/floor', [7]],
    ['a configuration without voters', 'claim/config', { ...CONFIG, voters: undefined }],
    ['a life that is a text', 'claim/life', '3'],
    ['an agreement without voters', 'claim/agreement', { incarnations: {} }],
    ['an unsettled claim without an address', 'claim/unsettled/claim-1', 1],
    ['a record this version does not know', 'claim/lease/a@x.com', {}],
  ])('%s stops the node with a sentence that names it', (_, key, value) => {
    expect(() => read(key, value)).toThrow(`The stored record '${key}' can't be read`);
  });
});
