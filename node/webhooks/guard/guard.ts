// Whom a node may be made to call. A URL from a stranger must not become a request to this machine's neighbours, so every
// address is judged: literals before the request, every answer for a name while connecting, and the peer's address again once
// connected (node/webhooks/README.md, "Whom a node calls").
import type { LookupFunction } from 'node:net';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { withinMs } from '../../../mesh/time/deadline.ts';
import { familyOf } from './allow-list.ts';
import { isPublic, judgeAddress, type OpenRules } from './judgement.ts';
import { type IsOfMachine, machineAddresses } from './machine-addresses.ts';

/** A name's resolution while a subscription is made; a slower one counts as not resolving now. */
const RESOLVE_MS_MAX = 5 * 1_000;
/** A name's resolution before a proxy is asked for the name, which must leave it time: behind a proxy nobody may serve DNS. */
const RESOLVE_BEFORE_PROXY_MS_MAX = 1_000;
/** Names resolved at once for subscriptions being made; one that comes meanwhile counts as not resolving now, too. */
const VETS_MAX = 64;

interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export interface GuardOptions extends Omit<OpenRules, 'isOfMachine'> {
  readonly clock: Pick<Clock, 'sleep' | 'monotonicMs'>;
  /** In place of the system's, in tests. */
  readonly isOfMachine?: IsOfMachine;
  /** All addresses of a name; rejects when it has none. Apart from what resolves the peers' names, for strangers choose these. */
  readonly resolve: (name: string) => Promise<readonly ResolvedAddress[]>;
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
  /**
   * Whether a proxy is to reach `host`: it has public addresses only, or is a name that nobody here knows in time. Anything else is open
   * by the operator's own word about his networks. Rejects with `url_refused` when an address is not open.
   */
  leadsOut(host: string, port: number): Promise<boolean>;
}

/** Judges by node/webhooks/README.md, "Whom a node calls". Nothing is remembered of a name: each attempt resolves it and is judged anew. */
export function createGuard(options: GuardOptions): Guard {
  const { clock, resolve } = options;
  const rules = { isOfMachine: machineAddresses(clock), ...options };
  const judge = (address: string, port: number) => judgeAddress(address, port, rules);
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
      await answersWithinMs(answers, RESOLVE_MS_MAX, clock);
      return url;
    },
    async leadsOut(host, port) {
      if (familyOf(host) !== undefined) return isPublic(host, rules);
      const known = await answersWithinMs(answersOf(host, port), RESOLVE_BEFORE_PROXY_MS_MAX, clock);
      return (known ?? []).every(({ address }) => isPublic(address, rules));
    },
    lookup: (port) => lookupBy((name) => answersOf(name, port)),
  };
}

function lookupBy(answersOf: (name: string) => Promise<readonly ResolvedAddress[]>): LookupFunction {
  return (name, options, callback) => {
    answersOf(name).then(
      (answers) => {
        const first = answers[0];
        if (first === undefined) callback(unresolved(name), '');
        else if (options.all) callback(null, [...answers]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}

/** The port a URL means, its scheme's own when it names none. */
function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
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

/** `undefined` when they do not come in time, or there are none now, which may change. */
async function answersWithinMs(
  answers: Promise<readonly ResolvedAddress[]>,
  ms: number,
  clock: Pick<Clock, 'sleep'>,
): Promise<readonly ResolvedAddress[] | undefined> {
  try {
    // Whoever answers after the time has passed is heard at the first attempt.
    return await withinMs(clock, ms, answers, undefined);
  } catch (error) {
    if (error instanceof MeshError) throw error;
    return undefined;
  }
}

function unresolved(name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`The name '${name}' has no address.`), { code: 'ENOTFOUND' });
}

function refused(message: string): MeshError {
  return new MeshError('url_refused', message, { field: 'url' });
}
