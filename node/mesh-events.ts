// What one part of a node tells other parts that are made after it. The root makes the events first and hands them to both sides, so that
// neither side has to be there before the other.
import type { AddressKey, HostId } from '../mesh/names.ts';
import type { DoubtCause } from '../mesh/state/events.ts';

/** Something that happens now and then, and whoever wants to hear of it. */
class MeshEvent<Details extends readonly unknown[] = []> {
  readonly #listeners = new Set<(...details: Details) => void>();

  /** Calls every listener, in the order in which they subscribed. What a listener throws, whoever dispatches gets. */
  readonly dispatch = (...details: Details): void => {
    for (const listener of this.#listeners) listener(...details);
  };

  subscribe(listener: (...details: Details) => void): void {
    this.#listeners.add(listener);
  }
}

export class MeshEvents {
  /** Another peer counts as a host without a vote, or one counts so no more. */
  readonly votersChanged = new MeshEvent();
  /** A host that knows nothing of the claims has an address that this host has too. */
  readonly doubled = new MeshEvent<[key: AddressKey, hostId: HostId]>();
  /** The voters may not know what this host holds. */
  readonly doubted = new MeshEvent<[why: DoubtCause]>();
  /** A peer answers that did not before. */
  readonly found = new MeshEvent<[id: HostId]>();
  /** A peer does not answer any more. `why`: a sentence. */
  readonly lost = new MeshEvent<[id: HostId, why: string]>();
  /** The channel over which a peer is asked ended, and this host did not want it to. */
  readonly channelLost = new MeshEvent<[id: HostId]>();
  /** A peer answered, to what was asked at `atMs` of the monotonic clock, which version its index has. */
  readonly indexSaid = new MeshEvent<[id: HostId, index: string, atMs: number]>();
}
