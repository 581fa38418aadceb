import { describe, expect, it } from 'vitest';
import { type IdentityAddress, parseIdentityAddress } from '../../../mesh/address/identity.ts';
import type { Random } from '../../../mesh/ports.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { drawText, nearlyAddress, pick, weirdText } from './weird-text.ts';

const LITERALS = { allowDomainLiteral: true };

describe('an identity address', () => {
  it('is trimmed, normalised and in lower case', () => {
    expect(parseIdentityAddress(' Titania@23Blocks.23SmartAgents.com\n')).toEqual({
      valid: true,
      address: 'titania@23blocks.23smartagents.com',
      key: 'titania@23blocks.23smartagents.com',
    });
  });

  it('shows its domain as people write it, and is compared as machines do', () => {
    expect(identityOf('Jeff@XN--FIQQ24B10VI0D.tw')).toEqual({
      valid: true,
      address: 'jeff@臺網中心.tw',
      key: 'jeff@xn--fiqq24b10vi0d.tw',
    });
  });

  it.each([
    ['with upper and lower case', ['Titania@X.com', 'titania@x.COM', 'TITANIA@X.COM']],
    ['with ß, ẞ and ss', ['Strauß@x.com', 'STRAUẞ@x.com', 'strauss@x.com', 'STRAUSS@x.com']],
    ['with ſ and s', ['ſara@x.com', 'Sara@x.com']],
    ['with the three sigmas', ['ΟΔΟΣ@x.com', 'οδος@x.com', 'οδοσ@x.com']],
    ['composed or not', ['é@x.com', 'e\u0301@x.com', 'É@x.com', 'E\u0301@x.com']],
    ['with dotted capital I', ['İx@x.com', 'i\u0307x@x.com']],
    ['quoted or not', ['a.b@x.com', '"a.b"@x.com', '"\\a.\\B"@x.com']],
    ['quoted by need', ['"a b"@x.com', '"A\\ B"@x.com']],
    ['with U-labels or A-labels', ['a@straße.de', 'a@xn--strae-oqa.de', 'a@STRAßE.de', 'a@straße。DE']],
    ['with full-width letters in the domain', ['a@ｅxample.com', 'a@example．com']],
    [
      'with spellings of one IP address',
      ['a@[IPv6:2001:DB8:0:0::1]', 'a@[ipv6:2001:db8::1]', 'A@[IPv6:2001:db8::0.0.0.1]'],
    ],
  ])('is one mailbox %s', (_, texts) => {
    expect(new Set(texts.map((text) => identityOf(text).key)).size).toBe(1);
  });

  it.each([
    ['a.b@x.com', 'ab@x.com'],
    ['a+b@x.com', 'a@x.com'],
    ['"a b"@x.com', 'ab@x.com'],
    ['e@x.com', 'é@x.com'],
    ['a@straße.de', 'a@strasse.de'],
    ['a@x.com', 'a@y.x.com'],
    ['а@x.com', 'a@x.com'],
    ['a@[IPv6:2001:db8::1]', 'a@[IPv6:2001:db8::2]'],
  ])('%s is another mailbox than %s', (one, other) => {
    expect(identityOf(one).key).not.toBe(identityOf(other).key);
  });

  it('may be internal, quoted, or beyond ASCII', () => {
    for (const text of ['a@mesh.local', 'a@x.test', '"a b"@x.com', '伊昭傑@郵件.商務']) {
      expect(parseIdentityAddress(text), text).toMatchObject({ valid: true });
    }
  });

  it('has no display name, and a single label or an IP address only when that is allowed', () => {
    expect(parseIdentityAddress('Titania <a@x.com>')).toMatchObject({ code: 'display_name_not_allowed' });
    expect(parseIdentityAddress('a@mac-mini')).toMatchObject({ code: 'single_label' });
    expect(parseIdentityAddress('a@mac-mini', { allowSingleLabel: true })).toMatchObject({ key: 'a@mac-mini' });
    expect(parseIdentityAddress('a@[127.0.0.1]')).toMatchObject({ code: 'domain_literal_not_allowed' });
    expect(parseIdentityAddress('a@[IPv6:::1]', LITERALS)).toMatchObject({
      address: 'a@[ipv6:::1]',
      key: 'a@[ipv6:::1]',
    });
  });

  it('keeps within 64 octets before the @ and 254 in all, in lower case too', () => {
    expect(parseIdentityAddress(`${'a'.repeat(64)}@x.com`)).toMatchObject({ valid: true });
    expect(parseIdentityAddress(`${'a'.repeat(65)}@x.com`)).toMatchObject({ code: 'local_part_too_long' });
    // Ⱥ has two octets, ⱥ three.
    expect(parseIdentityAddress(`${'Ⱥ'.repeat(21)}@x.com`)).toMatchObject({ valid: true });
    expect(parseIdentityAddress(`${'Ⱥ'.repeat(22)}@x.com`)).toMatchObject({ code: 'local_part_too_long' });
    const domain = `${'x'.repeat(63)}.${'y'.repeat(63)}.${'z'.repeat(57)}.com`;
    expect(parseIdentityAddress(`${'a'.repeat(64)}@${domain}`)).toMatchObject({ valid: true });
    expect(parseIdentityAddress(`${'a'.repeat(64)}@z${domain}`)).toMatchObject({ valid: false });
  });
});

describe('identity addresses drawn at random', () => {
  it.each([11, 12, 13])('parsed again give themselves, address and key (seed %i)', (seed) => {
    const random = seededRandom(seed);
    const draw = () =>
      pick(random, [() => mailbox(random).text, () => nearlyAddress(random), () => weirdText(random, 8)])();
    const identities = Array.from({ length: 4_000 }, () => parseIdentityAddress(draw(), LITERALS)).filter(
      (identity) => identity.valid,
    );
    expect(identities.length).toBeGreaterThan(1_200);
    const unstable = identities.filter(({ address, key }) => {
      const again = parseIdentityAddress(address, LITERALS);
      const byKey = parseIdentityAddress(key, LITERALS);
      return !again.valid || again.address !== address || again.key !== key || !byKey.valid || byKey.key !== key;
    });
    expect(unstable).toEqual([]);
  });

  it.each([21, 22])('have one key however they are written (seed %i)', (seed) => {
    const random = seededRandom(seed);
    const different: unknown[] = [];
    let compared = 0;
    for (let i = 0; i < 1_500; i += 1) {
      const { text, local, domain } = mailbox(random);
      const identity = parseIdentityAddress(text);
      if (!identity.valid) continue;
      const quoted = `"${Array.from(local, (character) => `\\${character}`).join('')}"`;
      const asciiDomain = identity.key.slice(identity.key.lastIndexOf('@') + 1);
      for (const variant of [
        `${quoted}@${domain}`,
        `${quoted.toUpperCase()}@${domain}`,
        `${quoted.toLowerCase()}@${domain}`,
        `${quoted.normalize('NFD')}@${domain.normalize('NFD')}`,
        `\t${quoted}@${asciiDomain.toUpperCase()} `,
      ]) {
        const other = parseIdentityAddress(variant);
        compared += 1;
        if (!other.valid || other.key !== identity.key) different.push([text, variant, other]);
      }
    }
    expect(different).toEqual([]);
    expect(compared).toBeGreaterThan(4_000);
  });

  it('fold the case of every letter that has one', () => {
    const different: string[] = [];
    for (let codePoint = 0x41; codePoint < 0x1_f000; codePoint += 1) {
      const letter = String.fromCodePoint(codePoint);
      // Of a combining letter (U+0345), the upper case is not combining: nothing can undo where it then stands.
      if (letter.toUpperCase() === letter.toLowerCase() || /\p{M}/u.test(letter)) continue;
      const keys = [letter, letter.toUpperCase(), letter.toLowerCase(), letter.normalize('NFD')].map(
        (text) => identityOf(`"x${text}."@x.com`).key,
      );
      if (new Set(keys).size !== 1) different.push(`U+${codePoint.toString(16)}: ${keys.join(' ')}`);
    }
    expect(different).toEqual([]);
  });
});

function identityOf(text: string): IdentityAddress {
  const identity = parseIdentityAddress(text, LITERALS);
  if (!identity.valid) throw new Error(`${text}: ${identity.error}`);
  return identity;
}

/** A mailbox that is nearly always valid: `local` unquoted, and `text` the address as somebody might write it. */
function mailbox(random: Random): { text: string; local: string; domain: string } {
  const letters = [...'aAbZz09_+éÉñßẞſςσΣİıŉΐǰẘὒﬃﬄԵևÅΩµΐ葉е\u0301\u0323\u0327\u{104b0}\u{10428}'];
  const special = [...' .@"\\,;:<[', '\u00a0'];
  const needsQuotes = random.next() < 0.4;
  const drawn = drawText(random, needsQuotes ? [...letters, ...special] : letters, 1 + Math.floor(random.next() * 8));
  // A mark in first place is refused; a space in last place would be trimmed from nothing, but reads badly.
  const local = `x${drawn}`;
  const labels = [...'abcAB12', 'straße', 'ÉCOLE', '臺網', 'xn--strae-oqa', 'ＦＵＬＬ', 'a-b', 'e\u0301', 'Ω'];
  const domain = `${drawText(random, labels, 1 + Math.floor(random.next() * 2))}.${pick(random, ['com', 'DE', 'local', '商務'])}`;
  const written = needsQuotes ? `"${local.replace(/["\\]/g, '\\$&')}"` : local;
  return { text: `${written}@${domain}`, local, domain };
}
