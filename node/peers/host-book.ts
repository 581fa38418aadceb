// Hosts that hosts.json listed once. Taking a host out of the file is a wish; until the mesh has moved without it, its vote is still
// needed, and afterwards it must hear that it left. So where it is, and which key it was given there, is remembered, durably.

import { type HostId, parseHostId } from '../../mesh/names.ts';
import { type Host, parseHost, type Roster } from '../../mesh/roster.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';

const PREFIX = 'host/';

export interface FormerHostsOptions {
  readonly store: Pick<Store, 'load' | 'commit'>;
  readonly roster: () => Roster;
  /** Whether what was agreed among the voters still concerns the host. */
  readonly isConcerned: (id: HostId) => boolean;
}

export class FormerHosts {
  readonly #options: FormerHostsOptions;
  readonly #known: Map<HostId, Host>;

  private constructor(options: FormerHostsOptions, known: Map<HostId, Host>) {
    this.#options = options;
    this.#known = known;
  }

  /** Rejects with `store_failed` when a record can't be read. */
  static async open(options: FormerHostsOptions): Promise<FormerHosts> {
    const known = new Map<HostId, Host>();
    for await (const page of options.store.load(PREFIX))
      for (const { key, value } of page) {
        const id = parseHostId(key.slice(PREFIX.length));
        const host = parseHost(value);
        if (id === undefined || host === undefined) throw damagedRecords(`The stored record '${key}' is no host`);
        known.set(id, host);
      }
    const hosts = new FormerHosts(options, known);
    await hosts.edited();
    return hosts;
  }

  /** Where and who that host is: as hosts.json says, or as it last said, while that still matters. */
  get(id: HostId): Host | undefined {
    const { roster, isConcerned } = this.#options;
    return roster().get(id) ?? (isConcerned(id) ? this.#known.get(id) : undefined);
  }

  /** Whether that host has a say in the claims: hosts.json lists it, or what was agreed does. */
  mayClaim(id: HostId): boolean {
    const { roster, isConcerned } = this.#options;
    return roster().get(id)?.enabled === true || (this.#known.has(id) && isConcerned(id));
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
