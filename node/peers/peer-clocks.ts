// By how much the clocks of peers differ from this host's clock, as far as that matters. A host that has just started obeys nothing that was
// made before its start, by its own clock: a host whose clock is some seconds behind would be refused for that long. The refusal is signed
// with the time of the host that refuses, so the next question to that host is dated by its clock. Only signed words count, and a signature
// is never older or newer than SIGNATURE_SKEW_SECONDS_MAX: hosts whose clocks differ by more are refused, and told by how much.
import type { HostId } from '../../mesh/names.ts';

/** A smaller difference comes of rounding, and of the time under way. */
const NOTED_SECONDS_MIN = 2;

export class PeerClocks {
  readonly #aheadSeconds = new Map<HostId, number>();

  /** How far the clock of that host is ahead of ours, as questions to it go by. */
  aheadSeconds(id: HostId): number {
    return this.#aheadSeconds.get(id) ?? 0;
  }

  hosts(): Iterable<HostId> {
    return this.#aheadSeconds.keys();
  }

  forget(id: HostId): void {
    this.#aheadSeconds.delete(id);
  }

  /** The host said something that is proven to be its own. `isRefusal`: the host refused a question for its date. */
  heard(id: HostId, aheadSeconds: number, isRefusal: boolean): void {
    if (!isRefusal && !this.#aheadSeconds.has(id)) return;
    if (Math.abs(aheadSeconds) < NOTED_SECONDS_MIN) this.#aheadSeconds.delete(id);
    else this.#aheadSeconds.set(id, aheadSeconds);
  }
}
