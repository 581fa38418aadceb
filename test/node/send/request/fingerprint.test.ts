// When two requests with one idempotency key are the same request.
import { describe, expect, it } from 'vitest';
import { SpooledContent } from '../../../../node/send/attachments/blob-store.ts';
import { fingerprintOf } from '../../../../node/send/request/fingerprint.ts';

const spooled = (blob: string, bytes = 1) => new SpooledContent({ blob, bytes });

describe('a request', () => {
  it.each<[string, object, object]>([
    ['whose members stand in another order', { to: ['a'], subject: 's' }, { subject: 's', to: ['a'] }],
    ['with such members further in', { to: [{ name: 'a', address: 'b' }] }, { to: [{ address: 'b', name: 'a' }] }],
    ['with a member that says nothing', { subject: 's', text: undefined }, { subject: 's' }],
    ['with the same content in the same blob', { content: spooled('aa') }, { content: spooled('aa', 2) }],
  ])('%s is the same', (_, one, other) => {
    expect(fingerprintOf(one)).toBe(fingerprintOf(other));
  });

  it.each<[string, object, object]>([
    ['with another value', { subject: 's' }, { subject: 't' }],
    ['with another type of value', { priority: 1 }, { priority: '1' }],
    ['with a list in another order', { to: ['a', 'b'] }, { to: ['b', 'a'] }],
    ['with a list for its items', { to: ['a'] }, { to: 'a' }],
    ['with a member more', { subject: 's' }, { subject: 's', text: '' }],
    ['with null for nothing', { text: null }, {}],
    ['with other content', { content: spooled('aa') }, { content: spooled('bb') }],
    ['whose commas are in a text', { a: 'x,"b":"y"' }, { a: 'x', b: 'y' }],
  ])('%s is another', (_, one, other) => {
    expect(fingerprintOf(one)).not.toBe(fingerprintOf(other));
  });
});
