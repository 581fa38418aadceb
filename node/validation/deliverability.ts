// Whether a domain takes mail, as DNS tells it now: MX (RFC 5321 §5.1), null MX (RFC 7505), else an A or AAAA record, with two
// refinements of python-email-validator: a fallback address must be a global one, and a domain that says it sends no mail (SPF `-all`) and
// names no MX is taken to receive none. Asked only on request; a time-out is "unknown", never "invalid".
import { BlockList, isIPv6 } from 'node:net';

/** Asks the DNS. Each method resolves with an empty list when there is no such record, and rejects with a `DnsFailure` otherwise. */
export interface Resolver {
  mx(domain: string): Promise<readonly { readonly priority: number; readonly exchange: string }[]>;
  a(domain: string): Promise<readonly string[]>;
  aaaa(domain: string): Promise<readonly string[]>;
  txt(domain: string): Promise<readonly string[]>;
}

/** `absent`: the name does not exist at all. `unknown`: no answer in time, or a server's failure. */
export class DnsFailure extends Error {
  readonly kind: 'absent' | 'unknown';
  constructor(kind: 'absent' | 'unknown') {
    super(kind);
    this.kind = kind;
  }
}

export type Deliverability =
  | {
      readonly deliverable: true;
      /** By priority. */
      readonly mx: readonly (readonly [priority: number, host: string])[];
      readonly mx_fallback_type: 'A' | 'AAAA' | null;
    }
  | {
      readonly deliverable: false;
      readonly error: string;
      readonly error_code: 'domain_absent' | 'no_mail_accepted' | 'no_mail_sent';
    }
  | { readonly deliverable: 'unknown'; readonly unknown: 'timeout' };

/** Asks whether a domain takes mail. `domain`: the name with A-labels. `shown`: the name as sentences show it. */
export async function checkDeliverability(domain: string, shown: string, resolver: Resolver): Promise<Deliverability> {
  try {
    return await check(domain, shown, resolver);
  } catch (error) {
    if (!(error instanceof DnsFailure)) throw error;
    if (error.kind === 'unknown') return { deliverable: 'unknown', unknown: 'timeout' };
    return { deliverable: false, error: `The domain name ${shown} does not exist.`, error_code: 'domain_absent' };
  }
}

async function check(domain: string, shown: string, resolver: Resolver): Promise<Deliverability> {
  const records = await resolver.mx(domain);
  const mx = records
    .map(({ priority, exchange }) => [priority, exchange.replace(/\.$/, '')] as const)
    .sort(([one], [other]) => one - other);
  const usable = mx.filter(([, host]) => host !== '');
  if (usable.length > 0) return { deliverable: true, mx: usable, mx_fallback_type: null };
  if (mx.length > 0) return refused(shown);
  for (const [type, ask] of [
    ['A', (name: string) => resolver.a(name)],
    ['AAAA', (name: string) => resolver.aaaa(name)],
  ] as const) {
    if (!(await ask(domain)).some(isGlobal)) continue;
    const says = await resolver.txt(domain);
    if (
      says.some(
        (text) => /^v=spf1 (?:.* )?-all$/.test(text) && !/\s[+?~]?(?:a|mx|ip4|ip6|include|exists|ptr)\b/.test(text),
      )
    )
      return { deliverable: false, error: `The domain name ${shown} does not send email.`, error_code: 'no_mail_sent' };
    return { deliverable: true, mx: [[0, domain]], mx_fallback_type: type };
  }
  return refused(shown);
}

function refused(shown: string): Deliverability {
  return {
    deliverable: false,
    error: `The domain name ${shown} does not accept email.`,
    error_code: 'no_mail_accepted',
  };
}

/** IANA's special-purpose registries, as far as they are not globally reachable. */
// One list per family: a single one would take an IPv4 address for its IPv6-mapped form, which `::/8` covers.
const SPECIAL_V4 = new BlockList();
const SPECIAL_V6 = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  SPECIAL_V4.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 8],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  SPECIAL_V6.addSubnet(network, prefix, 'ipv6');

function isGlobal(address: string): boolean {
  return isIPv6(address) ? !SPECIAL_V6.check(address, 'ipv6') : !SPECIAL_V4.check(address, 'ipv4');
}
