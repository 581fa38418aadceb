// Takes in all agents of a host as of one place, where its log does not reach back far enough: what differs from the copy is told as events of
// its own. Only with the last part is the host's place known, so that a node which stops in between takes another snapshot and tells what is
// left to be told.
import type { SnapshotAgent } from '../../mesh/feed/messages.ts';
import type { AddressKey, AgentId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import { inTurns } from '../../mesh/time/turns.ts';
import { Announcement, type AnnouncementPorts } from './announcement.ts';
import type { Snapshot } from './snapshot-reader.ts';

/** Ends between two parts when `signal` aborts. Rejects with `store_failed`. */
export async function takeSnapshot(
  ports: AnnouncementPorts,
  { agents, head }: Snapshot,
  signal: AbortSignal,
): Promise<void> {
  const { hostId, logId, n, chain, at } = head;
  const announcement = new Announcement(ports, { why: 'snapshot', hostId, logId, n, chain, at });
  const before = await ports.copies.agents(hostId);
  const there = new Set(agents.map(({ id }) => id));
  const holders = await holdersIn(agents, ports.clock);
  for (const known of before.values()) {
    if (signal.aborted) return;
    if (!there.has(known.id)) await announcement.add(known, undefined);
  }
  // The copy has each address once. Who gets one must find it free, or a crash in between would leave its loss untold.
  for (const known of before.values()) {
    if (signal.aborted) return;
    const rows = known.rows.filter(({ key }) => (holders.get(key) ?? known.id) === known.id);
    if (!there.has(known.id) || rows.length === known.rows.length) continue;
    await announcement.handOver(known, rows);
    before.set(known.id, { ...known, rows });
  }
  for (const agent of agents) {
    if (signal.aborted) return;
    await announcement.add(before.get(agent.id), agent);
  }
  await announcement.end(head);
}

async function holdersIn(agents: readonly SnapshotAgent[], clock: Clock): Promise<ReadonlyMap<AddressKey, AgentId>> {
  const holders = new Map<AddressKey, AgentId>();
  await inTurns(agents, clock, ({ id, rows }) => {
    for (const { key } of rows) holders.set(key, id);
  });
  return holders;
}
