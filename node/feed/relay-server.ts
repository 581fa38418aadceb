// What this host passes on of all the hosts that it follows, and of itself, to those who follow it in their place: what came into its log
// since, as each origin told and signed it.
import { AnswerRoom, FEED_BYTES_MAX } from '../../mesh/feed/answer-room.ts';
import type { SignedHead } from '../../mesh/feed/head.ts';
import { FEED_ITEMS_MAX } from '../../mesh/feed/limits.ts';
import type { Ages, RelayAnswer, RelayQuestion } from '../../mesh/feed/relay-messages.ts';
import {
  isBare,
  type Relayable,
  type Relayed,
  type RelayedRun,
  relayedRuns,
  type Standpoint,
  standpointsDigest,
} from '../../mesh/feed/relayed-runs.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import { type ChangeEntry, type FeedLog, feedEntryOf, isHeard, isOwn } from '../changes/change-log.ts';
import type { FeedServer } from './feed-server.ts';
import { toldEntry } from './heard-entry.ts';
import type { HostCopies } from './host-copies.ts';
import { waitForNews } from './news-wait.ts';

/** Entries of its log that a relay goes through for one answer. */
export const RELAY_SPAN_ENTRIES_MAX = 2_000;
/** Hosts that were heard within this time have one age together: a host that is followed says within 25 s that it is there. */
export const AGE_TOGETHER_MS_MAX = 30_000;
/** Values of the JSON of a relay's runs: half, for where a thousand other logs stand is said beside them. */
const RELAYED_VALUES_MAX = 7_500;

export interface RelayServerOptions {
  readonly hostId: HostId;
  readonly changes: FeedLog;
  readonly copies: HostCopies;
  readonly server: Pick<FeedServer, 'ready' | 'head'>;
  readonly clock: Clock;
}

type Heads = ReadonlyMap<HostId, SignedHead>;

export class RelayServer {
  readonly #options: RelayServerOptions;
  /** The digest of the logs as they stand now. */
  #digest: string | undefined;

  constructor(options: RelayServerOptions) {
    this.#options = options;
    options.changes.subscribe(() => {
      this.#digest = undefined;
    });
  }

  /** Waits until there is something new, `waitMs` at most, or until `signal` aborts. Rejects with `store_failed`. */
  async answer({ after, places = [], runs, ages, waitMs }: RelayQuestion, signal: AbortSignal): Promise<RelayAnswer> {
    const { changes, clock, server } = this.#options;
    await server.ready();
    if (after?.seq === changes.head && waitMs > 0)
      await waitForNews({ changes, clock, waitMs, isNew: () => changes.head !== after.seq }, signal);
    if (after !== undefined && !this.#reaches(after)) return { kind: 'gone' };
    const { logId, head: seq } = changes;
    const heads = this.#heads();
    const digest = this.#digestOf(heads);
    const said = ages ? { ages: this.#ages(heads) } : {};
    const relayed = await (after === undefined ? this.#sincePlaces(places, heads) : this.#sinceSeq(after.seq, heads));
    return { kind: 'runs', logId, seq, digest, ...said, ...(runs ? relayed : withoutRuns(relayed)) };
  }

  #reaches({ logId, seq }: NonNullable<RelayQuestion['after']>): boolean {
    const { changes } = this.#options;
    return logId === changes.logId && seq <= changes.head && changes.head - seq <= RELAY_SPAN_ENTRIES_MAX;
  }

  async #sinceSeq(seq: number, heads: Heads): Promise<Relayed> {
    const entries = await this.#options.changes.read(seq, RELAY_SPAN_ENTRIES_MAX);
    return relayedRuns({ entries: entries.flatMap(relayableOf), heads, room: newRoom() });
  }

  /** The runs of each host whose log stands elsewhere than the asker says. */
  async #sincePlaces(places: NonNullable<RelayQuestion['places']>, heads: Heads): Promise<Relayed> {
    const asked = new Map(places.map(([hostId, n, chain]) => [hostId, { n, chain }]));
    const differing = new Set<HostId>();
    for (const [hostId, { chain }] of heads) if (asked.get(hostId)?.chain !== chain) differing.add(hostId);
    for (const [hostId, { chain }] of asked) if (chain !== null && !heads.has(hostId)) differing.add(hostId);
    const { changes } = this.#options;
    const isBehind = ({ hostId, place }: Relayable) => {
      const { n, chain = null } = asked.get(hostId) ?? {};
      return differing.has(hostId) && n !== undefined && chain !== null && place.n > n;
    };
    const newest =
      differing.size === 0 ? [] : await changes.read(changes.head - RELAY_SPAN_ENTRIES_MAX, RELAY_SPAN_ENTRIES_MAX);
    const room = newRoom();
    const { runs: begun } = relayedRuns({ entries: newest.flatMap(relayableOf).filter(isBehind), heads, room });
    const runs: RelayedRun[] = [...begun];
    const told = new Set(runs.map(({ head }) => head.hostId));
    const others: Standpoint[] = [];
    for (const hostId of differing) {
      if (told.has(hostId)) continue;
      const head = heads.get(hostId);
      const isUnknown = (asked.get(hostId)?.chain ?? null) === null;
      const run = isUnknown && runs.length < FEED_ITEMS_MAX ? this.#bareRun(hostId, head) : undefined;
      if (run !== undefined && room.takes(run)) runs.push(run);
      else others.push([hostId, head?.chain ?? null]);
    }
    return { runs, others };
  }

  /** The whole of what there is to tell of a host, if that is nothing. This host itself is asked by whoever does not know it. */
  #bareRun(hostId: HostId, head: SignedHead | undefined): RelayedRun | undefined {
    const isNothing = head !== undefined && isBare(head) && this.#options.copies.isEmpty(hostId);
    return isNothing && hostId !== this.#options.hostId ? { entries: [], head } : undefined;
  }

  /** Where all logs stand, as their hosts signed it. */
  #heads(): Heads {
    const { copies, hostId, server } = this.#options;
    return new Map([...copies.heads(), [hostId, server.head]]);
  }

  #digestOf(heads: Heads): string {
    this.#digest ??= standpointsDigest([...heads].map(([hostId, { chain }]) => [hostId, chain]));
    return this.#digest;
  }

  #ages(heads: Heads): Ages {
    const { copies, hostId: self, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    let ageMs = 0;
    const older: [HostId, number | null][] = [];
    for (const hostId of heads.keys()) {
      const confirmedMs = hostId === self ? nowMs : copies.copy.confirmedMs(hostId);
      const its = confirmedMs === undefined ? null : Math.ceil(nowMs - confirmedMs);
      if (its === null || its > AGE_TOGETHER_MS_MAX) older.push([hostId, its]);
      else ageMs = Math.max(ageMs, its);
    }
    return { ageMs, older };
  }
}

/** An entry that other hosts are told; mail stays here. */
function relayableOf(entry: ChangeEntry): readonly Relayable[] {
  if (isOwn(entry))
    return [{ hostId: entry.agent.hostId, place: entry.place, entry: feedEntryOf(entry), isResync: false }];
  if (!isHeard(entry)) return [];
  const { origin, resync: isResync = false } = entry;
  return [{ hostId: origin.hostId, place: origin, entry: toldEntry(entry), isResync }];
}

function newRoom(): AnswerRoom {
  return new AnswerRoom({ octets: FEED_BYTES_MAX, values: RELAYED_VALUES_MAX });
}

function withoutRuns({ runs, others }: Relayed): Relayed {
  const standpoints: Standpoint[] = runs.map(({ head: { hostId, chain } }) => [hostId, chain]);
  return { runs: [], others: [...standpoints, ...others] };
}
