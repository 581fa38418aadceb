import { describe, expect, it } from 'vitest';
import { isTrustedNetwork } from '../../../../node/peers/keys/trusted-network.ts';

describe('a key is believed on first use', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '10.0.0.1',
    '10.255.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '192.168.255.255',
    '100.64.0.1',
    '100.127.255.255',
    'fc00::1',
    'fdff:ffff::1',
    '::ffff:127.0.0.1',
    '::ffff:10.1.2.3',
  ])('from %s', (address) => {
    expect(isTrustedNetwork(address)).toBe(true);
  });
});

describe('a key is not believed unseen', () => {
  it.each([
    '126.255.255.255',
    '128.0.0.1',
    '9.255.255.255',
    '11.0.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '169.254.1.1',
    '0.0.0.0',
    '8.8.8.8',
    '::',
    '::2',
    'fbff::1',
    'fe00::1',
    'fe80::1',
    '2001:db8::1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '',
    'localhost',
    '127.0.0.1.evil.example',
  ])('from %j', (address) => {
    expect(isTrustedNetwork(address)).toBe(false);
  });
});
