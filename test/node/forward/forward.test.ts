// Requests that are passed on to another program: a real one, on loopback.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Forward } from '../../../node/forward/forward.ts';
import { systemClock } from '../../../node/system/clock.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let answer: Answer;
let seen: IncomingMessage[];
let port: number;
let stop: AbortController;

beforeEach(async () => {
  seen = [];
  stop = new AbortController();
  server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  stop.abort();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const forward = (more: { port?: number; own?: number } = {}) =>
  new Forward({
    target: new URL(`http://127.0.0.1:${more.port ?? port}`),
    listening: () => [{ address: '127.0.0.1', port: more.own ?? 1 }],
    isOurs: (authorization) => authorization === 'Bearer ours',
    clock: systemClock,
    stopping: stop.signal,
  });

const ask = (path: string, init: RequestInit & { duplex?: 'half' } = {}) =>
  new Request(`http://mac:23000${path}`, init as RequestInit);

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const octets of request) text += octets;
  return text;
}

describe('a request that is passed on', () => {
  it('arrives with its method, path, query and body, and its answer comes back as it is', async () => {
    answer = async (request, response) => {
      response.writeHead(201, { 'x-of': 'theirs', 'set-cookie': ['a=1', 'b=2'] }).end(`got ${await textOf(request)}`);
    };
    const response = await forward().pass(ask('/api/v1/route?x=%2F', { method: 'POST', body: 'hello' }));
    expect([
      response.status,
      response.headers.get('x-of'),
      response.headers.getSetCookie(),
      await response.text(),
    ]).toEqual([201, 'theirs', ['a=1', 'b=2'], 'got hello']);
    expect([seen[0]?.method, seen[0]?.url, seen[0]?.headers.host]).toEqual([
      'POST',
      '/api/v1/route?x=%2F',
      `127.0.0.1:${port}`,
    ]);
  });

  it('shows the other program nothing that opens this node, and no header of one connection', async () => {
    answer = (_, response) => response.writeHead(200, { connection: 'x-hop', 'x-hop': '1', 'x-stays': '2' }).end();
    const headers = { cookie: 'session=1', connection: 'x-mine', 'x-mine': '1', 'x-kept': '2', te: 'trailers' };
    const mine = await forward().pass(ask('/api/v1/a', { headers: { ...headers, authorization: 'Bearer ours' } }));
    await mine.text();
    await (await forward().pass(ask('/api/v1/a', { headers: { authorization: 'Bearer theirs' } }))).text();
    const [first, second] = seen.map((request) => request.headers);
    expect([first?.authorization, first?.cookie, first?.te, first?.['x-mine'], first?.['x-kept'], first?.via]).toEqual([
      ...[undefined, undefined, undefined, undefined],
      ...['2', '1.1 agent-email-mesh'],
    ]);
    expect(second?.authorization).toBe('Bearer theirs');
    expect([mine.headers.get('x-hop'), mine.headers.get('x-stays')]).toEqual([null, '2']);
  });

  it('streams both ways', async () => {
    answer = (request, response) => {
      response.writeHead(200);
      request.on('data', (octets) => response.write(octets));
      request.on('end', () => response.end());
    };
    const sent = new TransformStream<Uint8Array, Uint8Array>();
    const writer = sent.writable.getWriter();
    const passing = forward().pass(ask('/api/v1/s', { method: 'POST', body: sent.readable, duplex: 'half' }));
    await writer.write(Buffer.from('one'));
    const reader = (await passing).body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('one');
    await writer.write(Buffer.from('two'));
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('two');
    await writer.close();
    expect((await reader?.read())?.done).toBe(true);
  });

  it('is given up when its client goes', async () => {
    const gone = Promise.withResolvers<void>();
    answer = (request, response) => {
      response.writeHead(200).write('begun');
      request.socket.once('close', () => gone.resolve());
    };
    const client = new AbortController();
    const response = await forward().pass(ask('/api/v1/a', { signal: client.signal }));
    client.abort();
    await gone.promise;
    await expect(response.text()).rejects.toThrow();
  });
});

describe('a request that can’t be passed on', () => {
  it('is answered 502 when nobody listens there, and never goes to this node itself', async () => {
    const { port: free } = await new Promise<AddressInfo>((resolve) => {
      const other = createServer().listen(0, '127.0.0.1', () => {
        const address = other.address() as AddressInfo;
        other.close(() => resolve(address));
      });
    });
    await expect(forward({ port: free }).pass(ask('/api/v1/a'))).rejects.toMatchObject({ code: 'peer_silent' });
    answer = (_, response) => response.end();
    await expect(forward({ own: port }).pass(ask('/api/v1/a'))).rejects.toMatchObject({ code: 'url_refused' });
    expect(seen).toEqual([]);
  });

  it('is refused while too many are', async () => {
    answer = (_, response) => void response.writeHead(200).write('on its way');
    const busy = forward();
    const under = await Promise.all(Array.from({ length: 64 }, () => busy.pass(ask('/api/v1/a'))));
    await expect(busy.pass(ask('/api/v1/a'))).rejects.toMatchObject({ code: 'overloaded' });
    await Promise.all(under.map((one) => one.body?.cancel()));
  });
});
