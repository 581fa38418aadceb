// Hosts of which a key was ever known, told or shown. The list is durable: a key may be taken out of hosts.json again, or be dropped, and an
// unsigned answer must not take the vote of that host then either.
import { type HostId, parseHostId } from '../../../mesh/names.ts';
import { damagedRecords } from '../../store/refusals.ts';
import type { Store } from '../../store/store.ts';
import type { HostRecords } from '../forgotten-hosts.ts';

const PREFIX = 'keyed/';

export class KeyedHosts implements HostRecords {
  readonly #store: Pick<Store, 'commit'>;
  readonly #ids: Set<HostId>;

  private constructor(store: Pick<Store, 'commit'>, ids: Set<HostId>) {
    this.#store = store;
    this.#ids = ids;
  }

  /** Rejects with `store_failed` when a record can't be read. */
  static async open(store: Pick<Store, 'load' | 'commit'>): Promise<KeyedHosts> {
    const ids = new Set<HostId>();
    for await (const page of store.load(PREFIX))
      for (const { key } of page) {
        const id = parseHostId(key.slice(PREFIX.length));
        if (id === undefined) throw damagedRecords(`The stored record '${key}' names no host`);
        ids.add(id);
      }
    return new KeyedHosts(store, ids);
  }

  has(id: HostId): boolean {
    return this.#ids.has(id);
  }

  hosts(): Iterable<HostId> {
    return this.#ids;
  }

  async forget(ids: readonly HostId[]): Promise<void> {
    await this.#store.commit(ids.map((id) => ({ key: PREFIX + id, value: undefined })));
    for (const id of ids) this.#ids.delete(id);
  }

  /** Resolves when the hosts are noted durably. */
  async note(ids: readonly HostId[]): Promise<void> {
    const more = ids.filter((id) => !this.#ids.has(id));
    if (more.length === 0) return;
    await this.#store.commit(more.map((id) => ({ key: PREFIX + id, value: true })));
    for (const id of more) this.#ids.add(id);
  }
}
