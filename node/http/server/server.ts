// The node's door on the network: Node's HTTP server in front of the application. What the parser itself refuses
// leaves in the error shape too.
import { createServer, type IncomingMessage, maxHeaderSize, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { afterMs } from '../../../mesh/time/deadline.ts';
import type { ListenAddress } from '../../setting-values.ts';
import { errorAnswer, errorResponse } from '../errors.ts';
import type { ShortWay } from '../lookup/short-look-up.ts';
import type { Upgrade } from '../peers/channel-upgrade.ts';
import type { Fetch } from '../shell.ts';
import { CONNECTION_BOUNDS, type ConnectionBounds, Connections } from './connections.ts';
import { GatheredMessage } from './gathered-message.ts';

/** A client has this long to send its request (an attachment of 25 MiB at 2.5 Mbit/s), and its headers. */
const REQUEST_MS_MAX = 120_000;
const HEADERS_MS_MAX = 10_000;
/** Longer than a peer keeps an idle connection (25 s), so that a peer seldom sends into one that is being closed. */
const IDLE_MS_MAX = 30_000;
/** How often it is looked for requests that are late. */
const LATE_CHECK_MS = 5_000;
/** After a stop began, requests in hand have this long to end. */
const STOP_MS_MAX = 7_000;

export interface HttpServerOptions {
  readonly clock: Clock;
  readonly bounds?: ConnectionBounds;
  /** Asked first; what it does not answer, `fetch` does. */
  readonly shortWay?: ShortWay;
  /** Absent: no request is upgraded. */
  readonly upgrade?: Upgrade | undefined;
}

/** A server that does not listen yet. Times of a connection: `REQUEST_MS_MAX` for a request, `IDLE_MS_MAX` between two. */
export function createHttpServer(
  fetch: Fetch,
  { clock, bounds = CONNECTION_BOUNDS, shortWay = () => false, upgrade }: HttpServerOptions,
): Server {
  const listener = getRequestListener(fetch, {
    // Of HTTP/1.0, which knows no Host; the gate says what may be asked without one.
    hostname: 'localhost',
    errorHandler: (error) =>
      errorResponse(new MeshError('invalid_request', `The request can't be read: ${(error as Error).message}.`)),
  });
  const options = {
    IncomingMessage: GatheredMessage,
    requestTimeout: REQUEST_MS_MAX,
    headersTimeout: HEADERS_MS_MAX,
    keepAliveTimeout: IDLE_MS_MAX,
    connectionsCheckingInterval: LATE_CHECK_MS,
    // What has no body is read to its end from the beginning: to find out by a stream costs more than a look-up.
    optimizeEmptyRequests: true,
    // Who names no host is answered by the listener, in the error shape.
    requireHostHeader: false,
    // Any other request for an upgrade is answered as if it were none (RFC 9110 section 7.8).
    shouldUpgradeCallback: (incoming: IncomingMessage) => upgrade?.isOffer(incoming) === true,
  };
  const connections = new Connections({ bounds, clock, isStopping: () => !server.listening });
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse, client: string) => {
    if (namesNoHost(incoming)) answerRaw(outgoing, HOST_MISSING);
    else if (!shortWay(incoming, outgoing, client)) void listener(incoming, outgoing);
  };
  const server = createServer(options, (incoming, outgoing) => connections.enqueue({ incoming, outgoing, answer }));
  server.on('connection', (socket: Socket) => connections.opened(socket));
  if (upgrade !== undefined)
    server.on('upgrade', (incoming, socket, head) => {
      connections.keep(socket as Socket);
      upgrade.accept(incoming, socket as Socket, head);
    });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
    else connections.refuse(socket, unreadable(error));
  });
  server.on('checkExpectation', (incoming, outgoing) => {
    const expected = String(incoming.headers.expect).slice(0, 100);
    const error = new MeshError('expectation_failed', `This node can't do what 'Expect: ${expected}' asks for.`);
    connections.enqueue({ incoming, outgoing, answer: () => answerRaw(outgoing, error) });
  });
  server.on('connect', (_, socket) => {
    const message = 'CONNECT is not a method of this node: it is no proxy.';
    connections.refuse(socket as Socket, new MeshError('method_not_allowed', message));
  });
  return server;
}

const HOST_MISSING = new MeshError(
  'invalid_request',
  'An HTTP/1.1 request must have a Host header; this one has none.',
);

/** RFC 9112 section 3.2; HTTP/1.0 knows none. */
function namesNoHost({ headers, httpVersionMajor, httpVersionMinor }: IncomingMessage): boolean {
  return headers.host === undefined && (httpVersionMajor > 1 || httpVersionMinor > 0);
}

/** Without the listener, which would read the request; closes afterwards, for nobody reads what is left of it. */
function answerRaw(outgoing: ServerResponse, error: MeshError): void {
  const { status, headers, body } = errorAnswer(error);
  const json = Buffer.from(JSON.stringify(body));
  const fields = { 'Content-Type': 'application/json', 'Content-Length': json.byteLength, Connection: 'close' };
  outgoing.writeHead(status, { ...headers, ...fields });
  outgoing.end(json);
}

/** Resolves with the address it listens on. Rejects with `invalid_request` when it can't: another program listens there, or the system says no. */
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
export async function closeServer(server: Server, clock: Pick<Clock, 'sleep'>): Promise<void> {
  const inTime = afterMs(clock, STOP_MS_MAX, () => server.closeAllConnections());
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  inTime();
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
