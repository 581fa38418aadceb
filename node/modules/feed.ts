// Following the peers' change logs, and being followed.
import { parseAnyAddress } from '../../mesh/address/identity.ts';
import { FOLLOW_PACE_MS } from '../feed/asking-turns.ts';
import { openFeed } from '../feed/feed-module.ts';
import { feedRoutes } from '../http/routes/feed.ts';
import { snapshotSources } from '../registry/index-rows.ts';
import { feedFigures } from './feed-metrics.ts';
import type { Module, Parts } from './module.ts';

/** Follows the change logs of the peers, and serves this host's own and what is relayed. */
export function openFeedModule({ options, ports, mesh, events, index, copies, registry, stopping }: Parts): Module {
  const { clock, random, log, signer } = ports;
  const { transport, peerKeys, isLegacy, isMember } = mesh;
  const roster = options.roster.current;
  const { server, relay, followers } = openFeed({
    ...{ clock, random, log, signer, transport, roster, copies, isLegacy, isMember, hostId: roster().self.id },
    ...{ changes: registry.changes, agents: () => snapshotSources(registry.table.kept()) },
    index: () => index.etag,
    keyOf: (host) => peerKeys.known(host),
    meet: (host, signal) => mesh.peers.meetOne(host, signal),
    isMet: (host) => mesh.peers.isMet(host),
    voters: () => mesh.voters(),
    isForming: () => mesh.isForming(),
    followedByAllMax: options.followedByAllMax,
    paceMs: FOLLOW_PACE_MS,
    parseAddress: parseAnyAddress,
  });
  options.roster.subscribe(() => followers.edited());
  events.found.subscribe((host) => followers.found(host));
  events.lost.subscribe((host, why) => followers.lost(host, why));
  events.indexSaid.subscribe((host, version, atMs) => followers.said(host, version, atMs));
  return {
    measures: feedFigures({ roster, clock, viewOf: (host) => followers.viewOf(host) }),
    peerRoutes: feedRoutes({ server, relay, stopping }),
    ofPeer: (host) => {
      const feed = followers.viewOf(host);
      return feed === undefined ? {} : { feed };
    },
    run: (signal) => followers.run(signal),
  };
}
