// Requests that never reach a route: what Node's parser gives up with, and what HTTP has beyond requests. All in the one error shape.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createHttpServer, listenOn } from '../../../node/http/server/server.ts';
import { systemClock } from '../../../node/system/clock.ts';

async function say(
  request: string,
): Promise<{ readonly status: number; readonly body: { error: string; message: string } }> {
  const server = createHttpServer(() => new Response('{}'), { clock: systemClock });
  const { port } = await listenOn(server, { ip: '127.0.0.1', port: 0 });
  const socket = createConnection(port, '127.0.0.1');
  socket.write(request);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  await once(socket, 'close');
  server.close();
  return { status: Number(text.split(' ')[1]), body: JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) };
}

describe('a request that is none', () => {
  it.each([
    ['GET / HTTP/1.1\r\nbad header\r\n\r\n', 400, 'invalid_request'],
    [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 431, 'headers_too_large'],
    ['GET / HTTP/1.1\r\nHost: localhost\r\nExpect: 200-maybe\r\nConnection: close\r\n\r\n', 417, 'expectation_failed'],
    ['GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'invalid_request'],
    ['CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n', 405, 'method_not_allowed'],
  ])('is answered in the error shape, %#', async (request, status, error) => {
    const answer = await say(request);
    expect([answer.status, answer.body.error, typeof answer.body.message]).toEqual([status, error, 'string']);
  });

  it('may come without Host by HTTP/1.0, which knows none', async () => {
    expect((await say('GET /health HTTP/1.0\r\n\r\n')).status).toBe(200);
  });
});
