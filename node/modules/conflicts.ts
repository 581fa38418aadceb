// Two claims of one address: found, decided, and kept for an operator.
import { parseAnyAddress } from '../../mesh/address/identity.ts';
import { openConflicts } from '../conflicts/conflicts-module.ts';
import { conflictRoutes } from '../http/routes/conflicts.ts';
import type { Module, Parts } from './module.ts';

/** The search for conflicts in the background, and the routes by which an operator decides them. Rejects with `store_failed`. */
export async function openConflictModule({
  options,
  ports,
  mesh,
  events,
  index,
  copies,
  registry,
  restored,
}: Parts): Promise<Module> {
  const { store, clock, log } = ports;
  const { transport, claims, peers, isOutside, isLegacy } = mesh;
  const { conflicts, search, restoredSearch } = await openConflicts({
    ...{ store, clock, log, registry, restored, index, claims: claims.store, transport, events, isOutside },
    roster: options.roster.current,
    indexOf: (peer) => peers.presence.indexOf(peer),
    placeOf: (peer) => (peers.presence.isRelayed(peer) ? copies.head(peer)?.chain : undefined),
  });
  return {
    routes: (app) => conflictRoutes(app, { conflicts, parseAddress: parseAnyAddress, isLegacy }),
    shown: { conflicts },
    run: async (signal) => {
      await Promise.all([search.run(signal), restoredSearch.run(signal)]);
    },
  };
}
