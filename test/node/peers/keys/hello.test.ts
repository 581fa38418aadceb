import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type HelloTerms, proofFits, proofOf } from '../../../../node/peers/keys/hello.ts';
import { testKeys } from '../../../support/test-keys.ts';

const { mac, cloud } = testKeys('mac', 'cloud');
const nonce = 'AAECAwQFBgcICQoLDA0ODw';
const answer: HelloTerms = { asker: mac.id, answerer: cloud.id, nonce, publicKey: cloud.key.text };
const secret = 'a secret of the operators, ünïcode';

describe('the proof of the secret', () => {
  it.each([
    ['answer', answer, cloud.key.text],
    ['ask', { asker: mac.id, answerer: cloud.id, nonce }, ''],
  ])('is the HMAC-SHA256 of the role (%s), version, both hosts, nonce and key', (role, terms, key) => {
    const text = `mesh-hello-${role}\n2\nmac\ncloud\n${nonce}\n${key}`;
    expect(proofOf(secret, terms)).toBe(createHmac('sha256', secret).update(text).digest('base64url'));
  });

  it('fits what it was made for', () => {
    expect(proofFits(proofOf(secret, answer), secret, answer)).toBe(true);
  });

  it.each([
    ['another secret', `${secret}.`, answer],
    ['another asker', secret, { ...answer, asker: cloud.id }],
    ['another answerer', secret, { ...answer, answerer: mac.id }],
    ['another nonce', secret, { ...answer, nonce: nonce.toLowerCase() }],
    ['another key', secret, { ...answer, publicKey: mac.key.text }],
    ['the other role', secret, { asker: mac.id, answerer: cloud.id, nonce }],
  ])('does not fit %s', (_, otherSecret, terms) => {
    expect(proofFits(proofOf(otherSecret, terms), secret, answer)).toBe(false);
  });

  it.each([undefined, '', 'short', 'x'.repeat(43), 'x'.repeat(500)])('is not %j', (proof) => {
    expect(proofFits(proof, secret, answer)).toBe(false);
  });
});
