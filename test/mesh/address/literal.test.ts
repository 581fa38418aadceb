import { describe, expect, it } from 'vitest';
import { parseDomainLiteral } from '../../../mesh/address/literal.ts';

describe('a domain literal', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['IPv6:::', '::'],
    ['IPv6:::1', '::1'],
    ['IPv6:1::', '1::'],
    ['IPV6:2001:0DB8:0:0:8:0:0:1', '2001:db8::8:0:0:1'],
    ['IPv6:2001:0:0:8:0:0:0:1', '2001:0:0:8::1'],
    ['IPv6:1:2:3:4:5:6:0:8', '1:2:3:4:5:6:0:8'],
    ['IPv6:1:2:3:4:5:6::8', '1:2:3:4:5:6:0:8'],
    ['IPv6:::ffff:192.0.2.1', '::ffff:c000:201'],
  ])('%s is the address %s', (text, domainAddress) => {
    const tag = domainAddress.includes(':') ? 'IPv6:' : '';
    expect(parseDomainLiteral(text)).toEqual({ valid: true, domainAddress, domain: `[${tag}${domainAddress}]` });
  });

  it.each([
    ['', 'no address literal tag'],
    ['1.2.3', 'Expected 4 octets'],
    ['1.2.3.4.5', 'Expected 4 octets'],
    ['1..2.3', 'Empty octet'],
    ['01.2.3.4', 'Leading zeros'],
    ['1.2.3.1234', 'At most 3 characters'],
    ['1.2.3.256', 'Octet 256'],
    ['IPv6:', 'At least 3 parts'],
    ['IPv6:1:2:3:4:5:6:7', 'Exactly 8 parts'],
    ['IPv6:1:2:3:4:5:6:7:8:9', 'Exactly 8 parts'],
    ['IPv6:1:2:3:4:5:6:7:8:9:0', 'At most 8 colons'],
    ['IPv6:1:2:3:4::5:6:7:8', 'at most 7 other parts'],
    ['IPv6:1::2::3', 'At most one'],
    ['IPv6::1:2:3:4:5:6:7', "Leading ':'"],
    ['IPv6:1::2:', "Trailing ':'"],
    ['IPv6:::12345', 'At most 4 characters'],
    ['IPv6:::g', 'Only hex digits'],
    ['IPv6:fe80::1%eth0', 'Only hex digits'],
    ['IPv6:::1.2.3', 'Expected 4 octets'],
    ['x:1', 'invalid address literal tag'],
    ['x:\\', 'invalid characters in brackets: "\\"'],
  ])('[%s] is refused: %s', (text, reason) => {
    expect(parseDomainLiteral(text)).toMatchObject({ valid: false, error: expect.stringContaining(reason) });
  });
});
