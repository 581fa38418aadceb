// An HTTP proxy on loopback that does nothing but CONNECT, to wherever the test says that a name leads.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface ConnectProxy extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** What it was asked, in order: `gateway.example:443`. */
  readonly asked: readonly string[];
  readonly headers: readonly IncomingHttpHeaders[];
  /** Tunnels that are open now. */
  readonly open: () => number;
}

export interface ConnectProxyOptions {
  /** The port of this machine that `name:port` leads to; a text is sent in place of a tunnel. */
  readonly leads: (authority: string) => number | string;
}

export async function startConnectProxy({ leads }: ConnectProxyOptions): Promise<ConnectProxy> {
  const asked: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    // An end that is cut off is what some of these tests are about.
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on('connection', keep);
  server.on('connect', (request, client: Socket) => {
    asked.push(request.url ?? '');
    headers.push(request.headers);
    const way = leads(request.url ?? '');
    if (typeof way === 'string') {
      client.end(way);
      return;
    }
    const receiver = connect(way, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(receiver).pipe(client);
    });
    keep(receiver);
    receiver.on('close', () => client.destroy());
    client.on('close', () => receiver.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ port, url: `http://127.0.0.1:${port}`, asked, headers },
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
