// Tells of a host what stands in no log, in parts that are committed one after the other: no part is so large that it holds up the node, and
// each holds what it tells together with what it changes in the copy.
import type { SnapshotAgent } from '../../mesh/feed/messages.ts';
import { type KnownAgent, type Occasion, type ResyncEntry, resyncEntries } from '../../mesh/feed/resync.ts';
import { isSameRow } from '../../mesh/feed/row-equality.ts';
import type { IndexRow } from '../../mesh/lookup/index-entry.ts';
import type { AddressKey, AgentId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import { Turns } from '../../mesh/time/turns.ts';
import type { FeedLog, NewHeardEntry } from '../changes/change-log.ts';
import type { HostCopies, HostStanding } from './host-copies.ts';

/** What is told beside a log is committed in parts of so many events and rows, and one agent's more. */
export const RESYNC_ENTRIES_PER_COMMIT = 500;
const RESYNC_ROWS_PER_COMMIT = 1_000;

export interface AnnouncementPorts {
  readonly copies: HostCopies;
  readonly changes: Pick<FeedLog, 'hear'>;
  readonly clock: Clock;
}

export class Announcement {
  readonly #ports: AnnouncementPorts;
  readonly #occasion: Occasion;
  readonly #turns: Turns;
  #part: Part;

  constructor(ports: AnnouncementPorts, occasion: Occasion) {
    this.#ports = ports;
    this.#occasion = occasion;
    this.#turns = new Turns(ports.clock);
    this.#part = new Part(occasion);
  }

  /** An agent is now what it is, and was what it was. Both this and the next reject with `store_failed`. */
  async add(was: KnownAgent | undefined, is: SnapshotAgent | undefined): Promise<void> {
    if (this.#turns.isOver) await this.#turns.next();
    this.#part.add(this.#occasion, was, is);
    if (this.#part.isFull) await this.#commit(this.#occasion);
  }

  /** Other agents of the host get addresses of this one, which keeps `rows`. */
  async handOver(was: KnownAgent, rows: readonly IndexRow[]): Promise<void> {
    if (this.#turns.isOver) await this.#turns.next();
    this.#part.add({ ...this.#occasion, why: 'handover' }, was, { ...was, rows, sequence: 0 });
    if (this.#part.isFull) await this.#commit(this.#occasion);
  }

  /** Ends the announcement: everything was told. */
  async end(standing: HostStanding): Promise<void> {
    await this.#commit(standing);
  }

  async #commit(standing: HostStanding): Promise<void> {
    const { copies, changes } = this.#ports;
    const { entries, rows, agents } = this.#part;
    this.#part = new Part(this.#occasion);
    const { writes, apply } = copies.change(this.#occasion.hostId, { rows, agents, standing });
    await changes.hear(entries, writes, apply);
  }
}

/** What is committed together. */
class Part {
  readonly entries: NewHeardEntry[] = [];
  readonly rows: { readonly put: IndexRow[]; readonly drop: AddressKey[] } = { put: [], drop: [] };
  readonly agents = new Map<AgentId, string | undefined>();
  readonly #origin: NewHeardEntry['origin'];

  constructor({ hostId, logId, n }: Occasion) {
    this.#origin = { hostId, logId, n };
  }

  get isFull(): boolean {
    const { put, drop } = this.rows;
    return this.entries.length >= RESYNC_ENTRIES_PER_COMMIT || put.length + drop.length >= RESYNC_ROWS_PER_COMMIT;
  }

  add(occasion: Occasion, was: KnownAgent | undefined, is: SnapshotAgent | undefined): void {
    const told = resyncEntries(occasion, was, is);
    const heard = (entry: ResyncEntry) => ({ ...entry, origin: this.#origin, resync: true }) as const;
    this.entries.push(...told.map(heard));
    if (told.length === 0) return;
    const before = new Map(was?.rows.map((row) => [row.key, row]));
    for (const row of is?.rows ?? []) {
      const known = before.get(row.key);
      before.delete(row.key);
      if (!isSameRow(known, row)) this.rows.put.push(row);
    }
    this.rows.drop.push(...before.keys());
    const id = is?.id ?? was?.id;
    if (id !== undefined) this.agents.set(id, is?.name);
  }
}
