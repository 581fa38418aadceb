// Held against the registries themselves, typed here once more, and against what another library knows of them.
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { parseAllowList } from '../../../../node/webhooks/guard/allow-list.ts';
import { judgeAddress, type OpenRules } from '../../../../node/webhooks/guard/judgement.ts';
import { machineAddresses } from '../../../../node/webhooks/guard/machine-addresses.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

/** A machine with these addresses. */
const among = (addresses: readonly string[]) =>
  machineAddresses(new VirtualClock(), () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 'IPv6' : 'IPv4' })),
  );

const STRICT: OpenRules = { allow: [], loopbackAllowed: false, listening: () => [], isOfMachine: () => false };
const EVERYTHING: OpenRules = { ...STRICT, allow: parseAllowList('0.0.0.0/0, ::/0'), loopbackAllowed: true };
const isOpen = (address: string, rules = STRICT) => judgeAddress(address, 443, rules) === undefined;

/** IANA IPv4 Special-Purpose Address Registry, all records. */
const IPV4_REGISTRY = [
  ...['0.0.0.0/8', '0.0.0.0/32', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.0.0/29', '192.0.0.8/32', '192.0.0.9/32', '192.0.0.10/32', '192.0.0.170/32'],
  ...['192.0.0.171/32', '192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.88.99.2/32'],
  ...['192.168.0.0/16', '192.175.48.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '240.0.0.0/4'],
  '255.255.255.255/32',
];
/** IANA IPv6 Special-Purpose Address Registry, all records but 64:ff9b::/96, which is judged by what is inside. */
const IPV6_REGISTRY = [
  ...['::1/128', '::/128', '::ffff:0:0/96', '64:ff9b:1::/48', '100::/64', '100:0:0:1::/64', '2001::/23', '2001::/32'],
  ...['2001:1::1/128', '2001:1::2/128', '2001:1::3/128', '2001:2::/48', '2001:3::/32', '2001:4:112::/48'],
  ...['2001:10::/28', '2001:20::/28', '2001:30::/28', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'],
  ...['5f00::/16', 'fc00::/7', 'fe80::/10'],
];
const MULTICAST_AND_OLD = ['224.0.0.0/4', 'ff00::/8', 'fec0::/10', '::/96', '::ffff:0:0:0/96'];
/** What no registry of special purposes lists: the clouds', and what is not IPv6's global unicast. */
const BEYOND = [
  ...['100.100.100.200/32', '168.63.129.16/32', '192.0.0.192/32', 'fd00:ec2::/32', 'fd20:ce::254/128'],
  ...['fd00:c1::a9fe:a9fe/128', 'fd00:42::42/128', 'fd00:a9fe:a9fe::1/128', 'fd00:100::100:200/128'],
  ...['::/3', '4000::/2', '8000::/1'],
];
const ALL = [...IPV4_REGISTRY, ...IPV6_REGISTRY, ...MULTICAST_AND_OLD, ...BEYOND];
const NEVER = [
  ...['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '255.255.255.255/32', 'fe80::/10', 'ff00::/8', '::/128', '::/96'],
  ...['::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b:1::/48', '2002::/16', '2001::/32', ...BEYOND.slice(0, -3)],
];

interface Numbered {
  readonly isIpv6: boolean;
  readonly number: bigint;
}

/** An address as a number, so that what the tests expect does not come from the BlockList that they test. */
function numbered(address: string): Numbered {
  const parsed = ipaddr.parse(address);
  const number = parsed.toByteArray().reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
  return { isIpv6: parsed.kind() === 'ipv6', number };
}

function textOf({ isIpv6, number }: Numbered): string {
  const octets = Array.from({ length: isIpv6 ? 16 : 4 }, (_, at) => Number((number >> BigInt(8 * at)) & 255n));
  return ipaddr.fromByteArray(octets.toReversed()).toString();
}

function boundsOf(cidr: string): { isIpv6: boolean; first: bigint; last: bigint } {
  const [network = '', prefix = ''] = cidr.split('/');
  const { isIpv6, number } = numbered(network);
  return { isIpv6, first: number, last: number + (1n << BigInt((isIpv6 ? 128 : 32) - Number(prefix))) - 1n };
}

type Bounds = ReturnType<typeof boundsOf>;

function isIn(ranges: readonly Bounds[], { isIpv6, number }: Numbered): boolean {
  return ranges.some((one) => one.isIpv6 === isIpv6 && one.first <= number && number <= one.last);
}

/** The last 32 bits of NAT64's, as an address. */
function insideNat64(address: string): string | undefined {
  const { isIpv6, number } = numbered(address);
  return isIn(NAT64_RANGE, { isIpv6, number }) ? textOf({ isIpv6: false, number: number & 0xffffffffn }) : undefined;
}

const NAT64_RANGE = ['64:ff9b::/96'].map(boundsOf);
const ALL_BOUNDS = ALL.map(boundsOf);
const NEVER_BOUNDS = NEVER.map(boundsOf);
const EDGES = ALL.flatMap((cidr) => {
  const { isIpv6, first, last } = boundsOf(cidr);
  const width = isIpv6 ? 128n : 32n;
  return [first - 1n, first, last, last + 1n]
    .filter((number) => number >= 0n && number < 1n << width)
    .map((number) => ({ isIpv6, number }));
});

describe('a range that is special', () => {
  it.each(ALL)('%s is refused from its first address to its last, and what lies beside it by its own right', (cidr) => {
    const { isIpv6, first, last } = boundsOf(cidr);
    expect([first, last].map((number) => isOpen(textOf({ isIpv6, number })))).toEqual([false, false]);
    const beside = [first - 1n, last + 1n].filter((number) => number >= 0n && number < 1n << (isIpv6 ? 128n : 32n));
    for (const number of beside) {
      const address = textOf({ isIpv6, number });
      if (insideNat64(address) !== undefined) continue;
      expect([address, isOpen(address)]).toEqual([address, !isIn(ALL_BOUNDS, { isIpv6, number })]);
    }
  });

  it.each(ALL)('%s is opened by the allow-list, unless it never may be', (cidr) => {
    const { isIpv6, first, last } = boundsOf(cidr);
    for (const number of [first, last]) {
      const address = textOf({ isIpv6, number });
      const isNever = isIn(NEVER_BOUNDS, { isIpv6, number }) && address !== '::1';
      expect([address, isOpen(address, EVERYTHING)]).toEqual([address, !isNever]);
    }
  });

  it.each([
    ['100::1', '100::/64'],
    ['100:0:0:1::1', '100:0:0:1::/64'],
    ['2001:20::1', '2001::/23'],
    ['5f00::1', '5f00::/16'],
    ['fd12::1', 'fc00::/7'],
    ['fec0::1', 'fec0::/10'],
    ['4000::1', '4000::/2'],
  ])('%s is refused by its own name, %s', (address, range) => {
    expect(judgeAddress(address, 80, STRICT)).toContain(`lies in ${range} (`);
  });

  it('is named in the refusal, with what opens it', () => {
    expect(judgeAddress('10.1.2.3', 80, STRICT)).toBe(
      'lies in 10.0.0.0/8 (private use, RFC 1918); webhooks go there only where the operator allows it with MESH_WEBHOOK_ALLOW.',
    );
    expect(judgeAddress('169.254.169.254', 80, EVERYTHING)).toContain('169.254.0.0/16 (link-local');
  });
});

describe('a public address', () => {
  it.each(['1.1.1.1', '93.184.216.34', '192.0.1.1', '198.17.255.255', '223.255.255.255', '2606:2800::1', '2a00::1'])(
    '%s is open by default, on every port',
    (address) => {
      for (const port of [80, 443, 8_080, 65_535]) expect(judgeAddress(address, port, STRICT)).toBeUndefined();
    },
  );

  it('of this machine is closed, for it reaches that past its own firewall', () => {
    const rules = { ...STRICT, isOfMachine: among(['93.184.216.40', '2a00::40']) };
    for (const own of ['93.184.216.40', '2a00::40', '2a00:0:0::40'])
      expect(judgeAddress(own, 443, rules)).toContain('an address of this machine');
    const allow = parseAllowList('93.184.216.40:443');
    expect(judgeAddress('93.184.216.40', 443, { ...rules, allow })).toBeUndefined();
    expect(judgeAddress('93.184.216.40', 22, { ...rules, allow })).toContain('an address of this machine');
  });
});

describe('NAT64', () => {
  it.each([
    ['64:ff9b::5db8:d822', true],
    ['64:ff9b::93.184.216.34', true],
    ['64:ff9b::5db8:0', true],
    ['64:ff9b::7f00:1', false],
    ['64:ff9b::7f00:0', false],
    ['64:ff9b::a00:1', false],
    ['64:ff9b::a9fe:a9fe', false],
    ['64:ff9b::a83f:8110', false],
    ['64:ff9b::', false],
    ['64:ff9b::1', false],
    ['64:ff9b::ffff:ffff', false],
  ])('%s is judged by the IPv4 address inside', (address, expected) => {
    expect(isOpen(address)).toBe(expected);
  });

  it('reaches nothing that the operator opened, nor this node', () => {
    expect(judgeAddress('64:ff9b::a00:1', 80, EVERYTHING)).toContain('NAT64 of 10.0.0.1, which lies in 10.0.0.0/8');
    const rules = { ...STRICT, listening: () => [{ address: '93.184.216.34', port: 443 }] };
    expect(judgeAddress('64:ff9b::5db8:d822', 443, rules)).toContain('itself');
  });
});

describe('where this node listens', () => {
  const listeningAt = (address: string): OpenRules => ({
    ...EVERYTHING,
    listening: () => [{ address, port: 23_000 }],
    isOfMachine: among(['127.0.0.1', '::1', '192.168.1.5', 'fd12::5']),
  });

  it.each([
    ['127.0.0.1', ['127.0.0.1', '127.0.0.2', '127.255.255.255', '::1', '0:0:0:0:0:0:0:1'], ['192.168.1.5']],
    ['::1', ['127.0.0.1', '::1'], ['192.168.1.5', 'fd12::5']],
    ['0.0.0.0', ['127.0.0.1', '::1', '192.168.1.5', 'fd12::5', 'fd12:0::0:5'], ['192.168.1.6']],
    ['::', ['127.9.9.9', '::1', '192.168.1.5', 'fd12::5'], ['192.168.1.6', 'fd12::6']],
    ['192.168.1.5', ['192.168.1.5'], ['127.0.0.1', '::1', '192.168.1.6']],
    ['fd12::5', ['fd12::5', 'fd12:0:0:0:0:0:0:5'], ['fd12::6', '127.0.0.1']],
  ])('%s is refused in each of its forms, and only on its port', (own, forms, others) => {
    const rules = listeningAt(own);
    for (const form of forms) {
      expect(judgeAddress(form, 23_000, rules)).toContain('itself');
      expect(judgeAddress(form, 23_001, rules)).toBeUndefined();
    }
    for (const other of others) expect(judgeAddress(other, 23_000, rules)).toBeUndefined();
  });
});

describe('what ipaddr.js calls unicast', () => {
  const SEED = 20_251_009;
  const TRIALS = 20_000;
  /** Closed here, and not in that library. */
  const OURS = [...BEYOND, '::/96'].map(boundsOf);

  function isUnicast(address: string): boolean {
    const parsed = ipaddr.parse(address);
    const inside = insideNat64(address);
    return inside === undefined ? parsed.range() === 'unicast' : isUnicast(inside);
  }

  function randomAddresses(): Numbered[] {
    const { bytes, next } = seededRandom(SEED);
    const wide = (count: number) => bytes(count).reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
    return Array.from({ length: TRIALS }, () => {
      const near = EDGES[Math.floor(next() * EDGES.length)];
      if (near === undefined || next() < 0.3)
        return next() < 0.5 ? { isIpv6: false, number: wide(4) } : { isIpv6: true, number: wide(16) };
      // The leading bits of a special range, and after them chance.
      const free = BigInt(Math.floor(next() * (near.isIpv6 ? 128 : 32)));
      return { isIpv6: near.isIpv6, number: ((near.number >> free) << free) | (wide(16) & ((1n << free) - 1n)) };
    });
  }

  it('is what is open here, but for what is listed above', () => {
    const differing = [...EDGES, ...randomAddresses()].filter((one) => {
      const address = textOf(one);
      const inside = insideNat64(address);
      const isOurs = isIn(OURS, inside === undefined ? one : numbered(inside));
      return isOpen(address) !== (isUnicast(address) && !isOurs);
    });
    expect(differing.map(textOf)).toEqual([]);
  });
});
