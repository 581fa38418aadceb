// What is heard of a host has an end: the host is gone for good, or has no log any more.
import type { Occasion } from '../../mesh/feed/resync.ts';
import type { HostId } from '../../mesh/names.ts';
import { Announcement, type AnnouncementPorts } from './announcement.ts';

/**
 * The host's agents are told of as deleted. Of a host whose index was read nobody was told, and nobody is. Ends between two parts when `signal`
 * aborts; the next call goes on under the same ids. Rejects with `store_failed`.
 */
export async function announceGone(ports: AnnouncementPorts, hostId: HostId, signal: AbortSignal): Promise<void> {
  const { copies } = ports;
  if (copies.isRead(hostId)) return copies.endReading(hostId);
  const occasion = departureOf(ports, hostId);
  const announcement = new Announcement(ports, occasion);
  for (const known of (await copies.agents(hostId)).values()) {
    if (signal.aborted) return;
    await announcement.add(known, undefined);
  }
  await announcement.end(undefined);
  copies.forget(hostId);
}

function departureOf({ copies, clock }: AnnouncementPorts, hostId: HostId): Occasion {
  const begun = copies.occasion(hostId);
  if (begun?.why === 'gone') return begun;
  const { logId, n, chain } = copies.head(hostId) ?? begun ?? { logId: '', n: 0, chain: undefined };
  return { why: 'gone', hostId, logId, n, chain, at: new Date(clock.wallMs()).toISOString() };
}
