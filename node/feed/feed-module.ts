// The feeds: what this host tells of its own log, and how it follows the logs of the others.

import type { Random } from '../../mesh/ports.ts';
import { FeedServer, type FeedServerOptions } from './feed-server.ts';
import { Followers, type FollowersOptions } from './followers.ts';

export interface FeedOptions extends Omit<FollowersOptions, 'random'>, Omit<FeedServerOptions, 'random'> {
  readonly random: Random;
}

interface OpenFeed {
  readonly server: FeedServer;
  readonly followers: Followers;
}

export function openFeed(options: FeedOptions): OpenFeed {
  return { server: new FeedServer(options), followers: new Followers(options) };
}
