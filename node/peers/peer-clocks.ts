// By how much the clocks of peers differ from this host's, as far as it matters. A host that has just started obeys nothing that was
// made before its start, by its own clock: so who is some seconds behind it would be refused for that long. What it says is signed with
// its time; so the next question is dated by its clock. Only signed words count, and a signature is never older or newer than
// SIGNATURE_SKEW_SECONDS_MAX: clocks that differ by more are refused, with how much it is.
import type { HostId } from '../../mesh/names.ts';

/** Less comes of rounding, and of the time under way. */
const NOTED_SECONDS_MIN = 2;

export class PeerClocks {
  readonly #aheadSeconds = new Map<HostId, number>();

  /** How far the clock of that host is ahead of ours, as questions to it go by. */
  aheadSeconds(id: HostId): number {
    return this.#aheadSeconds.get(id) ?? 0;
  }

  /** It said something that is proven to be its own. `isRefusal`: it refused a question for its date. */
  heard(id: HostId, aheadSeconds: number, isRefusal: boolean): void {
    if (!isRefusal && !this.#aheadSeconds.has(id)) return;
    if (Math.abs(aheadSeconds) < NOTED_SECONDS_MIN) this.#aheadSeconds.delete(id);
    else this.#aheadSeconds.set(id, aheadSeconds);
  }
}
