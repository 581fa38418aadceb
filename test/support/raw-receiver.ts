// A receiver on a real socket of this machine that a test can make as hostile as it likes: it answers in raw octets.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface RawReceiver extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** What came in over all connections, as text. */
  readonly heard: () => string;
  readonly connections: () => number;
  /** Sockets that are open now. */
  readonly open: () => number;
}

/** `answer` is called once per request, when its head and body have come. */
export async function startRawReceiver(answer: (socket: Socket) => void, host = '127.0.0.1'): Promise<RawReceiver> {
  const sockets = new Set<Socket>();
  let heard = '';
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    let request = '';
    socket.on('close', () => sockets.delete(socket));
    // A client that cuts off is what many of these tests are about.
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      request += chunk.toString();
      const length = /content-length: (\d+)/i.exec(request)?.[1];
      const bodyAt = request.indexOf('\r\n\r\n') + 4;
      if (bodyAt < 4 || request.length - bodyAt < Number(length ?? 0)) return;
      request = '';
      answer(socket);
    });
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/hook?a=b`,
    port,
    heard: () => heard,
    connections: () => connections,
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
