// A trap of Debian and others: /etc/hosts gives the machine's own name an address of loopback (127.0.1.1). A host that is listed by that
// name then listens where no other machine reaches it, and nothing else says why.
import { isIP } from 'node:net';
import type { Host } from '../../mesh/roster.ts';
import { isLoopback, isThisMachine } from './this-machine.ts';

type Resolve = (name: string) => Promise<readonly { readonly address: string }[]>;

/** A sentence, when this host's name leads to loopback here, while a peer is on another machine. Never rejects. */
export async function loopbackNameFault(
  self: Host,
  peers: readonly Host[],
  resolve: Resolve,
): Promise<string | undefined> {
  const name = nameIn(self);
  if (isThisMachine(name)) return undefined;
  const address = (await addressesOf(name, resolve)).find(isLoopback);
  if (address === undefined) return undefined;
  for (const peer of peers) {
    const elsewhere = (await addressesOf(nameIn(peer), resolve)).find((one) => !isLoopback(one));
    if (elsewhere === undefined) continue;
    return `The name of this host in hosts.json, '${name}', leads to ${address} on this machine, where no other machine reaches it, while '${peer.id}' is at ${elsewhere}. Give it the machine's address in /etc/hosts, use the address in hosts.json, or say --listen IP:PORT.`;
  }
  return undefined;
}

function nameIn({ url }: Host): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

async function addressesOf(name: string, resolve: Resolve): Promise<readonly string[]> {
  if (isIP(name) !== 0) return [name];
  if (isThisMachine(name)) return ['127.0.0.1'];
  // A name that does not resolve now says nothing of where its host is; who needs it tells.
  const found = await resolve(name).catch(() => []);
  return found.map(({ address }) => address);
}
