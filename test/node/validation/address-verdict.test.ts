import { describe, expect, it } from 'vitest';
import { validateEmail } from '../../../node/validation/address-verdict.ts';
import { validatorCases } from '../../mesh/address/address-cases.ts';

describe('validation', () => {
  const ours = ['allowQuotedLocal', 'allowDomainLiteral'];
  const cases = validatorCases().filter(({ options }) => Object.keys(options).every((name) => ours.includes(name)));

  it('has cases of python-email-validator to be measured on', () => {
    expect(cases.length).toBeGreaterThan(100);
  });

  const isLong = ({ address }: (typeof cases)[number]) =>
    Buffer.byteLength(address.slice(0, address.lastIndexOf('@'))) > 64;
  const titled = (some: typeof cases) =>
    some.map((one, at) => ({ ...one, title: `${at}: ${JSON.stringify(one.address)} ${JSON.stringify(one.options)}` }));

  it.each(titled(cases.filter((one) => !isLong(one))))(
    'answers as python-email-validator does with the same options, $title',
    ({ address, options, valid, error, fields }) => {
      const judged = validateEmail(address, options);
      expect(judged).toMatchObject({ valid, ...(error === undefined ? {} : { error }) });
      if (judged.valid && fields.normalized !== undefined) expect(judged.normalized).toBe(fields.normalized);
    },
  );

  it.each(titled(cases.filter((one) => isLong(one) && one.valid)))(
    'refuses what python-email-validator counts only when it is strict, $title',
    ({ address, options }) => {
      expect(validateEmail(address, options)).toMatchObject({ valid: false, error_code: 'local_part_too_long' });
    },
  );

  it.each([
    ['a'.repeat(64), true],
    ['a'.repeat(65), false],
    ['é'.repeat(32), true],
    // 33 characters, 66 octets.
    ['é'.repeat(33), false],
    // 64 octets once composed, as they are sent.
    ['e\u0301'.repeat(32), true],
  ])('counts octets before the @, as sent: %s', (local, valid) => {
    expect(validateEmail(`${local}@b.example.com`).valid).toBe(valid);
  });
});
