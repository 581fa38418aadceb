// How the sender's connections are opened: through the guard, within a time of our own clock, HTTP/1.1 only.
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { CONNECT_MS_MAX, CONNECTIONS_MAX, ENDPOINT_IN_FLIGHT_MAX, IDLE_MS_MAX } from '../limits.ts';
import { familyOf } from './allow-list.ts';
import type { Guard } from './guard.ts';

/** No connection, and Node has no error of its own for it. `code` is one of Node's, so that one table names them all. */
class ConnectError extends Error {
  readonly code: 'ETIMEDOUT' | 'ECONNRESET';

  constructor(code: ConnectError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}

type Opened = (error: Error | null, socket?: net.Socket) => void;

export interface GuardedAgents extends Disposable {
  /** For `http.request` or `https.request`, by the URL's scheme. */
  of(url: URL): http.Agent;
}

/** Connections for both schemes. A request fails with `url_refused` when the guard says so, before or after connecting. Disposing closes them all. */
export function createGuardedAgents(guard: Guard, clock: Pick<Clock, 'sleep'>): GuardedAgents {
  const options = {
    keepAlive: true,
    maxSockets: CONNECTIONS_MAX,
    maxFreeSockets: ENDPOINT_IN_FLIGHT_MAX,
    // Only idle connections end by it: the deadline of each attempt is the sender's.
    timeout: IDLE_MS_MAX,
  };
  const pending = new Set<net.Socket>();
  const guarded = <One extends http.Agent>(agent: One, isTls: boolean): One => {
    // Node's types leave out that the socket may be handed over later.
    const createConnection = ({ host, port }: { host: string; port: number | string }, opened: Opened) => {
      connect({ host, port: Number(port), isTls }, { guard, clock, pending }, opened);
    };
    return Object.assign(agent, { createConnection });
  };
  const plain = guarded(new http.Agent(options), false);
  const secure = guarded(new https.Agent(options), true);
  return {
    of: ({ protocol }) => (protocol === 'https:' ? secure : plain),
    [Symbol.dispose]() {
      plain.destroy();
      secure.destroy();
      for (const socket of pending) socket.destroy();
    },
  };
}

interface Ways {
  readonly guard: Guard;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Connections that are being made. */
  readonly pending: Set<net.Socket>;
}

function connect(target: Target, { guard, clock, pending }: Ways, opened: Opened): void {
  const socket = open(target, guard);
  pending.add(socket);
  const timer = new AbortController();
  let isSettled = false;
  const settle = (error: Error | undefined) => {
    if (isSettled) return;
    isSettled = true;
    timer.abort();
    pending.delete(socket);
    if (error === undefined) {
      opened(null, socket);
      return;
    }
    socket.destroy();
    opened(error);
  };
  socket.once(target.isTls ? 'secureConnect' : 'connect', () =>
    settle(judgePeer(guard, socket.remoteAddress, target.port)),
  );
  // Stays for the life of the socket: an error after the hand-over is the request's to tell, and must not be nobody's.
  socket.on('error', (error) => settle(error));
  socket.once('close', () => settle(new ConnectError('ECONNRESET', 'The connection closed before it was made.')));
  void clock.sleep(CONNECT_MS_MAX, timer.signal).then(() => {
    settle(new ConnectError('ETIMEDOUT', `No connection within ${CONNECT_MS_MAX / 1_000} s.`));
  });
}

function open({ host, port, isTls }: Target, guard: Guard): net.Socket {
  const shared = { host, port, lookup: guard.lookup(port), noDelay: true, keepAlive: true };
  if (!isTls) return net.connect(shared);
  // An IP address is no server name (RFC 6066 §3); the certificate is then checked against the address.
  const servername = familyOf(host) === undefined ? { servername: host } : {};
  return tls.connect({ ...shared, ...servername, ALPNProtocols: ['http/1.1'] });
}

function judgePeer(guard: Guard, address: string | undefined, port: number): Error | undefined {
  if (address === undefined) return new ConnectError('ECONNRESET', 'The connection closed as it was made.');
  const reason = guard.judge(address, port);
  return reason === undefined
    ? undefined
    : new MeshError('url_refused', `The receiver's address ${address} ${reason}`, { field: 'url' });
}
