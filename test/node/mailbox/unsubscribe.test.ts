import { describe, expect, it } from 'vitest';
import {
  isUnsubscribeToken,
  unsubscribeAddress,
  unsubscribeToken,
  unsubscribeTokenIn,
} from '../../../node/mailbox/unsubscribe.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const KEY = Buffer.alloc(32, 7);
const WHO = { inboxId: 'ann@x.com', address: 'Jane@Y.com' };
const token = unsubscribeToken(WHO, KEY, seededRandom(1));

describe('a token for asking for no more mail', () => {
  it('is of whom it was made for, whatever the case', () => {
    expect(token).toMatch(/^[a-z2-7]{20}$/);
    expect(isUnsubscribeToken(token, { ...WHO, address: 'jane@y.com' }, KEY)).toBe(true);
    expect(unsubscribeToken(WHO, KEY, seededRandom(2)), 'each mail has another').not.toBe(token);
  });

  it.each([
    ['another recipient', token, { ...WHO, address: 'eve@y.com' }, KEY],
    ['another inbox', token, { ...WHO, inboxId: 'bob@x.com' }, KEY],
    ['another host', token, WHO, Buffer.alloc(32, 8)],
    ['one letter', `${token.slice(0, -2)}${token.at(-2) === 'a' ? 'b' : 'a'}${token.at(-1)}`, WHO, KEY],
    ['its unused bits', `${token.slice(0, -1)}${token.endsWith('b') ? 'c' : 'b'}`, WHO, KEY],
    ['its length', `${token}a`, WHO, KEY],
    ['nothing', '', WHO, KEY],
  ])('is none when %s differs', (_, text, who, key) => {
    expect(isUnsubscribeToken(text, who, key)).toBe(false);
  });

  it('is read again from the address that has it, also in capitals', () => {
    const address = String(unsubscribeAddress('ann@x.com', token));
    expect(address).toBe(`ann+unsubscribe-${token}@x.com`);
    expect(unsubscribeTokenIn(address.toUpperCase())).toBe(token);
    expect(unsubscribeTokenIn('ann+unsubscribe-me@x.com')).toBeUndefined();
    expect(unsubscribeTokenIn('ann@x.com')).toBeUndefined();
  });

  it('has no room beside a name that is too long', () => {
    expect(unsubscribeAddress(`${'a'.repeat(31)}@x.com`, token)).toBeDefined();
    expect(unsubscribeAddress(`${'a'.repeat(32)}@x.com`, token)).toBeUndefined();
  });
});
