// Asks the voters about the addresses that came back with a restored backup. What they still have for this host stays; what they gave to
// somebody else is conceded; what they have for nobody was released since the backup was made, and is given up. Only where another mesh
// decides now than the one that had decided then, as after all hosts were restored, does nobody's mean that it may be claimed again.
import { MeshError } from '../../mesh/errors.ts';
import { KEYS_PER_MESSAGE_MAX } from '../../mesh/limits.ts';
import type { AddressKey } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { ClaimStore } from '../../mesh/state/claim-store.ts';
import type { Log } from '../log.ts';
import type { Registry } from '../registry/registry.ts';
import type { RestoredClaim, RestoredClaims } from '../registry/restored-claims.ts';
import type { Conflicts } from './conflicts.ts';

export interface RestoredSearchOptions {
  readonly restored: Pick<RestoredClaims, 'size' | 'first' | 'settle'>;
  readonly claims: Pick<ClaimStore, 'ownersOf' | 'status'>;
  readonly conflicts: Pick<Conflicts, 'concede'>;
  readonly registry: { readonly addresses: Pick<Registry['addresses'], 'confirm' | 'giveUp'> };
  readonly clock: Clock;
  readonly log: Log;
}

const TICK_MS = 1_000;

export class RestoredSearch {
  readonly #options: RestoredSearchOptions;

  constructor(options: RestoredSearchOptions) {
    this.#options = options;
  }

  /** Until nothing is left, or the signal aborts. Rejects with `store_failed`. */
  async run(signal: AbortSignal): Promise<void> {
    const { restored, claims, clock, log } = this.#options;
    if (restored.size === 0) return;
    log.info('restored.found', { addresses: restored.size });
    while (restored.size > 0 && !signal.aborted) {
      const asked = claims.status().ready && (await this.#settle(restored.first(KEYS_PER_MESSAGE_MAX)));
      if (!asked) await clock.sleep(TICK_MS, signal);
    }
    if (restored.size === 0) log.info('restored.settled', {});
  }

  /** False when the voters could not be asked: it is tried again. */
  async #settle(asked: ReadonlyMap<AddressKey, RestoredClaim>): Promise<boolean> {
    const keys = [...asked.keys()];
    const outcome = await this.#options.claims.ownersOf(keys);
    if (outcome.kind === 'unavailable') return false;
    try {
      for (const [key, claim] of asked) await this.#judge(key, claim, outcome.owners.get(key) ?? null, outcome.history);
    } catch (error) {
      if (error instanceof MeshError && error.code !== 'store_failed') return false;
      throw error;
    }
    await this.#options.restored.settle(keys);
    return true;
  }

  async #judge(key: AddressKey, claim: RestoredClaim, owner: Owner | null, history: string): Promise<void> {
    const { registry, conflicts, log } = this.#options;
    if (owner?.claimId === claim.claimId) return;
    if (owner !== null) return conflicts.concede({ key, owner });
    if (claim.history === history) {
      log.warn('restored.given_up', { address: key });
      return registry.addresses.giveUp(key, claim.claimId);
    }
    for (const rival of await registry.addresses.confirm([key])) await conflicts.concede(rival);
  }
}
