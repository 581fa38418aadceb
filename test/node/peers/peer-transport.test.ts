import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { HostId } from '../../../mesh/names.ts';
import { PEER_CONNECTIONS_MAX } from '../../../node/peers/connections/peer-pools.ts';
import { createPeerTransport } from '../../../node/peers/peer-transport.ts';
import {
  ANSWER_MS,
  cloud,
  failed,
  lookUp,
  mac,
  outcome,
  PeerLink,
  required,
  strangers,
} from '../../support/peer-link.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { systemAddresses } from '../../support/system-names.ts';
import { testKeys } from '../../support/test-keys.ts';

const { stranger } = testKeys('stranger');
const link = new PeerLink();

describe('asking a peer', () => {
  it('brings a signed question and a verified answer', async () => {
    const transport = link.transportTo(await link.cloudServer());
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
    const transport = link.transportTo(await link.cloudServer());
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
    expect(await link.transportTo(await link.cloudServer()).ask({ ...get, method: 'GET', path })).toEqual(answer);
  });

  it('uses its connections again and again', async () => {
    const server = await link.cloudServer();
    const transport = link.transportTo(server);
    for (let turn = 0; turn < 20; turn += 1) await transport.ask(required);
    // The next question may come before undici has seen that the last one is over.
    expect(server.accepted).toBeLessThanOrEqual(2);
    expect(link.clock.sleepers).toBe(0);
  });

  it('answers many questions at once', async () => {
    const transport = link.transportTo(await link.cloudServer());
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, a) => transport.ask({ ...required, body: { a } })),
    );
    expect(answers.map(({ body }) => (body as { body: string }).body)).toEqual(
      answers.map((_, a) => JSON.stringify({ a })),
    );
  });

  it('refuses to ask a host that hosts.json does not list', async () => {
    const transport = link.transportTo(await link.cloudServer());
    expect(await outcome(transport.ask({ ...required, to: stranger.id }))).toEqual(
      failed('peer_silent', /lists no host 'stranger'/),
    );
  });

  it('asks with the headers of a look-up, and takes the unsigned answer of a peer whose key is not known', async () => {
    const transport = link.transportTo(await link.cloudServer(), strangers);
    const answer = await transport.ask({ ...lookUp, headers: { 'X-Federated-Query': 'true' } });
    expect(answer).toEqual({ status: 200, body: { federated: 'true' } });
  });

  it("lets no caller's header pass for a part of the signature", async () => {
    const transport = link.transportTo(await link.cloudServer());
    const answer = await transport.ask({ ...required, headers: { 'mesh-from': 'cloud', signature: 'none' } });
    expect(answer.body).toMatchObject({ from: 'mac' });
  });
});

describe('a peer that does not answer as it should', () => {
  it('is silent when nobody listens', async () => {
    const server = await link.cloudServer();
    await server[Symbol.asyncDispose]();
    expect(await outcome(link.transportTo(server).ask(required))).toEqual(failed('peer_silent', /ECONNREFUSED/));
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
    const server = await link.rawServer((socket) => {
      converse(socket);
      heard.resolve();
    });
    const asking = outcome(link.transportTo(server).ask(required));
    await heard.promise;
    let ended = false;
    void asking.then(() => {
      ended = true;
    });
    await link.clock.advance(ANSWER_MS - 1);
    expect([ended, server.open]).toEqual([false, 1]);
    await link.clock.advance(1);
    expect(await asking).toEqual(failed('peer_silent', /within 5000 ms/));
    await server.emptied();
    expect(link.clock.sleepers).toBe(0);
  });

  it('and drips its body, an octet now and then, is silent at the deadline', async () => {
    const line = Promise.withResolvers<Socket>();
    const server = await link.rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
      line.resolve(socket);
    });
    const asking = outcome(link.transportTo(server).ask(required));
    const socket = await line.promise;
    for (let second = 0; second < 5; second += 1) {
      await new Promise((written) => socket.write('x', written));
      await link.clock.advance(1_000);
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
    const server = await link.rawServer((socket) => {
      socket.write(bytes, 'latin1');
      if (code === 'peer_silent') socket.end();
    });
    expect(await outcome(link.transportTo(server).ask(required))).toEqual(failed(code, message));
    await server.emptied();
  });

  it.each([
    ['HTML', '<html>'],
    ['broken UTF-8', '"\xff"'],
    ['half of its JSON', '{"a":'],
  ])('and sends %s is unintelligible', async (_, body) => {
    const server = await link.rawServer((socket) =>
      socket.write(`${head(`content-length: ${body.length}`)}${body}`, 'latin1'),
    );
    expect(await outcome(link.transportTo(server).ask(required))).toEqual(failed('peer_unintelligible', /not JSON/));
    expect(await outcome(link.transportTo(server, strangers).ask(lookUp))).toEqual(
      failed('peer_unintelligible', /not JSON/),
    );
  });

  it.each([undefined, 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{'])(
    'and resets the connection after %j is silent',
    async (bytes) => {
      const server = await link.rawServer((socket) => {
        if (bytes === undefined) socket.resetAndDestroy();
        else socket.write(bytes, () => socket.resetAndDestroy());
      });
      expect(await outcome(link.transportTo(server).ask(required))).toEqual(failed('peer_silent', /No answer/));
      await server.emptied();
    },
  );

  it.each([301, 302, 303, 307, 308])('and redirects with %i is not followed', async (status) => {
    const elsewhere = await link.cloudServer();
    const server = await link.rawServer((socket) => {
      socket.end(`HTTP/1.1 ${status} Elsewhere\r\nlocation: ${elsewhere.url}/index\r\ncontent-length: 0\r\n\r\n`);
    });
    expect(await outcome(link.transportTo(server).ask(lookUp))).toEqual(failed('peer_unintelligible', /redirect/));
    expect(elsewhere.accepted).toBe(0);
  });
});

describe('giving up', () => {
  it('ends the question at once and closes its connection', async () => {
    const server = await link.rawServer(() => undefined);
    const giveUp = new AbortController();
    const asking = outcome(link.transportTo(server).ask(required, giveUp.signal));
    await server.acceptedAtLeast(1);
    giveUp.abort();
    expect(await asking).toEqual(failed('peer_silent', /given up/));
    await server.emptied();
    expect(link.clock.sleepers).toBe(0);
  });

  it('asks nothing when it was given up before', async () => {
    const server = await link.cloudServer();
    expect(await outcome(link.transportTo(server).ask(required, AbortSignal.abort()))).toEqual(failed('peer_silent'));
    expect(server.accepted).toBe(0);
  });

  it('leaves no connection behind after hundreds of hung questions', async () => {
    const server = await link.rawServer((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{'));
    const transport = link.transportTo(server);
    const asking = Array.from({ length: 300 }, () => outcome(transport.ask(required)));
    await server.acceptedAtLeast(PEER_CONNECTIONS_MAX);
    await link.clock.settle();
    expect(server.open).toBe(PEER_CONNECTIONS_MAX);
    await link.clock.advance(ANSWER_MS);
    await Promise.all(asking);
    await server.emptied();
  });

  it('on disposing ends what is under way and closes idle connections too', async () => {
    const [idle, busy] = [await link.cloudServer(), await link.rawServer(() => undefined)];
    cloud.listensAt(idle.url);
    const { id: self, roster, keys, signer } = mac;
    const hostOf = (id: HostId) => roster().get(id);
    const transport = createPeerTransport({
      ...{ self, hostOf, keys, signer, clock: link.clock, random: seededRandom(1) },
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
