// Starts of a node on its data: what a host keeps of its own, and of those of others (../membership/README.md, "Which start speaks").
// What is concluded from them is in membership/: of this host's own in rejoin.ts, of those of others in seen-starts.ts.

import { createHash } from 'node:crypto';
import type { HostId } from '../names.ts';
import type { VoteKey } from './config.ts';
import type { ClaimMessage } from './messages.ts';

/** Names of starts that a host keeps of its own data (step 14). */
const START_NAMES_KEPT = 20;

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
  /** The number of votes that is on the disk: no more than `votes`, and what other hosts are told. */
  votesTold: number;
  /** The number of votes when this start began. */
  readonly votesAtStart: number;
  /** The name of the data on which this host begins anew when `own.data` turns out to be an older copy. */
  nextData: string;
  /** The latest start of each other host on each of its data. */
  readonly seen: Map<VoteKey, SeenStart>;
  /** Whether `own` is on the disk. Before that nobody is told of it. */
  isStored: boolean;
  /** Whether another host has said that it remembers this very start. */
  isKnown: boolean;
  /** Whether the other electors were heard since this start, or enough of them (step 13). */
  hasHeardElectors: boolean;
  /** Whether the time in which the start waits for every elector is over (step 13). */
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

/** This host's present start as text, beside which no other has the same; `undefined` while nobody may be told of it. */
export function startNameOf({ isStored, own }: Pick<Starts, 'isStored' | 'own'>): string | undefined {
  return isStored ? `${own.data}.${own.number}.${own.name}` : undefined;
}
