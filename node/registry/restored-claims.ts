// Claims that came back with a restored backup. What was released since then must not come back with them, so until the voters were asked
// about an address, this host says nothing of it as a voter: a word of its registry would count where the voters have forgotten the address.
// Look-ups show the address meanwhile, as they did before the host was lost.
//   restored/<key>   the claim by which an agent had the address, and what had decided it
import { z } from 'zod';
import type { AddressKey, ClaimId } from '../../mesh/names.ts';
import type { Write } from '../../mesh/ports.ts';
import type { RegistryView } from '../../mesh/state/registry-view.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';

export interface RestoredClaim {
  readonly claimId: ClaimId;
  /** The mesh, or the engine, that decided it; absent when the backup does not say. */
  readonly history?: string | undefined;
}

const PREFIX = 'restored/';
const stored = z.object({ claimId: z.string(), history: z.string().optional() });

/** Notes the claim, or forgets it when absent. */
export function restoredWrite(key: AddressKey, claim: RestoredClaim | undefined): Write {
  return { key: PREFIX + key, value: claim };
}

export class RestoredClaims {
  readonly #store: Pick<Store, 'commit'>;
  readonly #byKey: Map<AddressKey, RestoredClaim>;

  private constructor(store: Pick<Store, 'commit'>, byKey: Map<AddressKey, RestoredClaim>) {
    this.#store = store;
    this.#byKey = byKey;
  }

  /** Rejects with `store_failed` when a record can't be read. */
  static async load(store: Pick<Store, 'load' | 'commit'>): Promise<RestoredClaims> {
    const byKey = new Map<AddressKey, RestoredClaim>();
    for await (const page of store.load(PREFIX))
      for (const { key, value } of page) {
        const parsed = stored.safeParse(value);
        if (!parsed.success) throw damagedRecords(`The stored record '${key}' can't be read`);
        byKey.set(key.slice(PREFIX.length) as AddressKey, parsed.data as RestoredClaim);
      }
    return new RestoredClaims(store, byKey);
  }

  get size(): number {
    return this.#byKey.size;
  }

  has(key: AddressKey): boolean {
    return this.#byKey.has(key);
  }

  /** The next ones, `count` at most. */
  first(count: number): ReadonlyMap<AddressKey, RestoredClaim> {
    const found = new Map<AddressKey, RestoredClaim>();
    for (const [key, claim] of this.#byKey) {
      if (found.size === count) break;
      found.set(key, claim);
    }
    return found;
  }

  /** The voters were asked about these. Resolves when that is durable. */
  async settle(keys: readonly AddressKey[]): Promise<void> {
    await this.#store.commit(keys.map((key) => restoredWrite(key, undefined)));
    for (const key of keys) this.#byKey.delete(key);
  }

  /** The registry as voters may know it: without the claims that came with the backup. */
  hiddenFrom(registry: RegistryView): RegistryView {
    const isShown = (key: AddressKey) => {
      const claim = this.#byKey.get(key);
      return claim === undefined || registry.holder(key)?.claimId !== claim.claimId;
    };
    const keys = function* shown() {
      for (const key of registry.keys()) if (isShown(key)) yield key;
    };
    return {
      holder: (key) => (isShown(key) ? registry.holder(key) : undefined),
      isEmpty: () => (this.size === 0 ? registry.isEmpty() : keys().next().done === true),
      keys: () => (this.size === 0 ? registry.keys() : keys()),
    };
  }
}
