// How far this host is behind the change logs of its peers, for each host of hosts.json.
import type { HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Roster } from '../../mesh/roster.ts';
import type { FollowingView } from '../feed/following-view.ts';
import type { Figure } from '../metrics/measure.ts';

interface FeedFigureParts {
  readonly roster: () => Roster;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly viewOf: (host: HostId) => FollowingView | undefined;
}

export function feedFigures({ roster, clock, viewOf }: FeedFigureParts): readonly Figure[] {
  const ofFollowed = (reading: (view: FollowingView) => number | undefined) =>
    roster().peers.flatMap(({ id }) => {
      const view = viewOf(id);
      const value = view === undefined ? undefined : reading(view);
      return value === undefined ? [] : [[id, value] as const];
    });
  return [
    {
      kind: 'gauge',
      name: 'mesh_feed_lag_seconds',
      help: 'Since when a peer has not said that the copy of its addresses is as they are; absent before it first did.',
      label: 'host',
      read: () =>
        ofFollowed(({ asOf }) =>
          asOf === undefined ? undefined : Math.max(0, clock.wallMs() - Date.parse(asOf)) / 1_000,
        ),
    },
    {
      kind: 'gauge',
      name: 'mesh_feed_following',
      help: 'Whether the change log of a peer is followed (1), or it is behind, silent or not believed (0).',
      label: 'host',
      read: () => ofFollowed(({ state }) => (state === 'following' ? 1 : 0)),
    },
  ];
}
