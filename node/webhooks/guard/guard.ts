// Whom a node may be made to call. A URL from a stranger must not become a request to this machine's neighbours, so every
// address is judged here: literals before the request, every answer for a name while connecting, and the peer's address again
// once connected. The function `judge` alone decides, whatever the moment (node/webhooks/README.md, "Whom a node calls").
// For now only loopback (where the node allows it) and the operator's allow-list are open. Some ranges never are.
import { BlockList, type LookupFunction, SocketAddress } from 'node:net';
import { networkInterfaces } from 'node:os';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { RESOLVE_MS_MAX, VETS_MAX } from '../limits.ts';
import { type AllowRule, type Family, familyOf } from './allow-list.ts';

interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export interface GuardOptions {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly allow: readonly AllowRule[];
  /** Whether receivers on this machine are allowed: so by default on a node that itself listens on loopback only. */
  readonly loopbackAllowed: boolean;
  /** Where this node listens, once it does. */
  readonly listening: () => readonly { readonly address: string; readonly port: number }[];
  /** All addresses of a name; rejects when it has none. Apart from what resolves the peers' names, for strangers choose these. */
  readonly resolve: (name: string) => Promise<readonly ResolvedAddress[]>;
  /** This machine's own addresses: what a wildcard listener can be reached at. */
  readonly localAddresses?: () => readonly string[];
}

export interface Guard {
  /**
   * Parses a URL and judges what can be judged without asking anybody: scheme, user info, port, a literal address.
   * Throws `invalid_request` (not a URL) or `url_refused`, with `field: "url"`.
   */
  admit(url: string): URL;
  /** `admit`, and every address of a name. A name that does not resolve now passes: it is judged again at each attempt. */
  vet(url: string): Promise<URL>;
  /** Why `address:port` may not be called, as the end of a sentence; `undefined` when it may. */
  judge(address: string, port: number): string | undefined;
  /** For `connect`: resolves a name and answers only when every address it has is allowed; those are then used. */
  lookup(port: number): LookupFunction;
}

const isLoopback = ranges(['127.0.0.0/8', '::1/128']);

/** No allow-list opens these: there is no receiver there, or there is one that hands out the machine's credentials. */
const isNeverOpen = ranges([
  '0.0.0.0/8', // "this network", RFC 791; Linux takes it for loopback
  '169.254.0.0/16', // link-local, RFC 3927, and most clouds' metadata
  '224.0.0.0/4', // multicast, RFC 5771
  '255.255.255.255/32', // broadcast
  '100.100.100.200/32', // metadata, Alibaba
  '168.63.129.16/32', // metadata, Azure
  '192.0.0.192/32', // metadata, Oracle
  'fe80::/10', // link-local, RFC 4291
  'ff00::/8', // multicast, RFC 4291
  'fd00:ec2::254/128', // metadata, AWS
  'fd20:ce::254/128', // metadata, Google
]);

/** IPv6 forms with an IPv4 address inside: whoever means that address writes it as such. `::1` is judged before. */
const embedsIpv4 = ranges([
  '::/96', // unspecified and IPv4-compatible, RFC 4291
  '::ffff:0:0/96', // IPv4-mapped, RFC 4291
  '::ffff:0:0:0/96', // IPv4-translated, RFC 2765
  '64:ff9b::/96', // NAT64, RFC 6052
  '64:ff9b:1::/48', // NAT64, RFC 8215
  '2002::/16', // 6to4, RFC 3056
  '2001::/32', // Teredo, RFC 4380
]);

export function createGuard(options: GuardOptions): Guard {
  const { clock, resolve } = options;
  const judge = (address: string, port: number) => judgeAddress(address, port, options);
  let vetting = 0;
  const answersOf = async (name: string, port: number) => {
    const answers = await resolve(name);
    for (const { address } of answers) {
      const reason = judge(address, port);
      if (reason !== undefined) throw refused(`The name '${name}' resolves to ${address}, which ${reason}`);
    }
    return answers;
  };
  const admit = (text: string) => {
    const url = parseUrl(text);
    const literal = literalOf(url);
    const reason = literal === undefined ? undefined : judge(literal, portOf(url));
    if (reason !== undefined) throw refused(`The address ${literal} of the URL ${reason}`);
    return url;
  };

  return {
    admit,
    judge,
    async vet(text) {
      const url = admit(text);
      // A flood of names that hang is not asked about now: each is judged again at every attempt.
      if (literalOf(url) !== undefined || vetting >= VETS_MAX) return url;
      vetting += 1;
      const answers = answersOf(url.hostname, portOf(url)).finally(() => {
        vetting -= 1;
      });
      await withinTime(answers, clock);
      return url;
    },
    lookup: (port) => (name, lookupOptions, callback) => {
      answersOf(name, port).then(
        (answers) => {
          const first = answers[0];
          if (first === undefined) callback(unresolved(name), '');
          else if (lookupOptions.all) callback(null, [...answers]);
          else callback(null, first.address, first.family);
        },
        (error: NodeJS.ErrnoException) => callback(error, ''),
      );
    },
  };
}

/** The port a URL means, its scheme's own when it names none. */
function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

function judgeAddress(address: string, port: number, options: GuardOptions): string | undefined {
  const family = familyOf(address);
  if (family === undefined) return 'is not an address that can be judged (it has a zone, or is none).';
  if (isNeverOpen(address, family)) return 'lies in a range that is never delivered to.';
  const isOnLoopback = isLoopback(address, family);
  if (!isOnLoopback && embedsIpv4(address, family)) {
    return 'is an IPv6 form of an IPv4 address; write that address itself.';
  }
  if (isOwn({ address, family, port }, options)) return 'is where this node itself listens.';
  if (isOnLoopback && options.loopbackAllowed) return undefined;
  if (options.allow.some((rule) => (rule.port ?? port) === port && rule.holds(address))) return undefined;
  return 'is not open to webhooks; the operator can open it with MESH_WEBHOOK_ALLOW.';
}

interface Target {
  readonly address: string;
  readonly family: Family;
  readonly port: number;
}

function isOwn({ address, family, port }: Target, options: GuardOptions): boolean {
  const { listening, localAddresses = addressesOfMachine } = options;
  return listening().some((own) => {
    if (own.port !== port) return false;
    if (own.address !== '0.0.0.0' && own.address !== '::') return isSame(own.address, address);
    // A wildcard is every address of this machine, and all of 127.0.0.0/8.
    return isLoopback(address, family) || localAddresses().some((local) => isSame(local, address));
  });
}

function parseUrl(text: string): URL {
  // The parser would quietly drop tabs and line ends, which then stand in logs.
  if (!URL.canParse(text) || /[\s\p{Cc}]/u.test(text)) {
    throw new MeshError('invalid_request', "'url' is not a URL. Right would be https://gateway.example.com/hooks.", {
      field: 'url',
    });
  }
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refused(`The URL's scheme is '${url.protocol}', not http or https.`);
  if (url.username !== '' || url.password !== '')
    throw refused('The URL has a user name or password in it; it must have none.');
  if (url.port === '0') throw refused('The URL names port 0, where nothing listens.');
  return url;
}

/** The address in a URL's host, without brackets; the parser has brought `0x7f.1` and its like into the usual form. */
function literalOf(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return familyOf(host) === undefined ? undefined : host;
}

async function withinTime(answers: Promise<unknown>, clock: Pick<Clock, 'sleep'>): Promise<void> {
  const timer = new AbortController();
  try {
    await Promise.race([answers, clock.sleep(RESOLVE_MS_MAX, timer.signal)]);
  } catch (error) {
    // Any other failure means that the name has no address now, which may change.
    if (error instanceof MeshError) throw error;
  } finally {
    timer.abort();
  }
  // Whoever answers after the time has passed is heard at the first attempt.
  answers.catch(() => {});
}

function isSame(one: string, other: string): boolean {
  return canonical(one) === canonical(other);
}

function canonical(address: string): string {
  const family = familyOf(address);
  return family === undefined ? address : new SocketAddress({ address, family }).address;
}

function addressesOfMachine(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map((entry) => entry.address));
}

function unresolved(name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`The name '${name}' has no address.`), { code: 'ENOTFOUND' });
}

function refused(message: string): MeshError {
  return new MeshError('url_refused', message, { field: 'url' });
}

type Ranges = (address: string, family: Family) => boolean;

/** Each family apart: Node's `BlockList` would let an IPv4 range hold IPv4-mapped IPv6 addresses too. */
function ranges(cidrs: readonly string[]): Ranges {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const cidr of cidrs) {
    const [network = '', prefix] = cidr.split('/');
    const family = familyOf(network);
    if (family !== undefined) lists[family].addSubnet(network, Number(prefix), family);
  }
  return (address, family) => lists[family].check(address, family);
}
