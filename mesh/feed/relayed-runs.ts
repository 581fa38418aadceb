// What a relay passes on of the hosts that it follows, and what its followers make of that. A run is an origin's own entries up to the newest
// statement that the origin signed, so it is checked as if the origin itself had sent it: a relay can keep runs back, and nothing else. Of a
// run that has no room, and of what the relay itself knows by a snapshot only, it says where the host's log stands, and no more; whoever stands
// elsewhere asks the origin. A relay that loses a run shows by the digest of all the logs' chains.
import { hash } from 'node:crypto';
import type { HostId } from '../names.ts';
import type { AnswerRoom } from './answer-room.ts';
import { firstChain } from './chain.ts';
import { EMPTY_DIGEST } from './digest.ts';
import type { FeedEntry } from './feed-entry.ts';
import type { SignedHead, Standing } from './head.ts';
import { FEED_ITEMS_MAX } from './limits.ts';
import type { Place } from './place.ts';

/** An entry of the relay's log: its own, or heard. */
export interface Relayable {
  readonly hostId: HostId;
  readonly place: Place;
  readonly entry: FeedEntry;
  /** Stands in no log: what a snapshot changed. */
  readonly isResync: boolean;
}

export interface RelayedRun {
  /** Entries that follow each other, and end where `head` stands. None: the log has none, and the host has no agents for the relay. */
  readonly entries: readonly unknown[];
  readonly head: SignedHead;
}

/** The chain of a host's log where it stands for the relay; `null`: the relay knows nothing of that log. */
export type Standpoint = readonly [hostId: HostId, chain: string | null];

export interface Relayed {
  readonly runs: readonly RelayedRun[];
  /** Hosts of which something is new, and no run is sent. */
  readonly others: readonly Standpoint[];
}

interface Span {
  /** What came into the relay's log since its follower asked last. */
  readonly entries: readonly Relayable[];
  /** The newest statement of each host, the relay's own among them, as the log ends with those entries. */
  readonly heads: ReadonlyMap<HostId, SignedHead>;
  /** For all runs together. */
  readonly room: AnswerRoom;
}

/** A run, or where the log stands, for each host of which the span has something. */
export function relayedRuns({ entries, heads, room }: Span): Relayed {
  const told = new Map<HostId, Relayable[]>();
  for (const one of entries) {
    const some = told.get(one.hostId);
    if (some === undefined || one.isResync) told.set(one.hostId, one.isResync ? [] : [one]);
    else some.push(one);
  }
  const runs: RelayedRun[] = [];
  const others: Standpoint[] = [];
  for (const [hostId, some] of told) {
    const head = heads.get(hostId);
    const run = head && { entries: upTo(head, some).map(({ entry }) => entry), head };
    if (run !== undefined && isSendable(run) && runs.length < FEED_ITEMS_MAX && room.takes(run)) runs.push(run);
    else others.push([hostId, head?.chain ?? null]);
  }
  return { runs, others };
}

/** Whether the statement is all that can be told of a host without agents: in a new mesh nobody need ask for more. */
export function isBare({ logId, n, chain, digest }: Standing): boolean {
  return n === 0 && digest === EMPTY_DIGEST && chain === firstChain(logId);
}

function isSendable({ entries }: RelayedRun): boolean {
  return entries.length > 0 && entries.length <= FEED_ITEMS_MAX;
}

/** The entries that end where the statement stands, without a gap. */
function upTo({ logId, n }: SignedHead, entries: readonly Relayable[]): readonly Relayable[] {
  const run = entries.filter(({ place }) => place.logId === logId);
  const isWhole = run.every(({ place }, at) => place.n === n - run.length + 1 + at);
  return isWhole ? run : [];
}

/** The digest of where all the logs stand, base64url: the same for two hosts that know the same. */
export function standpointsDigest(standpoints: Iterable<readonly [HostId, string]>): string {
  const lines = [...standpoints].map(([hostId, chain]) => `${hostId} ${chain}\n`);
  return hash('sha256', lines.sort().join(''), 'base64url');
}

type RunVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'behind' }
  | { readonly kind: 'bare' }
  | { readonly kind: 'chunk'; readonly entries: readonly unknown[] };

/**
 * What a run is to whoever stands at `from` (`undefined`: nowhere). `known`: nothing new. `behind`: it does not reach back so far, or is
 * of another log. `chunk`: its entries behind `from`, which are still to be checked. `bare`: of a host of which nothing is known, and nothing
 * is there to be known; its statement is still to be checked.
 */
export function judgeRun(from: Standing | undefined, { entries, head }: RelayedRun): RunVerdict {
  if (from === undefined && entries.length === 0 && isBare(head)) return { kind: 'bare' };
  if (from?.logId !== head.logId) return { kind: 'behind' };
  // A relay may be behind the other one. Two statements about one place are compared as chunks are.
  if (head.n < from.n) return { kind: 'known' };
  const missing = head.n - from.n;
  if (missing > entries.length) return { kind: 'behind' };
  if (missing === 0 && head.chain === from.chain) return { kind: 'known' };
  return { kind: 'chunk', entries: entries.slice(entries.length - missing) };
}
