// A list of addresses as a request has it: what is refused, and where the refusal says that it is.
import { describe, expect, it } from 'vitest';
import { parseIdentityAddress } from '../../../mesh/address/identity.ts';
import type { MeshError } from '../../../mesh/errors.ts';
import { ADDRESS_TEXT_CHARACTERS_MAX } from '../../../mesh/limits.ts';
import type { NewAddress } from '../../../node/registry/schemas.ts';
import { givenTexts, parseWanted, parseWantedList } from '../../../node/registry/wanted-addresses.ts';

const parse = (text: string) => parseIdentityAddress(text, {});
const list = (...wishes: readonly NewAddress[]) => parseWantedList(parse, wishes, 'addresses');
const refusal = (...wishes: readonly NewAddress[]): Partial<MeshError> => {
  try {
    return { message: JSON.stringify(list(...wishes)) };
  } catch (error) {
    return error as MeshError;
  }
};
const address = (text: string, rest: Partial<NewAddress> = {}): NewAddress => ({ address: text, ...rest });

describe('a list of wanted addresses', () => {
  it('is the addresses in its order, as they are registered', () => {
    const wanted = list(address('A@x.com', { displayName: 'A' }), address('b@x.com', { primary: true }));
    expect(wanted.map((one) => [one.address, one.key, one.primary, one.displayName])).toEqual([
      ['a@x.com', 'a@x.com', undefined, 'A'],
      ['b@x.com', 'b@x.com', true, undefined],
    ]);
  });

  it('has ten at most', () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => address(`a${at}@x.com`));
    expect(list(...many(10))).toHaveLength(10);
    expect(refusal(...many(11))).toMatchObject({ code: 'limit_exceeded', field: 'addresses' });
  });

  it.each<[string, readonly NewAddress[], string, string]>([
    ['none', [address('a@x.com'), address('nobody')], 'invalid_address', 'addresses[1].address'],
    [
      'too long',
      [address(`${'a'.repeat(ADDRESS_TEXT_CHARACTERS_MAX)}@x.com`)],
      'invalid_address',
      'addresses[0].address',
    ],
    [
      'one twice',
      [address('a@x.com'), address('b@x.com'), address('A@X.com')],
      'invalid_request',
      'addresses[2].address',
    ],
    [
      'two that are primary',
      [address('a@x.com', { primary: true }), address('b@x.com'), address('c@x.com', { primary: true })],
      'invalid_request',
      'addresses[2].primary',
    ],
  ])('with %s is refused, and says where', (_, wishes, code, field) => {
    expect(refusal(...wishes)).toMatchObject({ code, field });
  });

  it('may say of several that they are not primary', () => {
    const [no, yes] = [{ primary: false }, { primary: true }];
    expect(list(address('a@x.com', no), address('b@x.com', no), address('c@x.com', yes))).toHaveLength(3);
  });

  it('is not even parsed where a text is too long', () => {
    const text = `${'a'.repeat(ADDRESS_TEXT_CHARACTERS_MAX)}@x.com`;
    expect(refusal(address(text)).message).toContain(`longer than ${ADDRESS_TEXT_CHARACTERS_MAX} characters`);
  });

  it('is answered under the texts that it had', () => {
    const wishes = [address('A@x.com'), address('b@x.com')];
    expect([...givenTexts(wishes, list(...wishes))]).toEqual([
      ['a@x.com', 'A@x.com'],
      ['b@x.com', 'b@x.com'],
    ]);
  });
});

describe('a wanted address', () => {
  it('is refused under the field that it stood in', () => {
    expect(() => parseWanted(parse, address('nobody'), 'address')).toThrowError(
      expect.objectContaining({ code: 'invalid_address', field: 'address' }),
    );
  });
});
