import { describe, expect, it } from 'vitest';
import type { AddressKey, ClaimId } from '../../../mesh/names.ts';
import { replaced, withAddress, withDetails, withoutAddress } from '../../../node/registry/address-list.ts';
import type { AgentAddress } from '../../../node/registry/agent.ts';
import { anAgent, wish } from '../../support/agent-builder.ts';

const list = (...addresses: string[]) => anAgent(addresses).addresses;
const key = (text: string) => text as AddressKey;
const claim = { claimId: 'new claim' as ClaimId, since: '2026-01-27T13:00:00.000Z' };
/** `a*` is primary. */
const marks = (addresses: readonly AgentAddress[]) =>
  addresses.map((entry) => `${entry.address}${entry.primary ? '*' : ''}`).join(' ');

describe('adding an address', () => {
  it('makes the first one primary, even if it says no', () => {
    expect(marks(withAddress([], wish('a', { primary: false }), claim))).toBe('a*');
  });

  it('leaves the primary as it is unless the new one asks for it', () => {
    expect(marks(withAddress(list('a'), wish('b'), claim))).toBe('a* b');
    expect(marks(withAddress(list('a'), wish('b', { primary: true }), claim))).toBe('a b*');
  });

  it('leaves out an empty displayName and empty metadata', () => {
    const [entry] = withAddress([], wish('a', { displayName: '', metadata: {} }), claim);
    expect(entry).toEqual({ address: 'a', key: 'a', ...claim, primary: true });
  });
});

describe('removing an address', () => {
  it('promotes the oldest left when it was primary', () => {
    expect(marks(withoutAddress(list('a', 'b', 'c'), key('a')))).toBe('b* c');
    expect(marks(withoutAddress(list('a', 'b', 'c'), key('b')))).toBe('a* c');
    expect(marks(withoutAddress(list('a'), key('a')))).toBe('');
  });
});

describe('changing an address', () => {
  it('moves the primary to it, or from it to the oldest other', () => {
    expect(marks(withDetails(list('a', 'b', 'c'), key('c'), { primary: true }))).toBe('a b c*');
    expect(marks(withDetails(list('a', 'b', 'c'), key('a'), { primary: false }))).toBe('a b* c');
    expect(marks(withDetails(list('a', 'b', 'c'), key('b'), { primary: false }))).toBe('a* b c');
  });

  it('refuses to leave the only address without being primary', () => {
    expect(() => withDetails(list('a'), key('a'), { primary: false })).toThrow(
      expect.objectContaining({ code: 'invalid_request', field: 'primary' }),
    );
  });

  it('merges metadata by RFC 7396: null removes a key, and null as a whole removes all', () => {
    const [entry] = withDetails(list('a'), key('a'), { metadata: { a: '1', b: '2' } });
    const before = entry === undefined ? [] : [entry];
    expect(entry?.metadata).toEqual({ a: '1', b: '2' });
    expect(withDetails(before, key('a'), { metadata: { a: null, c: '3' } })[0]?.metadata).toEqual({ b: '2', c: '3' });
    expect(withDetails(before, key('a'), { metadata: null })[0]).not.toHaveProperty('metadata');
    expect(withDetails(before, key('a'), {})[0]?.metadata).toEqual({ a: '1', b: '2' });
  });

  it('checks metadata after the merge, naming the key', () => {
    const full = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`k${at}`, 'v']));
    const before = withDetails(list('a'), key('a'), { metadata: full });
    expect(() => withDetails(before, key('a'), { metadata: { more: 'v' } })).toThrow(
      expect.objectContaining({ code: 'invalid_request', field: 'metadata' }),
    );
    expect(withDetails(before, key('a'), { metadata: { more: 'v', k0: null } })[0]?.metadata?.more).toBe('v');
    expect(() => withDetails(before, key('a'), { metadata: { constructor: 'v', k0: null } })).toThrow(
      expect.objectContaining({ field: 'metadata.constructor' }),
    );
  });

  it('keeps metadata that could not be given today as it is', () => {
    const before = list('a').map((entry) => ({ ...entry, metadata: { old: '\ud83d' } }));
    expect(withDetails(before, key('a'), { metadata: { a: 'v' } })[0]?.metadata).toEqual({ old: '\ud83d', a: 'v' });
    expect(() => withDetails(before, key('a'), { metadata: { a: '\ud83d' } })).toThrow(
      expect.objectContaining({ code: 'invalid_request', field: 'metadata.a' }),
    );
  });

  it('sets and clears the displayName', () => {
    const named = withDetails(list('a'), key('a'), { displayName: 'Titania' });
    expect(named[0]?.displayName).toBe('Titania');
    expect(withDetails(named, key('a'), { displayName: null })[0]).not.toHaveProperty('displayName');
  });
});

describe('replacing the whole list', () => {
  const replace = (before: readonly AgentAddress[], ...wishes: ReturnType<typeof wish>[]) =>
    replaced(before, wishes, () => claim);

  it.each([
    ['the one that asks for it', [wish('a'), wish('b', { primary: true })], 'a b*'],
    ['the present one when nobody asks', [wish('c'), wish('a')], 'c a*'],
    ['the first that does not refuse when the present one does', [wish('a', { primary: false }), wish('b')], 'a b*'],
    ['the first when the present one is gone', [wish('c'), wish('b')], 'c* b'],
    ['the first when all refuse', [wish('c', { primary: false }), wish('b', { primary: false })], 'c* b'],
  ])('makes primary %s', (_, wishes, expected) => {
    expect(marks(replace(list('a', 'b'), ...wishes))).toBe(expected);
  });

  it('keeps the claim and the spelling of an address that stays, and nothing else of it', () => {
    const before = [{ ...list('a')[0], displayName: 'Old' }] as AgentAddress[];
    const [entry] = replace(before, wish('A', { key: key('a') }));
    expect(entry).toEqual({
      address: 'a',
      key: 'a',
      claimId: 'claim of a',
      since: '2026-01-27T12:00:00.000Z',
      primary: true,
    });
  });

  it('gives a new claim to an address that is new', () => {
    expect(replace(list('a'), wish('b'))[0]?.claimId).toBe(claim.claimId);
  });
});
