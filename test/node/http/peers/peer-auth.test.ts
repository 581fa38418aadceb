// Whom a route between hosts believes: each way in which a signed request can be wrong, over the same signer and the same keys.
// Longer than 300 lines: each way to be wrong differs in one thing from the request that is right, which all share.
import { type Context, Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { PEER_BODY_BYTES_MAX } from '../../../../mesh/limits.ts';
import { type Host, rosterOf } from '../../../../mesh/roster.ts';
import { contentDigest } from '../../../../mesh/signature/digest.ts';
import { NonceCache } from '../../../../mesh/signature/nonces.ts';
import { verifyResponse } from '../../../../mesh/signature/response.ts';
import { onError } from '../../../../node/http/errors.ts';
import { answerBytes, answerJson, answerPrepared } from '../../../../node/http/peers/answer-signature.ts';
import {
  optionalPeerAuth,
  type PeerAuthOptions,
  peerAuth,
  peerMessage,
} from '../../../../node/http/peers/peer-auth.ts';
import { createShell } from '../../../../node/http/shell.ts';
import type { PeerKeys } from '../../../../node/peers/keys/peer-keys.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { testKeys } from '../../../support/test-keys.ts';
import {
  partsOf,
  type SignedTestRequest,
  signedTestRequest,
  testHost,
  trustingHosts,
} from '../../../support/trusting-hosts.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const { mac, cloud, lab } = trustingHosts('mac', 'cloud', 'lab');
const { stranger } = testKeys('stranger');
const PREPARED = Buffer.from(JSON.stringify({ big: 'x'.repeat(100_000) }));

function setUp(change: Partial<PeerAuthOptions> = {}) {
  const clock = new VirtualClock();
  const log = new RecordingLog();
  const app = createShell(log);
  const options = { ...cloud.auth(clock), ...change };
  let handled = 0;
  let digested = 0;
  const handler = (c: Context) => {
    handled += 1;
    const { from, body } = peerMessage(c);
    return answerJson(c, { from, body: Buffer.from(body).toString() });
  };
  app.use('/mesh/*', peerAuth(options));
  app.on(['GET', 'POST'], '/mesh/echo', handler);
  app.get('/mesh/plain', (c) => c.json({ plain: true }, 202));
  app.get('/mesh/empty', (c) => c.body(null, 204));
  app.get('/mesh/refusing', () => {
    throw new MeshError('membership_mismatch', 'The lists differ.');
  });
  app.get('/mesh/changing-its-mind', (c) => {
    answerBytes(c, PREPARED);
    throw new MeshError('membership_mismatch', 'The lists differ.');
  });
  app.get('/mesh/broken', () => {
    throw new Error('a bug');
  });
  app.use('/index', optionalPeerAuth(options));
  app.get('/index', (c) => {
    handled += 1;
    return c.json({ from: c.get('peerMessage')?.from ?? null });
  });
  app.use('/prepared', optionalPeerAuth(options));
  app.get('/prepared', (c) => {
    c.header('ETag', '"1"');
    const digest = () => {
      digested += 1;
      return contentDigest(PREPARED);
    };
    return answerPrepared(c, { body: PREPARED, digest });
  });
  const send = async (request: Request) => {
    const response = await app.request(request);
    return { response, body: new Uint8Array(await response.arrayBuffer()) };
  };
  return { app, clock, log, send, handled: () => handled, digested: () => digested };
}

const echo: SignedTestRequest = { method: 'POST', path: '/mesh/echo?a=b', body: { keys: ['titania@x.com'] } };

interface Received {
  response: Response;
  body: Uint8Array;
}

function parsed({ body }: Received): unknown {
  return JSON.parse(Buffer.from(body).toString());
}

/** Throws unless cloud signed it for `to`: the answer to this request, or its refusal. */
function verifySigned(request: Request, { response, body }: Received, clock: VirtualClock, to = mac.id) {
  return verifyResponse(
    { status: response.status, body, field: (name) => response.headers.get(name) ?? undefined },
    {
      from: cloud.id,
      to,
      key: cloud.key,
      request: partsOf(request),
      nowSeconds: Math.floor(clock.wallMs() / 1_000),
    },
  ).kind;
}

describe('a route between hosts', () => {
  it('hands the handler the sender and the octets, and signs its answer', async () => {
    const { send, clock } = setUp();
    const request = mac.request(cloud.id, echo, clock);
    const answer = await send(request);
    expect(answer.response.status).toBe(200);
    expect(parsed(answer)).toEqual({ from: 'mac', body: JSON.stringify(echo.body) });
    expect(verifySigned(request, answer, clock)).toBe('answer');
  });

  it.each([
    ['/mesh/plain', 202, { plain: true }],
    ['/mesh/refusing', 409, { error: 'membership_mismatch', message: 'The lists differ.' }],
    ['/mesh/changing-its-mind', 409, { error: 'membership_mismatch', message: 'The lists differ.' }],
    ['/mesh/broken', 500, { error: 'internal_error' }],
    ['/mesh/nothing', 404, { error: 'not_found' }],
  ])('signs the answer of %s too (%i)', async (path, status, body) => {
    const { send, clock } = setUp();
    const request = mac.request(cloud.id, { path }, clock);
    const answer = await send(request);
    expect(answer.response.status).toBe(status);
    expect(parsed(answer)).toMatchObject(body);
    expect(verifySigned(request, answer, clock)).toBe('answer');
  });

  it('signs an answer without a body', async () => {
    const { send, clock } = setUp();
    const request = mac.request(cloud.id, { path: '/mesh/empty' }, clock);
    const answer = await send(request);
    expect([answer.response.status, answer.body.byteLength]).toEqual([204, 0]);
    expect(verifySigned(request, answer, clock)).toBe('answer');
  });

  it('refuses a request without a signature, unsigned', async () => {
    const { send, handled } = setUp();
    const answer = await send(new Request('http://cloud.test/mesh/echo', { method: 'POST', body: '{}' }));
    expect([answer.response.status, answer.response.headers.get('signature')]).toEqual([401, null]);
    expect(parsed(answer)).toMatchObject({ error: 'signature_refused', reason: 'missing' });
    expect(handled()).toBe(0);
  });

  it.each([
    ['with another body', 'digest', { ...echo, signedAs: { body: Buffer.from('other') } }],
    ['for another path', 'forged', { ...echo, signedAs: { target: '/mesh/plain' } }],
    ['for another method', 'forged', { ...echo, signedAs: { method: 'PUT' } }],
    ['for another host', 'recipient', { ...echo, signedAs: { to: lab.id } }],
    ['too old', 'clock_skew', { ...echo, signedAs: { createdSeconds: 1 } }],
  ])('refuses a request signed %s, as %s, in a signed refusal', async (_, reason, what) => {
    const { send, clock, handled } = setUp();
    const request = mac.request(cloud.id, what, clock);
    const answer = await send(request);
    expect(answer.response.status).toBe(401);
    expect(parsed(answer)).toMatchObject({ error: 'signature_refused', reason });
    expect(verifySigned(request, answer, clock)).toBe('refusal');
    expect(handled()).toBe(0);
  });

  it('refuses a repeated request, also at another time', async () => {
    const { send, clock, handled } = setUp();
    const request = mac.request(cloud.id, echo, clock);
    await send(request.clone());
    await clock.advance(30_000);
    const answer = await send(request);
    expect(parsed(answer)).toMatchObject({ reason: 'replayed' });
    expect(handled()).toBe(1);
  });

  it('refuses a host that it does not list', async () => {
    const { send, clock, handled } = setUp();
    const request = signedTestRequest(stranger, cloud.id, echo, clock);
    const answer = await send(request);
    expect(answer.response.status).toBe(403);
    expect(parsed(answer)).toMatchObject({ error: 'unlisted_host', message: expect.stringContaining('does not list') });
    expect(verifySigned(request, answer, clock, stranger.id)).toBe('refusal');
    expect(handled()).toBe(0);
  });

  it('refuses a host that hosts.json disables', async () => {
    const hosts = [testHost(cloud.id), testHost(mac.id, undefined, { enabled: false })];
    const { send, clock } = setUp({ roster: () => rosterOf(hosts, hosts[0] as Host), mayClaim: () => false });
    expect(parsed(await send(mac.request(cloud.id, echo, clock)))).toMatchObject({ error: 'unlisted_host' });
  });

  it('refuses a request that says it comes from this host', async () => {
    const { send, clock } = setUp();
    expect(parsed(await send(cloud.request(cloud.id, echo, clock)))).toMatchObject({ reason: 'sender' });
  });

  it('refuses a body above the bound, announced or not, without reading on', async () => {
    const { send, clock, handled } = setUp();
    const request = mac.request(cloud.id, echo, clock);
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(64 * 1_024));
      },
    });
    const flood = new Request(request.url, {
      method: 'POST',
      headers: request.headers,
      body: endless,
      duplex: 'half',
    });
    expect((await send(flood)).response.status).toBe(413);
    expect(pulled).toBeLessThan(20);
    const announced = mac.request(cloud.id, echo, clock);
    announced.headers.set('content-length', String(PEER_BODY_BYTES_MAX + 1));
    expect((await send(announced)).response.status).toBe(413);
    expect(handled()).toBe(0);
  });

  it('answers 503 when it can remember no more nonces', async () => {
    const { send, clock } = setUp({ nonces: new NonceCache({ sinceSeconds: () => 0, max: 0 }) });
    const answer = await send(mac.request(cloud.id, echo, clock));
    expect([answer.response.status, answer.response.headers.get('retry-after')]).toEqual([503, '1']);
  });
});

describe('a sender whose key is not known yet', () => {
  function withKeys(change: Partial<PeerKeys>) {
    return setUp({ keys: { ...cloud.keys, known: () => undefined, ...change } });
  }

  it('is asked for it once, and its request goes on', async () => {
    let learned = 0;
    const { send, clock } = withKeys({
      learn: async () => {
        learned += 1;
        return { kind: 'known', key: mac.key };
      },
    });
    expect((await send(mac.request(cloud.id, echo, clock))).response.status).toBe(200);
    expect(learned).toBe(1);
  });

  it('is refused when it can not be learned, with the reason', async () => {
    const { send, clock, handled } = withKeys({
      learn: async () => ({ kind: 'silent', why: 'Nobody answers there.' }),
    });
    const request = mac.request(cloud.id, echo, clock);
    const answer = await send(request);
    expect(answer.response.status).toBe(401);
    expect(parsed(answer)).toMatchObject({
      error: 'signature_refused',
      reason: 'unknown_key',
      message: expect.stringContaining('Nobody answers there.'),
    });
    expect(verifySigned(request, answer, clock)).toBe('refusal');
    expect(handled()).toBe(0);
  });

  it('is not asked when hosts.json does not list it', async () => {
    const asked: string[] = [];
    const { send, clock } = withKeys({
      learn: async (id) => {
        asked.push(id);
        return { kind: 'silent', why: 'nobody' };
      },
    });
    await send(signedTestRequest(stranger, cloud.id, echo, clock));
    expect(asked).toEqual([]);
  });
});

describe('a sender with another key', () => {
  it('is refused and suspected', async () => {
    const suspected: string[] = [];
    const { send, clock } = setUp({ keys: { ...cloud.keys, suspect: (id) => suspected.push(id) } });
    const answer = await send(signedTestRequest({ id: mac.id, signer: stranger.signer }, cloud.id, echo, clock));
    expect(parsed(answer)).toMatchObject({ error: 'signature_refused', reason: 'forged' });
    expect(suspected).toEqual(['mac']);
  });

  it('is confirmed when its signature fits', async () => {
    const confirmed: string[] = [];
    const { send, clock } = setUp({ keys: { ...cloud.keys, confirm: (id) => confirmed.push(id) } });
    await send(mac.request(cloud.id, echo, clock));
    expect(confirmed).toEqual(['mac']);
  });
});

describe('a route for anybody', () => {
  it('answers an unsigned request, unsigned', async () => {
    const { send } = setUp();
    const answer = await send(new Request('http://cloud.test/index'));
    expect([answer.response.status, answer.response.headers.get('signature')]).toEqual([200, null]);
    expect(parsed(answer)).toEqual({ from: null });
  });

  it('knows who signed, and signs the answer', async () => {
    const { send, clock } = setUp();
    const request = mac.request(cloud.id, { path: '/index' }, clock);
    const answer = await send(request);
    expect(parsed(answer)).toEqual({ from: 'mac' });
    expect(verifySigned(request, answer, clock)).toBe('answer');
  });

  it('answers a host that it does not list as anybody, and signs nothing for it', async () => {
    const { send, clock } = setUp();
    const answer = await send(signedTestRequest(stranger, cloud.id, { path: '/index' }, clock));
    expect([answer.response.status, parsed(answer)]).toEqual([200, { from: null }]);
    expect(answer.response.headers.get('signature')).toBeNull();
  });

  it('learns the key of a listed host before it signs an answer for it', async () => {
    const { send, clock } = setUp({ keys: { ...cloud.keys, known: () => undefined } });
    const request = mac.request(cloud.id, { path: '/index' }, clock);
    const answer = await send(request);
    expect(parsed(answer)).toEqual({ from: 'mac' });
    expect(verifySigned(request, answer, clock)).toBe('answer');
  });

  it('answers a listed host whose key can not be learned as anybody, and signs nothing for it', async () => {
    const learn = async () => ({ kind: 'silent', why: 'Nobody answers there.' }) as const;
    const { send, clock } = setUp({ keys: { ...cloud.keys, known: () => undefined, learn } });
    const answer = await send(mac.request(cloud.id, { path: '/index' }, clock));
    expect([answer.response.status, parsed(answer)]).toEqual([200, { from: null }]);
    expect(answer.response.headers.get('signature')).toBeNull();
  });

  it.each([
    ['forged', signedTestRequest, stranger.signer, {}],
    ['clock_skew', signedTestRequest, mac.signer, { createdSeconds: 1 }],
  ])('refuses a %s signature of a known host', async (reason, sign, signer, signedAs) => {
    const { send, clock, handled } = setUp();
    const request = sign({ id: mac.id, signer }, cloud.id, { path: '/index', signedAs }, clock);
    const answer = await send(request);
    expect([answer.response.status, parsed(answer)]).toMatchObject([401, { reason }]);
    expect(verifySigned(request, answer, clock)).toBe('refusal');
    expect(handled()).toBe(0);
  });

  it("lets a signature under another name pass as nobody's", async () => {
    const { send } = setUp();
    const headers = { 'signature-input': 'gateway=("@method");created=1', signature: 'gateway=:AAAA:' };
    const answer = await send(new Request('http://cloud.test/index', { headers }));
    expect([answer.response.status, parsed(answer)]).toEqual([200, { from: null }]);
  });

  it('signs prepared octets by the digest that is kept of them, with the headers of the handler', async () => {
    const { send, clock, digested } = setUp();
    for (let turn = 0; turn < 2; turn += 1) {
      const request = mac.request(cloud.id, { path: '/prepared' }, clock);
      const answer = await send(request);
      expect(answer.response.headers.get('etag')).toBe('"1"');
      expect(Buffer.from(answer.body).equals(PREPARED)).toBe(true);
      expect(verifySigned(request, answer, clock)).toBe('answer');
      expect(digested()).toBe(turn + 1);
      answer.response.headers.set('etag', '"2"');
      expect(() => verifySigned(request, answer, clock)).toThrow(/does not fit/);
      answer.response.headers.delete('etag');
      expect(() => verifySigned(request, answer, clock)).toThrow(/must cover exactly/);
    }
  });
});

describe('a handler without peerAuth before it', () => {
  it('gets nobody: reading the sender is a bug', async () => {
    const app = new Hono();
    const log = new RecordingLog();
    app.onError(onError(log));
    app.get('/', (c) => c.text(peerMessage(c).from));
    expect((await app.request('/')).status).toBe(500);
    expect(log.named('request.failed')).toHaveLength(1);
  });
});
