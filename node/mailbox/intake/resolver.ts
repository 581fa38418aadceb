// The DNS as verdicts ask it: with a deadline for each question, and with a memory, since most mail comes from the same few domains.
import { Resolver } from 'node:dns/promises';
import type { Clock } from '../../../mesh/ports.ts';
import type { Resolve } from './verdict.ts';

const QUESTION_MS_MAX = 5_000;
/** An answer is believed for so long, whatever its own time to live: a changed key is seen within a minute. */
const REMEMBERED_MS_MAX = 60_000;
const REMEMBERED_MAX = 10_000;

interface Remembered {
  readonly answer: Promise<string[] | string[][]>;
  readonly sinceMs: number;
}

/** `servers`: as `IP:PORT`; absent: the system's. */
export function createResolve(clock: Clock, servers?: readonly string[]): Resolve {
  const resolver = new Resolver({ timeout: QUESTION_MS_MAX, tries: 1 });
  if (servers !== undefined) resolver.setServers(servers);
  return remembering(async (name, type) => (await resolver.resolve(name, type)) as string[] | string[][], clock);
}

/** What is known of a name is an answer, too; a failure of the DNS is not. */
export function remembering(resolve: Resolve, clock: Clock): Resolve {
  const known = new Map<string, Remembered>();
  return (name, type) => {
    const key = `${type} ${name.toLowerCase()}`;
    const found = known.get(key);
    if (found !== undefined && clock.monotonicMs() - found.sinceMs < REMEMBERED_MS_MAX) return found.answer;
    const answer = resolve(name, type);
    known.delete(key);
    known.set(key, { answer, sinceMs: clock.monotonicMs() });
    const [oldest] = known.keys();
    if (known.size > REMEMBERED_MAX && oldest !== undefined) known.delete(oldest);
    answer.catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTFOUND' && error.code !== 'ENODATA') known.delete(key);
    });
    return answer;
  };
}
