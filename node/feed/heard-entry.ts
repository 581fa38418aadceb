// An entry that was heard, as this host's log keeps it. Of what the other host sent, only the members that are known here are taken: another
// one, whatever its name, must not become a member of this host's own record. What it sent with such members is kept beside that, for whoever
// follows that host through this one.
import type { FeedEntry } from '../../mesh/feed/feed-entry.ts';
import type { HeardFeedEntry } from '../../mesh/feed/follower.ts';
import type { LogId } from '../../mesh/feed/place.ts';
import type { HostId } from '../../mesh/names.ts';
import { type AgentChanges, feedEntryOf, type HeardEntry, type NewHeardEntry } from '../changes/change-log.ts';

/** The entry as this host keeps it. `told` is there only where the other host sent members that are not known here. */
export function heardEntry(hostId: HostId, logId: LogId, { entry, chain }: HeardFeedEntry): NewHeardEntry {
  const { n, id, event, timestamp, agent, sequence, changes, rows } = entry;
  const heard = {
    ...{ id, event, timestamp, sequence, chain },
    agent: { id: agent.id, name: agent.name, hostId: agent.hostId },
    changes: changes as AgentChanges,
    ...(rows === undefined ? {} : { rows }),
    origin: { hostId, logId, n },
  };
  const hasMore = sizeOf(entry) > sizeOf(entryOf(heard));
  return hasMore ? { ...heard, told: entry } : heard;
}

/** How many members are picked by their names: changes and rows are taken whole. */
function sizeOf(entry: FeedEntry): number {
  return Object.keys(entry).length + Object.keys(entry.agent).length;
}

/** The entry as its host told it. */
export function toldEntry(heard: HeardEntry): FeedEntry {
  return heard.told ?? entryOf(heard);
}

function entryOf(heard: NewHeardEntry): FeedEntry {
  return feedEntryOf({ ...heard, place: heard.origin });
}
