// Somebody who asks by a key as much as the node can answer: a client that counts its own questions may ask too seldom on a slow machine to
// ever be refused one.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { HostProcess } from '../../scripts/host-process.ts';

/** Questions of one connection, all of which are written before the first is answered: fewer than may wait there. */
const AT_ONCE = 50;

/** Asks who the key is, again and again, until it is enough. Nothing is made of the answers. */
export async function askEagerly(
  { url }: Pick<HostProcess, 'url'>,
  apiKey: string,
  isEnough: () => boolean,
): Promise<void> {
  const { hostname, port } = new URL(url);
  const asked = ['GET /v0/auth/me HTTP/1.1', `Host: ${hostname}`, `Authorization: Bearer ${apiKey}`].join('\r\n');
  while (!isEnough()) {
    const socket = connect(Number(port), hostname);
    socket.write(`${asked}\r\n\r\n`.repeat(AT_ONCE - 1));
    socket.write(`${asked}\r\nConnection: close\r\n\r\n`);
    await once(socket.resume(), 'close');
  }
}
