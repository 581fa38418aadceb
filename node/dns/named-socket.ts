// A socket for libraries that open their connections themselves and ask getaddrinfo for the name: this one asks `lookup`.
import { type LookupFunction, Socket } from 'node:net';

/** How long one address of a name may take to accept the connection before the next address is tried. The last address has all of the time. */
const ADDRESS_MS_MAX = 2_000;

/** Not connected yet. `name`: where it connects to, whatever host its user names; absent: to that host. */
export function socketBy(lookup: LookupFunction, name?: string): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket);
  const connectByName = (port: number, host: string, connected?: () => void) => {
    const options = { port, host: name ?? host, lookup, autoSelectFamilyAttemptTimeout: ADDRESS_MS_MAX };
    return connect(options, connected);
  };
  return Object.assign(socket, { connect: connectByName }) as Socket;
}
