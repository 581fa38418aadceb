import { describe, expect, it } from 'vitest';
import { checkSpecialUse, parseDomainName } from '../../../mesh/address/domain.ts';
import type { AddressOptions } from '../../../mesh/address/options.ts';

const ANY_NETWORK: AddressOptions = { globallyDeliverable: false };
const long = (labels: number) => `${'a'.repeat(61)}.`.repeat(labels);

/** Both spellings, or the code of the fault. */
const read = (domain: string, options: AddressOptions = {}) => {
  const parsed = parseDomainName(domain, options);
  return parsed.valid ? [parsed.domain, parsed.asciiDomain] : parsed.code;
};

describe('a domain name', () => {
  it.each([
    ['x.com', 'x.com', 'x.com'],
    ['X.Com', 'x.com', 'x.com'],
    ['bücher.de', 'bücher.de', 'xn--bcher-kva.de'],
    ['xn--bcher-kva.de', 'bücher.de', 'xn--bcher-kva.de'],
    ['BÜCHER\u3002de', 'bücher.de', 'xn--bcher-kva.de'],
    [`${long(4)}ab.de`, `${long(4)}ab.de`, `${long(4)}ab.de`],
  ])('%j has two spellings: %j and %j', (domain, unicode, ascii) => {
    expect(read(domain)).toEqual([unicode, ascii]);
  });

  it.each([
    ['x_y.com', 'domain_characters'],
    ['x\u2024com', 'domain_characters'],
    ['\u3164', 'empty_domain'],
    ['.x.com', 'domain_dots'],
    ['x..com', 'domain_dots'],
    ['x.com.', 'domain_dots'],
    ['-x.com', 'domain_hyphens'],
    ['x.com-', 'domain_hyphens'],
    ['x-.com', 'domain_hyphens'],
    ['ab--c.com', 'domain_hyphens'],
    ['xn--0.com', 'idna'],
    [`${long(4)}abcde.de`, 'domain_too_long'],
    [`${'a'.repeat(64)}.com`, 'label_too_long'],
    ['machine', 'single_label'],
    ['x.c0', 'top_level_domain'],
    ['10.77.0.1', 'top_level_domain'],
    ['x.local', 'special_use_domain'],
  ])('%j is refused with %s', (domain, code) => {
    expect(read(domain)).toBe(code);
  });

  it.each<[string, AddressOptions, unknown]>([
    ['machine1', { allowSingleLabel: true }, ['machine1', 'machine1']],
    ['1', { allowSingleLabel: true }, 'top_level_domain'],
    ['test', { testEnvironment: true }, ['test', 'test']],
    ['x.local', ANY_NETWORK, ['x.local', 'x.local']],
  ])('%j with %j is %j', (domain, options, expected) => {
    expect(read(domain, options)).toEqual(expected);
  });

  it('that is too long says by how much, in what the writer counts', () => {
    const given = parseDomainName(`${long(4)}abcde.de`, {});
    const encoded = parseDomainName(`${'ü'.repeat(50)}.${long(4)}de`, {});
    expect([given, encoded]).toMatchObject([
      { error: expect.stringContaining('(3 characters too many)') },
      { error: expect.stringMatching(/\(\d+ bytes too many after IDNA encoding\)/) },
    ]);
  });
});

describe('a special-use domain', () => {
  it.each<[string, AddressOptions, boolean]>([
    ['x.onion', {}, true],
    ['localhost', {}, true],
    ['x.test', {}, true],
    ['x.test', { testEnvironment: true }, false],
    ['x.local', { testEnvironment: true }, true],
    ['x.local', ANY_NETWORK, false],
    ['local.com', {}, false],
  ])('%j with %j: %s', (domain, options, isSpecial) => {
    expect(checkSpecialUse(domain, options)?.code).toBe(isSpecial ? 'special_use_domain' : undefined);
  });
});
