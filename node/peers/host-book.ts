// Where every host is, or was when hosts.json last listed it. Taking a host out of the file is a wish; until the mesh has moved without that
// host, its vote is still needed, and afterwards it must hear that it left. So its URL and the key that it was given are kept, durably. The
// book does not say whether a host is still to be heard: that is for claimants.ts.

import { parseHost } from '../../mesh/hosts-json.ts';
import { type HostId, parseHostId } from '../../mesh/names.ts';
import type { Host, Roster } from '../../mesh/roster.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';
import type { HostRecords } from './forgotten-hosts.ts';

const PREFIX = 'host/';

export interface HostBookOptions {
  readonly store: Pick<Store, 'load' | 'commit'>;
  readonly roster: () => Roster;
}

export class HostBook implements HostRecords {
  readonly #options: HostBookOptions;
  readonly #known: Map<HostId, Host>;

  private constructor(options: HostBookOptions, known: Map<HostId, Host>) {
    this.#options = options;
    this.#known = known;
  }

  /** Rejects with `store_failed` when a record can't be read. */
  static async open(options: HostBookOptions): Promise<HostBook> {
    const known = new Map<HostId, Host>();
    for await (const page of options.store.load(PREFIX))
      for (const { key, value } of page) {
        const id = parseHostId(key.slice(PREFIX.length));
        const host = parseHost(value);
        if (id === undefined || host === undefined) throw damagedRecords(`The stored record '${key}' is no host`);
        known.set(id, host);
      }
    const book = new HostBook(options, known);
    await book.edited();
    return book;
  }

  /** Where and who that host is: as hosts.json says, or as it said last. */
  get(id: HostId): Host | undefined {
    return this.#options.roster().get(id) ?? this.#known.get(id);
  }

  hosts(): Iterable<HostId> {
    return this.#known.keys();
  }

  async forget(ids: readonly HostId[]): Promise<void> {
    for (const id of ids) this.#known.delete(id);
    await this.#options.store.commit(ids.map((id) => ({ key: PREFIX + id, value: undefined })));
  }

  /** hosts.json may have been edited. Resolves when what it says is durable. */
  async edited(): Promise<void> {
    const changed = this.#options.roster().hosts.filter((host) => {
      const before = this.#known.get(host.id);
      return JSON.stringify(before?.entry) !== JSON.stringify(host.entry);
    });
    for (const host of changed) this.#known.set(host.id, host);
    if (changed.length > 0)
      await this.#options.store.commit(changed.map(({ id, entry }) => ({ key: PREFIX + id, value: entry })));
  }
}
