import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { coverageOf } from '../../../mesh/signature/base.ts';
import { contentDigest } from '../../../mesh/signature/digest.ts';
import type { Profile } from '../../../mesh/signature/signature-input.ts';
import { COMMON_PARTS, signStatement, verifyStatement } from '../../../mesh/signature/statement.ts';
import { testKeys } from '../../support/test-keys.ts';

const NOW = 1_770_000_000;
const { mac, cloud, lab } = testKeys('mac', 'cloud', 'lab');
const PLAIN: Profile = { tag: 'mesh-answer', coverage: coverageOf([...COMMON_PARTS]), hasNonce: false };
const WITH_PATH: Profile = { tag: 'mesh-answer', coverage: coverageOf([...COMMON_PARTS, '"@path"']), hasNonce: false };
const BODY = Buffer.from('{"ok":true}');

interface Heard {
  readonly profile: Profile;
  readonly status: number;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly from: typeof cloud.id;
  readonly to: typeof mac.id;
  readonly key: typeof cloud.key;
  readonly nowSeconds: number;
}

const said = signStatement(
  PLAIN,
  { status: 200, from: cloud.id, to: mac.id, digest: contentDigest(BODY), createdSeconds: NOW },
  [],
  cloud.signer,
);

/** What cloud said to mac, as somebody hears it; the reason when it is not believed. */
function hear(change: Partial<Heard> = {}): unknown {
  const plain = { profile: PLAIN, status: 200, body: BODY, headers: said, nowSeconds: NOW };
  const heard: Heard = { ...plain, from: cloud.id, to: mac.id, key: cloud.key, ...change };
  const { profile, headers, status, body, ...expected } = heard;
  try {
    return verifyStatement(profile, { status, body, field: (name) => headers[name] }, [], expected).createdSeconds;
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    return (error.extra as { reason?: string }).reason;
  }
}

describe('a signed statement', () => {
  it('is believed of its host, with its time', () => {
    expect(hear()).toBe(NOW);
  });

  it.each<[string, Partial<Heard>]>([
    ['forged', { status: 201 }],
    ['forged', { key: lab.key }],
    ['forged', { headers: { ...said, 'content-digest': contentDigest(Buffer.from('x')) }, body: Buffer.from('x') }],
    ['digest', { body: Buffer.from('{"ok":false}') }],
    ['sender', { from: lab.id }],
    ['sender', { headers: { ...said, 'mesh-from': 'lab' } }],
    ['recipient', { to: lab.id }],
    ['recipient', { headers: { ...said, 'mesh-to': 'lab' } }],
    ['kind', { profile: { ...PLAIN, tag: 'mesh-refusal' } }],
    ['coverage', { profile: WITH_PATH }],
    ['missing', { headers: {} }],
    ['clock_skew', { nowSeconds: NOW + 61 }],
    ['clock_skew', { nowSeconds: NOW - 61 }],
  ])('is refused as %s: %j', (reason, change) => {
    expect(hear(change)).toBe(reason);
  });

  it('says what time it is at its host only once it is proven', () => {
    expect(hear({ nowSeconds: NOW + 61, key: lab.key })).toBe('forged');
  });

  it('covers what its kind adds', () => {
    const statement = {
      ...{ status: 200, from: cloud.id, to: mac.id, digest: contentDigest(BODY) },
      createdSeconds: NOW,
    };
    const headers: Record<string, string> = signStatement(WITH_PATH, statement, [['"@path"', '/a']], cloud.signer);
    const received = { status: 200, body: BODY, field: (name: string) => headers[name] };
    const expected = { from: cloud.id, to: mac.id, key: cloud.key, nowSeconds: NOW };
    expect(verifyStatement(WITH_PATH, received, [['"@path"', '/a']], expected).createdSeconds).toBe(NOW);
    expect(() => verifyStatement(WITH_PATH, received, [['"@path"', '/b']], expected)).toThrow(/does not fit/);
  });
});
