// A mesh of one in which nothing was ever given out (step 2 of README.md). While hosts.json lists this host alone, nobody is told of it. Once others are
// listed it would keep this host apart from theirs, and give out addresses that may be somebody's there: so the host gives it up unused.
// A mesh of one that gave out an address is kept: others may have to hear of it.

import type { Write } from '../ports.ts';
import { configGone } from '../state/claim-records.ts';
import type { CoreState } from '../state/core-state.ts';
import type { Effect } from '../state/events.ts';
import { isAlone, type Membership } from '../state/membership.ts';
import { isPristine } from './epoch.ts';
import { forgetVotes } from './rejoin.ts';

/** Gives the mesh up in which this host is alone, when hosts.json lists others and nothing was given out: then it is in none. */
export function giveUpOwnMesh(state: CoreState, out: Effect[]): void {
  const { membership } = state;
  if (!listsOthers(membership) || !isUnused(state)) return;
  membership.config = undefined;
  membership.move = undefined;
  // On other data, so that a mesh of its own that it may form again has another name.
  const writes: readonly Write[] = [...configGone, ...forgetVotes(state)];
  out.push({ type: 'log', event: 'mesh.given_up', fields: {} });
  out.push({ type: 'persist', writes, after: [] });
}

/** Whether hosts.json lists any other host. */
function listsOthers({ wish, self }: Pick<Membership, 'wish' | 'self'>): boolean {
  return wish.members.some((host) => host !== self);
}

/**
 * Whether this host alone is in its mesh, and never had a register there. As soon as others are listed such a mesh is given up, so nobody else
 * can have been told of it. Where names were collected there is a floor, and others may have heard of the mesh while it had them.
 */
function isUnused(state: CoreState): boolean {
  const { membership, floor } = state;
  const { config, self } = membership;
  if (config?.epoch !== 1 || !isAlone(membership) || !isPristine(state) || floor !== null) return false;
  return config.members.every((host) => host === self);
}
