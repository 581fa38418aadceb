// Real servers on loopback for tests of what sockets do: an application of Hono's, or raw sockets that misbehave as told.
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';

export interface LoopbackServer extends AsyncDisposable {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** Connections ever accepted. */
  readonly accepted: number;
  /** Connections open now. */
  readonly open: number;
  /** Resolves when no connection is open. */
  emptied(): Promise<void>;
  /** Resolves when so many have been accepted. */
  acceptedAtLeast(count: number): Promise<void>;
}

export function serveApp(app: Pick<Hono, 'fetch'>): Promise<LoopbackServer> {
  return listen(createHttpServer(getRequestListener(app.fetch)));
}

/** `converse` gets each connection, and its first octets as text once they have come. */
export function serveRaw(converse: (socket: Socket, request: string) => unknown): Promise<LoopbackServer> {
  return listen(
    createServer((socket) => {
      socket.once('data', (data) => converse(socket, data.toString('latin1')));
    }),
  );
}

async function listen(server: Server): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  const watchers = new Set<() => void>();
  let accepted = 0;
  const notify = () => {
    for (const watch of watchers) watch();
  };
  const until = async (holds: () => boolean) => {
    while (!holds()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      watchers.add(resolve);
      await promise;
      watchers.delete(resolve);
    }
  };
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    // A peer that cuts the line is what many of these tests are about.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      notify();
    });
    notify();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size;
    },
    emptied: () => until(() => sockets.size === 0),
    acceptedAtLeast: (count) => until(() => accepted >= count),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
