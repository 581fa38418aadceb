import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { orRefuse } from '../../../mesh/signature/faults.ts';
import { NonceCache } from '../../../mesh/signature/nonces.ts';
import {
  acceptRequest,
  type OutgoingRequest,
  openRequest,
  type ReceivedRequest,
  screenRequest,
  signRequest,
} from '../../../mesh/signature/request.ts';
import { testKeys } from '../../support/test-keys.ts';

const NOW = 1_770_000_000;
const { mac, cloud, lab } = testKeys('mac', 'cloud', 'lab');

const message: OutgoingRequest = {
  method: 'POST',
  target: '/api/mesh/v1/prepare?round=1',
  from: mac.id,
  to: cloud.id,
  body: Buffer.from('{"keys":["titania@x.com"]}'),
  createdSeconds: NOW,
  nonce: 'AAECAwQFBgcICQoLDA0ODw',
};

interface Wire {
  method: string;
  target: string;
  body: Uint8Array;
  headers: Record<string, string>;
}

function sent(change: Partial<OutgoingRequest> = {}, signer = mac.signer): Wire {
  const request = { ...message, ...change };
  const { method, target, body } = request;
  return { method, target, body, headers: { ...signRequest(request, signer).headers } };
}

function received({ method, target, headers }: Wire): ReceivedRequest {
  return { method, target, field: (name) => headers[name] };
}

function accept(wire: Wire, options: { nowSeconds?: number; nonces?: NonceCache; key?: typeof mac.key } = {}): void {
  const { nowSeconds = NOW, nonces = new NonceCache({ sinceSeconds: () => 0 }), key = mac.key } = options;
  const opened = orRefuse(openRequest(received(wire)));
  orRefuse(screenRequest(opened, cloud.id, nowSeconds) ?? {});
  orRefuse(acceptRequest(opened, { self: cloud.id, body: wire.body, key, nonces, nowSeconds }));
}

function refusal(attempt: () => void): unknown {
  try {
    attempt();
  } catch (error) {
    if (error instanceof MeshError) return { code: error.code, reason: error.extra.reason };
    throw error;
  }
  return 'accepted';
}

const refused = (reason: string) => ({ code: 'signature_refused', reason });

describe('a signed request', () => {
  it('is accepted as it was sent, and names its sender', () => {
    expect(orRefuse(openRequest(received(sent()))).from).toBe('mac');
    expect(refusal(() => accept(sent()))).toBe('accepted');
  });

  it.each([
    ['without a query', { target: '/api/mesh/v1/hello' }],
    ['without a body', { method: 'GET', body: new Uint8Array() }],
    ['with an apostrophe in the path', { target: "/api/agents/o'brien" }],
    ['with a percent-encoded query', { target: '/api/agents/email-index?address=o%27brien%2Bx%40x.com' }],
  ])('is accepted %s', (_, change) => {
    expect(refusal(() => accept(sent(change)))).toBe('accepted');
  });

  it.each([
    ['another method', 'forged', (wire: Wire) => ({ ...wire, method: 'GET' })],
    ['another path', 'forged', (wire: Wire) => ({ ...wire, target: '/api/mesh/v1/accept?round=1' })],
    ['another query', 'forged', (wire: Wire) => ({ ...wire, target: '/api/mesh/v1/prepare?round=2' })],
    ['no query', 'forged', (wire: Wire) => ({ ...wire, target: '/api/mesh/v1/prepare' })],
    ['a fragment', 'malformed', (wire: Wire) => ({ ...wire, target: `${wire.target}#x` })],
    ['another body', 'digest', (wire: Wire) => ({ ...wire, body: Buffer.from('{"keys":["oberon@x.com"]}') })],
    ['no body', 'digest', (wire: Wire) => ({ ...wire, body: new Uint8Array() })],
  ])('is refused with %s, as %s', (_, reason, tamper) => {
    expect(refusal(() => accept(tamper(sent())))).toEqual(refused(reason));
  });

  const other = signRequest({ ...message, body: Buffer.from('other') }, mac.signer).headers;
  it.each([
    ['mesh-from and keyid', 'forged', { 'mesh-from': 'lab', 'signature-input': ['keyid="mac"', 'keyid="lab"'] }],
    ['mesh-from alone', 'sender', { 'mesh-from': 'lab' }],
    ['mesh-to', 'recipient', { 'mesh-to': 'lab' }],
    ['content-digest', 'digest', { 'content-digest': other['content-digest'] }],
    ['created', 'forged', { 'signature-input': [`created=${NOW}`, `created=${NOW + 1}`] }],
    ['nonce', 'forged', { 'signature-input': ['nonce="AAEC', 'nonce="BAEC'] }],
    ['alg', 'malformed', { 'signature-input': ['alg="ed25519"', 'alg="hmac-sha256"'] }],
    ['nonce, to a guessable one', 'malformed', { 'signature-input': [message.nonce, 'short'] }],
    ['nonce, to an endless one', 'malformed', { 'signature-input': [message.nonce, 'n'.repeat(65)] }],
    ['tag', 'kind', { 'signature-input': ['tag="mesh-request"', 'tag="mesh-answer"'] }],
    ['tag, to that of earlier versions', 'version', { 'signature-input': ['tag="mesh-request"', 'tag="mesh"'] }],
    ['signature', 'forged', { signature: other.signature }],
    ['the covered parts', 'coverage', { 'signature-input': [' "mesh-to")', ')'] }],
    ['the order of the parts', 'coverage', { 'signature-input': ['"@method" "@path"', '"@path" "@method"'] }],
    ['a further part', 'coverage', { 'signature-input': [' "mesh-to")', ' "mesh-to" "date")'] }],
    ['a further parameter', 'coverage', { 'signature-input': [';tag=', `;expires=${NOW + 5};tag=`] }],
    ['the label', 'missing', { 'signature-input': ['mesh=', 'sig1='] }],
  ])('is refused when somebody changes %s, as %s', (_, reason, change) => {
    const wire = sent();
    for (const [name, value] of Object.entries(change)) {
      const before = wire.headers[name] ?? '';
      const after = typeof value === 'string' ? value : before.replace(value[0] ?? '', value[1] ?? '');
      expect(after).not.toBe(before);
      wire.headers[name] = after;
    }
    expect(refusal(() => accept(wire))).toEqual(refused(reason));
  });

  it.each(['signature', 'signature-input', 'content-digest', 'mesh-from', 'mesh-to'])(
    'is refused without %s',
    (name) => {
      const wire = sent();
      delete wire.headers[name];
      expect(refusal(() => accept(wire))).toEqual(refused('missing'));
    },
  );

  it.each([
    ['signature-input', '"', 'malformed'],
    ['signature-input', 'mesh=?1', 'malformed'],
    ['signature-input', 'mesh', 'malformed'],
    ['signature-input', '', 'missing'],
    ['signature-input', '((', 'malformed'],
    ['signature', 'mesh=:AAAA:', 'malformed'],
    ['signature', 'mesh="text"', 'malformed'],
    ['signature', 'mesh=:not base64:', 'malformed'],
    ['signature', '', 'malformed'],
    ['mesh-from', 'MAC', 'malformed'],
    ['mesh-from', '__proto__', 'malformed'],
    ['mesh-to', 'CLOUD', 'malformed'],
    ['mesh-to', 'a, b', 'malformed'],
  ])('is refused when %s is %j, as %s', (name, value, reason) => {
    const wire = sent();
    wire.headers[name] = value;
    expect(refusal(() => accept(wire))).toEqual(refused(reason));
  });

  it('is refused when another host signed it', () => {
    expect(refusal(() => accept(sent({}, lab.signer)))).toEqual(refused('forged'));
  });

  it('is refused when it comes from this host itself', () => {
    expect(refusal(() => accept(sent({ from: cloud.id }, cloud.signer)))).toEqual(refused('sender'));
  });

  it.each([
    [-61, refused('clock_skew')],
    [-60, 'accepted'],
    [60, 'accepted'],
    [61, refused('clock_skew')],
  ])('made %i s from our clock is %o', (offset, outcome) => {
    expect(refusal(() => accept(sent({ createdSeconds: NOW + offset })))).toEqual(outcome);
  });

  it('is accepted only once', () => {
    const nonces = new NonceCache({ sinceSeconds: () => 0 });
    const wire = sent();
    expect(refusal(() => accept(wire, { nonces }))).toBe('accepted');
    expect(refusal(() => accept(wire, { nonces, nowSeconds: NOW + 59 }))).toEqual(refused('replayed'));
  });

  it('takes no room in the memory of nonces when it was forged', () => {
    const nonces = new NonceCache({ sinceSeconds: () => 0 });
    refusal(() => accept(sent({}, lab.signer), { nonces }));
    expect(nonces.size).toBe(0);
  });

  it('is refused as overloaded, for a while, when no more nonces fit', () => {
    const nonces = new NonceCache({ sinceSeconds: () => 0, max: 1 });
    accept(sent(), { nonces });
    expect(refusal(() => accept(sent({ nonce: 'BBECAwQFBgcICQoLDA0ODw' }), { nonces }))).toMatchObject({
      code: 'overloaded',
    });
  });
});

describe('another spelling of the same signature', () => {
  it('with white space, further signatures and further digests is accepted', () => {
    const digest = `sha-512=:AAAA:,  ${sent().headers['content-digest']}`;
    const wire = sent();
    wire.headers['signature-input'] = `proxy=("@method");created=1,   ${wire.headers['signature-input']}`;
    wire.headers.signature = `proxy=:AAAA:, ${wire.headers.signature}`;
    expect(refusal(() => accept(wire))).toBe('accepted');
    // The digest field is covered as it stands, so a new spelling of it needs a new signature.
    wire.headers['content-digest'] = digest;
    expect(refusal(() => accept(wire))).toEqual(refused('forged'));
  });

  it('with its parameters in another order is verified over that order', () => {
    const params = `;tag="mesh-request";alg="ed25519";keyid="mac";nonce="${message.nonce}";created=${NOW}`;
    const wire = sent();
    const [coverage] = (wire.headers['signature-input'] ?? '').split(';');
    wire.headers['signature-input'] = `${coverage}${params}`;
    const { base } = orRefuse(openRequest(received(wire)));
    wire.headers.signature = `mesh=:${Buffer.from(mac.signer.sign(base)).toString('base64')}:`;
    expect(Buffer.from(base).toString()).toContain(params);
    expect(refusal(() => accept(wire))).toBe('accepted');
  });
});
