// How the sender's connections are opened: through the guard, within a time of our own clock, HTTP/1.1 only.
import net from 'node:net';
import tls from 'node:tls';
import type { buildConnector } from 'undici';
import { MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';
import { familyOf } from './allow-list.ts';
import type { Guard } from './guard.ts';
import { CONNECT_MS_MAX } from './limits.ts';

/** No connection, and Node has no error of its own for it. `code` is one of Node's, so that one table names them all. */
class ConnectError extends Error {
  readonly code: 'ETIMEDOUT' | 'ECONNRESET';

  constructor(code: ConnectError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** For undici's `connect`. Calls back with `url_refused` when the guard says so, before or after connecting. */
export function guardedConnector(guard: Guard, clock: Pick<Clock, 'sleep'>): buildConnector.connector {
  return (options, callback) => {
    const isTls = options.protocol === 'https:';
    const port = Number(options.port || (isTls ? 443 : 80));
    const socket = open(options, port, guard);
    const timer = new AbortController();
    let isSettled = false;
    const settle = (error: Error | undefined) => {
      if (isSettled) return;
      isSettled = true;
      timer.abort();
      if (error === undefined) {
        callback(null, socket);
        return;
      }
      socket.destroy();
      callback(error, null);
    };
    socket.once(isTls ? 'secureConnect' : 'connect', () => settle(judgePeer(guard, socket.remoteAddress, port)));
    // Stays for the life of the socket: an error after the hand-over is undici's to tell, and must not be nobody's.
    socket.on('error', (error) => settle(error));
    socket.once('close', () => settle(new ConnectError('ECONNRESET', 'The connection closed before it was made.')));
    void clock.sleep(CONNECT_MS_MAX, timer.signal).then(() => {
      settle(new ConnectError('ETIMEDOUT', `No connection within ${CONNECT_MS_MAX / 1_000} s.`));
    });
  };
}

function open(options: buildConnector.Options, port: number, guard: Guard): net.Socket {
  const { hostname } = options;
  const shared = { host: hostname, port, lookup: guard.lookup(port), noDelay: true, keepAlive: true };
  if (options.protocol !== 'https:') return net.connect(shared);
  // An IP address is no server name (RFC 6066 §3); the certificate is then checked against the address.
  const servername = familyOf(hostname) === undefined ? { servername: options.servername || hostname } : {};
  return tls.connect({ ...shared, ...servername, ALPNProtocols: ['http/1.1'] });
}

function judgePeer(guard: Guard, address: string | undefined, port: number): Error | undefined {
  if (address === undefined) return new ConnectError('ECONNRESET', 'The connection closed as it was made.');
  const reason = guard.judge(address, port);
  return reason === undefined
    ? undefined
    : new MeshError('url_refused', `The receiver's address ${address} ${reason}`, { field: 'url' });
}
