// The machine's DNS behind the send module's Resolver port: each question bounded, and their number, and its failures named.
import { Resolver as NodeResolver } from 'node:dns/promises';
import type { Clock } from '../../mesh/ports.ts';
import { withDeadline } from '../../mesh/time/deadline.ts';
import { DnsFailure, type Resolver } from '../validation/deliverability.ts';

/** A question with its retries, at every server. */
const ANSWER_MS_MAX = 5_000;
const TRY_MS_MAX = 2_000;
const TRIES = 2;
/** Questions under way; what is asked meanwhile is unknown now. */
const QUESTIONS_MAX = 512;

/** `servers`: `IP:port`, for tests; absent: the machine's. */
export function createDnsResolver(clock: Clock, servers?: readonly string[]): Resolver {
  const resolver = new NodeResolver({ timeout: TRY_MS_MAX, tries: TRIES });
  if (servers !== undefined) resolver.setServers(servers);
  let underWay = 0;

  const ask = async <Answer>(question: () => Promise<readonly Answer[]>): Promise<readonly Answer[]> => {
    if (underWay >= QUESTIONS_MAX) throw new DnsFailure('unknown');
    underWay += 1;
    try {
      const silent = () => new DnsFailure('unknown');
      return await withDeadline({ clock, ms: ANSWER_MS_MAX, signals: [], silent }, question);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENODATA') return [];
      throw new DnsFailure(code === 'ENOTFOUND' ? 'absent' : 'unknown');
    } finally {
      underWay -= 1;
    }
  };

  return {
    mx: (domain) => ask(() => resolver.resolveMx(domain)),
    a: (domain) => ask(() => resolver.resolve4(domain)),
    aaaa: (domain) => ask(() => resolver.resolve6(domain)),
    txt: async (domain) => (await ask(() => resolver.resolveTxt(domain))).map((parts) => parts.join('')),
  };
}
