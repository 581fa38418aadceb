import { describe, expect, it } from 'vitest';
import { type Profile, paramsText, readSignature } from '../../../mesh/signature/signature-input.ts';

const REQUEST: Profile = { tag: 'mesh-request', coverage: '("@method" "@path")', hasNonce: true };
const ANSWER: Profile = { tag: 'mesh-answer', coverage: '("@status")', hasNonce: false };
const NONCE = 'abcdefghijklmnop';
const PARAMS = { createdSeconds: 1_800_000_000, nonce: NONCE, keyId: 'mac' };
const SIGNATURE = `:${Buffer.alloc(64, 7).toString('base64')}:`;

const input = (profile = REQUEST, params = PARAMS) => `mesh=${paramsText(profile, params)}`;
const read = (given: string | undefined, signature: string | undefined = `mesh=${SIGNATURE}`, profile = REQUEST) => {
  const read = readSignature(given, signature, profile);
  return 'reason' in read ? read.reason : read;
};

describe('a signature', () => {
  it('is read as it was written', () => {
    expect(read(input())).toEqual({
      ...PARAMS,
      params: paramsText(REQUEST, PARAMS),
      bytes: Buffer.alloc(64, 7),
      serialised: SIGNATURE,
    });
    expect(read(input(ANSWER), undefined, ANSWER)).toMatchObject({ ...PARAMS, nonce: '' });
  });

  it('is read in another spelling of the same thing, beside signatures of others', () => {
    const spaced = input().replace('("@method" "@path")', '( "@method"  "@path" )');
    const others = `other=:AAAA:, mesh=${SIGNATURE}`;
    expect(read(`sig1=("@path"), ${spaced}`, others)).toMatchObject({
      ...PARAMS,
      params: paramsText(REQUEST, PARAMS),
      serialised: SIGNATURE,
    });
  });

  it.each<[string, string | undefined, string | undefined, string]>([
    ['without its input', undefined, `mesh=${SIGNATURE}`, 'missing'],
    ['under another name', input().replace('mesh=', 'sig1='), `mesh=${SIGNATURE}`, 'missing'],
    ['whose input is no dictionary', 'mesh=(', `mesh=${SIGNATURE}`, 'malformed'],
    ['whose input is no list', 'mesh=1', `mesh=${SIGNATURE}`, 'malformed'],
    ['of another kind', input({ ...REQUEST, tag: 'mesh-hello' }), `mesh=${SIGNATURE}`, 'kind'],
    ['of the version before', input().replace('"mesh-request"', '"mesh"'), `mesh=${SIGNATURE}`, 'version'],
    ['that covers less', input({ ...REQUEST, coverage: '("@method")' }), `mesh=${SIGNATURE}`, 'coverage'],
    ['in another order', input({ ...REQUEST, coverage: '("@path" "@method")' }), `mesh=${SIGNATURE}`, 'coverage'],
    ['without a nonce', input({ ...REQUEST, hasNonce: false }), `mesh=${SIGNATURE}`, 'coverage'],
    ['with a parameter more', `${input()};expires=1800000060`, `mesh=${SIGNATURE}`, 'coverage'],
    ['with too short a nonce', input(REQUEST, { ...PARAMS, nonce: 'abc' }), `mesh=${SIGNATURE}`, 'malformed'],
    [
      'made in parts of seconds',
      input().replace('created=1800000000', 'created=1.5'),
      `mesh=${SIGNATURE}`,
      'malformed',
    ],
    ['by another algorithm', input().replace('"ed25519"', '"rsa"'), `mesh=${SIGNATURE}`, 'malformed'],
    ['that is too short', input(), 'mesh=:AAAA:', 'malformed'],
    ['that is no octets', input(), 'mesh="AAAA"', 'malformed'],
    ['that is not there', input(), `sig1=${SIGNATURE}`, 'malformed'],
  ])('%s is refused', (_, given, signature, reason) => {
    expect(read(given, signature)).toBe(reason);
  });

  it('is missing where there is no field for it', () => {
    expect(readSignature(input(), undefined, REQUEST)).toMatchObject({ reason: 'missing' });
  });
});
