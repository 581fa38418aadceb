// Which start of which data speaks (README.md, "Which start speaks", steps 12 to 17). A start that runs on an older copy of its data, or on
// data that is in use twice, has forgotten votes, and can't see so by itself: other hosts tell it what they remember. Here is what a
// host keeps for that, and what it concludes; greeting.ts acts on it.
// It does not promise to notice every copy: what nobody else was told of, nobody else can tell.

import { createHash } from 'node:crypto';
import type { ClaimMessage, Greeting } from '../claims/messages.ts';
import { START_NAMES_KEPT } from '../limits.ts';
import type { HostId } from '../names.ts';
import { type Config, type VoteKey, voteKey } from './config.ts';

/** One run of a node on its data. */
export interface Start {
  /** Name of the data: 32 hex digits, made when the store of claims was created. `incarnation` in messages and records. */
  readonly data: string;
  /** 1 for the first start on that data, then one more with each. `life` in messages and records. */
  readonly number: number;
  /** Made at random: two starts of one number have different names. `boot` in messages and records. */
  readonly name: string;
}

/** Names of the last starts on some data, by number. */
export type StartNames = Readonly<Record<string, string>>;

/** The latest start on some data that another host was seen in. */
export interface SeenStart extends Pick<Start, 'number' | 'name'> {
  /** Votes that it had cast on that data by then, as far as it said. */
  readonly votes: number;
}

/** What a host keeps of its own start, and of the starts of others. */
export interface Starts {
  /** This host's present start. */
  own: Start;
  /** Names of the last starts on `own.data`, the present one among them. */
  names: StartNames;
  /** Votes cast on `own.data`. The last of them may not be on the disk as a number yet. */
  votes: number;
  /** The same number, as far as it is on the disk; other hosts are told no other. */
  votesTold: number;
  /** The same number when this start began. */
  readonly votesAtStart: number;
  /** Name of the data that this host begins anew on, should `own.data` turn out to be an older copy. */
  nextData: string;
  /** The latest start of each other host on each of its data. */
  readonly seen: Map<VoteKey, SeenStart>;
  /** Whether `own` is on the disk. Before that nobody is told of it. */
  isStored: boolean;
  /** Whether another host has said that it remembers this very start. */
  isKnown: boolean;
  /** Whether the other electors were heard since this start, or enough of them (step 13). */
  hasHeardElectors: boolean;
  /** Whether the time is over in which every elector is waited for (step 13). */
  isHearingOver: boolean;
  /** Who knows that this start must withdraw (step 16); `undefined` while it need not. */
  withdrawnOnWordOf: HostId | undefined;
}

/** What the records keep of starts, by the names of their format. */
export interface StoredStarts {
  /** Absent: the data is new. */
  readonly incarnation: string | undefined;
  /** Number of the last start; 0 before the first. */
  readonly life: number;
  readonly boots: StartNames;
  /** Votes cast, at least: never fewer than any host was told of. */
  readonly votes: number;
  readonly lives: ReadonlyMap<VoteKey, StoredSeenStart>;
}

/** A `SeenStart` by the names of its record. */
export interface StoredSeenStart {
  readonly life: number;
  readonly boot: string;
  readonly votes: number;
}

/** The next start on stored data. `freshData`: a name for data, should it be new or old; `name`: of this start; both made at random. */
export function nextStart(stored: StoredStarts, freshData: string, name: string): Starts {
  const own: Start = { data: stored.incarnation ?? freshData, number: stored.life + 1, name };
  return {
    own,
    names: withName(stored.boots, own),
    votes: stored.votes,
    votesTold: stored.votes,
    votesAtStart: stored.votes,
    nextData: stored.incarnation === undefined ? otherData(freshData) : freshData,
    seen: new Map([...stored.lives].map(([who, { life, boot, votes }]) => [who, { number: life, name: boot, votes }])),
    isStored: false,
    isKnown: false,
    hasHeardElectors: false,
    isHearingOver: false,
    withdrawnOnWordOf: undefined,
  };
}

/** Names of earlier starts than the last twenty tell nothing that a peer could still hold against this host. */
function withName(names: StartNames, { number, name }: Start): StartNames {
  const kept = Object.entries(names).filter(
    ([past]) => Number(past) > number - START_NAMES_KEPT && Number(past) < number,
  );
  return Object.fromEntries([...kept, [String(number), name]]);
}

/** A name for data that nobody has had; the same for the same name. */
function otherData(data: string): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 32);
}

/** Step 15: this host is on other data from now on, and its votes so far are nobody's. */
export function beginOnOtherData(starts: Starts): void {
  starts.own = { data: starts.nextData, number: 1, name: starts.own.name };
  starts.nextData = otherData(starts.nextData);
  starts.names = { 1: starts.own.name };
  starts.votesTold = starts.votes;
}

/** The start that a message says it comes from. */
export function startOf({ incarnation, life, boot }: Pick<ClaimMessage, 'incarnation' | 'life' | 'boot'>): Start {
  return { data: incarnation, number: life, name: boot };
}

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
