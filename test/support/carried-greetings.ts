// The core in a mesh in which somebody else carries the routine greetings: what the heartbeat of a node does to them, as a `step` for
// simulations. Of two that two hosts would send each other in turn, one is left out.
import { step } from '../../mesh/claims/core.ts';
import type { Effect } from '../../mesh/state/events.ts';

/** None of them is carried at all: as if every heartbeat had stopped. */
export const withoutRoutine: typeof step = (...parts) => step(...parts).filter((effect) => !isRoutine(effect));

/** About every other one is carried, by chance. `seed`: of that chance. */
export function takingTurns(seed: number): typeof step {
  let drawn = seed;
  // A linear congruential generator (Numerical Recipes): the simulation's own chance stays as it was.
  const isLeftOut = () => {
    drawn = (Math.imul(drawn, 1_664_525) + 1_013_904_223) | 0;
    return drawn < 0;
  };
  return (...parts) => step(...parts).filter((effect) => !isRoutine(effect) || !isLeftOut());
}

function isRoutine(effect: Effect): boolean {
  return effect.type === 'ask' && effect.isRoutine === true;
}
