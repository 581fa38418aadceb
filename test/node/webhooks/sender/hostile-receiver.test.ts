// What a receiver may do to whoever calls it, and what that costs.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { OK, openSender, pass, until } from '../../../support/opened-sender.ts';
import { startRawReceiver } from '../../../support/raw-receiver.ts';

describe('a hostile receiver', () => {
  it.each([301, 302, 303, 307, 308])('that redirects with %i is not followed', async (status) => {
    await using trap = await startRawReceiver((socket) => socket.write(OK));
    await using receiver = await startRawReceiver((socket) =>
      socket.write(`HTTP/1.1 ${status} Moved\r\nLocation: ${trap.url}\r\nContent-Length: 0\r\n\r\n`),
    );
    await using world = openSender();
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
    await using world = openSender();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'answered', status: 200 });
    await until(() => receiver.open() === 0);
    // Beyond what is read, only what fits into the sockets' buffers was ever sent.
    expect(written).toBeLessThan(16 * 1_024 * 1_024);
  });

  it('that packs a bomb is not unpacked', async () => {
    await using receiver = await startRawReceiver((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbomb'),
    );
    await using world = openSender();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'answered', status: 200 });
  });

  it('that sends its answer one octet at a time is given up 15 seconds after the beginning', async () => {
    let sent: Socket | undefined;
    await using receiver = await startRawReceiver((socket) => {
      sent = socket;
    });
    await using world = openSender();
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
    await using world = openSender();
    const outcome = world.post(receiver.url);
    // The clock stands until the sender waits for the body: two deadlines.
    await until(() => receiver.open() === 1 && world.clock.sleepers === 2);
    expect(await pass(world.clock, 1_000, outcome)).toMatchObject({ status: 202, tookMs: 1_000 });
    await until(() => receiver.open() === 0);
  });

  it('that says nothing is given up after 15 seconds', async () => {
    await using receiver = await startRawReceiver(() => {});
    await using world = openSender();
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
    await using world = openSender();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'failed', error: 'headers_too_large' });
  });

  it('that resets the connection is a failure', async () => {
    await using receiver = await startRawReceiver((socket) => socket.resetAndDestroy());
    await using world = openSender();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'failed', error: 'connection_lost' });
  });

  it('that closes the connection without an answer is a failure', async () => {
    await using receiver = await startRawReceiver((socket) => socket.end());
    await using world = openSender();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'failed', error: 'connection_lost' });
  });

  it('that does not speak HTTP is a failure', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'));
    await using world = openSender();
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'failed', error: 'not_http' });
  });

  it('that does not listen is a failure', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    server.close();
    await using world = openSender();
    expect(await world.post(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'failed', error: 'connect_failed' });
  });

  it('that never ends the TLS handshake is given up after 5 seconds', async () => {
    await using receiver = await startRawReceiver(() => {});
    await using world = openSender();
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
    await using world = openSender();
    const port = typeof address === 'object' ? address?.port : undefined;
    expect(await world.post(`https://127.0.0.1:${port}/`)).toMatchObject({ kind: 'failed', error: 'tls_failed' });
    server.close();
    expect(receiver.connections()).toBe(0);
  });
});
