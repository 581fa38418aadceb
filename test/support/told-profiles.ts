// What a short greeting must come to: the host that heard it believes of the one that said it exactly what the whole greeting would have told.
import { isDeepStrictEqual } from 'node:util';
import { greetingTo } from '../../mesh/membership/greeting.ts';
import { asTold } from '../../mesh/membership/profile.ts';
import type { CoreState } from '../../mesh/state/core-state.ts';
import type { Greeting } from '../../mesh/state/messages.ts';

/**
 * What is wrong with what `hearer` believes now of `speaker`, a sentence. `profile`: the one that was named just now; nothing is said where the
 * speaker has another by now.
 */
export function misbelief(speaker: CoreState, hearer: CoreState, profile: string): string | undefined {
  const [from, to] = [speaker.membership.self, hearer.membership.self];
  const believed = hearer.membership.greetings.get(from)?.greeting;
  const whole = greetingTo(speaker.membership, to);
  if (believed === undefined || asTold(speaker.membership, whole, to).profile !== profile) return undefined;
  if (isDeepStrictEqual(lasting(believed), lasting(whole))) return undefined;
  return `${to} takes a short greeting of ${from} for ${JSON.stringify(believed)}, and it stands for ${JSON.stringify(whole)}`;
}

function lasting({ votes: _, you: __, index: ___, profile: ____, knows: _____, ...greeting }: Greeting): unknown {
  return greeting;
}
