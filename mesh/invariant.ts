// What must hold whatever comes from outside. Only a bug of this program, or a disk or memory that lies, can break an invariant, and to go on
// could give one address to two agents. So code that finds an invariant broken fails the journal: nothing more is written or answered, and
// the node stops.
import { MeshError } from './errors.ts';
import type { Journal } from './ports.ts';

/** A bug, or damage: never caught to go on, only to stop (`orFail`). */
export class BrokenInvariant extends Error {}

/** Throws `BrokenInvariant` unless it `holds`. `broken`: a whole sentence that says what is, and what would be right. */
export function invariant(holds: boolean, broken: () => string): asserts holds {
  if (!holds) throw new BrokenInvariant(broken());
}

/**
 * Runs `work`, which changes several things that belong together. Whatever is thrown in the middle of it leaves some of them as they were, so it
 * is an invariant broken, and thrown on as that.
 */
export function wholly<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof BrokenInvariant) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BrokenInvariant(`What was begun could not be brought to its end: ${reason}.`, { cause });
  }
}

/** Runs `work`; an invariant that it finds broken ends the journal, and is thrown on as the `store_failed` that every call answers then. */
export function orFail<Result>(journal: Pick<Journal, 'fail'>, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof BrokenInvariant)) throw cause;
    const message = `${cause.message} That is a bug of this program, or a disk or memory that lies; nothing more was written. Start the node again, and report this sentence.`;
    const failure = new MeshError('store_failed', message, { cause });
    journal.fail(failure);
    throw failure;
  }
}
