// The published example, so that what we sign is what others verify.
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Component, coverageOf, signatureBase } from '../../../mesh/signature/base.ts';
import { parsePublicKey } from '../../../mesh/signature/ed25519.ts';

/** `test-key-ed25519` of RFC 9421 appendix B.1.4. */
const PRIVATE_KEY = createPrivateKey(
  '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n',
);
/** Appendix B.2.6, of the request in B.2. */
const COMPONENTS: readonly Component[] = [
  ['"date"', 'Tue, 20 Apr 2021 02:07:55 GMT'],
  ['"@method"', 'POST'],
  ['"@path"', '/foo'],
  ['"@authority"', 'example.com'],
  ['"content-type"', 'application/json'],
  ['"content-length"', '18'],
];
const SIGNATURE = 'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==';

describe('the Ed25519 example of RFC 9421, appendix B.2.6', () => {
  const params = `${coverageOf(COMPONENTS.map(([name]) => name))};created=1618884473;keyid="test-key-ed25519"`;
  const base = signatureBase(COMPONENTS, params);

  it('gives the signature that the RFC prints', () => {
    expect(sign(null, base, PRIVATE_KEY).toString('base64')).toBe(SIGNATURE);
  });

  it('is verified by the public key in the form in which hosts name theirs', () => {
    const key = parsePublicKey(createPublicKey(PRIVATE_KEY).export({ format: 'jwk' }).x ?? '');
    expect(key?.text).toBe('JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs');
    expect(key?.verify(base, Buffer.from(SIGNATURE, 'base64'))).toBe(true);
    expect(key?.verify(signatureBase(COMPONENTS.slice(1), params), Buffer.from(SIGNATURE, 'base64'))).toBe(false);
  });
});

describe('a public key', () => {
  it('has one spelling: bits that belong to no octet are dropped', () => {
    expect(parsePublicKey('JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bt')?.text).toBe(
      'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs',
    );
  });

  it.each(['', 'JrQLj5P', 'JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs', `${'A'.repeat(43)}=`])('is not %j', (text) => {
    expect(parsePublicKey(text)).toBeUndefined();
  });
});
