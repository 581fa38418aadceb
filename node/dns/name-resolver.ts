// Names to addresses without getaddrinfo. getaddrinfo works in threads, of which a process has two for it: names whose DNS hangs would
// take both from all others. The order is getaddrinfo's: hosts(5), then DNS, over c-ares, which needs no thread. A name that DNS does
// not know is asked of the system too (mDNS, a machine's own name), one at a time for each resolver: two resolvers never wait for each other.
import { Resolver, lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { Clock } from '../../mesh/ports.ts';
import { withinMs } from '../../mesh/time/deadline.ts';
import { KeyedLock } from '../../mesh/time/keyed-lock.ts';
import { NameFiles, type NameRules, questionsFor } from './name-files.ts';

export interface ResolvedAddress {
  readonly address: string;
  /** 4 or 6. */
  readonly family: number;
}

/** All addresses of a name, at least one. Rejects with the code `ENOTFOUND` when it has none, `EAI_AGAIN` when nobody said in time. */
export type ResolveName = (name: string) => Promise<readonly ResolvedAddress[]>;

export interface NameResolverPorts {
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly files?: Pick<NameFiles, 'read'>;
  /** `IP:port`, for tests; absent: those of resolv.conf. */
  readonly servers?: readonly string[];
  /** In place of getaddrinfo, in tests. */
  readonly system?: ResolveName;
}

/** How long anybody waits for a name, and until when more is asked about it. */
const NAME_MS_MAX = 5_000;
/** One question to one server, and how often it is put. */
const QUESTION_MS_MAX = 2_000;
const TRIES = 2;
/** Once a name has addresses of one family, those of the other are waited for this long: some servers never answer for IPv6. */
const OTHER_FAMILY_MS_MAX = 300;
/** More are neither judged nor tried. */
const ADDRESSES_MAX = 32;

/** Names waiting for the system's answer. */
const ASKED_OF_SYSTEM_MAX = 100;
/** The key of the one lock. */
const SYSTEM = 'system';

const LOOPBACK = ['127.0.0.1', '::1'];

/** Errors which say that a name does not exist, or has no address. */
const ABSENT = ['ENOTFOUND', 'ENODATA', 'EBADNAME'];
/** Nobody serves DNS here. */
const UNSERVED = 'ECONNREFUSED';

/**
 * Resolves names as node/README.md, "Names" says: /etc/hosts, then DNS, then the system. One question for a name at a time, which all who ask
 * share. An error has the `code` `ENOTFOUND` or `EAI_AGAIN`, the latter after `NAME_MS_MAX` at the latest.
 */
export function createNameResolver(ports: NameResolverPorts): ResolveName {
  const { clock, files = new NameFiles(clock), system = bySystem } = ports;
  const inHand = new Map<string, Promise<readonly ResolvedAddress[]>>();
  const ofSystem = new KeyedLock({ clock, refusal: tooMany, waitersMax: ASKED_OF_SYSTEM_MAX });
  let asked: { readonly rules: NameRules; readonly dns: Resolver } | undefined;

  const find = async (name: string): Promise<readonly ResolvedAddress[]> => {
    const rules = await files.read();
    const listed = rules.listed.get(name) ?? (/(?:^|\.)localhost$/.test(name) ? LOOPBACK : undefined);
    if (listed !== undefined) return withFamilies(listed);
    // Servers are read once, when a resolver of c-ares is made.
    if (asked?.rules !== rules) asked = { rules, dns: openDns(ports.servers) };
    const startMs = clock.monotonicMs();
    const trouble: string[] = [];
    for (const question of questionsFor(name, rules)) {
      if (clock.monotonicMs() - startMs >= NAME_MS_MAX) throw unresolved(name, 'EAI_AGAIN');
      const { addresses, failures } = await ask(asked.dns, question, clock);
      if (addresses.length > 0) return withFamilies(addresses);
      trouble.push(...failures.filter((code) => !ABSENT.includes(code)));
    }
    if (trouble.some((code) => code !== UNSERVED)) throw unresolved(name, 'EAI_AGAIN');
    return ofSystem.run(SYSTEM, () => system(name));
  };

  return (text) => {
    const name = text.toLowerCase();
    if (isIP(name) !== 0) return Promise.resolve(withFamilies([name]));
    // Whoever asks after the first gave up still hears the answer: behind a name that hangs, the system's may take longer than one waits.
    const found = inHand.get(name) ?? find(name).finally(() => inHand.delete(name));
    inHand.set(name, found);
    return inTime(found, name, clock);
  };
}

/** For `lookup` of `net.connect` and whatever is built on it. */
export function lookupBy(resolve: ResolveName): LookupFunction {
  return (name, options, callback) => {
    // 4, 'IPv4', 6, 'IPv6', or 0 for both.
    const family = Number(String(options.family ?? 0).slice(-1));
    resolve(name).then(
      (addresses) => {
        const wanted = family === 0 ? addresses : addresses.filter((one) => one.family === family);
        const [first] = wanted;
        if (first === undefined) callback(unresolved(name, 'ENOTFOUND'), '');
        else if (options.all) callback(null, [...wanted]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}

function openDns(servers: readonly string[] | undefined): Resolver {
  const dns = new Resolver({ timeout: QUESTION_MS_MAX, tries: TRIES });
  if (servers !== undefined) dns.setServers(servers);
  return dns;
}

interface Said {
  readonly addresses: readonly string[];
  readonly failures: readonly string[];
}

async function ask(dns: Resolver, name: string, clock: Pick<Clock, 'sleep'>): Promise<Said> {
  const addresses: string[] = [];
  const failures: string[] = [];
  const answers = [dns.resolve4(name), dns.resolve6(name)].map((answer) =>
    answer.then(
      (found) => addresses.push(...found),
      (error: NodeJS.ErrnoException) => failures.push(error.code ?? 'EBADRESP'),
    ),
  );
  const both = Promise.all(answers);
  await Promise.race(answers);
  if (addresses.length === 0) await both;
  else await withinMs(clock, OTHER_FAMILY_MS_MAX, both, undefined);
  return { addresses: [...addresses], failures };
}

async function inTime(
  found: Promise<readonly ResolvedAddress[]>,
  name: string,
  clock: Pick<Clock, 'sleep'>,
): Promise<readonly ResolvedAddress[]> {
  const addresses = await withinMs(clock, NAME_MS_MAX, found, undefined);
  if (addresses === undefined) throw unresolved(name, 'EAI_AGAIN');
  return addresses;
}

/** IPv4 first, for many machines have an IPv6 address that leads nowhere beyond their network. */
function withFamilies(addresses: readonly string[]): readonly ResolvedAddress[] {
  return addresses
    .map((address) => ({ address, family: isIP(address) }))
    .toSorted((one, other) => one.family - other.family)
    .slice(0, ADDRESSES_MAX);
}

function bySystem(name: string): Promise<readonly ResolvedAddress[]> {
  return systemLookup(name, { all: true });
}

function tooMany(): NodeJS.ErrnoException {
  const message = `${ASKED_OF_SYSTEM_MAX} names wait for the system's answer already.`;
  return Object.assign(new Error(message), { code: 'EAI_AGAIN' });
}

function unresolved(name: string, code: 'ENOTFOUND' | 'EAI_AGAIN'): NodeJS.ErrnoException {
  const why = code === 'ENOTFOUND' ? 'has no address' : `could not be resolved within ${NAME_MS_MAX / 1_000} s`;
  return Object.assign(new Error(`The name '${name}' ${why}.`), { code });
}
