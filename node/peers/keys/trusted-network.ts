// Which addresses may introduce themselves: on these, nobody outside the machine or its private network can pose as the
// peer, so its key is believed the first time it is seen. From anywhere else a key must be told, or the secret be known.
import { BlockList, isIP } from 'node:net';

const TRUSTED = new BlockList();
for (const [network, prefix, family] of [
  // Loopback: this machine (RFC 1122, RFC 4291).
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
  // Private networks, not routed from outside: RFC 1918, and its IPv6 twin, unique local addresses (RFC 4193).
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['fc00::', 7, 'ipv6'],
  // Shared address space (RFC 6598): what overlay networks hand out whose nodes have authenticated each other already.
  ['100.64.0.0', 10, 'ipv4'],
] as const) {
  TRUSTED.addSubnet(network, prefix, family);
}

/** Whether a key may be trusted on first use from this remote address, as a socket names it. */
export function isTrustedNetwork(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  return TRUSTED.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** Whether an unsigned answer from that address is enough to take its host for one that serves only the look-up. */
export type BelieveLegacy = (address: string) => boolean;

/** With a secret nobody's word is: who has no key can't know it, and an operator says which hosts can't have one. */
export function legacyBelief(hasSecret: boolean): BelieveLegacy {
  return (address) => !hasSecret && isTrustedNetwork(address);
}
