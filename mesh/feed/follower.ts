// What a host does with what another host's feed says: it is checked whole before any of it counts, and what is to be written comes out as one
// value, for the entries, the rows and the place belong in one commit. Pure, but that it works in turns.
import type { z } from 'zod';
import type { IndexRow, ParseAddress } from '../lookup/index-entry.ts';
import type { AddressKey, AgentId, HostId } from '../names.ts';
import type { Clock } from '../ports.ts';
import { Turns } from '../time/turns.ts';
import { nextChain } from './chain.ts';
import { changedDigest } from './digest.ts';
import type { FeedEntry, IndexRows } from './feed-entry.ts';
import type { SignedHead, Standing } from './head.ts';
import { type FeedAnswer, feedEntrySchema } from './messages.ts';
import { isUsualEntry } from './usual-entries.ts';

/** Why a host's feed is not believed. `forked`: the host's data was copied or set back. `drifted`: this host's own copy is not what it was. */
export interface FeedRefusal {
  readonly kind: 'refused';
  readonly reason: 'forked' | 'forged' | 'broken' | 'drifted';
  /** A sentence. */
  readonly why: string;
}

/** An entry, and the chain up to it. */
export interface HeardFeedEntry {
  readonly entry: FeedEntry;
  readonly chain: string;
}

/** What a chunk brings. To be committed together. */
export interface Taken {
  readonly kind: 'taken';
  /** Where the copy stands with it, as the host signed it: should its log be another one day, this proves it. */
  readonly head: SignedHead;
  readonly entries: readonly HeardFeedEntry[];
  /** What the host's index shows differently after all of them. */
  readonly rows: IndexRows;
  /** Agents that the entries tell of: whether each is still there, and its name. */
  readonly agents: ReadonlyMap<AgentId, string | undefined>;
}

export interface FollowerPorts {
  /** The host whose feed it is. */
  readonly hostId: HostId;
  /** Whether that host's own key signed the statement. */
  readonly isGenuine: (head: SignedHead) => boolean;
  readonly parseAddress: ParseAddress;
  readonly clock: Clock;
  /** What the copy has of that host. */
  readonly rowOf: (key: AddressKey) => IndexRow | undefined;
}

const PLACE_CHARACTERS_MAX = 100;

type Chunk = Extract<FeedAnswer, { readonly kind: 'chunk' }>;

/** Checks a chunk that follows `from`. */
export async function takeChunk(
  ports: FollowerPorts,
  from: Standing,
  { entries: told, head }: Chunk,
): Promise<Taken | FeedRefusal> {
  const { hostId } = ports;
  const fault = headFault(ports, from, head);
  if (fault !== undefined) return fault;
  const turns = new Turns(ports.clock);
  const rows = new Map<AddressKey, IndexRow | undefined>();
  const agents = new Map<AgentId, string | undefined>();
  const entries: HeardFeedEntry[] = [];
  let { n, chain } = from;
  for (const one of told) {
    if (turns.isOver) await turns.next();
    const unknown = isUsualEntry(one) ? undefined : feedEntrySchema.safeParse(one).error;
    if (unknown !== undefined)
      return broken(hostId, `sent something else where entry ${n + 1} belongs${placeIn(unknown)}`);
    // The chain covers what was sent, also what this version does not know of it.
    const entry = one as FeedEntry;
    if (entry.n !== n + 1 || entry.agent.hostId !== hostId)
      return broken(hostId, `sent something else where entry ${n + 1} belongs`);
    const foreign = rowFault(ports, entry.rows?.put ?? []);
    if (foreign !== undefined) return foreign;
    n += 1;
    chain = nextChain(chain, entry);
    for (const key of entry.rows?.drop ?? []) rows.set(key, undefined);
    for (const row of entry.rows?.put ?? []) rows.set(row.key, row);
    agents.set(entry.agent.id, entry.event === 'agent.deleted' ? undefined : entry.agent.name);
    entries.push({ entry, chain });
  }
  const changed = rowsIn(rows);
  const standing = { logId: from.logId, n, chain, digest: digestAfter(from.digest, changed, ports) };
  const end = standingFault(hostId, standing, head);
  return end ?? { kind: 'taken', head, entries, rows: changed, agents };
}

/** What a statement says that it may not say after `from` was heard. */
function headFault({ hostId, isGenuine }: FollowerPorts, from: Standing, head: SignedHead): FeedRefusal | undefined {
  if (head.hostId !== hostId || head.logId !== from.logId)
    return broken(hostId, 'sent a statement about another log than it was asked about');
  if (!isGenuine(head))
    return { kind: 'refused', reason: 'forged', why: `Host '${hostId}' did not sign its statement.` };
  if (head.n < from.n)
    return forked(hostId, `says that its log ends at entry ${head.n}, and had told this host of entry ${from.n}`);
  return undefined;
}

function standingFault(hostId: HostId, { n, chain, digest }: Standing, head: SignedHead): FeedRefusal | undefined {
  if (head.n !== n) return broken(hostId, `sent entries up to ${n} and a statement about entry ${head.n}`);
  if (head.chain !== chain) return forked(hostId, `signed another log up to entry ${n} than it had told this host of`);
  if (head.digest !== digest) return { kind: 'refused', reason: 'drifted', why: drift(hostId, n) };
  return undefined;
}

function drift(hostId: HostId, n: number): string {
  return `Host '${hostId}' shows other addresses at entry ${n} than its entries make; this host's copy has drifted.`;
}

/** A host speaks for itself alone, and of what is an address. */
export function rowFault(
  { hostId, parseAddress }: Pick<FollowerPorts, 'hostId' | 'parseAddress'>,
  rows: readonly IndexRow[],
): FeedRefusal | undefined {
  for (const row of rows) {
    if (row.hostId !== hostId) return broken(hostId, `speaks for host '${row.hostId}'`);
    const parsed = parseAddress(row.address);
    if (!parsed.valid || parsed.key !== row.key)
      return broken(hostId, `shows '${row.address.slice(0, 100)}', which is not the address of that key`);
  }
  return undefined;
}

/** What comes and goes again among the entries adds nothing to the sum. */
function digestAfter(digest: string, { put, drop }: IndexRows, { rowOf }: Pick<FollowerPorts, 'rowOf'>): string {
  const gone = [...drop, ...put.map(({ key }) => key)].flatMap((key) => rowOf(key) ?? []);
  return changedDigest(digest, gone, put);
}

function rowsIn(rows: ReadonlyMap<AddressKey, IndexRow | undefined>): IndexRows {
  const put: IndexRow[] = [];
  const drop: AddressKey[] = [];
  for (const [key, row] of rows) {
    if (row === undefined) drop.push(key);
    else put.push(row);
  }
  return { put, drop };
}

/** Which member it is that is wrong; nothing when it is all of it. */
function placeIn({ issues: [first] }: z.ZodError): string {
  const path = first?.path.join('.') ?? '';
  return path === '' ? '' : `: its '${path.slice(0, PLACE_CHARACTERS_MAX)}' is not what it must be`;
}

function broken(hostId: HostId, what: string): FeedRefusal {
  return { kind: 'refused', reason: 'broken', why: `Host '${hostId}' ${what}.` };
}

function forked(hostId: HostId, what: string): FeedRefusal {
  const mend = 'Its data was copied or set back; it begins a new log once it is shown this';
  return { kind: 'refused', reason: 'forked', why: `Host '${hostId}' ${what}. ${mend}.` };
}
