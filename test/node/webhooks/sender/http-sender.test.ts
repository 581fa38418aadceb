import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { NEVER, OK, openSender, until } from '../../../support/opened-sender.ts';
import { startRawReceiver } from '../../../support/raw-receiver.ts';

describe('an attempt', () => {
  it('is one POST with the headers and body it was given', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    await using world = openSender();
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
    await using world = openSender();
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
    await using world = openSender();
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
    await using world = openSender();
    const kinds = [];
    for (let attempt = 0; attempt < 4; attempt += 1) kinds.push((await world.post(receiver.url)).kind);
    expect(kinds).toContain('failed');
  });

  it('uses no connection again that has idled for four seconds, or was promised a shorter life', async () => {
    const short = OK.replace('\r\n', '\r\nKeep-Alive: timeout=3\r\n');
    const answers = [OK, OK, OK, short, short, OK];
    await using receiver = await startRawReceiver((socket) => socket.write(answers.shift() ?? ''));
    await using world = openSender();
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
    await using world = openSender();
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
    await using world = openSender();
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
    await using world = openSender();
    const headers = { 'webhook-id': 'msg_1\r\nHost: elsewhere' };
    await expect(world.sender.post({ url: receiver.url, headers, body: new Uint8Array() }, NEVER)).rejects.toThrow(
      "'webhook-id' holds what no header may",
    );
    expect(receiver.connections()).toBe(0);
  });

  it('goes over IPv6 as well', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK), '::1');
    await using world = openSender();
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
    await using world = openSender();
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
    await using world = openSender();
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
    await using world = openSender();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'failed', error: 'connection_lost' });
  });

  it('tells Retry-After as it came', async () => {
    await using receiver = await startRawReceiver((socket) =>
      socket.write('HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n'),
    );
    await using world = openSender();
    expect(await world.post(receiver.url)).toMatchObject({ status: 503, retryAfter: '120' });
  });
});

describe('a closed sender', () => {
  it('has cut off what was in flight, and what was being connected', async () => {
    await using receiver = await startRawReceiver(() => {});
    await using world = openSender();
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
    await using world = openSender();
    const cut = new AbortController();
    const outcome = world.post(receiver.url, cut.signal);
    await until(() => receiver.heard().endsWith('{"a":1}'));
    cut.abort();
    expect(await outcome).toMatchObject({ kind: 'failed', error: 'cut_off' });
    await until(() => receiver.open() === 0);
  });

  it('ends the making of a connection at once', async () => {
    await using receiver = await startRawReceiver(() => {});
    await using world = openSender();
    const cut = new AbortController();
    const outcome = world.post(receiver.url.replace('http:', 'https:'), cut.signal);
    await until(() => receiver.connections() === 1);
    cut.abort();
    expect(await outcome).toMatchObject({ kind: 'failed', error: 'cut_off' });
    await until(() => receiver.open() === 0);
  });

  it('before the attempt prevents it on a connection that is there, and leaves that to others', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    await using world = openSender();
    await world.post(receiver.url);
    expect(await world.post(receiver.url, AbortSignal.abort())).toMatchObject({ error: 'cut_off' });
    await world.post(receiver.url);
    expect(receiver.heard().match(/POST/g)).toHaveLength(2);
    expect(receiver.connections()).toBe(1);
  });

  it('before the attempt prevents it', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    await using world = openSender();
    expect(await world.post(receiver.url, AbortSignal.abort())).toMatchObject({ error: 'cut_off' });
    expect(receiver.heard()).toBe('');
  });
});
