// Asks a peer whose key is not known who it is, and has noted what came of that. A peer that hosts.json declares legacy is asked again though
// a key of it is known: it may have gone back to a program without one.
import type { HostId } from '../../mesh/names.ts';
import type { Learned } from './keys/first-contact.ts';
import type { PeerKeys } from './keys/peer-keys.ts';
import type { LegacyPeers } from './legacy/legacy-peers.ts';

export interface IntroductionsOptions {
  readonly keys: Pick<PeerKeys, 'known' | 'learn' | 'recheck'>;
  readonly legacy: Pick<LegacyPeers, 'heard'>;
}

export class Introductions {
  readonly #options: IntroductionsOptions;

  constructor(options: IntroductionsOptions) {
    this.#options = options;
  }

  /** What is known of the peer then; `undefined` when `signal` aborted. Rejects with `store_failed`. */
  async meet(id: HostId, signal: AbortSignal): Promise<Learned | undefined> {
    const { keys, legacy } = this.#options;
    try {
      await keys.recheck(id, signal);
      const learned = await keys.learn(id, signal);
      if (signal.aborted) return undefined;
      await legacy.heard(id, learned);
      return learned;
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  /** Meets all of them at once. Rejects with `store_failed`. */
  async meetAll(ids: readonly HostId[], signal: AbortSignal): Promise<void> {
    await Promise.all(ids.map((id) => this.meet(id, signal)));
  }
}
