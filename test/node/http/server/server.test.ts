// What a handler gets of a request without a body, over real sockets: Node makes no stream of it.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createConnection } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { createHttpServer, listenOn } from '../../../../node/http/server/server.ts';
import type { Fetch } from '../../../../node/http/shell.ts';
import { systemClock } from '../../../../node/system/clock.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

async function ask(method: string, fetch: Fetch) {
  const server = createHttpServer(fetch, { clock: systemClock });
  const { port } = await listenOn(server, { ip: '127.0.0.1', port: 0 });
  stack.defer(() => void server.close());
  const socket = createConnection(port, '127.0.0.1');
  socket.write(`${method} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  return socket;
}

describe('a request without a body', () => {
  it.each(['GET', 'POST', 'DELETE'])('is at its end before it is answered, and read as empty: %s', async (method) => {
    const socket = await ask(method, async (request, environment = {}) => {
      const { readableEnded } = environment.incoming as IncomingMessage;
      return new Response(`${readableEnded} "${await request.text()}"`);
    });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    await once(socket, 'close');
    expect(text).toMatch(/true ""$/);
  });

  it('tells its handler when its client has left', async () => {
    const asked = Promise.withResolvers<void>();
    const left = Promise.withResolvers<boolean>();
    const socket = await ask('GET', async ({ signal }) => {
      signal.addEventListener('abort', () => left.resolve(signal.aborted));
      asked.resolve();
      await left.promise;
      return new Response('nobody');
    });
    await asked.promise;
    socket.destroy();
    expect(await left.promise).toBe(true);
  });
});
