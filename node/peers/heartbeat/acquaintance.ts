// The peers that this host does not keep in touch with, in a large mesh. It must know who they are all the same: their keys prove what relays
// pass on, and one that serves only the look-up has to be asked before each claim. Each of them is asked who it is until that is known, one
// after the other, and so that no host is asked by all others at once.
import type { HostId } from '../../../mesh/names.ts';
import type { Clock, Random } from '../../../mesh/ports.ts';
import type { Introductions } from '../introductions.ts';
import type { PeerKeys } from '../keys/peer-keys.ts';
import type { LegacyPeers } from '../legacy/legacy-peers.ts';

/** In a large mesh: how often it is looked whom this host keeps in touch with, and who of the others is not known yet. */
export const ACQUAINTANCE_ROUND_MS = 10_000;
/** Between two such looks while this host keeps in touch with everybody. */
export const NOBODY_LEFT_ROUND_MS = 60_000;
/** Between two peers that are asked who they are there, … */
export const ACQUAINTANCE_GAP_MS = 100;
/** … or so many times as long as the last answer took, up to this: where all hosts start at once and have too much to do, this can wait. */
const ACQUAINTANCE_GAP_FACTOR = 4;
export const ACQUAINTANCE_GAP_MS_MAX = 10_000;

export interface AcquaintanceOptions {
  /** The peers that this host does not keep in touch with, as of now. */
  readonly others: () => readonly HostId[];
  /** Whether the mesh has not formed yet: who is needed for that must not wait for those that are not. */
  readonly isForming: () => boolean;
  readonly keys: Pick<PeerKeys, 'known'>;
  readonly legacy: Pick<LegacyPeers, 'has'>;
  readonly introductions: Pick<Introductions, 'meet'>;
  readonly clock: Clock;
  readonly random: Pick<Random, 'next'>;
}

/** Resolves when `signal` has aborted. Rejects with `store_failed`. */
export async function meetOthers(options: AcquaintanceOptions, signal: AbortSignal): Promise<void> {
  const { others, isForming, keys, legacy, introductions, clock, random } = options;
  while (!signal.aborted) {
    const left = others();
    const roundMs = left.length > 0 ? ACQUAINTANCE_ROUND_MS : NOBODY_LEFT_ROUND_MS;
    await clock.sleep(roundMs * (0.5 + random.next() / 2), signal);
    if (isForming()) continue;
    const unmet = left.filter((id) => keys.known(id) === undefined || legacy.has(id));
    const from = Math.floor(random.next() * unmet.length);
    for (const id of [...unmet.slice(from), ...unmet.slice(0, from)]) {
      if (signal.aborted) return;
      const sinceMs = clock.monotonicMs();
      await introductions.meet(id, signal);
      await clock.sleep(gapMs(clock.monotonicMs() - sinceMs) * (0.5 + random.next()), signal);
    }
  }
}

function gapMs(tookMs: number): number {
  return Math.min(ACQUAINTANCE_GAP_MS_MAX, Math.max(ACQUAINTANCE_GAP_MS, ACQUAINTANCE_GAP_FACTOR * tookMs));
}
