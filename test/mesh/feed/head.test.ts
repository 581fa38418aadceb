import { describe, expect, it } from 'vitest';
import { firstChain } from '../../../mesh/feed/chain.ts';
import { EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import { type Head, isSignedBy, signHead } from '../../../mesh/feed/head.ts';
import type { HostId } from '../../../mesh/names.ts';
import { testKeys } from '../../support/test-keys.ts';

const { cloud, mini } = testKeys('cloud', 'mini');
const LOG = '0123456789abcdef0123456789abcdef';
const head: Head = {
  ...{ hostId: cloud.id, logId: LOG, n: 7, chain: firstChain(LOG), digest: EMPTY_DIGEST },
  at: '2026-01-27T12:00:00.000Z',
};

describe('a head statement', () => {
  it('is believed with the key that signed it, and with no other', () => {
    const signed = signHead(head, cloud.signer);
    expect(signed).toEqual({ ...head, signature: expect.stringMatching(/^[A-Za-z0-9_-]{86}$/) });
    expect([isSignedBy(signed, cloud.key), isSignedBy(signed, mini.key)]).toEqual([true, false]);
  });

  it.each([
    ['the host', { hostId: 'mini' as HostId }],
    ['the log id', { logId: 'f'.repeat(32) }],
    ['the place', { n: 8 }],
    ['the chain', { chain: firstChain('another') }],
    ['the digest', { digest: firstChain('another') }],
    ['the moment', { at: '2026-01-27T12:00:00.001Z' }],
  ])('is not believed once %s is another', (_, change) => {
    expect(isSignedBy({ ...signHead(head, cloud.signer), ...change }, cloud.key)).toBe(false);
  });

  it('is believed whatever else stands beside it, which it does not say', () => {
    expect(isSignedBy({ ...signHead(head, cloud.signer), ...{ rank: 7 } }, cloud.key)).toBe(true);
  });

  it.each(['', 'x', 'A'.repeat(86)])("is not believed with '%s' as its signature", (signature) => {
    expect(isSignedBy({ ...head, signature }, cloud.key)).toBe(false);
  });

  it('is of a kind of its own: a signature over the same members without the tag is none', () => {
    const { hostId, logId, n, chain, digest, at } = head;
    const octets = Buffer.from(JSON.stringify({ at, chain, digest, hostId, logId, n }));
    const signature = Buffer.from(cloud.signer.sign(octets)).toString('base64url');
    expect(isSignedBy({ ...head, signature }, cloud.key)).toBe(false);
  });
});
