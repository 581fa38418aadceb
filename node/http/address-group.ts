// Who counts as one client: an IPv4 address, or an IPv6 network of 64 bits, since whoever has one of its addresses has them all.
import { isIPv6 } from 'node:net';

const IPV4_MAPPED = '::ffff:';
const NETWORK_GROUPS = 4;

/** The text that stands for a client's network; '' for a connection that is gone, or a request without one. */
export function addressGroup(address: string | undefined): string {
  if (address === undefined) return '';
  if (address.startsWith(IPV4_MAPPED)) return address.slice(IPV4_MAPPED.length);
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
