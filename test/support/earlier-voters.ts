// Hosts of the version before released names were collected, in a mesh with hosts that collect: a `step` for simulations. Such a host knows no
// floor and keeps none, tells none, hears none of a configuration, and answers no question about released names.
import { isAboutReleased } from '../../mesh/claims/collection.ts';
import type { step } from '../../mesh/claims/core.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Effect } from '../../mesh/state/events.ts';
import { withEarlierHosts } from './carried-greetings.ts';

/** Members of configurations and answers that came with the collecting. */
const UNKNOWN = ['floor', 'settled'];

export function withEarlierVoters(isEarlier: (host: HostId) => boolean): typeof step {
  // Short greetings are younger still.
  const stepOf = withEarlierHosts(isEarlier);
  return (state, event, ...times) => {
    if (!isEarlier(state.membership.self)) return stepOf(state, event, ...times);
    if (event.type === 'collectDue' || (event.type === 'asked' && isAboutReleased(event.question))) return [];
    return stepOf(state, asEarlier(event), ...times).map(saidEarlier);
  };
}

function saidEarlier(effect: Effect): Effect {
  if (effect.type !== 'persist') return asEarlier(effect);
  const writes = effect.writes.filter(({ key }) => key !== 'claim/floor').map((write) => asEarlier(write));
  return { ...effect, writes, after: effect.after.map(saidEarlier) };
}

/** What is said, without what such a host does not know. */
function asEarlier<Said extends object>(said: Said): Said {
  const text = JSON.stringify(said);
  if (!UNKNOWN.some((name) => text.includes(`"${name}"`))) return said;
  return JSON.parse(text, (name, value) => (UNKNOWN.includes(name) ? undefined : value));
}
