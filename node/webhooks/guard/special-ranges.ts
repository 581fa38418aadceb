// Which addresses are not simply somewhere on the Internet. What lies in none of these tables is public.
// The special-purpose ranges are all entries of IANA's IPv4 Special-Purpose Address Registry (25 records) and IPv6 Special-Purpose Address
// Registry (updated 2025-10-09, 25 records), the globally reachable ones too: anycast of the network's own machinery receives no webhooks.
// An entry inside another one, like Teredo in 2001::/23, is not listed again. Multicast and the unassigned rest of IPv6 are from
// IANA's address space registries, the clouds' addresses from their own documentation.
import { BlockList } from 'node:net';
import { type Family, familyOf } from './allow-list.ts';

/** Some ranges of both families, each with what it is for. */
export interface RangeTable {
  covers(address: string, family: Family): boolean;
  /** The first range that holds the address, as `10.0.0.0/8 (private use, RFC 1918)`. */
  nameOf(address: string, family: Family): string | undefined;
}

type Range = readonly [cidr: string, is: string];

/** There is no receiver there, or there is one that hands out the machine's credentials. */
const NEVER_OPEN: readonly Range[] = [
  // Linux takes it for loopback.
  ['0.0.0.0/8', '"this network", RFC 791'],
  ['169.254.0.0/16', "link-local, RFC 3927, and most clouds' metadata"],
  ['224.0.0.0/4', 'multicast, RFC 5771'],
  ['255.255.255.255/32', 'limited broadcast, RFC 919'],
  ['100.100.100.200/32', "Alibaba's metadata"],
  ['168.63.129.16/32', "Azure's metadata"],
  ['192.0.0.192/32', "Oracle's metadata"],
  ['fe80::/10', 'link-local, RFC 4291'],
  ['ff00::/8', 'multicast, RFC 4291'],
  ['fd00:ec2::/32', "AWS's metadata and credentials"],
  ['fd20:ce::254/128', "Google's metadata"],
  ['fd00:c1::a9fe:a9fe/128', "Oracle's metadata"],
  ['fd00:42::42/128', "Scaleway's metadata"],
  ['fd00:a9fe:a9fe::1/128', "Akamai's metadata"],
  ['fd00:100::100:200/128', "Alibaba's metadata"],
];

/** IPv6 forms with an IPv4 address inside: whoever means that address writes it as such. `::1` is none. */
const EMBEDDING: readonly Range[] = [
  ['::/96', 'IPv4-compatible, RFC 4291'],
  ['::ffff:0:0/96', 'IPv4-mapped, RFC 4291'],
  ['::ffff:0:0:0/96', 'IPv4-translated, RFC 2765'],
  ['64:ff9b:1::/48', 'local-use NAT64, RFC 8215'],
  ['2002::/16', '6to4, RFC 3056'],
  ['2001::/32', 'Teredo, RFC 4380'],
];

/** NAT64's well-known prefix, RFC 6052. A network without IPv4 reaches public receivers by it, so the address inside counts. */
const NAT64: readonly Range[] = [['64:ff9b::/96', 'NAT64, RFC 6052']];

const LOOPBACK: readonly Range[] = [
  ['127.0.0.0/8', 'loopback, RFC 1122'],
  ['::1/128', 'loopback, RFC 4291'],
];

/** Open to whom the operator names. */
const SPECIAL: readonly Range[] = [
  ...LOOPBACK,
  ['10.0.0.0/8', 'private use, RFC 1918'],
  ['100.64.0.0/10', 'shared address space, RFC 6598'],
  ['172.16.0.0/12', 'private use, RFC 1918'],
  ['192.0.0.0/24', 'protocol assignments, RFC 6890'],
  ['192.0.2.0/24', 'documentation, RFC 5737'],
  ['192.31.196.0/24', 'AS112, RFC 7535'],
  ['192.52.193.0/24', 'AMT, RFC 7450'],
  ['192.88.99.0/24', '6to4 relays, RFC 7526'],
  ['192.168.0.0/16', 'private use, RFC 1918'],
  ['192.175.48.0/24', 'AS112, RFC 7534'],
  ['198.18.0.0/15', 'benchmarking, RFC 2544'],
  ['198.51.100.0/24', 'documentation, RFC 5737'],
  ['203.0.113.0/24', 'documentation, RFC 5737'],
  ['240.0.0.0/4', 'reserved, RFC 1112'],
  ['100::/64', 'discard only, RFC 6666'],
  ['100:0:0:1::/64', 'dummy prefix, RFC 9780'],
  ['2001::/23', 'protocol assignments, RFC 2928'],
  ['2001:db8::/32', 'documentation, RFC 3849'],
  ['2620:4f:8000::/48', 'AS112, RFC 7534'],
  ['3fff::/20', 'documentation, RFC 9637'],
  ['5f00::/16', 'segment routing, RFC 9602'],
  ['fc00::/7', 'unique local, RFC 4193'],
  ['fec0::/10', 'site-local, RFC 3879'],
  // All of IPv6 but 2000::/3.
  ['::/3', 'not global unicast, RFC 4291'],
  ['4000::/2', 'not global unicast, RFC 4291'],
  ['8000::/1', 'not global unicast, RFC 4291'],
];

export const neverOpen = tableOf(NEVER_OPEN);
export const embedding = tableOf(EMBEDDING);
export const nat64 = tableOf(NAT64);
export const loopback = tableOf(LOOPBACK);
export const special = tableOf(SPECIAL);

function tableOf(ranges: readonly Range[]): RangeTable {
  const all = { ipv4: new BlockList(), ipv6: new BlockList() };
  const each = ranges.map(([cidr, is]) => {
    const [network = '', prefix] = cidr.split('/');
    const family = familyOf(network);
    if (family === undefined) throw new Error(`'${cidr}' is no range.`);
    const one = new BlockList();
    for (const list of [one, all[family]]) list.addSubnet(network, Number(prefix), family);
    return { name: `${cidr} (${is})`, family, one };
  });
  // Each family apart: Node's BlockList would let an IPv4 range hold IPv4-mapped IPv6 addresses too.
  return {
    covers: (address, family) => all[family].check(address, family),
    nameOf: (address, family) =>
      all[family].check(address, family)
        ? each.find((range) => range.family === family && range.one.check(address, family))?.name
        : undefined,
  };
}
