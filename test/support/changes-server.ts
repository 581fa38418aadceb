// A node's `GET /api/changes` as a test plays it: each connection is taken by the test, which says what is told on it.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Asked {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** Begins the stream. */
  stream(text?: string): void;
  /** Says more on it, and resolves when the system has taken it. */
  say(text: string): Promise<void>;
  end(): void;
  /** Cuts the connection. */
  cut(): void;
  refuse(status: number, body?: unknown, headers?: Readonly<Record<string, string>>): void;
  /** Resolves when the client has gone. */
  readonly gone: Promise<unknown>;
}

export interface ChangesServer extends AsyncDisposable {
  readonly url: string;
  /** The next connection that was made, in order. */
  next(): Promise<Asked>;
  readonly count: number;
}

export async function startChangesServer(): Promise<ChangesServer> {
  const waiting: Asked[] = [];
  const takers: ((asked: Asked) => void)[] = [];
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    const asked = askedBy(request, response);
    const take = takers.shift();
    if (take === undefined) waiting.push(asked);
    else take(asked);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get count() {
      return count;
    },
    next: () => {
      const asked = waiting.shift();
      return asked === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(asked);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function askedBy(request: IncomingMessage, response: ServerResponse): Asked {
  return {
    url: request.url ?? '',
    headers: request.headers,
    stream: (text = '') => {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.write(`:${text === '' ? '' : '\n'}${text}\n`);
    },
    say: (text) => new Promise((resolve) => response.write(text, () => resolve())),
    end: () => response.end(),
    cut: () => response.socket?.resetAndDestroy(),
    refuse: (status, body, headers = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(body === undefined ? '' : JSON.stringify(body));
    },
    gone: once(response, 'close'),
  };
}
