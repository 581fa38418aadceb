// What a voter passes on of the hosts that it follows, and what its followers make of that. A run is an origin's own entries up to the newest
// statement that the origin signed, so it is checked as if the origin itself had sent it: a relay can keep runs back, and nothing else. What
// has no room, and what the relay itself knows by a snapshot only, is passed on as the statement alone; whoever is behind it asks the origin.
// A relay that loses a run shows by the digest of all its statements.
import { hash } from 'node:crypto';
import type { HostId } from '../names.ts';
import type { FeedEntry } from './feed-entry.ts';
import type { SignedHead, Standing } from './head.ts';
import type { Place } from './place.ts';

/** An entry of the relay's log: its own, or heard. */
export interface Relayable {
  readonly hostId: HostId;
  readonly place: Place;
  readonly entry: FeedEntry;
  /** Stands in no log: what a snapshot changed. */
  readonly isResync: boolean;
}

interface RelayedRun {
  /** They follow each other, and end where `head` stands; or none. */
  readonly entries: readonly unknown[];
  readonly head: SignedHead;
}

interface Span {
  /** What came into the relay's log since its follower asked last. */
  readonly entries: readonly Relayable[];
  /** The newest statement of each host, the relay's own among them, as the log ends with those entries. */
  readonly heads: ReadonlyMap<HostId, SignedHead>;
  /** Octets for all entries together. */
  readonly octetsMax: number;
}

/** A run for each host of which the span has something. */
export function relayedRuns({ entries, heads, octetsMax }: Span): readonly RelayedRun[] {
  const told = new Map<HostId, Relayable[]>();
  for (const one of entries) {
    const before = told.get(one.hostId) ?? [];
    told.set(one.hostId, one.isResync ? [] : [...before, one]);
  }
  let octets = 0;
  return [...told].flatMap(([hostId, some]) => {
    const head = heads.get(hostId);
    if (head === undefined) return [];
    const run = upTo(head, some).map(({ entry }) => entry);
    octets += run.reduce((sum, entry) => sum + Buffer.byteLength(JSON.stringify(entry)), 0);
    return [{ entries: octets > octetsMax ? [] : run, head }];
  });
}

/** The entries that end where the statement stands, without a gap. */
function upTo({ logId, n }: SignedHead, entries: readonly Relayable[]): readonly Relayable[] {
  const run = entries.filter(({ place }) => place.logId === logId);
  const isWhole = run.every(({ place }, at) => place.n === n - run.length + 1 + at);
  return isWhole ? run : [];
}

/** Of every statement together; base64url. Two who know the same statements have the same. */
export function headsDigest(heads: ReadonlyMap<HostId, Place>): string {
  const lines = [...heads].map(([hostId, { logId, n }]) => `${hostId} ${logId} ${n}\n`);
  return hash('sha256', lines.sort().join(''), 'base64url');
}

/**
 * What a run is to somebody who stands at `from`. `known`: nothing new. `chunk`: to be checked and taken as a chunk of the origin's. `behind`:
 * the run does not reach back so far, and the origin is to be asked.
 */
type RunVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'chunk'; readonly entries: readonly unknown[] }
  | { readonly kind: 'behind' };

export function judgeRun(from: Standing | undefined, { entries, head }: RelayedRun): RunVerdict {
  if (from?.logId !== head.logId) return { kind: 'behind' };
  // A relay may be behind the other one. Two statements about one place are compared as chunks are.
  if (head.n < from.n) return { kind: 'known' };
  const missing = head.n - from.n;
  if (missing > entries.length) return { kind: 'behind' };
  if (missing === 0 && head.chain === from.chain) return { kind: 'known' };
  return { kind: 'chunk', entries: entries.slice(entries.length - missing) };
}
