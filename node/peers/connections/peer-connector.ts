// How connections to peers are made: with a timeout, HTTP/1.1 only, and so that a connection that is still being made can be dropped. undici
// itself waits until the connection is made or timed out, which would keep a stopping node alive for seconds.
import { Socket } from 'node:net';
import { buildConnector } from 'undici';
import type { KnownAddresses } from '../../dns/known-addresses.ts';

/** Connecting to a peer. undici's timer is coarse, about half a second; the answer's own deadline is exact. */
const PEER_CONNECT_MS_MAX = 2_000;

export type PeerAddresses = Pick<KnownAddresses, 'lookup' | 'forget'>;

export interface PeerConnector {
  readonly connect: buildConnector.connector;
  /** Drops every connection that is still being made. */
  dropPending(): void;
}

/** `connected` is told of each connection that was made. A name at whose address nobody takes connections is resolved again. */
export function createPeerConnector(
  addresses: PeerAddresses,
  connected: (socket: Socket) => void = () => undefined,
): PeerConnector {
  const connect = buildConnector({ timeout: PEER_CONNECT_MS_MAX, allowH2: false, lookup: addresses.lookup });
  const pending = new Set<unknown>();
  return {
    connect(options, callback) {
      // undici returns the socket, though its type does not say so.
      const socket: unknown = connect(options, (...[error, made]) => {
        pending.delete(socket);
        if (error) {
          addresses.forget(options.hostname);
          return callback(error, null);
        }
        connected(made);
        callback(null, made);
      });
      pending.add(socket);
    },
    dropPending() {
      for (const socket of pending) if (socket instanceof Socket) socket.destroy();
      pending.clear();
    },
  };
}
