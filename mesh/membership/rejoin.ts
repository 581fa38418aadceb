// When a voter rejoins, and how (steps 14 and 15 of README.md): a start on an older copy of its data has forgotten votes, so it gives up the rest of
// them too, and is taken in again as a host that never voted. What another host remembers tells it; greetings bring that (questions.ts).
// It does not promise to notice every copy: what nobody else was told of, nobody else can tell.
import type { HostId } from '../names.ts';
import { beginAnew } from '../operations/operation.ts';
import type { Write } from '../ports.ts';
import { dataWrite, registerGone, startWrite, successionGone } from '../state/claim-records.ts';
import type { CoreState } from '../state/core-state.ts';
import type { Effect } from '../state/events.ts';
import { beginOnOtherData, type SeenStart, type Starts } from '../state/starts.ts';
import { greetAll } from './greeting.ts';

/** What `seen`, which another host remembers of this host's data, means for this start (step 14, by its table). */
export function judgeStart(
  { own, names, votesAtStart, isKnown }: Pick<Starts, 'own' | 'names' | 'votesAtStart' | 'isKnown'>,
  seen: SeenStart,
): 'known' | 'nothing' | 'older copy' | 'used twice' {
  const nameHere = names[seen.number];
  if (seen.number === own.number) return seen.name === own.name ? 'known' : 'used twice';
  const isEarlier = seen.number < own.number && (nameHere === undefined || nameHere === seen.name);
  if (isEarlier) return nameHere !== undefined && seen.votes > votesAtStart ? 'older copy' : 'nothing';
  return isKnown ? 'used twice' : 'older copy';
}

/** Rejoins (step 15). `by`: the host that remembers a later vote or start than this data; `seen`: the number of that start. */
export function rejoin(state: CoreState, by: HostId, seen: number, out: Effect[]): void {
  const { membership } = state;
  out.push({ type: 'log', event: 'mesh.rejoining', fields: { by, life: membership.starts.own.number, seen } });
  out.push({ type: 'doubt', why: 'rejoined' });
  out.push({ type: 'persist', writes: forgetVotes(state), after: [] });
  beginAnew(state, out);
  greetAll(membership, out);
}

/** Makes this host another voter, one that never voted. Returns what makes it so on the disk. */
export function forgetVotes(state: CoreState): Write[] {
  const { membership } = state;
  beginOnOtherData(membership.starts);
  membership.succession = undefined;
  membership.proposing = undefined;
  return [dataWrite(membership.starts), startWrite(membership.starts), successionGone, ...forgetRegisters(state)];
}

/** Forgets every register. The floor stays: it only refuses. */
export function forgetRegisters({ registers, collection }: CoreState): Write[] {
  const forgotten = [...registers.keys()].map(registerGone);
  registers.clear();
  collection.released.clear();
  return forgotten;
}
