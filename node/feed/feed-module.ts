// The feeds: what this host tells of its own log, and as a relay of other logs, and how it follows the logs of the others.

import type { Random } from '../../mesh/ports.ts';
import { FeedServer, type FeedServerOptions } from './feed-server.ts';
import { Followers, type FollowersOptions } from './followers.ts';
import { RelayServer } from './relay-server.ts';

export interface FeedOptions extends Omit<FollowersOptions, 'random'>, Omit<FeedServerOptions, 'random'> {
  readonly random: Random;
}

interface OpenFeed {
  readonly server: FeedServer;
  readonly relay: RelayServer;
  readonly followers: Followers;
}

export function openFeed(options: FeedOptions): OpenFeed {
  const server = new FeedServer(options);
  return { server, relay: new RelayServer({ ...options, server }), followers: new Followers(options) };
}
