// What a connection may cost the others, over real sockets: pipelined requests, answers that nobody reads, and clients that never close.
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../../mesh/ports.ts';
import { addressGroup } from '../../../../node/http/address-group.ts';
import { CONNECTION_BOUNDS, type ConnectionBounds } from '../../../../node/http/server/connections.ts';
import { closeServer, createHttpServer, listenOn } from '../../../../node/http/server/server.ts';
import type { Fetch } from '../../../../node/http/shell.ts';
import { systemClock } from '../../../../node/system/clock.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const stack = new AsyncDisposableStack();
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(() => stack.disposeAsync());

async function serve(fetch: Fetch, bounds: Partial<ConnectionBounds> = {}, clock: Clock = systemClock) {
  const server = createHttpServer(fetch, { clock, bounds: { ...CONNECTION_BOUNDS, ...bounds } });
  const { port } = await listenOn(server, { ip: '127.0.0.1', port: 0 });
  stack.defer(() => void server.close());
  /** A client that never closes its side by itself. */
  const connect = async () => {
    const socket = createConnection({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  return { server, connect };
}

/** Resolves when something waits for time to pass. */
async function asleep(clock: VirtualClock): Promise<void> {
  while (clock.sleepers === 0) await nextTurn();
}

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

async function textOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  await once(socket, 'end');
  return text;
}

const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);

/** Answers `/slow` once it is told to. */
function slowly() {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const asked: string[] = [];
  const fetch: Fetch = (request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    return pathname === '/slow' ? promise : new Response(pathname);
  };
  return { fetch, asked, finish: () => resolve(new Response('slow')) };
}

describe('what is written straight to the socket', () => {
  it.each([
    ['400', 'GET / HTTP/1.1\r\nbad header\r\n\r\n', '400'],
    ['431', get('/', `X: ${'x'.repeat(20_000)}\r\n`), '431'],
    ['405 to CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n', '405'],
    ['417', get('/', 'Expect: 200-maybe\r\n'), '417'],
    ['400 without Host', 'GET / HTTP/1.1\r\n\r\n', '400'],
  ])('waits for the answer to the request before it: %s', async (_, bad, status) => {
    const { fetch, finish } = slowly();
    const { connect } = await serve(fetch);
    const socket = await connect();
    const text = textOf(socket);
    socket.write(get('/slow') + get('/quick') + bad);
    // It has been read once a second connection, opened later, is answered.
    const other = await connect();
    other.write(get('/other', 'Connection: close\r\n'));
    await textOf(other);
    finish();
    expect(statuses(await text)).toEqual(['200', '200', status]);
  });

  it('answers a request whose body is no body at once, and nothing of it afterwards', async () => {
    const { connect } = await serve(async (request) => new Response(await request.text()));
    const socket = await connect();
    const text = textOf(socket);
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n');
    expect(statuses(await text)).toEqual(['400']);
  });

  it.each([
    ['is cut off', undefined],
    ['is no body', 'nonsense\r\n'],
  ])('is nothing more where a request was answered by its headers, and its body then %s', async (_, rest) => {
    const { connect } = await serve(() => new Response('too large', { status: 413 }));
    const socket = await connect();
    const text = textOf(socket);
    const answered = once(socket, 'data');
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    await answered;
    if (rest === undefined) socket.end();
    else socket.write(rest);
    expect(statuses(await text)).toEqual(['413']);
  });

  it('is followed by the end of the connection after lingerMs, though the client keeps its side open', async () => {
    const clock = new VirtualClock();
    const { server, connect } = await serve(() => new Response(''), {}, clock);
    const accepted = once(server, 'connection');
    const socket = await connect();
    const [ours] = (await accepted) as [Socket];
    socket.write('nonsense\r\n\r\n');
    await asleep(clock);
    await clock.advance(CONNECTION_BOUNDS.lingerMs - 1);
    expect(ours.destroyed).toBe(false);
    await clock.advance(1);
    expect(ours.destroyed).toBe(true);
  });
});

describe('pipelined requests', () => {
  it('are answered one after the other, so that one answer is held at a time', async () => {
    const { fetch, asked, finish } = slowly();
    const { connect } = await serve(fetch);
    const socket = await connect();
    const text = textOf(socket);
    socket.write(get('/slow') + get('/a') + get('/b', 'Connection: close\r\n'));
    const other = await connect();
    other.write(get('/other', 'Connection: close\r\n'));
    await textOf(other);
    expect(asked).toEqual(['/slow', '/other']);
    finish();
    expect(statuses(await text)).toEqual(['200', '200', '200']);
    expect(asked).toEqual(['/slow', '/other', '/a', '/b']);
  });

  it('are refused with 429 once too many wait; those before are answered', async () => {
    const { fetch, finish } = slowly();
    const { connect } = await serve(fetch, { pipelinedMax: 2 });
    const socket = await connect();
    const text = textOf(socket);
    socket.write(get('/slow') + get('/a').repeat(5));
    finish();
    const said = await text;
    expect(statuses(said)).toEqual(['200', '200', '200', '429']);
    expect(said).toContain('Retry-After: 1\r\n');
  });

  it('are read no more once too many wait, however many come', async () => {
    const { fetch } = slowly();
    const { server, connect } = await serve(fetch, { pipelinedMax: 2 });
    const accepted = once(server, 'connection');
    const socket = await connect();
    const [ours] = (await accepted) as [Socket];
    const request = once(server, 'request');
    // Each with a body, at whose end Node would read on by itself.
    const post = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx';
    const bytes = 50_000 * post.length;
    socket.write(get('/slow') + post.repeat(50_000));
    await request;
    for (let read = -1; read < ours.bytesRead; ) {
      read = ours.bytesRead;
      for (let turn = 0; turn < 100; turn += 1) await nextTurn();
    }
    expect(ours.bytesRead).toBeLessThan(bytes / 4);
  });
});

describe('a body that nobody wants', () => {
  it('is not read to its end: the connection of a GET with one ends with the answer', async () => {
    const { server, connect } = await serve(() => new Response('here'), { lingerMs: 50 });
    const accepted = once(server, 'connection');
    const socket = await connect();
    const [ours] = (await accepted) as [Socket];
    const closed = once(ours, 'close');
    const text = textOf(socket);
    socket.write(get('/', 'Content-Length: 100000000\r\n'));
    socket.write(Buffer.alloc(16 * 1_024 * 1_024));
    expect(statuses(await text)).toEqual(['200']);
    await closed;
    expect(ours.bytesRead).toBeLessThan(16 * 1_024 * 1_024);
  });
});

describe('an answer that nobody reads', () => {
  const LARGE = 'x'.repeat(16 * 1_024 * 1_024);

  it('is given up with its connection when its time is over', async () => {
    const clock = new VirtualClock();
    const { server, connect } = await serve(() => new Response(LARGE), { takeBytesPerMsMin: 1e9 }, clock);
    const accepted = once(server, 'connection');
    const socket = await connect();
    const [ours] = (await accepted) as [Socket];
    socket.pause();
    socket.write(get('/'));
    await asleep(clock);
    await clock.advance(CONNECTION_BOUNDS.takeMsMax);
    expect(ours.destroyed).toBe(false);
    await clock.advance(CONNECTION_BOUNDS.takeMsMax / 2);
    expect([ours.destroyed, clock.sleepers]).toEqual([true, 0]);
  });

  it('makes room for others when all of them together are too large', async () => {
    const { server, connect } = await serve(() => new Response(LARGE), { untakenBytesMax: 20 * 1_024 * 1_024 });
    const accepted: Socket[] = [];
    server.on('connection', (socket: Socket) => accepted.push(socket));
    const first = await connect();
    first.pause();
    first.write(get('/'));
    const second = await connect();
    second.pause();
    await new Promise((resolve) => {
      accepted[0]?.once('close', resolve);
      second.write(get('/'));
    });
    expect(accepted.map(({ destroyed }) => destroyed)).toEqual([true, false]);
  });

  it('is whole for a client that reads it', async () => {
    const { connect } = await serve(() => new Response(LARGE));
    const socket = await connect();
    socket.write(get('/', 'Connection: close\r\n'));
    expect((await textOf(socket)).length).toBeGreaterThan(LARGE.length);
  });
});

describe('places', () => {
  it.each([{ connectionsMax: 2 }, { perAddressMax: 2 }])('are taken from idle connections: %j', async (bounds) => {
    const { fetch } = slowly();
    const { connect } = await serve(fetch, bounds);
    const busy = await connect();
    busy.write(get('/slow'));
    const idle = await connect();
    const end = textOf(idle);
    const third = await connect();
    third.write(get('/', 'Connection: close\r\n'));
    expect(statuses(await textOf(third))).toEqual(['200']);
    await end.catch(() => undefined);
    expect(busy.destroyed).toBe(false);
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [undefined, ''],
  ])('%s counts as %s', (address, group) => expect(addressGroup(address)).toBe(group));
});

describe('a stop', () => {
  /** Long before an idle connection is closed because nobody uses it. */
  const PROMPT_MS_MAX = 15_000;

  it('ends a kept connection with the last answer in hand', { timeout: PROMPT_MS_MAX }, async () => {
    const { fetch, asked, finish } = slowly();
    const { server, connect } = await serve(fetch);
    const socket = await connect();
    const text = textOf(socket);
    socket.write(get('/slow') + get('/quick'));
    while (asked.length === 0) await nextTurn();
    const closed = once(server, 'close');
    server.close();
    finish();
    expect(statuses(await text)).toEqual(['200', '200']);
    socket.end();
    await closed;
  });

  it('cuts what is still in hand after seven seconds', async () => {
    const clock = new VirtualClock();
    const { fetch, asked } = slowly();
    const { server, connect } = await serve(fetch);
    const accepted = once(server, 'connection');
    const socket = await connect();
    const [ours] = (await accepted) as [Socket];
    socket.write(get('/slow'));
    while (asked.length === 0) await nextTurn();
    const closed = closeServer(server, clock);
    await clock.advance(6_999);
    expect(ours.destroyed).toBe(false);
    await clock.advance(1);
    expect(ours.destroyed).toBe(true);
    await closed;
  });
});
