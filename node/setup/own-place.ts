// What a machine is called and where others reach it, as far as it can tell by itself: its name, and the address of its private network.
import { hostname, networkInterfaces } from 'node:os';
import { parseHostId } from '../../mesh/names.ts';

/** Networks between containers or virtual machines of this machine. */
const INWARD = /^(?:docker|br-|veth|virbr|lxc|cni|vmnet)/;
/** Tailnets (RFC 6598), then the private networks (RFC 1918), as they are preferred. */
const NETWORKS = [/^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./, /^10\./, /^192\.168\./, /^172\.(?:1[6-9]|2\d|3[01])\./];

/** The first part of the machine's name as an id of hosts.json; `undefined` when it can't be one. */
export function ownId(name: string = hostname()): string | undefined {
  const [first = ''] = name.split('.');
  return parseHostId(first.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[-_]+/, ''));
}

/** The machine's address in a private network; `undefined` when it is in none. */
export function ownAddress(interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces()): string | undefined {
  const addresses = Object.entries(interfaces).flatMap(([name, list = []]) =>
    INWARD.test(name) ? [] : list.filter(({ family, internal }) => family === 'IPv4' && !internal),
  );
  for (const network of NETWORKS) {
    const found = addresses.find(({ address }) => network.test(address));
    if (found !== undefined) return found.address;
  }
  return undefined;
}
