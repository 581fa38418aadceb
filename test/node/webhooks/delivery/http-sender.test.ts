import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createSender } from '../../../../node/webhooks/delivery/http-sender.ts';
import type { Outcome } from '../../../../node/webhooks/delivery/outcome.ts';
import { parseAllowList } from '../../../../node/webhooks/guard/allow-list.ts';
import { createGuard, type GuardOptions } from '../../../../node/webhooks/guard/guard.ts';
import { startRawReceiver } from '../../../support/raw-receiver.ts';
import { resolveBySystem } from '../../../support/system-names.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const NEVER = new AbortController().signal;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function open(options: Partial<GuardOptions> = {}) {
  const clock = new VirtualClock();
  const given = { clock, resolve: resolveBySystem, allow: [], loopbackAllowed: true, listening: () => [] };
  const guard = createGuard({ ...given, ...options });
  const sender = createSender({ guard, clock });
  const post = (url: string, signal = NEVER) =>
    sender.post({ url, headers: { 'webhook-id': 'msg_1' }, body: new TextEncoder().encode('{"a":1}') }, signal);
  return { clock, sender, post, [Symbol.asyncDispose]: () => sender.close() };
}

/** Waits, in real turns of the event loop and not in time, until something on the other side of a socket is so. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await nextTurn();
}

/** Lets sockets do what they do, and moves time on whenever the sender waits for nothing else. */
async function pass(clock: VirtualClock, ms: number, outcome: Promise<Outcome>): Promise<Outcome> {
  await clock.advance(ms);
  return outcome;
}

describe('an attempt', () => {
  it('is one POST with the headers and body it was given', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    await using world = open();
    expect(await world.post(receiver.url)).toEqual({ kind: 'answered', status: 200, retryAfter: undefined, tookMs: 0 });
    const [head, body] = receiver.heard().split('\r\n\r\n');
    expect(head).toMatch(/^POST \/hook\?a=b HTTP\/1\.1\r\n/);
    expect(head?.toLowerCase().split('\r\n')).toEqual(
      expect.arrayContaining(['webhook-id: msg_1', 'content-length: 7', `host: 127.0.0.1:${receiver.port}`]),
    );
    expect(body).toBe('{"a":1}');
  });

  it('uses connections again', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    await using world = open();
    for (let attempt = 0; attempt < 20; attempt += 1) await world.post(receiver.url);
    // Two take turns: one is still being handed back when the next attempt begins.
    expect(receiver.connections()).toBeLessThanOrEqual(2);
  });

  it('is made over a new connection when the receiver closed an idle one unheard, and counts once', async () => {
    let answered = 0;
    await using receiver = await startRawReceiver((socket) => {
      answered += 1;
      // The second request on a connection finds it closed.
      if (socket.bytesWritten > 0) socket.destroy();
      else socket.write(OK);
    });
    await using world = open();
    for (let attempt = 0; attempt < 6; attempt += 1)
      expect(await world.post(receiver.url)).toMatchObject({ kind: 'answered', status: 200 });
    expect(answered).toBeGreaterThan(6);
  });

  it('is not made again over a new connection when an answer had begun', async () => {
    const begun = 'HTTP/1.1 2';
    await using receiver = await startRawReceiver((socket) => {
      if (socket.bytesWritten > 0) socket.end(begun);
      else socket.write(OK);
    });
    await using world = open();
    const kinds = [];
    for (let attempt = 0; attempt < 4; attempt += 1) kinds.push((await world.post(receiver.url)).kind);
    expect(kinds).toContain('failed');
  });

  it('uses no connection again that has idled for four seconds, or was promised a shorter life', async () => {
    const short = OK.replace('\r\n', '\r\nKeep-Alive: timeout=3\r\n');
    const answers = [OK, OK, OK, short, short, OK];
    await using receiver = await startRawReceiver((socket) => socket.write(answers.shift() ?? ''));
    await using world = open();
    const connections: number[] = [];
    for (const idleMs of [0, 3_999, 4_000, 1_999, 2_000, 0]) {
      await world.post(receiver.url);
      connections.push(receiver.connections());
      await world.clock.advance(idleMs);
    }
    expect(connections).toEqual([1, 1, 1, 2, 2, 3]);
  });

  it('leaves an idle connection open no longer than four seconds', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    await using world = open();
    await world.post(receiver.url);
    await world.clock.advance(3_999);
    expect(receiver.open()).toBe(1);
    await world.clock.advance(1);
    await until(() => receiver.open() === 0);
  });

  it('uses no connection again on which the receiver spoke unasked, or which it closed', async () => {
    const sockets: Socket[] = [];
    await using receiver = await startRawReceiver((socket) => {
      sockets.push(socket);
      socket.write(OK);
    });
    await using world = open();
    await world.post(receiver.url);
    sockets[0]?.write(OK);
    await until(() => receiver.open() === 0);
    await world.post(receiver.url);
    sockets[1]?.end();
    await until(() => receiver.open() === 0);
    expect(await world.post(receiver.url)).toMatchObject({ status: 200 });
    expect(receiver.connections()).toBe(3);
  });

  it('that could not be told from two requests is a bug, and nothing is sent', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    await using world = open();
    const headers = { 'webhook-id': 'msg_1\r\nHost: elsewhere' };
    await expect(world.sender.post({ url: receiver.url, headers, body: new Uint8Array() }, NEVER)).rejects.toThrow(
      "'webhook-id' holds what no header may",
    );
    expect(receiver.connections()).toBe(0);
  });

  it('goes over IPv6 as well', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK), '::1');
    await using world = open();
    expect(await world.post(receiver.url)).toMatchObject({ status: 200 });
  });

  it.each([
    ['100', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['102', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103', 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n'],
    [
      'several, one octet at a time',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n',
    ],
  ])('passes over interim answers that it did not ask for: %s', async (_, interim) => {
    const say = async (socket: Socket) => {
      socket.setNoDelay(true);
      for (const part of interim.length > 60 ? interim : [interim]) {
        socket.write(part);
        await nextTurn();
      }
      socket.write(OK);
    };
    await using receiver = await startRawReceiver((socket) => void say(socket));
    await using world = open();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'answered', status: 200 });
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'answered', status: 200 });
  });

  it.each([
    ['100', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['103', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('gives up a receiver that sends nothing but interim answers: %s', async (_, interim) => {
    await using receiver = await startRawReceiver((socket) => {
      const flood = Buffer.from(interim.repeat(1_000));
      const send = () => {
        if (!socket.destroyed) socket.write(flood, send);
      };
      send();
    });
    await using world = open();
    expect(await world.post(receiver.url)).toMatchObject({
      kind: 'failed',
      error: 'connection_lost',
      message: expect.stringContaining('interim answers'),
    });
  });

  it('takes an upgrade that it did not ask for as a failure', async () => {
    await using receiver = await startRawReceiver((socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    );
    await using world = open();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'failed', error: 'connection_lost' });
  });

  it('tells Retry-After as it came', async () => {
    await using receiver = await startRawReceiver((socket) =>
      socket.write('HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n'),
    );
    await using world = open();
    expect(await world.post(receiver.url)).toMatchObject({ status: 503, retryAfter: '120' });
  });
});

describe('a hostile receiver', () => {
  it.each([301, 302, 303, 307, 308])('that redirects with %i is not followed', async (status) => {
    await using trap = await startRawReceiver((socket) => socket.write(OK));
    await using receiver = await startRawReceiver((socket) =>
      socket.write(`HTTP/1.1 ${status} Moved\r\nLocation: ${trap.url}\r\nContent-Length: 0\r\n\r\n`),
    );
    await using world = open();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'answered', status });
    expect(trap.connections()).toBe(0);
  });

  it('that sends a body without end has answered, and is cut off after 64 KiB', async () => {
    let written = 0;
    await using receiver = await startRawReceiver((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const chunk = `2000\r\n${'x'.repeat(8_192)}\r\n`;
      const flood = () => {
        while (socket.writable && socket.write(chunk)) written += 8_192;
        if (socket.writable) socket.once('drain', flood);
      };
      flood();
    });
    await using world = open();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'answered', status: 200 });
    await until(() => receiver.open() === 0);
    // Beyond what is read, only what fits into the sockets' buffers was ever sent.
    expect(written).toBeLessThan(16 * 1_024 * 1_024);
  });

  it('that packs a bomb is not unpacked', async () => {
    await using receiver = await startRawReceiver((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbomb'),
    );
    await using world = open();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'answered', status: 200 });
  });

  it('that sends its answer one octet at a time is given up 15 seconds after the beginning', async () => {
    let sent: Socket | undefined;
    await using receiver = await startRawReceiver((socket) => {
      sent = socket;
    });
    await using world = open();
    const outcome = world.post(receiver.url);
    await until(() => sent !== undefined);
    for (const octet of 'HTTP/1.1 200') {
      sent?.write(octet);
      await world.clock.advance(1_000);
    }
    await world.clock.advance(2_999);
    expect(receiver.open()).toBe(1);
    expect(await pass(world.clock, 1, outcome)).toMatchObject({ kind: 'failed', error: 'timeout', tookMs: 15_000 });
    await until(() => receiver.open() === 0);
  });

  it('that sends its body one octet at a time has answered, and costs a second more', async () => {
    await using receiver = await startRawReceiver((socket) => {
      socket.write('HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\nx');
    });
    await using world = open();
    const outcome = world.post(receiver.url);
    // The clock stands until the sender waits for the body: two deadlines.
    await until(() => receiver.open() === 1 && world.clock.sleepers === 2);
    expect(await pass(world.clock, 1_000, outcome)).toMatchObject({ status: 202, tookMs: 1_000 });
    await until(() => receiver.open() === 0);
  });

  it('that says nothing is given up after 15 seconds', async () => {
    await using receiver = await startRawReceiver(() => {});
    await using world = open();
    const outcome = world.post(receiver.url);
    await until(() => receiver.heard().endsWith('{"a":1}'));
    expect(await pass(world.clock, 15_000, outcome)).toMatchObject({ kind: 'failed', error: 'timeout' });
    await until(() => receiver.open() === 0);
    expect(world.clock.sleepers).toBe(0);
  });

  it('that sends giant headers is given up', async () => {
    await using receiver = await startRawReceiver((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nX-Large: ${'x'.repeat(17 * 1_024)}\r\nContent-Length: 0\r\n\r\n`),
    );
    await using world = open();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'failed', error: 'headers_too_large' });
  });

  it('that resets the connection is a failure', async () => {
    await using receiver = await startRawReceiver((socket) => socket.resetAndDestroy());
    await using world = open();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'failed', error: 'connection_lost' });
  });

  it('that closes the connection without an answer is a failure', async () => {
    await using receiver = await startRawReceiver((socket) => socket.end());
    await using world = open();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'failed', error: 'connection_lost' });
  });

  it('that does not speak HTTP is a failure', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'));
    await using world = open();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'failed', error: 'not_http' });
  });

  it('that does not listen is a failure', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    server.close();
    await using world = open();
    expect(await world.post(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'failed', error: 'connect_failed' });
  });

  it('that never ends the TLS handshake is given up after 5 seconds', async () => {
    await using receiver = await startRawReceiver(() => {});
    await using world = open();
    const outcome = world.post(receiver.url.replace('http:', 'https:'));
    await until(() => receiver.connections() === 1);
    expect(await pass(world.clock, 5_000, outcome)).toMatchObject({ kind: 'failed', error: 'connect_timeout' });
    await until(() => receiver.open() === 0);
  });

  it('that answers TLS with something else is a failure', async () => {
    await using receiver = await startRawReceiver(() => {});
    const server = createServer((socket) => socket.end('not tls at all')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    await using world = open();
    const port = typeof address === 'object' ? address?.port : undefined;
    expect(await world.post(`https://127.0.0.1:${port}/`)).toMatchObject({ kind: 'failed', error: 'tls_failed' });
    server.close();
    expect(receiver.connections()).toBe(0);
  });
});

describe('a closed sender', () => {
  it('has cut off what was in flight, and what was being connected', async () => {
    await using receiver = await startRawReceiver(() => {});
    await using world = open();
    const outcomes = [world.post(receiver.url), world.post(receiver.url.replace('http:', 'https:'))];
    await until(() => receiver.heard().includes('{"a":1}') && receiver.connections() === 2);
    await world.sender.close();
    expect(await Promise.all(outcomes)).toEqual([
      expect.objectContaining({ error: 'connection_lost' }),
      expect.objectContaining({ error: 'connection_lost' }),
    ]);
    await until(() => receiver.open() === 0);
    expect(world.clock.sleepers).toBe(0);
  });
});

describe('a cut-off', () => {
  it('ends the attempt at once and closes its connection', async () => {
    await using receiver = await startRawReceiver(() => {});
    await using world = open();
    const cut = new AbortController();
    const outcome = world.post(receiver.url, cut.signal);
    await until(() => receiver.heard().endsWith('{"a":1}'));
    cut.abort();
    expect(await outcome).toMatchObject({ kind: 'failed', error: 'cut_off' });
    await until(() => receiver.open() === 0);
  });

  it('ends the making of a connection at once', async () => {
    await using receiver = await startRawReceiver(() => {});
    await using world = open();
    const cut = new AbortController();
    const outcome = world.post(receiver.url.replace('http:', 'https:'), cut.signal);
    await until(() => receiver.connections() === 1);
    cut.abort();
    expect(await outcome).toMatchObject({ kind: 'failed', error: 'cut_off' });
    await until(() => receiver.open() === 0);
  });

  it('before the attempt prevents it on a connection that is there, and leaves that to others', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    await using world = open();
    await world.post(receiver.url);
    expect(await world.post(receiver.url, AbortSignal.abort())).toMatchObject({ error: 'cut_off' });
    await world.post(receiver.url);
    expect(receiver.heard().match(/POST/g)).toHaveLength(2);
    expect(receiver.connections()).toBe(1);
  });

  it('before the attempt prevents it', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    await using world = open();
    expect(await world.post(receiver.url, AbortSignal.abort())).toMatchObject({ error: 'cut_off' });
    expect(receiver.heard()).toBe('');
  });
});

describe('the guard', () => {
  it('keeps the sender from a literal address that is not open: no connection is made', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    await using world = open({ loopbackAllowed: false });
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'failed', error: 'url_refused' });
    expect(receiver.connections()).toBe(0);
  });

  it('keeps the sender from a name of which one address is not open', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    await using world = open({
      resolve: async () => [
        { address: '127.0.0.1', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ],
    });
    const url = `http://gateway.example:${receiver.port}/`;
    expect(await world.post(url)).toMatchObject({
      kind: 'failed',
      error: 'url_refused',
      message: expect.stringContaining('10.0.0.1'),
    });
    expect(receiver.connections()).toBe(0);
  });

  it('lets the sender use the addresses it judged, without a second resolution', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    let asked = 0;
    await using world = open({
      resolve: async () => {
        asked += 1;
        return [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }];
      },
    });
    expect(await world.post(`http://gateway.example:${receiver.port}/`)).toMatchObject({ status: 200 });
    expect(asked).toBe(1);
  });

  it('keeps the sender from a name that was public when it was subscribed, and is not any more', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    const answers = ['93.184.216.34', '127.0.0.1'];
    const asked: string[] = [];
    const resolve = async (name: string) => {
      asked.push(name);
      return [{ address: answers.shift() ?? '', family: 4 }];
    };
    const clock = new VirtualClock();
    const guard = createGuard({ clock, resolve, allow: [], loopbackAllowed: false, listening: () => [] });
    const url = `http://gateway.example:${receiver.port}/`;
    await guard.vet(url);
    const sender = createSender({ guard, clock });
    const outcome = await sender.post({ url, headers: {}, body: new Uint8Array() }, NEVER);
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: 'url_refused',
      message: expect.stringContaining('127.0.0.1'),
    });
    expect([asked.length, receiver.connections()]).toEqual([2, 0]);
    await sender.close();
  });

  it('judges who answered once more after connecting', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    const clock = new VirtualClock();
    const guard = createGuard({
      clock,
      resolve: resolveBySystem,
      allow: parseAllowList('127.0.0.1'),
      loopbackAllowed: false,
      listening: () => [],
    });
    const blind = { ...guard, admit: (url: string) => new URL(url), judge: () => 'is not open.' };
    const sender = createSender({ guard: blind, clock });
    const outcome = await sender.post({ url: receiver.url, headers: {}, body: new Uint8Array() }, NEVER);
    expect(outcome).toMatchObject({ kind: 'failed', error: 'url_refused' });
    expect(receiver.heard()).toBe('');
    await sender.close();
  });

  it('lets a name that does not resolve fail as just that', async () => {
    const missing = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    await using world = open({ resolve: () => Promise.reject(missing) });
    expect(await world.post('http://gateway.example/')).toMatchObject({ kind: 'failed', error: 'name_unresolved' });
  });
});
