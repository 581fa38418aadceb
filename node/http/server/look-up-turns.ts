// The turns of look-ups that cost a signature, one's own or a peer's: only a few of them are worked on in one turn of the event loop, so that
// a flood of them leaves every turn room for claims and greetings, which do not wait here. More than may wait are refused.
import { MeshError } from '../../../mesh/errors.ts';
import { LoopTurns, turnsOfCount } from './loop-turns.ts';

/** About 3 ms of work. */
const PER_TURN_MAX = 8;
const WAITING_MAX = 1_024;

/** Entering throws `rate_limited` when too many wait. */
export function lookUpTurns(): LoopTurns {
  return new LoopTurns({ budget: turnsOfCount(PER_TURN_MAX), waiting: { max: WAITING_MAX, refusal } });
}

function refusal(): MeshError {
  return new MeshError('rate_limited', `${WAITING_MAX} look-ups wait at this host already. Try again shortly.`, {
    retryAfterSeconds: 1,
  });
}
