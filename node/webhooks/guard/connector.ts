// How the sender's connections are opened: through the guard, within a time of our own clock, HTTP/1.1 only; to public receivers through
// the operator's proxy, where there is one.
import net from 'node:net';
import tls from 'node:tls';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { type DeadlineEnd, startDeadline, untilAborted } from '../../../mesh/time/deadline.ts';
import { familyOf } from './allow-list.ts';
import type { Guard } from './guard.ts';
import type { OpenTunnel, Target } from './proxy-tunnel.ts';

/** A connection, TLS with it. */
const CONNECT_MS_MAX = 5 * 1_000;

/** No connection, and Node has no error of its own for it. `code` is one of Node's, so that one table names them all. */
class ConnectError extends Error {
  readonly code: 'ETIMEDOUT' | 'ECONNRESET';

  constructor(code: ConnectError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export interface Ways {
  readonly guard: Guard;
  readonly clock: Clock;
  /** By which public receivers are reached; absent: as all others. */
  readonly tunnel?: OpenTunnel | undefined;
}

export interface Receiver extends Target {
  readonly isTls: boolean;
}

/**
 * Connects to a receiver, TLS with it. Rejects with `url_refused` when the guard says so, before or after connecting, and with one of Node's
 * codes when there is no connection, at the latest after `CONNECT_MS_MAX`. `signal` gives it up.
 */
export async function connect(receiver: Receiver, ways: Ways, signal: AbortSignal): Promise<net.Socket> {
  using limit = startDeadline({ clock: ways.clock, ms: CONNECT_MS_MAX, signals: [signal], silent: unconnected });
  return (await throughTunnel(receiver, ways, limit.signal)) ?? (await directly(receiver, ways.guard, limit.signal));
}

/** `undefined`: the operator's own word opened this receiver, and the proxy is not asked about it. */
async function throughTunnel(
  receiver: Receiver,
  { guard, tunnel }: Ways,
  signal: AbortSignal,
): Promise<net.Socket | undefined> {
  if (tunnel === undefined || !(await untilAborted(signal, guard.leadsOut(receiver.host, receiver.port))))
    return undefined;
  const socket = await tunnel(receiver, signal);
  if (!receiver.isTls) return socket;
  return made(tls.connect({ socket, ...tlsOptions(receiver) }), 'secureConnect', signal);
}

async function directly(receiver: Receiver, guard: Guard, signal: AbortSignal): Promise<net.Socket> {
  const { host, port, isTls } = receiver;
  const shared = { host, port, lookup: guard.lookup(port), noDelay: true, keepAlive: true };
  const socket = isTls
    ? await made(tls.connect({ ...shared, ...tlsOptions(receiver) }), 'secureConnect', signal)
    : await made(net.connect(shared), 'connect', signal);
  const fault = judgePeer(guard, socket.remoteAddress, port);
  if (fault === undefined) return socket;
  socket.destroy();
  throw fault;
}

/** The socket, once `event` has come. It is destroyed when that does not come. */
function made(socket: net.Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    socket.once(event, () => resolve(socket));
    // Stays for the life of the socket: an error after the hand-over is the request's to tell, and must not be nobody's.
    socket.on('error', fail);
    socket.once('close', () => fail(new ConnectError('ECONNRESET', 'The connection closed before it was made.')));
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    if (signal.aborted) fail(signal.reason);
  });
}

/** An IP address is no server name (RFC 6066 §3); the certificate is then checked against the address. */
function tlsOptions({ host }: Receiver): tls.ConnectionOptions {
  return { host, ...(familyOf(host) === undefined ? { servername: host } : {}), ALPNProtocols: ['http/1.1'] };
}

function unconnected(end: DeadlineEnd): ConnectError {
  return end === 'late'
    ? new ConnectError('ETIMEDOUT', `No connection within ${CONNECT_MS_MAX / 1_000} s.`)
    : new ConnectError('ECONNRESET', 'The node gave the connection up.');
}

function judgePeer(guard: Guard, address: string | undefined, port: number): Error | undefined {
  if (address === undefined) return new ConnectError('ECONNRESET', 'The connection closed as it was made.');
  const reason = guard.judge(address, port);
  return reason === undefined
    ? undefined
    : new MeshError('url_refused', `The receiver's address ${address} ${reason}`, { field: 'url' });
}
