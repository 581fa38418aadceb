// Keys that peers introduced themselves with, stored so that a peer is believed again after a restart. A key is durable before it is
// trusted: a host that forgot a key it had trusted would believe the next one to come.
import { type HostId, parseHostId } from '../../../mesh/names.ts';
import { type PublicKey, parsePublicKey } from '../../../mesh/signature/ed25519.ts';
import { damagedRecords } from '../../store/refusals.ts';
import type { Store } from '../../store/store.ts';
import type { Introduction } from './hello-question.ts';

const PREFIX = 'pin/';

export class PinnedKeys {
  readonly #store: Pick<Store, 'commit'>;
  readonly #pins: Map<HostId, PublicKey>;

  private constructor(store: Pick<Store, 'commit'>, pins: Map<HostId, PublicKey>) {
    this.#store = store;
    this.#pins = pins;
  }

  /** `hasSecret`: only pins that were proven by the secret count. Rejects with `store_failed` when one of them can't be read. */
  static async open(store: Pick<Store, 'load' | 'commit'>, hasSecret: boolean): Promise<PinnedKeys> {
    const pins = new Map<HostId, PublicKey>();
    for await (const page of store.load(PREFIX))
      for (const { key, value } of page) {
        const id = parseHostId(key.slice(PREFIX.length));
        const { publicKey: text, isProven } = (value ?? {}) as { publicKey?: unknown; isProven?: unknown };
        const publicKey = typeof text === 'string' ? parsePublicKey(text) : undefined;
        if (!id || !publicKey) throw damagedRecords(`The stored record '${key}' is not a peer's key`);
        // Believed unproven, before the operators shared a secret: the key is to be proven now, as at a first contact.
        if (hasSecret && isProven !== true) continue;
        pins.set(id, publicKey);
      }
    return new PinnedKeys(store, pins);
  }

  get(id: HostId): PublicKey | undefined {
    return this.#pins.get(id);
  }

  /** Resolves when the pin is durable. `atIso`: now, UTC. */
  async pin(id: HostId, { key, proven: isProven }: Introduction, atIso: string): Promise<void> {
    const value = { publicKey: key.text, isProven, firstSeenAt: atIso };
    await this.#store.commit([{ key: `${PREFIX}${id}`, value }]);
    this.#pins.set(id, key);
  }

  /** Hosts with a pin. */
  hosts(): Iterable<HostId> {
    return this.#pins.keys();
  }

  /** Resolves when the end of these pins is durable. */
  async drop(ids: readonly HostId[]): Promise<void> {
    await this.#store.commit(ids.map((id) => ({ key: `${PREFIX}${id}`, value: undefined })));
    for (const id of ids) this.#pins.delete(id);
  }
}
