// Whether what is sent to a host stays on this machine, judged by the host's name or number alone: what a name resolves to can change.
// Of all names only `localhost` counts, for some resolvers ask the network about the names below `localhost`.
import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
// An IPv4 address in IPv6 form (::ffff:127.0.0.1) is judged as the IPv4 address by BlockList itself.
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether an IP address, without brackets, is of loopback. */
export function isLoopback(ip: string): boolean {
  const family = isIP(ip);
  return family !== 0 && LOOPBACK.check(ip, family === 4 ? 'ipv4' : 'ipv6');
}

/** Whether a host as URLs have it is of loopback: a name, an IPv4 address, an IPv6 address with or without brackets. */
export function isThisMachine(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  return name === 'localhost' || isLoopback(name);
}
