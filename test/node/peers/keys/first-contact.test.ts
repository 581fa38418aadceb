// What a hello's outcome is taken for.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import type { Host } from '../../../../mesh/roster.ts';
import { judgeIntroduction, judgeLegacy, unheard } from '../../../../node/peers/keys/first-contact.ts';
import { testKeys } from '../../../support/test-keys.ts';
import { testHost } from '../../../support/trusting-hosts.ts';

const { cloud, other } = testKeys('cloud', 'other');
const host = testHost(cloud.id);
const introduced = (address: string, proven = false) =>
  ({ kind: 'introduced', key: cloud.key, address, proven }) as const;
const believing = (hasSecret: boolean) => ({ hasSecret, believesLegacy: () => !hasSecret });

describe('an introduction', () => {
  it.each([
    ['from a private address', host, '10.0.0.7', false, false, 'believed'],
    ['from a public address', host, '203.0.113.9', false, false, /no private address/],
    ['from a private address where a secret is set', host, '10.0.0.7', false, true, /did not prove/],
    ['that proves to know the secret', host, '203.0.113.9', true, true, 'believed'],
    ['with the key of hosts.json', { ...host, publicKey: cloud.key.text }, '203.0.113.9', false, true, 'believed'],
    ['with another key than that', { ...host, publicKey: other.key.text }, '10.0.0.7', true, true, /another key/],
  ] as const)('%s', (_, of, address, proven, hasSecret, expected) => {
    const refusal = judgeIntroduction(of, introduced(address, proven), believing(hasSecret));
    expect(refusal ?? 'believed').toEqual(
      expected === 'believed'
        ? expected
        : {
            kind: 'untrusted',
            code: 'peer_untrusted',
            why: expect.stringMatching(expected),
            seenKey: cloud.key.text,
          },
    );
  });
});

describe('a host without a hello', () => {
  it.each([
    ['on a private network', host, false, 'legacy'],
    ['where a secret is set', host, true, 'untrusted'],
    ['that hosts.json declares so', { ...host, legacy: true }, true, 'legacy'],
  ] as const)('%s is %s', (_, of, hasSecret, kind) => {
    expect(judgeLegacy(of, { kind: 'legacy', address: '10.0.0.7' }, believing(hasSecret)).kind).toBe(kind);
  });

  it('asks to be declared as one, unless hosts.json does so already', () => {
    const why = (of: Host) => judgeLegacy(of, { kind: 'legacy', address: '10.0.0.7' }, believing(false)).why;
    expect(why(host)).toContain('say "legacy": true in its entry of hosts.json');
    expect(why({ ...host, legacy: true })).not.toContain('"legacy": true');
  });
});

describe('a hello that failed', () => {
  it.each([
    ['peer_silent', { kind: 'silent', why: 'So.' }],
    ['overloaded', { kind: 'silent', why: 'So.', isBusy: true }],
    ['peer_untrusted', { kind: 'untrusted', code: 'peer_untrusted', why: 'So.' }],
    ['peer_unintelligible', { kind: 'untrusted', code: 'peer_unintelligible', why: 'So.' }],
    ['clock_skew', { kind: 'untrusted', code: 'clock_skew', why: 'So.' }],
  ] as const)('with %s is a value', (code, expected) => {
    expect(unheard(new MeshError(code, 'So.'))).toEqual(expected);
  });

  it.each([new MeshError('store_failed', 'A disk.'), new Error('A bug.')])('is none of the peer: %s', (error) => {
    expect(() => unheard(error)).toThrow(error);
  });
});
