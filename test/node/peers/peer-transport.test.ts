// The transport against real sockets on loopback. Time is virtual: a deadline passes when the test says so.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { Clock, PeerLane, PeerRequest, PeerTransport } from '../../../mesh/ports.ts';
import { NonceCache } from '../../../mesh/signature/nonces.ts';
import { answerJson } from '../../../node/http/answer-signature.ts';
import { optionalPeerAuth, peerAuth, peerBody, peerOf } from '../../../node/http/peer-auth.ts';
import { createShell } from '../../../node/http/shell.ts';
import { KEPT_ANSWER_MS_MAX, PEER_CONNECTIONS_MAX, PEER_IDLE_MS_MAX } from '../../../node/peers/limits.ts';
import { createPeerTransport, type PeerTransportOptions } from '../../../node/peers/peer-transport.ts';
import { type LoopbackServer, serveApp, serveRaw } from '../../support/loopback.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { systemAddresses } from '../../support/system-names.ts';
import { testKeys } from '../../support/test-keys.ts';
import { trustingHosts } from '../../support/trusting-hosts.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const { mac, cloud } = trustingHosts('mac', 'cloud');
const { stranger } = testKeys('stranger');

const ANSWER_MS = 5_000;
const claim = { to: cloud.id, method: 'POST', path: '/mesh/echo', body: { a: 1 } } as const;
const bounds = { answerMsMax: ANSWER_MS, answerBytesMax: 10_000, answerSignature: 'required' } as const;
const required: PeerRequest = { ...claim, ...bounds, lane: 'claims' };
const lookUp: PeerRequest = {
  ...bounds,
  to: cloud.id,
  lane: 'look-ups',
  method: 'GET',
  path: '/index',
  answerSignature: 'known-key',
};

let stack: AsyncDisposableStack;
let clock: VirtualClock;

beforeEach(() => {
  stack = new AsyncDisposableStack();
  clock = new VirtualClock();
});
afterEach(() => stack.disposeAsync());

function transportTo(server: Pick<LoopbackServer, 'url'>, change: Partial<PeerTransportOptions> = {}): PeerTransport {
  cloud.listensAt(server.url);
  const { id: self, roster, keys, signer } = mac;
  const hostOf = (id: HostId) => roster().get(id);
  const ports = { signer, clock, random: seededRandom(1), addresses: systemAddresses };
  return stack.use(createPeerTransport({ self, hostOf, keys, ...ports, ...change }));
}

/** mac knows no key of cloud. */
const strangers: Partial<PeerTransportOptions> = { keys: { ...mac.keys, known: () => undefined } };

async function cloudServer(change: Partial<Parameters<typeof peerAuth>[0]> = {}): Promise<LoopbackServer> {
  const app = createShell(new RecordingLog());
  app.use('/mesh/*', peerAuth({ ...cloud.auth(clock), ...change }));
  app.on(['GET', 'POST'], '/mesh/echo', (c) =>
    answerJson(c, {
      from: peerOf(c),
      body: Buffer.from(peerBody(c)).toString(),
      query: c.req.query(),
      headers: c.req.header(),
    }),
  );
  app.get('/mesh/conflict', (c) => c.json({ error: 'conflict' }, 409));
  app.get('/mesh/nothing', (c) => c.body(null, 204));
  app.get('/mesh/version', (c) => {
    c.header('etag', '"2"');
    return c.req.header('if-none-match') === '"2"' ? c.body(null, 304) : c.json({});
  });
  app.get('/mesh/text', (c) => c.text('not JSON'));
  app.get('/index', (c) => c.json({ federated: c.req.header('x-federated-query') ?? null }));
  return stack.use(await serveApp(app));
}

async function rawServer(converse: (socket: Socket, request: string) => unknown): Promise<LoopbackServer> {
  return stack.use(await serveRaw(converse));
}

function outcome(asking: Promise<unknown>): Promise<unknown> {
  return asking.then(
    () => 'answered',
    (error: unknown) => {
      if (error instanceof MeshError) return { code: error.code, message: error.message };
      throw error;
    },
  );
}

const failed = (code: string, message: RegExp = /^Host 'cloud'/) => ({
  code,
  message: expect.stringMatching(message),
});

describe('asking a peer', () => {
  it('brings a signed question and a verified answer', async () => {
    const transport = transportTo(await cloudServer());
    const answer = await transport.ask({ ...required, path: "/mesh/echo?address=o'brien%2Bx@x.com" });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      from: 'mac',
      body: '{"a":1}',
      query: { address: "o'brien+x@x.com" },
      headers: { 'content-type': 'application/json', 'accept-encoding': 'identity' },
    });
  });

  it('sends no body where there is none', async () => {
    const transport = transportTo(await cloudServer());
    const { body, ...get } = required;
    const answer = await transport.ask({ ...get, method: 'GET' });
    expect(answer.body).toMatchObject({ from: 'mac', body: '' });
    expect(answer.body).not.toHaveProperty('headers.content-type');
  });

  it.each([
    ['/mesh/conflict', { status: 409, body: { error: 'conflict' } }],
    ['/mesh/nothing', { status: 204, body: undefined }],
    ['/mesh/elsewhere', { status: 404, body: { error: 'not_found', message: 'There is no route /mesh/elsewhere.' } }],
  ])('resolves with whatever %s answers', async (path, answer) => {
    const { body, ...get } = required;
    expect(await transportTo(await cloudServer()).ask({ ...get, method: 'GET', path })).toEqual({
      ...answer,
      digest: expect.stringMatching(/^sha-256=:/),
    });
  });

  it('uses its connections again and again', async () => {
    const server = await cloudServer();
    const transport = transportTo(server);
    for (let turn = 0; turn < 20; turn += 1) await transport.ask(required);
    // The next question may come before undici has seen that the last one is over.
    expect(server.accepted).toBeLessThanOrEqual(2);
    expect(clock.sleepers).toBe(0);
  });

  it('answers many questions at once', async () => {
    const transport = transportTo(await cloudServer());
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, a) => transport.ask({ ...required, body: { a } })),
    );
    expect(answers.map(({ body }) => (body as { body: string }).body)).toEqual(
      answers.map((_, a) => JSON.stringify({ a })),
    );
  });

  it('refuses to ask a host that hosts.json does not list', async () => {
    const transport = transportTo(await cloudServer());
    expect(await outcome(transport.ask({ ...required, to: stranger.id }))).toEqual(
      failed('peer_silent', /lists no host 'stranger'/),
    );
  });

  it('asks with the headers of a look-up, and takes the unsigned answer of a peer whose key is not known', async () => {
    const transport = transportTo(await cloudServer(), strangers);
    const answer = await transport.ask({ ...lookUp, headers: { 'X-Federated-Query': 'true' } });
    expect(answer).toEqual({ status: 200, body: { federated: 'true' } });
  });

  it("lets no caller's header pass for a part of the signature", async () => {
    const transport = transportTo(await cloudServer());
    const answer = await transport.ask({ ...required, headers: { 'mesh-from': 'cloud', signature: 'none' } });
    expect(answer.body).toMatchObject({ from: 'mac' });
  });
});

describe('a peer that does not answer as it should', () => {
  it('is silent when nobody listens', async () => {
    const server = await cloudServer();
    await server[Symbol.asyncDispose]();
    stack = new AsyncDisposableStack();
    expect(await outcome(transportTo(server).ask(required))).toEqual(failed('peer_silent', /ECONNREFUSED/));
  });

  it.each([
    ['says nothing', () => undefined],
    ['sends half a status line', (socket: Socket) => socket.write('HTTP/1.1 2')],
    ['sends headers without an end', (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nx: ')],
    ['sends half a body', (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"half":')],
    [
      'sends chunks without an end',
      (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n'),
    ],
  ])('and %s is silent at the deadline, not before, and its connection is closed', async (_, converse) => {
    const heard = Promise.withResolvers<void>();
    const server = await rawServer((socket) => {
      converse(socket);
      heard.resolve();
    });
    const asking = outcome(transportTo(server).ask(required));
    await heard.promise;
    let ended = false;
    void asking.then(() => {
      ended = true;
    });
    await clock.advance(ANSWER_MS - 1);
    expect([ended, server.open]).toEqual([false, 1]);
    await clock.advance(1);
    expect(await asking).toEqual(failed('peer_silent', /within 5000 ms/));
    await server.emptied();
    expect(clock.sleepers).toBe(0);
  });

  it('and drips its body, an octet now and then, is silent at the deadline', async () => {
    const line = Promise.withResolvers<Socket>();
    const server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
      line.resolve(socket);
    });
    const asking = outcome(transportTo(server).ask(required));
    const socket = await line.promise;
    for (let second = 0; second < 5; second += 1) {
      await new Promise((written) => socket.write('x', written));
      await clock.advance(1_000);
    }
    expect(await asking).toEqual(failed('peer_silent', /within 5000 ms/));
    await server.emptied();
  });

  const head = (...fields: string[]) => `HTTP/1.1 ${['200 OK', ...fields].join('\r\n')}\r\n\r\n`;
  it.each([
    ['announces too much', head('content-length: 10001'), 'peer_unintelligible', /larger than 10000/],
    [
      'sends too much',
      `${head('transfer-encoding: chunked')}2711\r\n${'x'.repeat(10_001)}\r\n`,
      'peer_unintelligible',
      /larger than 10000/,
    ],
    [
      'packs its answer',
      `${head('content-encoding: gzip', 'content-length: 500')}bombs`,
      'peer_unintelligible',
      /gzip/,
    ],
    ['sends giant headers', head(`x: ${'y'.repeat(20_000)}`), 'peer_unintelligible', /header fields/],
    [
      'sends nothing but interim answers',
      'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100),
      'peer_unintelligible',
      /interim answers/,
    ],
    ['does not speak HTTP', 'SSH-2.0-OpenSSH_9.9\r\n', 'peer_unintelligible', /HTTP/],
    ['closes within its headers', 'HTTP/1.1 200 OK\r\nx', 'peer_silent', /No answer/],
    ['closes within its body', `${head('content-length: 100')}{`, 'peer_silent', /No answer/],
  ])('and %s is told apart, and its connection is closed', async (_, bytes, code, message) => {
    const server = await rawServer((socket) => {
      socket.write(bytes, 'latin1');
      if (code === 'peer_silent') socket.end();
    });
    expect(await outcome(transportTo(server).ask(required))).toEqual(failed(code, message));
    await server.emptied();
  });

  it.each([
    ['HTML', '<html>'],
    ['broken UTF-8', '"\xff"'],
    ['half of its JSON', '{"a":'],
  ])('and sends %s is unintelligible', async (_, body) => {
    const server = await rawServer((socket) =>
      socket.write(`${head(`content-length: ${body.length}`)}${body}`, 'latin1'),
    );
    expect(await outcome(transportTo(server).ask(required))).toEqual(failed('peer_unintelligible', /not JSON/));
    expect(await outcome(transportTo(server, strangers).ask(lookUp))).toEqual(
      failed('peer_unintelligible', /not JSON/),
    );
  });

  it.each([undefined, 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{'])(
    'and resets the connection after %j is silent',
    async (bytes) => {
      const server = await rawServer((socket) => {
        if (bytes === undefined) socket.resetAndDestroy();
        else socket.write(bytes, () => socket.resetAndDestroy());
      });
      expect(await outcome(transportTo(server).ask(required))).toEqual(failed('peer_silent', /No answer/));
      await server.emptied();
    },
  );

  it.each([301, 302, 303, 307, 308])('and redirects with %i is not followed', async (status) => {
    const elsewhere = await cloudServer();
    const server = await rawServer((socket) => {
      socket.end(`HTTP/1.1 ${status} Elsewhere\r\nlocation: ${elsewhere.url}/index\r\ncontent-length: 0\r\n\r\n`);
    });
    expect(await outcome(transportTo(server).ask(lookUp))).toEqual(failed('peer_unintelligible', /redirect/));
    expect(elsewhere.accepted).toBe(0);
  });
});

describe('an answer that is not to be believed', () => {
  it.each([
    ['by another key', { signer: stranger.signer }, /signature does not fit/],
    ['as another host', { self: stranger.id, signer: stranger.signer }, /without a signature|speaks as/],
  ])('is refused when it is signed %s, and the peer is suspected', async (_, change, message) => {
    const suspected: string[] = [];
    const server = await cloudServer(change);
    const transport = transportTo(server, { keys: { ...mac.keys, suspect: (id) => suspected.push(id) } });
    expect(await outcome(transport.ask(required))).toEqual(failed('peer_untrusted', message));
    expect(suspected).toEqual(['cloud']);
  });

  it.each([required, lookUp])('is refused unsigned, from a peer whose key is known, to %o', async (question) => {
    const server = await rawServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'));
    expect(await outcome(transportTo(server).ask(question))).toEqual(failed('peer_untrusted', /without a signature/));
  });

  describe('where the operators share a secret', () => {
    const told = (code: 'peer_silent' | 'peer_untrusted' | 'peer_unintelligible'): Partial<PeerTransportOptions> => ({
      keys: {
        ...mac.keys,
        known: () => undefined,
        takesUnsigned: () => false,
        learn: async () => {
          const why = "Host 'cloud' can not be believed.";
          return code === 'peer_silent' ? { kind: 'silent', why } : { kind: 'untrusted', code, why };
        },
      },
    });

    it.each([
      ['peer_untrusted', 'peer_untrusted'],
      ['peer_unintelligible', 'peer_untrusted'],
      ['peer_silent', 'peer_silent'],
    ] as const)('a look-up is not even asked of a peer whose key can not be learned (%s): %s', async (why, code) => {
      const server = await cloudServer();
      expect(await outcome(transportTo(server, told(why)).ask(lookUp))).toEqual(failed(code));
      expect(server.accepted).toBe(0);
    });

    it('a look-up is asked of one that hosts.json declares legacy, and its unsigned answer is taken', async () => {
      const { keys } = told('peer_untrusted');
      const declared = { keys: { ...(keys ?? mac.keys), takesUnsigned: () => true } };
      expect((await transportTo(await cloudServer(), declared).ask(lookUp)).status).toBe(200);
    });
  });

  it('is quoted when it is a refusal, so that the log says why', async () => {
    const server = await rawServer((socket) => {
      const body = '{"error":"signature_refused","message":"No key of \'mac\' is known here yet."}';
      socket.end(`HTTP/1.1 401 No\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
    expect(await outcome(transportTo(server).ask(required))).toEqual(
      failed('peer_untrusted', /answered 401 without a signature.*No key of 'mac' is known/),
    );
  });

  it('is refused when it answered another question', async () => {
    const real = await cloudServer();
    let kept: string | undefined;
    const replaying = await rawServer(async (socket, request) => {
      kept ??= await passOn(real.url, request);
      socket.end(kept, 'latin1');
    });
    const transport = transportTo(replaying);
    expect(await outcome(transport.ask(required))).toBe('answered');
    expect(await outcome(transport.ask(required))).toEqual(failed('peer_untrusted', /our request/));
  });

  it('is refused when somebody in between changed it', async () => {
    const real = await cloudServer();
    const altering = await rawServer(async (socket, request) => {
      socket.end((await passOn(real.url, request)).replace('"from":"mac"', '"from":"max"'), 'latin1');
    });
    expect(await outcome(transportTo(altering).ask(required))).toEqual(failed('peer_untrusted', /sha-256/));
  });

  it.each([
    ['was not asked for', {}, '"2"'],
    ['is of another version than was asked about', { 'if-none-match': '"1"' }, '"2"'],
  ])(
    'is refused when it says "unchanged" and that %s, because somebody in between asked so',
    async (_, headers, asked) => {
      const real = await cloudServer();
      const asking = await rawServer(async (socket, request) => {
        const others = request.replace(/if-none-match: .*\r\n/i, '');
        socket.end(await passOn(real.url, others.replace('\r\n', `\r\nif-none-match: ${asked}\r\n`)), 'latin1');
      });
      const { body, ...get } = required;
      const question = { ...get, method: 'GET', path: '/mesh/version', headers } as const;
      expect(await outcome(transportTo(asking).ask(question))).toEqual(failed('peer_unintelligible', /unchanged/));
      const honest = await transportTo(real, { random: seededRandom(2) }).ask({
        ...question,
        headers: { 'if-none-match': '"2"' },
      });
      expect(honest).toEqual({
        status: 304,
        body: undefined,
        etag: '"2"',
        digest: expect.stringMatching(/^sha-256=:/),
      });
    },
  );

  it('is told as a refusal when the peer did not take the question for ours', async () => {
    const server = await cloudServer({ mayClaim: () => false });
    expect(await outcome(transportTo(server).ask(required))).toEqual(
      failed('peer_refused', /^Host 'cloud': It refused the question \(403\)\. It says: "hosts\.json of host 'cloud'/),
    );
  });

  it('confirms the peer when it is believed', async () => {
    const confirmed: string[] = [];
    const keys = { ...mac.keys, confirm: (id: string) => void confirmed.push(id) };
    await transportTo(await cloudServer(), { keys }).ask(required);
    expect(confirmed).toEqual(['cloud']);
  });
});

/** Sends a request's octets on and returns the answer's, both as they are. */
async function passOn(url: string, request: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(request.replace(/connection: keep-alive/i, 'connection: close'), 'latin1');
  let answer = '';
  for await (const chunk of socket) answer += (chunk as Buffer).toString('latin1');
  return answer;
}

describe('a peer whose key is not known', () => {
  it('is asked for it before a question that needs a signed answer', async () => {
    const order: string[] = [];
    let known = false;
    const app = createShell(new RecordingLog());
    app.use('/mesh/*', peerAuth(cloud.auth(clock)));
    app.post('/mesh/echo', (c) => {
      order.push('asked');
      return c.json({});
    });
    const server = stack.use(await serveApp(app));
    const transport = transportTo(server, {
      keys: {
        ...mac.keys,
        known: () => (known ? cloud.key : undefined),
        learn: async () => {
          order.push('learned');
          known = true;
          return { kind: 'known', key: cloud.key };
        },
      },
    });
    await transport.ask(required);
    expect(order).toEqual(['learned', 'asked']);
  });

  it('is not asked anything when it can not be learned', async () => {
    const server = await cloudServer();
    const why = "Host 'cloud' is not believed.";
    const learn = async () => ({ kind: 'untrusted', code: 'peer_untrusted', why }) as const;
    const transport = transportTo(server, { keys: { ...mac.keys, known: () => undefined, learn } });
    expect(await outcome(transport.ask(required))).toEqual(failed('peer_untrusted', /not believed/));
    expect(server.accepted).toBe(0);
  });

  it('has the deadline of the question to tell it', async () => {
    const transport = transportTo(await cloudServer(), {
      keys: { ...mac.keys, known: () => undefined, learn: () => new Promise(() => undefined) },
    });
    const asking = outcome(transport.ask(required));
    await clock.advance(ANSWER_MS);
    expect(await asking).toEqual(failed('peer_silent', /within 5000 ms/));
  });
});

describe('more questions than places', () => {
  it('wait, and their waiting counts', async () => {
    const server = await rawServer(() => undefined);
    const transport = transportTo(server, { asksMax: 2 });
    const first = [1, 2].map(() => outcome(transport.ask(required)));
    const waiting = outcome(transport.ask({ ...required, answerMsMax: 1_000 }));
    await server.acceptedAtLeast(2);
    await clock.advance(1_000);
    expect(await waiting).toEqual(failed('peer_silent', /within 1000 ms/));
    await clock.advance(ANSWER_MS);
    expect(await Promise.all(first)).toEqual(Array(2).fill(failed('peer_silent')));
    expect(server.accepted).toBe(2);
  });

  it('go on when a place is free', async () => {
    let [now, most] = [0, 0];
    const app = createShell(new RecordingLog());
    app.get('/index', async (c) => {
      now += 1;
      most = Math.max(most, now);
      await nextTurn();
      now -= 1;
      return c.json({});
    });
    const transport = transportTo(stack.use(await serveApp(app)), { ...strangers, asksMax: 2 });
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => transport.ask(lookUp)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(most).toBe(2);
  });

  it('do not keep claims waiting when look-ups hang', async () => {
    const silent = await rawServer(() => undefined);
    const transport = transportTo(silent, { asksMax: 2 });
    const hanging = [1, 2, 3].map(() => outcome(transport.ask(lookUp)));
    await silent.acceptedAtLeast(2);
    cloud.listensAt((await cloudServer()).url);
    expect(await outcome(transport.ask(required))).toBe('answered');
    await clock.advance(ANSWER_MS);
    await Promise.all(hanging);
  });
});

describe('kinds of questions', () => {
  const LANES: readonly PeerLane[] = ['claims', 'greetings', 'look-ups', 'indexes'];

  it.each(LANES)('each have their own connections: %s go on while the others hang', async (lane) => {
    const silent = await rawServer((socket, request) => {
      if (request.startsWith('GET /mine')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
    });
    const transport = transportTo(silent, { ...strangers, asksMax: 2 });
    const others = LANES.filter((other) => other !== lane);
    const hanging = others.flatMap((other) => [1, 2, 3].map(() => outcome(transport.ask({ ...lookUp, lane: other }))));
    await silent.acceptedAtLeast(2 * others.length);
    expect(await outcome(transport.ask({ ...lookUp, lane, path: '/mine' }))).toBe('answered');
    await clock.advance(ANSWER_MS);
    await Promise.all(hanging);
  });

  it('say that the peer is busy when it says so before it looks who asks', async () => {
    const app = createShell(new RecordingLog());
    app.get('/index', (c) => c.json({}, 429));
    expect(await outcome(transportTo(stack.use(await serveApp(app))).ask(lookUp))).toEqual(failed('overloaded'));
  });
});

describe('a whole index', () => {
  const index: PeerRequest = { ...lookUp, lane: 'indexes', answerBytesMax: 64 * 1_024 * 1_024 };
  const answering = async (body: string, headers: Record<string, string> = {}) => {
    const app = createShell(new RecordingLog());
    app.get('/index', (c) => c.body(body, 200, headers));
    return stack.use(await serveApp(app));
  };

  it('is read in turns, into its members', async () => {
    const members = Array.from({ length: 20_000 }, (_, at) => [`a${at}@x.com`, { agentId: `a${at}` }] as const);
    const server = await answering(JSON.stringify(Object.fromEntries(members)));
    let [nowMs, turns] = [0, 0];
    const tired: Clock = {
      wallMs: () => nowMs,
      monotonicMs: () => {
        nowMs += 1;
        return nowMs;
      },
      sleep: (ms, signal) => {
        if (ms > 0) return clock.sleep(ms, signal);
        turns += 1;
        return Promise.resolve();
      },
    };
    const answer = await transportTo(server, { ...strangers, clock: tired }).ask(index);
    expect(answer).toEqual({ status: 200, body: undefined, members });
    expect(turns).toBeGreaterThan(5);
  });

  it('that is nested without end is refused before it is parsed', async () => {
    const server = await answering(`{"a@x.com":${'['.repeat(5_000_000)}`);
    expect(await outcome(transportTo(server, strangers).ask(index))).toEqual(
      failed('peer_unintelligible', /nested deeper than 64 levels/),
    );
  });

  it('that is unsigned where a key is known is not parsed at all', async () => {
    const server = await answering('['.repeat(5_000_000));
    expect(await outcome(transportTo(server).ask(index))).toEqual(failed('peer_untrusted', /without a signature\.$/));
  });

  it('is believed when it is signed, however large it is', async () => {
    const app = createShell(new RecordingLog());
    app.use('/index', optionalPeerAuth(cloud.auth(clock)));
    const large = {
      'a@x.com': { agentId: 'a' },
      ...Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`${at}@x.com`, '-'.repeat(100)])),
    };
    app.get('/index', (c) => answerJson(c, large));
    const answer = await transportTo(stack.use(await serveApp(app))).ask(index);
    expect(answer.members).toHaveLength(20_001);
  });
});

describe('giving up', () => {
  it('ends the question at once and closes its connection', async () => {
    const server = await rawServer(() => undefined);
    const giveUp = new AbortController();
    const asking = outcome(transportTo(server).ask(required, giveUp.signal));
    await server.acceptedAtLeast(1);
    giveUp.abort();
    expect(await asking).toEqual(failed('peer_silent', /given up/));
    await server.emptied();
    expect(clock.sleepers).toBe(0);
  });

  it('asks nothing when it was given up before', async () => {
    const server = await cloudServer();
    expect(await outcome(transportTo(server).ask(required, AbortSignal.abort()))).toEqual(failed('peer_silent'));
    expect(server.accepted).toBe(0);
  });

  it('leaves no connection behind after hundreds of hung questions', async () => {
    const server = await rawServer((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{'));
    const transport = transportTo(server);
    const asking = Array.from({ length: 300 }, () => outcome(transport.ask(required)));
    await server.acceptedAtLeast(PEER_CONNECTIONS_MAX);
    await clock.settle();
    expect(server.open).toBe(PEER_CONNECTIONS_MAX);
    await clock.advance(ANSWER_MS);
    await Promise.all(asking);
    await server.emptied();
  });

  it('on disposing ends what is under way and closes idle connections too', async () => {
    const [idle, busy] = [await cloudServer(), await rawServer(() => undefined)];
    cloud.listensAt(idle.url);
    const { id: self, roster, keys, signer } = mac;
    const hostOf = (id: HostId) => roster().get(id);
    const transport = createPeerTransport({
      ...{ self, hostOf, keys, signer, clock, random: seededRandom(1) },
      addresses: systemAddresses,
    });
    await transport.ask(required);
    cloud.listensAt(busy.url);
    const asking = outcome(transport.ask(required));
    await busy.acceptedAtLeast(1);
    await transport[Symbol.asyncDispose]();
    expect(await asking).toEqual(failed('peer_silent', /stopping/));
    await Promise.all([idle.emptied(), busy.emptied()]);
    expect(await outcome(transport.ask(required))).toEqual(failed('peer_silent', /stopping/));
  });
});

describe('a peer whose clock differs', () => {
  const ahead = (seconds: number): Clock => ({
    wallMs: () => clock.wallMs() + seconds * 1_000,
    monotonicMs: () => clock.monotonicMs(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  });
  /** It has just started, by its own clock: what was made before that it does not obey. */
  const justStarted = (seconds: number) => ({
    clock: ahead(seconds),
    nonces: new NonceCache({ sinceSeconds: Math.floor(ahead(seconds).wallMs() / 1_000) }),
  });

  it.each([20, 60])('by %i s is asked by its own clock once it has said what that is', async (seconds) => {
    const server = await cloudServer(justStarted(seconds));
    const transport = transportTo(server);
    expect((await transport.ask(required)).status).toBe(200);
    expect((await transport.ask(required)).status).toBe(200);
  });

  it.each([
    [61, /clock of host 'cloud' is 61 s ahead of that of host 'mac'; 60 s is the most/],
    [-61, /clock of host 'cloud' is 61 s behind that of host 'mac'; 60 s is the most/],
  ])('by %i s is refused with how much it is, and on which side', async (seconds, sentence) => {
    const suspected: HostId[] = [];
    const keys = { ...mac.keys, suspect: (id: HostId) => void suspected.push(id) };
    const transport = transportTo(await cloudServer({ clock: ahead(seconds) }), { keys });
    expect(await outcome(transport.ask(required))).toEqual(failed('clock_skew', sentence));
    expect(suspected).toEqual([]);
    // The same of a peer whose key could not be learned for it.
    const unmet = transportTo(await cloudServer({ clock: ahead(seconds) }), strangers);
    const echo = { ...lookUp, path: '/mesh/echo' };
    expect(await outcome(unmet.ask(echo))).toMatchObject({ code: 'clock_skew' });
  });

  it('is told the same of ours where only it minds', async () => {
    const server = await cloudServer({ nonces: new NonceCache({ sinceSeconds: clock.wallMs() / 1_000 + 30 }) });
    expect(await outcome(transportTo(server).ask(required))).toEqual(
      failed('clock_skew', /It says: "The clock of host 'mac' is 0 s .* before it started/),
    );
  });
});

describe('a name that leads elsewhere', () => {
  function transportAt(server: LoopbackServer) {
    const forgotten: string[] = [];
    const addresses = { lookup: systemAddresses.lookup, forget: (name: string) => void forgotten.push(name) };
    return { forgotten, transport: transportTo(server, { addresses }) };
  }
  const says = (text: string) => (socket: Socket) =>
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\nkeep-alive: timeout=600\r\n\r\n${text}`);

  it.each([
    ['not signed', says('{}'), 'peer_untrusted'],
    ['no JSON', says('<html>'), 'peer_unintelligible'],
    [
      'a redirect',
      (socket: Socket) => socket.write('HTTP/1.1 301 Moved\r\nlocation: /\r\n\r\n'),
      'peer_unintelligible',
    ],
  ])('is asked for anew, and its connection let go of, when what answers is %s', async (_, stranger, code) => {
    const wrong = await rawServer(stranger);
    const { forgotten, transport } = transportAt(wrong);
    expect(await outcome(transport.ask(required))).toMatchObject({ code });
    expect(forgotten).toEqual(['127.0.0.1']);
    await wrong.emptied();
    expect(await outcome(transport.ask(required))).toMatchObject({ code });
    expect(wrong.accepted).toBe(2);
  });

  it('is asked for anew when somebody whose key is not known refuses', async () => {
    const wrong = await rawServer((socket) => socket.write('HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\n{}'));
    const forgotten: string[] = [];
    const addresses = { lookup: systemAddresses.lookup, forget: (name: string) => void forgotten.push(name) };
    const transport = transportTo(wrong, { ...strangers, addresses });
    expect(await outcome(transport.ask(lookUp))).toMatchObject({ code: 'peer_refused' });
    expect(forgotten).toEqual(['127.0.0.1']);
    await wrong.emptied();
  });

  it('is held on to when the peer itself refuses', async () => {
    const { forgotten, transport } = transportAt(await cloudServer({ mayClaim: () => false }));
    expect(await outcome(transport.ask(required))).toMatchObject({ code: 'peer_refused' });
    expect(forgotten).toEqual([]);
  });

  it('is not held on to by an idle connection, whatever the server would like', { timeout: 20_000 }, async () => {
    const server = await rawServer(says('{}'));
    const transport = transportTo(server, { ...strangers, idleMsMax: 100 });
    expect((await transport.ask(lookUp)).status).toBe(200);
    await server.emptied();
    expect(PEER_IDLE_MS_MAX).toBeLessThanOrEqual(10_000);
  });
});

describe('a connection for greetings', () => {
  const greeting: PeerRequest = { ...lookUp, lane: 'greetings' };
  const says = (socket: Socket, ...fields: string[]) =>
    socket.write(`HTTP/1.1 ${['200 OK', 'content-length: 2', ...fields].join('\r\n')}\r\n\r\n{}`);
  const promise = 'keep-alive: timeout=600';

  it('is kept where the server promises to keep it, and no other', { timeout: 20_000 }, async () => {
    const closed: Promise<unknown>[] = [];
    const server = await rawServer((socket) => {
      closed.push(once(socket, 'close'));
      says(socket, promise);
    });
    const transport = transportTo(server, { ...strangers, idleMsMax: 100 });
    await transport.ask(greeting);
    await transport.ask(lookUp);
    await closed[1];
    expect(server.open).toBe(1);
  });

  it('is not kept where the server promises nothing', { timeout: 20_000 }, async () => {
    const server = await rawServer((socket) => says(socket));
    const transport = transportTo(server, { ...strangers, idleMsMax: 100 });
    await transport.ask(greeting);
    await server.emptied();
  });

  it.each<[string, PeerLane, string, number]>([
    ['breaks is made anew', 'greetings', 'answered', 2],
    ['breaks under a claim is not, for a claim may not come twice', 'claims', 'peer_silent', 1],
  ])('that was kept and %s', async (_, lane, how, accepted) => {
    const server = await rawServer((socket) => {
      socket.once('data', () => socket.resetAndDestroy());
      says(socket, promise);
    });
    const transport = transportTo(server, strangers);
    await transport.ask({ ...lookUp, lane });
    await clock.settle();
    const end = await outcome(transport.ask({ ...lookUp, lane }));
    expect(typeof end === 'string' ? end : (end as { readonly code: string }).code).toBe(how);
    expect(server.accepted).toBe(accepted);
    expect(clock.sleepers).toBe(0);
  });

  it('that was kept and says nothing any more does not keep a greeting from its answer', async () => {
    const server = await rawServer((socket) => says(socket, promise));
    const transport = transportTo(server, strangers);
    await transport.ask(greeting);
    await clock.settle();
    const again = outcome(transport.ask(greeting));
    await clock.advance(KEPT_ANSWER_MS_MAX);
    expect(await again).toBe('answered');
    expect(server.accepted).toBe(2);
  });
});
