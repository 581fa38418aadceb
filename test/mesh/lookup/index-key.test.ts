import { describe, expect, it } from 'vitest';
import { parseIdentityAddress } from '../../../mesh/address/identity.ts';
import type { IndexEntry } from '../../../mesh/lookup/index-entry.ts';
import { mainKeyOf, memberJson, membersJson, spellingOf } from '../../../mesh/lookup/index-key.ts';

const ENTRY = {
  agentId: 'id-ann',
  agentName: 'ann',
  hostId: 'mac',
  hostUrl: 'http://mac',
  primary: true,
} as IndexEntry;

function parsed(text: string) {
  const address = parseIdentityAddress(text, { allowDomainLiteral: true });
  if (!address.valid) throw new Error(address.error);
  return address;
}

describe('an address in the index', () => {
  it.each([
    ['Ann@X.com', 'ann@x.com'],
    ['ann@bücher.example', 'ann@xn--bcher-kva.example'],
    ['ann@xn--bcher-kva.example', 'ann@xn--bcher-kva.example'],
    ['"a b@c"@bücher.example', '"a b@c"@xn--bcher-kva.example'],
    // No ASCII form, though the key of the first, folded, is ASCII.
    ['\u017f@x.com', '\u017f@x.com'],
    ['änn@bücher.example', 'änn@bücher.example'],
    ['ann@[192.0.2.1]', 'ann@[192.0.2.1]'],
  ])('%s stands under %s', (text, main) => {
    expect(mainKeyOf(parsed(text))).toBe(main);
  });

  it.each([
    [' ANN@Bücher.example ', 'ann@bücher.example'],
    ['Ann@XN--bcher-kva.example', 'ann@xn--bcher-kva.example'],
    ['änn@xn--bcher-kva.example', 'änn@xn--bcher-kva.example'],
    ['bu\u0308ro@bu\u0308cher.example', 'büro@bücher.example'],
    ['STRASSE@x.com', 'strasse@x.com'],
  ])('asked for as %s is spelled %s', (text, spelling) => {
    expect(spellingOf(text, parsed(text))).toBe(spelling);
  });

  it('has one member of the map, or two when people spell it otherwise', () => {
    expect(JSON.parse(`{${membersJson(parsed('ann@x.com'), ENTRY)}}`)).toEqual({ 'ann@x.com': ENTRY });
    expect(JSON.parse(`{${membersJson(parsed('änn@bücher.example'), ENTRY)}}`)).toEqual({
      'änn@bücher.example': ENTRY,
    });
    const both = membersJson(parsed('ann@bücher.example'), ENTRY);
    expect(JSON.parse(`{${both}}`)).toEqual({
      'ann@xn--bcher-kva.example': ENTRY,
      'ann@bücher.example': { ...ENTRY, aliasOf: 'ann@xn--bcher-kva.example' },
    });
  });

  it('says whose alias any other spelling is', () => {
    const [spelling, held] = [parsed('straße@x.com').address, parsed('strasse@x.com')];
    expect(JSON.parse(`{${memberJson(spelling, held, ENTRY)}}`)).toEqual({
      'straße@x.com': { ...ENTRY, aliasOf: 'strasse@x.com' },
    });
  });
});
