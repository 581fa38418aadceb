// Who is told of look-ups that were answered: a port, so that neither way of answering knows what becomes of it.
import type { LookUpMode } from '../../../mesh/lookup/fan-out.ts';

/** `host`: of this host alone. `peer`: asked by another host. The others are those of the whole mesh. */
export type LookUpKind = LookUpMode | 'everybody' | 'host' | 'peer';

export interface LookUpObserver {
  note(kind: LookUpKind, tookMs: number): void;
}
