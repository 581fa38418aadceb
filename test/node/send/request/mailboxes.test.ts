// Senders and recipients as a request names them: no text of a caller becomes a second address, or a second header.
import { describe, expect, it } from 'vitest';
import type { MeshError } from '../../../../mesh/errors.ts';
import {
  type MailboxInput,
  mailboxKey,
  parseMailbox,
  refuseUnwritable,
} from '../../../../node/send/request/mailboxes.ts';

const parse = (input: MailboxInput, rules = {}) =>
  parseMailbox(input, 'to[0]', { internalDomains: ['corp.test'], ...rules });
const refusal = (input: MailboxInput, rules = {}): Partial<MeshError> => {
  try {
    return { message: `taken as ${JSON.stringify(parse(input, rules))}` };
  } catch (error) {
    return error as MeshError;
  }
};

describe('a mailbox', () => {
  it.each<[MailboxInput, string, string]>([
    ['ann@x.com', '', 'ann@x.com'],
    [' ann@x.com ', '', 'ann@x.com'],
    ['Ann <ann@x.com>', 'Ann', 'ann@x.com'],
    ['"Ann, B." <ann@x.com>', 'Ann, B.', 'ann@x.com'],
    [{ address: 'ann@x.com' }, '', 'ann@x.com'],
    [{ name: 'Ann <x>', address: 'ann@x.com' }, 'Ann <x>', 'ann@x.com'],
    ['ann@corp.test', '', 'ann@corp.test'],
    ['Ann <ann@sub.CORP.test>', 'Ann', 'ann@sub.corp.test'],
  ])('%j', (input, name, address) => {
    expect(parse(input)).toEqual({ name, address });
  });

  it.each<[string, MailboxInput, string, RegExp]>([
    ['two addresses in one text', 'a@x.com, b@x.com', 'to[0]', /Give several addresses as a list\.$/],
    ['two addresses in an object', { address: 'a@x.com, b@x.com' }, 'to[0].address', /is not an email address/],
    ['a name in an object’s address', { address: 'Ann <a@x.com>' }, 'to[0].address', /is not an email address/],
    ['no address', 'Ann', 'to[0]', /is not an email address/],
    ['a special domain that is none here', 'a@other.test', 'to[0]', /is not an email address/],
    ['a domain that only ends like one of here', 'a@notcorp.test', 'to[0]', /is not an email address/],
    ['an angle bracket within quotes', '"a<b"@x.com', 'to[0]', /angle bracket/],
    ['an address literal', 'a@[192.0.2.1]', 'to[0]', /is not an email address/],
  ])('with %s is refused', (_, input, field, words) => {
    expect(refusal(input)).toMatchObject({ code: 'invalid_address', field, message: expect.stringMatching(words) });
  });

  it.each<[MailboxInput, string]>([
    ['a@x.com\r\nBcc: b@x.com', 'to[0]'],
    [{ address: 'a@x.com\nBcc: b@x.com' }, 'to[0].address'],
    [{ name: 'Ann\r\nBcc: b@x.com', address: 'a@x.com' }, 'to[0].name'],
  ])('with a line break is refused: %j', (input, field) => {
    expect(refusal(input)).toMatchObject({ code: 'invalid_request', field });
  });

  it('has a name of 128 characters at most', () => {
    expect(parse({ name: 'n'.repeat(128), address: 'a@x.com' }).name).toHaveLength(128);
    expect(refusal({ name: 'n'.repeat(129), address: 'a@x.com' })).toMatchObject({
      code: 'invalid_request',
      field: 'to[0].name',
    });
    expect(refusal(`${'n'.repeat(129)} <a@x.com>`)).toMatchObject({ code: 'invalid_request', field: 'to[0]' });
  });

  it.each(['a@mac', 'a@[192.0.2.1]', 'a@x.test'])('that an agent owns may be of any domain: %s', (address) => {
    expect(parse(address, { isOwned: true }).address).toBe(address);
  });
});

describe('the key of a mailbox', () => {
  it.each([
    ['a@x.com', 'a@x.com'],
    ['a@X.COM', 'a@x.com'],
    ['A@x.com', 'A@x.com'],
    ['a@bücher.example', 'a@xn--bcher-kva.example'],
    ['a@xn--bcher-kva.example', 'a@xn--bcher-kva.example'],
    ['a@mac', 'a@mac'],
    ['nobody', 'nobody'],
  ])('of %s is %s', (address, key) => {
    expect(mailboxKey(address)).toBe(key);
  });
});

describe('an address that can be written', () => {
  it.each(['a@x.com', '"a b"@x.com'])('is %s', (address) => {
    expect(() => refuseUnwritable(address, 'from')).not.toThrow();
  });

  it.each(['"a>b"@x.com', '"a<b"@x.com'])('is not %s', (address) => {
    expect(() => refuseUnwritable(address, 'from')).toThrowError(
      expect.objectContaining({ code: 'invalid_address', field: 'from' }),
    );
  });
});
