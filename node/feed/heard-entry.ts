// An entry that was heard, as this host's log keeps it. Of what the other host sent, only the members that are known here are taken: another
// one, whatever its name, must not become a member of this host's own record.
import type { HeardFeedEntry } from '../../mesh/feed/follower.ts';
import type { LogId } from '../../mesh/feed/place.ts';
import type { HostId } from '../../mesh/names.ts';
import type { AgentChanges, NewHeardEntry } from '../changes/change-log.ts';

export function heardEntry(hostId: HostId, logId: LogId, { entry, chain }: HeardFeedEntry): NewHeardEntry {
  const { n, id, event, timestamp, agent, sequence, changes, rows } = entry;
  return {
    ...{ id, event, timestamp, sequence, chain },
    agent: { id: agent.id, name: agent.name, hostId: agent.hostId },
    changes: changes as AgentChanges,
    ...(rows === undefined ? {} : { rows }),
    origin: { hostId, logId, n },
  };
}
