// A chunked body, each octet a chunk of its own, over a real socket: whoever reads it sees few pieces.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { expect, it } from 'vitest';
import { createHttpServer, listenOn } from '../../../../node/http/server/server.ts';
import { systemClock } from '../../../../node/system/clock.ts';

const OCTETS = 20_000;

it('hands a body on in the pieces it was read in, not in the chunks it was sent in', async () => {
  const { promise: read, resolve } = Promise.withResolvers<{ pieces: number; octets: number }>();
  const fetch = async (request: Request) => {
    let [pieces, octets] = [0, 0];
    for await (const piece of request.body ?? []) {
      pieces += 1;
      octets += piece.byteLength;
    }
    resolve({ pieces, octets });
    return new Response('read');
  };
  const server = createHttpServer(fetch, { clock: systemClock });
  const { port } = await listenOn(server, { ip: '127.0.0.1', port: 0 });
  const socket = createConnection({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n');
    socket.write(`${'1\r\nx\r\n'.repeat(OCTETS)}0\r\n\r\n`);
    const { pieces, octets } = await read;
    expect(octets).toBe(OCTETS);
    expect(pieces).toBeLessThan(OCTETS / 100);
  } finally {
    socket.destroy();
    server.close();
  }
});
