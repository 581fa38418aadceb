// After a claim, peers that serve only the look-up are asked again about what was claimed: such a peer looks and then writes, and may have
// looked before the claim and written after.
import type { SpelledAddress } from '../../../mesh/lookup/index-entry.ts';
import { askLegacyPeers, type LegacyPorts } from '../../../mesh/lookup/legacy-hosts.ts';
import type { AddressKey, HostId } from '../../../mesh/names.ts';
import type { LegacyPeers } from './legacy-peers.ts';

/** How long after a claim such hosts are asked again: one may have looked before the claim, and written after it. */
const LEGACY_AGAIN_MS = [6_000, 30_000] as const;
/** Addresses waiting to be asked about again. Doubles above it are found by the look into each peer's whole index. */
export const LEGACY_AGAIN_MAX = 10_000;

export interface LegacyDoublesOptions extends LegacyPorts {
  readonly peers: Pick<LegacyPeers, 'listed'>;
  /** Told of an address of this host that a legacy peer has too. */
  readonly doubled: (key: AddressKey, hostId: HostId) => void;
  /** Whether this host has the address, still. */
  readonly holds: (key: AddressKey) => boolean;
  /** Aborts when the node stops. */
  readonly stopping: AbortSignal;
}

export class LegacyDoubles {
  readonly #options: LegacyDoublesOptions;
  /** Addresses that wait to be asked about. */
  #waiting = 0;

  constructor(options: LegacyDoublesOptions) {
    this.#options = options;
  }

  /** After a claim: each of them is asked again, in the background. */
  claimed(addresses: readonly SpelledAddress[]): void {
    if (this.#options.peers.listed().length === 0) return;
    for (const afterMs of LEGACY_AGAIN_MS) {
      if (this.#waiting + addresses.length > LEGACY_AGAIN_MAX) return;
      this.#waiting += addresses.length;
      void this.#askAgain(addresses, afterMs).finally(() => {
        this.#waiting -= addresses.length;
      });
    }
  }

  async #askAgain(addresses: readonly SpelledAddress[], afterMs: number): Promise<void> {
    const { clock, peers, holds, doubled, stopping } = this.#options;
    await clock.sleep(afterMs, stopping);
    const still = addresses.filter(({ key }) => holds(key));
    if (stopping.aborted || still.length === 0) return;
    const { owners } = await askLegacyPeers(this.#options, peers.listed(), still);
    for (const { key, hostId } of owners) if (holds(key)) doubled(key, hostId);
  }
}
