// One request over a connection of its own, for asking a peer who it is: its key may be believed by where the answer came from, so the
// remote address of the very connection is told, and no connection that was there before is used.
import { Client } from 'undici';
import type { CallOnce } from '../keys/hello-question.ts';
import { createPeerConnector, type PeerAddresses } from './peer-connector.ts';
import { exchange } from './peer-exchange.ts';
import { clientOptions } from './peer-pools.ts';

/** The connection is closed afterwards, whatever came. Rejects as `exchange` does. */
export function createCallOnce(known: PeerAddresses): CallOnce {
  return (call, signal) => callOverOwnConnection(known, call, signal);
}

async function callOverOwnConnection(
  known: PeerAddresses,
  call: Parameters<CallOnce>[0],
  signal: AbortSignal,
): ReturnType<CallOnce> {
  const addresses: string[] = [];
  const connector = createPeerConnector(known, (socket) => addresses.push(socket.remoteAddress ?? ''));
  const client = new Client(call.origin, { ...clientOptions(), connect: connector.connect });
  try {
    const answer = await exchange(client, { ...call, method: 'GET' }, signal);
    const [address = '', ...others] = addresses;
    // undici may connect again behind our back; then nobody can say which connection the answer came over.
    return { ...answer, address: others.length === 0 ? address : '' };
  } finally {
    const destroyed = client.destroy();
    connector.dropPending();
    await destroyed;
  }
}
