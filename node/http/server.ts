// The node's door on the network: Node's HTTP server in front of the application. What the parser itself refuses
// leaves in the error shape too.
import { createServer, maxHeaderSize, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { MeshError } from '../../mesh/errors.ts';
import type { ListenAddress } from '../config.ts';
import type { Fetch } from './app.ts';
import { errorResponse, rawErrorResponse } from './errors.ts';

/** A client has this long to send its request (an attachment of 25 MiB at 2.5 Mbit/s), and its headers. */
const REQUEST_MS_MAX = 120_000;
const HEADERS_MS_MAX = 10_000;
/** Longer than undici keeps an idle connection (4 s), so that a peer seldom sends into one that is being closed. */
const IDLE_MS_MAX = 30_000;
const CONNECTIONS_MAX = 10_000;
/** After a stop began, requests in hand have this long to end. */
const STOP_MS_MAX = 7_000;

export function createHttpServer(fetch: Fetch): Server {
  const listener = getRequestListener(fetch, {
    errorHandler: (error) =>
      errorResponse(new MeshError('invalid_request', `The request can't be read: ${(error as Error).message}.`)),
  });
  const options = {
    requestTimeout: REQUEST_MS_MAX,
    headersTimeout: HEADERS_MS_MAX,
    keepAliveTimeout: IDLE_MS_MAX,
    // Who names no host is answered by the listener, in the error shape.
    requireHostHeader: false,
  };
  const server = createServer(options, (incoming, outgoing) => void listener(incoming, outgoing));
  server.maxConnections = CONNECTIONS_MAX;
  server.on('clientError', answerUnreadable);
  server.on('checkExpectation', (incoming, outgoing) => {
    const expected = String(incoming.headers.expect).slice(0, 100);
    const error = new MeshError('expectation_failed', `This node can't do what 'Expect: ${expected}' asks for.`);
    outgoing.socket?.end(rawErrorResponse(error));
  });
  server.on('connect', (_, socket) => {
    const error = new MeshError('method_not_allowed', 'CONNECT is not a method of this node: it is no proxy.');
    socket.end(rawErrorResponse(error));
  });
  return server;
}

/** Resolves with the address it listens on; rejects with a sentence when it can't. */
export function listenOn(server: Server, { ip, port }: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'another program listens there' : cause.message;
      reject(
        new MeshError(
          'invalid_request',
          `This node can't listen on ${ip} port ${port}: ${why}. Choose another with --listen IP:PORT.`,
          { cause },
        ),
      );
    });
    server.listen(port, ip, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('An HTTP server listens on an IP address.');
      resolve({ ip: address.address, port: address.port });
    });
  });
}

/** Takes no new request, lets those in hand end, and cuts what is left after `STOP_MS_MAX`. */
export async function closeServer(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), STOP_MS_MAX);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(cut);
}

/** What Node's parser could not read: it has no request to answer, only a socket. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  socket.end(rawErrorResponse(unreadable(error)));
}

/** What Node's parser gives up with, as a sentence. */
function unreadable({ code, message }: NodeJS.ErrnoException): MeshError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new MeshError(
        'headers_too_large',
        `The path and the headers of a request may have ${maxHeaderSize / 1_024} KiB together; these have more.`,
      );
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new MeshError(
        'request_timeout',
        `A request must be here within ${REQUEST_MS_MAX / 1_000} s, its headers within ${HEADERS_MS_MAX / 1_000} s.`,
      );
    default:
      return new MeshError('invalid_request', `The request can't be read as HTTP/1.1 (${code ?? message}).`);
  }
}
