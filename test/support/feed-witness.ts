// One simulated host as seen from outside: somebody reads all of its log, and looks at what it shows of the others with each commit. What was
// read of its own entries is the truth that everybody's copies and readers are held against.
import { firstChain } from '../../mesh/feed/chain.ts';
import type { LogId } from '../../mesh/feed/place.ts';
import type { HostId } from '../../mesh/names.ts';
import { isOwn, type OwnEntry } from '../../node/changes/change-log.ts';
import type { Followers } from '../../node/feed/followers.ts';
import type { HostCopies } from '../../node/feed/host-copies.ts';
import { rowsOf } from '../../node/registry/index-rows.ts';
import type { Registry } from '../../node/registry/registry.ts';
import { FeedReader, type GivenIds } from './feed-reader.ts';
import { agentText, type FeedTruth, NO_STATE, rowTexts, sameMaps, type ToldAgents } from './feed-truth.ts';

const READ_MAX = 1_000;
/** A copy that was confirmed no longer ago than this is heard of: longer than any pause of a follower. */
export const SETTLED_MS = 40_000;

export interface WitnessOptions {
  readonly truth: FeedTruth;
  readonly ids: GivenIds;
  readonly wrong: (what: string) => void;
}

/** A host that is up, as far as it is looked at. */
interface Seen {
  readonly registry: Registry;
  readonly copies: HostCopies;
  readonly feed: { readonly followers: Pick<Followers, 'viewOf'> };
}

export class FeedWitness {
  readonly #id: HostId;
  readonly #options: WitnessOptions;
  readonly #reader: FeedReader;
  /** The newest of the host's own entries that was read, or where its log began. */
  #seen: Pick<OwnEntry, 'place' | 'chain'> | undefined;

  constructor(id: HostId, options: WitnessOptions) {
    this.#id = id;
    this.#options = options;
    this.#reader = new FeedReader(id, options.truth, options.ids);
  }

  /** Position in the host's log up to which it was read. */
  get seq(): number {
    return this.#reader.seq;
  }

  /** Hosts of which the log told of agents that are still there. */
  hosts(): readonly HostId[] {
    return this.#reader.hosts();
  }

  /** What is known now, to be had again later. */
  memory(): () => void {
    const [seen, recall] = [this.#seen, this.#reader.memory()];
    return () => {
      this.#seen = seen;
      recall();
    };
  }

  /** Reads what is new. `isStill`: whether the host is up since. */
  async readOn({ registry: { changes } }: Seen, isStill: () => boolean): Promise<void> {
    const entries = await changes.read(this.#reader.seq, READ_MAX);
    if (!isStill()) return;
    for (const entry of entries) {
      if (entry.seq <= this.#reader.seq) continue;
      if (isOwn(entry)) this.#own(entry);
      this.#reader.read(entry).forEach(this.#options.wrong);
    }
    if (this.#reader.seq === changes.head && changes.ownHead.n === 0) this.#begun(changes.logId);
  }

  /** What the host shows of the others is what they had, each at one place. */
  expectCopies({ copies }: Seen): void {
    const { truth, wrong } = this.#options;
    for (const owner of copies.hosts()) {
      const head = copies.head(owner);
      const rows = rowTexts(copies.copy.ofHost(owner));
      for (const row of rows.values())
        if (!truth.hasShown(owner, row)) wrong(`${this.#id} shows of ${owner} what it never had: ${row}`);
      const state = head && truth.state(owner, head.chain);
      if (head !== undefined && (state === undefined || !sameMaps(state.rows, rows)))
        wrong(`${this.#id} shows other addresses of ${owner} than it had at place ${head.n}`);
    }
  }

  /** At rest, the host and its reader know of the owner what the owner has. */
  expectRest(
    { self, owner, there }: { readonly self: Seen; readonly owner: HostId; readonly there: Seen },
    nowMs: number,
    wrong: (what: string) => void,
  ): void {
    const [id, reader] = [this.#id, this.#reader];
    if (reader.seq !== self.registry.changes.head) wrong(`the reader at ${id} has not read everything`);
    const [told, agents] = [reader.agentsOf(owner), agentsOf(there.registry)];
    if (!sameMaps(told, agents)) wrong(`the reader at ${id} knows of ${owner}: ${shown(told)}, not: ${shown(agents)}`);
    if (id === owner) return;
    const view = self.feed.followers.viewOf(owner);
    if (view?.state !== 'following') wrong(`${id} does not follow ${owner} at rest: ${JSON.stringify(view)}`);
    const head = self.copies.head(owner);
    const { n, chain } = there.registry.changes.ownHead;
    if (head?.chain !== chain) wrong(`${id} stands at ${head?.n} of the log of ${owner}, which ends at ${n}`);
    const rows = rowTexts(there.registry.table.list().flatMap(rowsOf));
    if (!sameMaps(rowTexts(self.copies.copy.ofHost(owner)), rows))
      wrong(`${id} shows of ${owner} what it does not show`);
    const confirmedMs = self.copies.copy.confirmedMs(owner) ?? -Infinity;
    if (nowMs - confirmedMs > SETTLED_MS) wrong(`${id} has not heard of ${owner} for long`);
  }

  #own(entry: OwnEntry): void {
    const { truth, wrong } = this.#options;
    this.#begun(entry.place.logId);
    truth.add(this.#id, this.#seen?.chain ?? '', entry).forEach(wrong);
    this.#seen = entry;
  }

  /** A log that was not seen before begins with what its host has by then. */
  #begun(logId: LogId): void {
    if (this.#seen?.place.logId === logId) return;
    const { truth } = this.#options;
    const before = truth.state(this.#id, this.#seen?.chain ?? '') ?? NO_STATE;
    const begun = { place: { logId, n: 0 }, chain: firstChain(logId) };
    truth.begin(this.#id, begun, before);
    this.#seen = begun;
  }
}

/** The agents of a host, as whoever heard everything knows them. */
function agentsOf({ table }: Registry): ToldAgents {
  const told = (agent: Parameters<typeof rowsOf>[0] & object) => rowsOf(agent).map(({ address }) => address);
  return new Map(table.list().map((agent) => [agent.id, agentText(agent.name, told(agent))]));
}

function shown(agents: ToldAgents): string {
  return [...agents].map(([id, text]) => `${id} = ${text}`).join(', ') || 'nobody';
}
