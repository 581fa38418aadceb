// Which starts of other hosts were seen (README.md, "Which start speaks"): one is remembered when it follows the one before it, forgotten when
// its data has long been replaced or its host left (step 10), and claims from one that was replaced are refused (step 17).
// What another host remembers of this one is judged in rejoin.ts.
// It does not promise that a replaced start is noticed: a later one that nobody heard of replaces nothing.

import type { HostId } from '../names.ts';
import { type Config, isNamed, isVoter, type VoteKey, voteKey } from '../state/config.ts';
import type { Greeting } from '../state/messages.ts';
import { type SeenStart, type Start, type StartNames, type Starts, startOf } from '../state/starts.ts';

/** Data of another host of which a start is remembered, beside those that vote: it has other data after each loss. */
export const SEEN_DATA_KEPT = 8;

/** Remembers the start that a greeting comes from, if it follows the one remembered so far; returns what is to be stored, if anything. */
export function rememberStart(
  { seen }: Starts,
  from: HostId,
  greeting: Pick<Greeting, 'incarnation' | 'life' | 'boot' | 'boots' | 'votes'>,
): { readonly who: VoteKey; readonly start: SeenStart } | undefined {
  const { data, number, name } = startOf(greeting);
  const who = voteKey(from, data);
  const start: SeenStart = { number, name, votes: greeting.votes };
  // A start that does not follow is not remembered: its host is told of the one that is, and concludes what that means.
  if (!follows(seen.get(who), start, greeting.boots)) return undefined;
  // Anew, so that the data that was heard of least lately comes first.
  seen.delete(who);
  seen.set(who, start);
  return { who, start };
}

/**
 * Forgets the starts that were seen of this host on data that it had long ago, the data heard of least lately first; returns whose they were.
 * Data that votes is never among them.
 */
export function forgetFormerData({ seen }: Starts, config: Config | undefined, of: HostId): readonly VoteKey[] {
  const former = [...seen.keys()].filter((who) => isOf(who, of) && !isVoting(config, of, who));
  const forgotten = former.slice(0, Math.max(0, former.length - SEEN_DATA_KEPT));
  for (const who of forgotten) seen.delete(who);
  return forgotten;
}

/** Forgets all starts of hosts that the configuration named before, and names no more (step 10); returns whose they were. */
export function forgetUnnamed({ seen }: Starts, before: Config | undefined, after: Config): readonly VoteKey[] {
  const hosts = Object.keys(before?.gone ?? {}).filter((host) => !isNamed(after, host as HostId)) as HostId[];
  const forgotten = hosts.flatMap((host) => [...seen.keys()].filter((who) => isOf(who, host)));
  for (const who of forgotten) seen.delete(who);
  return forgotten;
}

function isOf(who: VoteKey, host: HostId): boolean {
  return who.startsWith(voteKey(host, ''));
}

function isVoting(config: Config | undefined, host: HostId, who: VoteKey): boolean {
  return config !== undefined && isVoter(config, host, who.slice(voteKey(host, '').length));
}

/** Whether `start` is a later start on the same data than `before`, or the same one with more votes. `names`: those it knows of that data. */
function follows(before: SeenStart | undefined, start: SeenStart, names: StartNames): boolean {
  if (before === undefined) return true;
  const nameThere = names[before.number] ?? before.name;
  if (start.votes < before.votes || nameThere !== before.name) return false;
  if (start.number > before.number) return true;
  return start.number === before.number && start.name === before.name && start.votes > before.votes;
}

/** Whether claims of `from` in that start are refused (step 17): the host is on other data by now, or a later start of it was seen. */
export function isReplaced(config: Config | undefined, { seen }: Starts, from: HostId, start: Start): boolean {
  const voting = config?.voters[from];
  if (voting !== undefined && voting !== start.data) return true;
  const latest = seen.get(voteKey(from, start.data));
  if (latest === undefined || start.number > latest.number) return false;
  return start.number < latest.number || start.name !== latest.name;
}
