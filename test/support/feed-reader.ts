// Somebody who reads all of one node's log, as a gateway does, and remembers what each event is to whom: nothing may be missing, invented,
// told twice or out of order, and one event has one id wherever it is heard. An event whose id was read before is dropped, as a gateway does.
import { canonicalJson } from '../../mesh/feed/canonical-json.ts';
import type { Place } from '../../mesh/feed/place.ts';
import type { HostId } from '../../mesh/names.ts';
import { type ChangeEntry, type HeardEntry, isHeard, isOwn, type OwnEntry } from '../../node/changes/change-log.ts';
import { agentsAfter, type FeedTruth, sameMaps, type ToldAgents } from './feed-truth.ts';

/** What was heard of one host. */
interface Heard {
  logId: string;
  n: number;
  agents: ToldAgents;
}

/** What each id was given to, over all readers. */
export type GivenIds = Map<string, string>;

const NOTHING: ToldAgents = new Map();

export class FeedReader {
  readonly #node: HostId;
  readonly #truth: FeedTruth;
  readonly #ids: GivenIds;
  #heard = new Map<HostId, Heard>();
  /** Which event stood at a place. */
  #places = new Map<string, string>();
  #read = new Set<string>();
  /** Position in the node's log up to which it has read. */
  seq = 0;

  constructor(node: HostId, truth: FeedTruth, ids: GivenIds) {
    this.#node = node;
    this.#truth = truth;
    this.#ids = ids;
  }

  /** What it has now, to be had again later: its memory is kept beside the node's data. */
  memory(): () => void {
    const [seq, heard, places, read] = [this.seq, copied(this.#heard), new Map(this.#places), new Set(this.#read)];
    return () => {
      this.seq = seq;
      this.#read = new Set(read);
      this.#places = new Map(places);
      this.#heard = copied(heard);
    };
  }

  agentsOf(hostId: HostId): ToldAgents {
    return this.#heard.get(hostId)?.agents ?? NOTHING;
  }

  hosts(): readonly HostId[] {
    return [...this.#heard].filter(([, { agents }]) => agents.size > 0).map(([id]) => id);
  }

  /** Reads one entry more. Returns what is wrong with it. */
  read(entry: ChangeEntry): readonly string[] {
    const faults: string[] = [];
    const wrong = (what: string) => faults.push(`the reader at ${this.#node} ${what}: ${JSON.stringify(entry)}`);
    if (entry.seq !== this.seq + 1) wrong(`expected position ${this.seq + 1}`);
    this.seq = entry.seq;
    if (isOwn(entry)) {
      this.#name(entry, canonicalJson([entry.agent.hostId, entry.place, entry.changes]), wrong);
      this.#hear(this.#node, entry.place, entry);
    } else if (isHeard(entry)) this.#readHeard(entry, wrong);
    return faults;
  }

  #readHeard(entry: HeardEntry, wrong: (what: string) => void): void {
    const { hostId, logId, n } = entry.origin;
    const place = { logId, n };
    const known = this.#heard.get(hostId);
    if (entry.agent.hostId !== hostId) wrong('hears a host speak for another');
    if (entry.resync === true) {
      // What changed depends on what was known before; what is, does not.
      const { current } = entry.changes;
      this.#name(entry, canonicalJson([hostId, place, entry.event, entry.agent.id, [...current].sort()]), wrong);
      this.#hear(hostId, place, entry);
      return;
    }
    this.#name(entry, canonicalJson([hostId, place, entry.changes]), wrong);
    const { rows, ...told } = entry;
    const said = { ...told, n, ...(rows === undefined ? {} : { rows }) };
    if (!this.#truth.hasSaid(hostId, logId, said)) wrong('hears what nobody said');
    if (known?.logId === logId && n <= known.n) wrong(`hears place ${n} after place ${known.n}`);
    const stood = this.#places.get(`${logId} ${n}`) ?? entry.id;
    this.#places.set(`${logId} ${n}`, stood);
    if (stood !== entry.id) wrong(`hears of two histories: at place ${n} stood ${stood}`);
    // Where places were left out, a snapshot told what became of them.
    const before = this.#truth.statesAt(hostId, { logId, n: n - 1 });
    const isWhole = before.some(({ agents }) => sameMaps(agents, this.agentsOf(hostId)));
    if (!isWhole) wrong(`has missed something between place ${known?.n} and place ${n}`);
    this.#hear(hostId, place, entry);
  }

  #hear(hostId: HostId, { logId, n }: Place, entry: HeardEntry | OwnEntry): void {
    if (this.#read.has(entry.id)) return;
    this.#read.add(entry.id);
    this.#heard.set(hostId, { logId, n, agents: agentsAfter(this.agentsOf(hostId), entry) });
  }

  #name({ id }: ChangeEntry, what: string, wrong: (what: string) => void): void {
    const given = this.#ids.get(id) ?? what;
    this.#ids.set(id, given);
    if (given !== what) wrong(`hears an id that another event has (${given})`);
  }
}

function copied(heard: ReadonlyMap<HostId, Heard>): Map<HostId, Heard> {
  return new Map([...heard].map(([id, one]) => [id, { ...one }]));
}
