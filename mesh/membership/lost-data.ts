// Whether a start may vote and claim (README.md, "Which start speaks", steps 12 to 17). A start that runs on an older copy of its data, or
// on data that is in use twice, has forgotten votes, and can't see so by itself: other hosts tell it what they remember. greeting.ts
// acts on what is concluded here.
// It does not promise to notice every copy: what nobody else was told of, nobody else can tell.

import type { HostId } from '../names.ts';
import { type Config, type VoteKey, voteKey } from '../state/config.ts';
import type { Greeting } from '../state/messages.ts';
import { type SeenStart, type Start, type StartNames, type Starts, startOf } from '../state/starts.ts';

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
  seen.set(who, start);
  return { who, start };
}

/** Whether `start` is a later start on the same data than `before`, or the same one with more votes. `names`: those it knows of that data. */
function follows(before: SeenStart | undefined, start: SeenStart, names: StartNames): boolean {
  if (before === undefined) return true;
  const nameThere = names[before.number] ?? before.name;
  if (start.votes < before.votes || nameThere !== before.name) return false;
  if (start.number > before.number) return true;
  return start.number === before.number && start.name === before.name && start.votes > before.votes;
}

/** What `seen`, which another host remembers of this host's data, means for this start (step 14, by its table). */
export function judgeStart(
  { own, names, votesAtStart, isKnown }: Pick<Starts, 'own' | 'names' | 'votesAtStart' | 'isKnown'>,
  seen: SeenStart,
): 'known' | 'nothing' | 'older copy' | 'used twice' {
  const nameHere = names[seen.number];
  if (seen.number === own.number) return seen.name === own.name ? 'known' : 'used twice';
  const isEarlier = seen.number < own.number && (nameHere === undefined || nameHere === seen.name);
  if (isEarlier) return nameHere !== undefined && seen.votes > votesAtStart ? 'older copy' : 'nothing';
  return isKnown ? 'used twice' : 'older copy';
}

/** Whether claims of `from` in that start are refused (step 17): the host is on other data by now, or a later start of it was seen. */
export function isReplaced(config: Config | undefined, { seen }: Starts, from: HostId, start: Start): boolean {
  const voting = config?.voters[from];
  if (voting !== undefined && voting !== start.data) return true;
  const latest = seen.get(voteKey(from, start.data));
  if (latest === undefined || start.number > latest.number) return false;
  return start.number < latest.number || start.name !== latest.name;
}
