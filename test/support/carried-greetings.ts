// The core in a mesh in which somebody else carries the routine greetings: what the heartbeat of a node does to them, as a `step` for
// simulations. Of two that two hosts would send each other in turn, one is left out.
import { step } from '../../mesh/claims/core.ts';
import { BrokenInvariant } from '../../mesh/invariant.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Effect, Event } from '../../mesh/state/events.ts';
import type { ClaimQuestion, Greeting, Reply } from '../../mesh/state/messages.ts';

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

/** Some hosts are of the version before short greetings: they say and know nothing of profiles, and refuse what names one. */
export function withEarlierHosts(isEarlier: (host: HostId) => boolean): typeof step {
  return (state, event, ...times) => {
    if (!isEarlier(state.membership.self)) return step(state, event, ...times);
    if (event.type === 'asked' && event.question.about === 'again')
      throw new BrokenInvariant('A host of an earlier version was told a short greeting.');
    return step(state, heardEarlier(event), ...times).map(saidEarlier);
  };
}

function heardEarlier(event: Event): Event {
  if (event.type === 'asked') return { ...event, question: withoutProfile(event.question) };
  return event.type === 'replied' ? { ...event, reply: withoutProfile(event.reply) } : event;
}

function saidEarlier(effect: Effect): Effect {
  if (effect.type === 'persist') return { ...effect, after: effect.after.map(saidEarlier) };
  if (effect.type === 'reply') return { ...effect, reply: withoutProfile(effect.reply) };
  return effect.type === 'ask' ? { ...effect, question: withoutProfile(effect.question) } : effect;
}

function withoutProfile<Said extends ClaimQuestion | Reply>(said: Said): Said {
  if (!('about' in said) || said.about !== 'greeting') return said;
  const { profile: _, knows: __, ...greeting } = said as Greeting;
  return greeting as Said;
}

function isRoutine(effect: Effect): boolean {
  return effect.type === 'ask' && effect.isRoutine === true;
}
