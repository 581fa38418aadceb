// The machine's DNS behind the send module's Resolver port: each question bounded, and its failures named.
import { Resolver as NodeResolver } from 'node:dns/promises';
import { DnsFailure, type Resolver } from '../send/deliverability.ts';

/** A question with its retries. */
const ANSWER_MS_MAX = 2_500;
const TRIES = 2;

/** `servers`: `IP:port`, for tests; absent: the machine's. */
export function createDnsResolver(servers?: readonly string[]): Resolver {
  const resolver = new NodeResolver({ timeout: ANSWER_MS_MAX, tries: TRIES });
  if (servers !== undefined) resolver.setServers(servers);
  return {
    mx: (domain) => ask(() => resolver.resolveMx(domain)),
    a: (domain) => ask(() => resolver.resolve4(domain)),
    aaaa: (domain) => ask(() => resolver.resolve6(domain)),
    txt: async (domain) => (await ask(() => resolver.resolveTxt(domain))).map((parts) => parts.join('')),
  };
}

async function ask<Answer>(question: () => Promise<readonly Answer[]>): Promise<readonly Answer[]> {
  try {
    return await question();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENODATA') return [];
    throw new DnsFailure(code === 'ENOTFOUND' ? 'absent' : 'unknown');
  }
}
