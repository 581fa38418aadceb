import { describe, expect, it } from 'vitest';
import { emptyClaimRecords, readClaimRecord } from '../../../mesh/claims/records.ts';

const OWNER = { hostId: 'mac', agentId: 'a1', agentName: 'iac', claimId: 'claim-1', since: '2026-01-27T12:00:00Z' };
const REGISTER = { promised: [7, 'cloud'], accepted: [5, 'mac'], value: OWNER };

function read(key: string, value: unknown) {
  const records = emptyClaimRecords();
  readClaimRecord(records, key, value);
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
      expect([...read('claim/register/titania@x.com', register).registers]).toEqual([['titania@x.com', register]]);
    }
    expect([...read('claim/unsettled/claim-1', 'titania@x.com').unsettled]).toEqual([['claim-1', 'titania@x.com']]);
    expect(read('claim/ballot-ceiling', 20_000).ballotCeiling).toBe(20_000);
    expect(read('claim/incarnation', 'ab12').incarnation).toBe('ab12');
    const agreement = { voters: ['cloud', 'mac'], incarnations: { cloud: 'aa', mac: 'bb' } };
    expect(read('claim/agreement', agreement).agreement).toEqual(agreement);
  });

  it.each([
    ['a register that is a text', 'claim/register/a@x.com', 'x'],
    ['a register that is null', 'claim/register/a@x.com', null],
    ['a register without a promise', 'claim/register/a@x.com', { ...REGISTER, promised: undefined }],
    ['a ballot without a number', 'claim/register/a@x.com', { ...REGISTER, accepted: ['5', 'mac'] }],
    ['a ballot of half a number', 'claim/register/a@x.com', { ...REGISTER, promised: [1.5, 'mac'] }],
    ['a ballot of nobody', 'claim/register/a@x.com', { ...REGISTER, promised: [1, 'Not A Host'] }],
    ['a value that was never accepted', 'claim/register/a@x.com', { ...REGISTER, accepted: null }],
    ['an owner without a claim', 'claim/register/a@x.com', { ...REGISTER, value: { ...OWNER, claimId: '' } }],
    ['an owner that is a number', 'claim/register/a@x.com', { ...REGISTER, value: 1 }],
    ['a ceiling that is a text', 'claim/ballot-ceiling', '20000'],
    ['an agreement without voters', 'claim/agreement', { incarnations: {} }],
    ['an unsettled claim without an address', 'claim/unsettled/claim-1', 1],
    ['a record this version does not know', 'claim/lease/a@x.com', {}],
  ])('%s stops the node with a sentence that names it', (_, key, value) => {
    expect(() => read(key, value)).toThrow(`The stored record '${key}' can't be read`);
  });
});
