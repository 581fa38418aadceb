import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { contentDigest } from '../../../mesh/signature/digest.ts';
import { signRequest } from '../../../mesh/signature/request.ts';
import { isSigned, signResponse, verifyResponse } from '../../../mesh/signature/response.ts';
import { testKeys } from '../../support/test-keys.ts';

const NOW = 1_770_000_000;
const { mac, cloud, lab } = testKeys('mac', 'cloud', 'lab');

function requestSignature(nonce: string): string {
  return signRequest(
    {
      method: 'GET',
      target: '/api/mesh/v1/config',
      from: mac.id,
      to: cloud.id,
      body: new Uint8Array(),
      createdSeconds: NOW,
      nonce,
    },
    mac.signer,
  ).signature;
}

const question = requestSignature('AAECAwQFBgcICQoLDA0ODw');

interface Wire {
  status: number;
  body: Uint8Array;
  headers: Record<string, string>;
}

function answered(change: Partial<Parameters<typeof signResponse>[0]> = {}, signer = cloud.signer): Wire {
  const body = Buffer.from('{"ok":true}');
  const response = {
    status: 200,
    from: cloud.id,
    to: mac.id,
    digest: contentDigest(body),
    requestSignature: question,
    createdSeconds: NOW,
    ...change,
  };
  return { status: response.status, body, headers: { ...signResponse(response, signer) } };
}

function verdict(wire: Wire, options: { nowSeconds?: number; asked?: string } = {}): unknown {
  const { nowSeconds = NOW, asked = question } = options;
  const { status, body, headers } = wire;
  try {
    verifyResponse(
      { status, body, field: (name) => headers[name] },
      { from: cloud.id, to: mac.id, key: cloud.key, requestSignature: asked, nowSeconds },
    );
    return 'accepted';
  } catch (error) {
    if (error instanceof MeshError) return { code: error.code, reason: error.extra.reason };
    throw error;
  }
}

const untrusted = (reason: string) => ({ code: 'peer_untrusted', reason });

describe('a signed answer', () => {
  it('is accepted by the one who asked', () => {
    expect(verdict(answered())).toBe('accepted');
  });

  it('is refused as the answer to another question, even to the same text asked again', () => {
    expect(verdict(answered(), { asked: requestSignature('BBECAwQFBgcICQoLDA0ODw') })).toEqual(untrusted('forged'));
  });

  it('is refused with another status', () => {
    expect(verdict({ ...answered(), status: 404 })).toEqual(untrusted('forged'));
  });

  it('is refused with another body', () => {
    expect(verdict({ ...answered(), body: Buffer.from('{"ok":false}') })).toEqual(untrusted('digest'));
  });

  it('is refused with another body and the digest that fits it', () => {
    const body = Buffer.from('{"ok":false}');
    const wire = answered();
    expect(verdict({ ...wire, body, headers: { ...wire.headers, 'content-digest': contentDigest(body) } })).toEqual(
      untrusted('forged'),
    );
  });

  it('is refused when another host signed it', () => {
    expect(verdict(answered({}, lab.signer))).toEqual(untrusted('forged'));
  });

  it('is refused from another host, though that host signed it well', () => {
    expect(verdict(answered({ from: lab.id }, lab.signer))).toEqual(untrusted('sender'));
  });

  it('is refused when it is addressed to another host', () => {
    expect(verdict(answered({ to: lab.id }))).toEqual(untrusted('recipient'));
  });

  it.each([
    [-61, untrusted('stale')],
    [-60, 'accepted'],
    [60, 'accepted'],
    [61, untrusted('stale')],
  ])('made %i s from our clock is %o', (offset, outcome) => {
    expect(verdict(answered({ createdSeconds: NOW + offset }))).toEqual(outcome);
  });

  it('is refused when its keyid names another host', () => {
    const wire = answered();
    wire.headers['signature-input'] = String(wire.headers['signature-input']).replace('"cloud"', '"lab"');
    expect(verdict(wire)).toEqual(untrusted('sender'));
  });

  it('is refused when its time was altered', () => {
    const wire = answered();
    wire.headers['signature-input'] = String(wire.headers['signature-input']).replace(`=${NOW}`, `=${NOW + 1}`);
    expect(verdict(wire)).toEqual(untrusted('forged'));
  });

  it.each([
    ['the binding to the request', ' "signature";req;key="mesh"', ''],
    ['the request flag of the binding', ';req;key', ';key'],
    ['the status', '"@status" ', ''],
  ])('is refused when it does not cover %s', (_, covered, left) => {
    const wire = answered();
    const input = String(wire.headers['signature-input']);
    wire.headers['signature-input'] = input.replace(covered, left);
    expect(wire.headers['signature-input']).not.toBe(input);
    expect(verdict(wire)).toEqual(untrusted('coverage'));
  });

  it.each(['signature', 'signature-input', 'content-digest'])('is refused without %s', (name) => {
    const wire = answered();
    delete wire.headers[name];
    expect(verdict(wire)).toEqual(untrusted('missing'));
  });

  it.each(['mesh-from', 'mesh-to'])('is refused without %s', (name) => {
    const wire = answered();
    delete wire.headers[name];
    expect(verdict(wire)).toMatchObject({ code: 'peer_untrusted' });
  });

  it("is refused when a request's signature is put in its place", () => {
    const wire = answered();
    const request = signRequest(
      {
        method: 'GET',
        target: '/',
        from: cloud.id,
        to: mac.id,
        body: wire.body,
        createdSeconds: NOW,
        nonce: 'AAECAwQFBgcICQoLDA0ODw',
      },
      cloud.signer,
    );
    expect(verdict({ ...wire, headers: { ...request.headers } })).toEqual(untrusted('coverage'));
  });

  it('says whether it is signed at all', () => {
    const { headers } = answered();
    expect([isSigned({ field: (name) => headers[name] }), isSigned({ field: () => undefined })]).toEqual([true, false]);
  });
});
