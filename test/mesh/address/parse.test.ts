import { describe, expect, it } from 'vitest';
import type { AddressErrorCode } from '../../../mesh/address/fault.ts';
import type { AddressOptions } from '../../../mesh/address/options.ts';
import { parseAddress } from '../../../mesh/address/parse.ts';
import { ADDRESS_TEXT_CHARACTERS_MAX } from '../../../mesh/limits.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { isemailCases, validatorCases } from './address-cases.ts';
import { nearlyAddress, weirdText } from './weird-text.ts';

describe('a case of python-email-validator', () => {
  const cases = validatorCases();

  it('is one of 357', () => {
    expect(cases).toHaveLength(357);
  });

  it.each(
    cases.map((one, i) => ({ ...one, title: `${i}: ${JSON.stringify(one.address)} ${JSON.stringify(one.options)}` })),
  )('$title', ({ address, options, valid, fields, error, errorPrefix }) => {
    const parsed = parseAddress(address, options);
    expect(parsed.valid).toBe(valid);
    expect(parsed).toMatchObject(fields);
    if (error !== undefined) expect(parsed).toMatchObject({ error });
    if (errorPrefix !== undefined) expect(parsed).toMatchObject({ error: expect.stringMatching(`^${errorPrefix}`) });
  });
});

describe('isemail', () => {
  const ordinary = { strict: true, allowSingleLabel: true, globallyDeliverable: false };
  const policies = { ordinary, rfc5321: { ...ordinary, allowQuotedLocal: true, allowDomainLiteral: true } };
  // The other two policies of these files accept comments, folding and obsolete forms, which no option here does.

  // What we answer, and why. python-email-validator wins wherever the two disagree.
  const NUMERIC = [false, 'a top-level domain ends in a letter; numbers are read as IP addresses'] as const;
  const EMPTY_QUOTES = [false, 'nothing stands before the @, in quotes or not'] as const;
  const NEEDLESS_ESCAPE = [true, 'it is 64 octets as sent, once the needless backslash is gone'] as const;
  const SINGLE_GROUP = [true, 'RFC 4291 lets :: stand for one group'] as const;
  const EMOJI = [false, 'IDNA 2008 has no emoji'] as const;
  const UNASSIGNED = [false, 'U+103FF is not assigned'] as const;

  it.each([
    {
      file: 'isemail-tests' as const,
      policy: 'ordinary' as const,
      differences: { 166: [true, 'whether a single label is a top-level domain, only the DNS knows'] },
    },
    {
      file: 'isemail-tests' as const,
      policy: 'rfc5321' as const,
      differences: {
        23: NUMERIC,
        24: NUMERIC,
        43: EMPTY_QUOTES,
        60: NEEDLESS_ESCAPE,
        71: SINGLE_GROUP,
        160: [true, 'an escaped character beyond ASCII is that character'],
      },
    },
    {
      file: 'skeggse-isemail' as const,
      policy: 'ordinary' as const,
      differences: { 32: EMOJI, 204: UNASSIGNED },
    },
    {
      file: 'skeggse-isemail' as const,
      policy: 'rfc5321' as const,
      differences: {
        26: NUMERIC,
        27: NUMERIC,
        32: EMOJI,
        50: EMPTY_QUOTES,
        68: NEEDLESS_ESCAPE,
        79: SINGLE_GROUP,
        204: UNASSIGNED,
      },
    },
  ])('is agreed with on all of $file under $policy, but for what is listed', ({ file, policy, differences }) => {
    const found = isemailCases(file)
      .map((one) => ({
        id: one.id,
        theirs: one.expect[policy],
        ours: parseAddress(one.address, policies[policy]).valid,
      }))
      .filter(({ theirs, ours }) => theirs !== ours)
      .map(({ id, ours }) => [String(id), ours]);
    expect(found).toEqual(Object.entries(differences).map(([id, [ours]]) => [id, ours]));
  });
});

// A code without an example here does not compile.
const EXAMPLE_OF: Record<AddressErrorCode, { text: string; options?: AddressOptions }> = {
  text_too_long: { text: `${'a'.repeat(ADDRESS_TEXT_CHARACTERS_MAX)}@x.com` },
  no_at_sign: { text: 'titania' },
  lookalike_at_sign: { text: 'titania\uff20x.com' },
  after_closing_quote: { text: '"a"b@x.com' },
  angle_brackets: { text: 'Titania <a@x.com' },
  display_name_characters: { text: 'T.I. <a@x.com>', options: { allowDisplayName: true } },
  display_name_not_allowed: { text: 'Titania <a@x.com>' },
  unsafe_characters: { text: 'a\u202eb@x.com' },
  empty_local_part: { text: '@x.com' },
  local_part_characters: { text: 'a b@x.com' },
  local_part_dots: { text: 'a..b@x.com' },
  local_part_too_long: { text: `${'a'.repeat(65)}@x.com`, options: { strict: true } },
  quoted_local_part_not_allowed: { text: '"a b"@x.com' },
  smtputf8_not_allowed: { text: 'é@x.com', options: { allowSmtputf8: false } },
  empty_domain: { text: 'a@' },
  domain_characters: { text: 'a@x_y.com' },
  domain_dots: { text: 'a@x..com' },
  domain_hyphens: { text: 'a@-x.com' },
  label_too_long: { text: `a@${'x'.repeat(64)}.com` },
  domain_too_long: { text: `a@${'x.'.repeat(130)}com` },
  idna: { text: 'a@\u{1f600}.com' },
  single_label: { text: 'a@x' },
  top_level_domain: { text: 'a@x.y2' },
  special_use_domain: { text: 'a@x.local' },
  domain_literal: { text: 'a@[1.2.3]', options: { allowDomainLiteral: true } },
  domain_literal_not_allowed: { text: 'a@[1.2.3.4]' },
  address_too_long: { text: `a@${'xxxxxxxxx.'.repeat(25)}com` },
};

describe('a refusal', () => {
  it.each(Object.entries(EXAMPLE_OF).map(([code, example]) => ({ code, ...example })))(
    'carries the code $code and a sentence that can be printed',
    ({ code, text, options }) => {
      const parsed = parseAddress(text, options);
      expect(parsed).toEqual({ valid: false, code, error: expect.stringMatching(/^[^\p{C}]{10,300}$/u) });
    },
  );

  it('shows no unprintable character of the text', () => {
    const random = seededRandom(1);
    const faults = Array.from({ length: 5_000 }, () => parseAddress(pickText(random))).filter(({ valid }) => !valid);
    expect(faults.length).toBeGreaterThan(1_000);
    expect(faults.filter((fault) => !fault.valid && /[\p{C}\p{Zl}\p{Zp}]/u.test(fault.error))).toEqual([]);
  });
});

describe('parseAddress', () => {
  it('refuses special-use domains unless told that the address need not be deliverable', () => {
    expect(parseAddress('a@printer.local')).toMatchObject({ code: 'special_use_domain' });
    expect(parseAddress('a@printer.local', { globallyDeliverable: false })).toMatchObject({ domain: 'printer.local' });
    expect(parseAddress('a@x.test', { testEnvironment: true })).toMatchObject({ valid: true });
    expect(parseAddress('a@x.locals')).toMatchObject({ valid: true });
  });

  it('takes a single label only when asked, and never a number', () => {
    const options = { allowSingleLabel: true };
    expect(parseAddress('a@mac-mini-2')).toMatchObject({ code: 'single_label' });
    expect(parseAddress('a@Mac-Mini-2', options)).toMatchObject({ domain: 'mac-mini-2' });
    expect(parseAddress('a@2130706433', options)).toMatchObject({ code: 'top_level_domain' });
    expect(parseAddress('a@localhost', options)).toMatchObject({ code: 'special_use_domain' });
  });

  it('counts octets before the @ as they are sent, when strict', () => {
    expect(parseAddress(`${'é'.repeat(32)}@x.com`, { strict: true }).valid).toBe(true);
    expect(parseAddress(`${'é'.repeat(33)}@x.com`, { strict: true })).toMatchObject({ code: 'local_part_too_long' });
    const quoted = (spaces: number) => `"${' '.repeat(spaces)}"@x.com`;
    expect(parseAddress(quoted(62), { strict: true, allowQuotedLocal: true }).valid).toBe(true);
    expect(parseAddress(quoted(63), { strict: true, allowQuotedLocal: true })).toMatchObject({
      code: 'local_part_too_long',
    });
  });

  it('quotes what needs quotes after composition, and only that', () => {
    const options = { allowQuotedLocal: true };
    // U+037E becomes a semicolon; `>` joins with U+0338.
    expect(parseAddress('"a\u037e"@x.com', options)).toMatchObject({ localPart: '"a;"' });
    expect(parseAddress('">\u0338"@x.com', options)).toMatchObject({ localPart: '\u226f' });
  });

  it('keeps upper case before the @, but for the mailbox names that have none', () => {
    expect(parseAddress('Titania@X.com')).toMatchObject({ normalized: 'Titania@x.com', asciiEmail: 'Titania@x.com' });
    expect(parseAddress('HostMaster@X.com')).toMatchObject({ localPart: 'hostmaster', asciiLocalPart: 'hostmaster' });
  });

  it('gives the display name without quotes, and says nothing of one without brackets', () => {
    const options = { allowDisplayName: true };
    expect(parseAddress('"T. \\"Queen\\"" <a@x.com>', options)).toMatchObject({
      displayName: 'T. "Queen"',
      original: 'a@x.com',
    });
    expect(parseAddress('<a@x.com>', options)).toMatchObject({ displayName: '' });
    expect(parseAddress('a@x.com', options)).not.toHaveProperty('displayName');
    expect(parseAddress('Titania <a@x.com>  ', options)).toMatchObject({ displayName: 'Titania' });
    expect(parseAddress('"a\u202eb" <a@x.com>', options)).toMatchObject({ code: 'unsafe_characters' });
  });

  it('names the first rule broken: the display name comes last, dots come before hyphens', () => {
    expect(parseAddress(`T <${'a'.repeat(250)}@x.com>`)).toMatchObject({ code: 'address_too_long' });
    expect(parseAddress('a@-x.')).toMatchObject({ code: 'domain_dots' });
    expect(parseAddress('a@\u3164')).toMatchObject({ code: 'empty_domain' });
  });
});

describe('hostile text', () => {
  const fillers = [
    '"',
    '\\',
    '.',
    '@',
    '<',
    '>',
    '<\u0338',
    ':',
    '-',
    '\0',
    '\ud800',
    '\u0301',
    'é',
    '\u{1f600}',
    'xn--a.',
  ];
  fillers.push('xn--ls8h.', '。', '\u3164', '\u05d0', '\u30fb', '1.', 'a', ' ', '[', ']', '" <', 'l·');

  it.each(fillers.map((filler) => ({ filler, shown: JSON.stringify(filler) })))(
    'of $shown over and over is refused unread beyond the bound, and without throwing below it',
    ({ filler }) => {
      expect(parseAddress(filler.repeat(10_000))).toMatchObject({ code: 'text_too_long' });
      const options = { allowQuotedLocal: true, allowDomainLiteral: true, allowDisplayName: true };
      const room = ADDRESS_TEXT_CHARACTERS_MAX - 20;
      const most = filler.repeat(Math.floor(room / filler.length));
      for (const text of [most, `${most}@x.com`, `"${most}"@x.com`, `a@${most}`, `a@${most}.com`, `a@[${most}]`]) {
        expect(parseAddress(text, options)).toMatchObject({ valid: false, error: expect.any(String) });
      }
    },
  );

  it('of any kind gives a result, whatever the options', () => {
    const random = seededRandom(2);
    const chance = () => random.next() < 0.5;
    const parsed = Array.from({ length: 10_000 }, () =>
      parseAddress(pickText(random), {
        allowQuotedLocal: chance(),
        allowDomainLiteral: chance(),
        allowDisplayName: chance(),
        allowSmtputf8: chance(),
        allowEmptyLocal: chance(),
        allowSingleLabel: chance(),
        globallyDeliverable: chance(),
        strict: chance(),
      }),
    );
    expect(parsed.filter((one) => one.valid).length).toBeGreaterThan(300);
    expect(parsed.filter((one) => one.valid && !one.normalized.isWellFormed())).toEqual([]);
  });
});

function pickText(random: ReturnType<typeof seededRandom>): string {
  return random.next() < 0.5 ? weirdText(random, 20) : nearlyAddress(random);
}
