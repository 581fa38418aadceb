import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { contentDigest } from '../../../mesh/signature/digest.ts';
import { orRefuse } from '../../../mesh/signature/faults.ts';
import { NonceCache } from '../../../mesh/signature/nonces.ts';
import {
  type AcceptedRequest,
  acceptRequest,
  type OutgoingRequest,
  openRequest,
  type SignedRequest,
  signRequest,
} from '../../../mesh/signature/request.ts';
import { isSigned, signRefusal, signResponse, verifyResponse } from '../../../mesh/signature/response.ts';
import { testKeys } from '../../support/test-keys.ts';

const NOW = 1_770_000_000;
const { mac, cloud, lab } = testKeys('mac', 'cloud', 'lab');

const QUESTION: OutgoingRequest = {
  method: 'GET',
  target: '/api/mesh/v1/config?of=x',
  from: mac.id,
  to: cloud.id,
  body: new Uint8Array(),
  createdSeconds: NOW,
  nonce: 'AAECAwQFBgcICQoLDA0ODw',
};

function asked(change: Partial<OutgoingRequest> = {}): SignedRequest {
  return signRequest({ ...QUESTION, ...change }, mac.signer);
}

/** As cloud verified it. */
function accepted(change: Partial<OutgoingRequest> = {}): AcceptedRequest {
  const { method, target, body } = { ...QUESTION, ...change };
  const headers: Record<string, string> = asked(change).headers;
  const nonces = new NonceCache({ sinceSeconds: () => 0 });
  const check = { self: cloud.id, body, key: mac.key, nonces, nowSeconds: NOW };
  return orRefuse(acceptRequest(orRefuse(openRequest({ method, target, field: (name) => headers[name] })), check));
}

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
    request: accepted(),
    createdSeconds: NOW,
    ...change,
  };
  return { status: response.status, body, headers: { ...signResponse(response, signer) } };
}

function verdict(wire: Wire, options: { nowSeconds?: number; question?: SignedRequest } = {}): unknown {
  const { nowSeconds = NOW, question = asked() } = options;
  const { status, body, headers } = wire;
  try {
    return verifyResponse(
      { status, body, field: (name) => headers[name] },
      { from: cloud.id, to: mac.id, key: cloud.key, request: question.parts, nowSeconds },
    ).kind;
  } catch (error) {
    if (error instanceof MeshError) return { code: error.code, reason: error.extra.reason };
    throw error;
  }
}

const untrusted = (reason: string) => ({ code: 'peer_untrusted', reason });

describe('a signed answer', () => {
  it('is accepted by the one who asked', () => {
    expect(verdict(answered())).toBe('answer');
  });

  it('is refused as the answer to another question, even to the same text asked again', () => {
    const question = asked({ nonce: 'BBECAwQFBgcICQoLDA0ODw' });
    expect(verdict(answered(), { question })).toEqual(untrusted('forged'));
  });

  it.each([
    ['method', { method: 'POST' }],
    ['path', { target: '/api/mesh/v1/other?of=x' }],
    ['query', { target: '/api/mesh/v1/config?of=y' }],
    ['body', { body: Buffer.from('{}') }],
    ['time', { createdSeconds: NOW + 1 }],
    ['nonce', { nonce: 'BBECAwQFBgcICQoLDA0ODw' }],
  ])(
    'is refused by whoever asked with another %s, though the signature of the question is put in place',
    (_, change) => {
      const { parts } = asked(change);
      const question = { ...asked(), parts: { ...parts, signature: asked().parts.signature } };
      expect(verdict(answered(), { question })).toEqual(untrusted('forged'));
    },
  );

  it('is refused when it is signed as earlier versions signed', () => {
    const wire = answered();
    wire.headers['signature-input'] = String(wire.headers['signature-input']).replace('"mesh-answer"', '"mesh"');
    expect(verdict(wire)).toEqual(untrusted('version'));
  });

  it('is refused with another version of what it shows than was signed, with none, and with one where none was', () => {
    const [tagged, plain] = [answered({ etag: '"1"' }), answered()];
    const etag = (wire: Wire, text?: string) => {
      const headers = { ...wire.headers };
      if (text !== undefined) headers.etag = text;
      return verdict({ ...wire, headers });
    };
    expect([etag(tagged, '"1"'), etag(tagged, '"2"'), etag(tagged), etag(plain), etag(plain, '"1"')]).toEqual([
      'answer',
      untrusted('forged'),
      untrusted('coverage'),
      'answer',
      untrusted('coverage'),
    ]);
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
    [-61, { ...untrusted('clock_skew'), code: 'clock_skew' }],
    [-60, 'answer'],
    [60, 'answer'],
    [61, { ...untrusted('clock_skew'), code: 'clock_skew' }],
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
    ['the signature of the request', ' "signature";req;key="mesh"', ''],
    ['the method of the request', ' "@method";req', ''],
    ['the path of the request', ' "@path";req', ''],
    ['the query of the request', ' "@query";req', ''],
    ['the body of the request', ' "content-digest";req', ''],
    ['the nonce of the request', ' "signature-input";req;key="mesh"', ''],
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
    expect(verdict({ ...wire, headers: { ...request.headers } })).toEqual(untrusted('kind'));
  });

  it('says whether it is signed at all', () => {
    const { headers } = answered();
    expect([isSigned({ field: (name) => headers[name] }), isSigned({ field: () => undefined })]).toEqual([true, false]);
  });
});

describe('a signed refusal', () => {
  const body = Buffer.from('{"error":"signature_refused"}');
  const refusal = (request = openedOf(asked())): Wire => {
    const said = { status: 401, from: cloud.id, to: mac.id, digest: contentDigest(body), createdSeconds: NOW };
    return { status: 401, body, headers: { ...signRefusal({ ...said, request }, cloud.signer) } };
  };
  const openedOf = ({ headers }: SignedRequest, target = QUESTION.target) =>
    orRefuse(openRequest({ method: 'GET', target, field: (name) => (headers as Record<string, string>)[name] }));

  it('is told from an answer', () => {
    expect(verdict(refusal())).toBe('refusal');
  });

  it('stays one, when its tag is altered to that of an answer', () => {
    const wire = refusal();
    wire.headers['signature-input'] = String(wire.headers['signature-input']).replace('-refusal"', '-answer"');
    expect(verdict(wire)).toEqual(untrusted('coverage'));
  });

  it('is no answer, whatever status it is given: not even of a request that was shown at another path', () => {
    expect(verdict({ ...refusal(openedOf(asked(), '/elsewhere')), status: 200 })).toEqual(untrusted('forged'));
    expect(verdict(refusal(openedOf(asked(), '/elsewhere')))).toBe('refusal');
  });

  it('is refused when it is about another request', () => {
    const question = asked({ nonce: 'BBECAwQFBgcICQoLDA0ODw' });
    expect(verdict(refusal(), { question })).toEqual(untrusted('forged'));
  });

  it('can not be made of an answer', () => {
    const wire = answered();
    wire.headers['signature-input'] = String(wire.headers['signature-input']).replace('-answer"', '-refusal"');
    expect(verdict(wire)).toEqual(untrusted('coverage'));
  });
});
