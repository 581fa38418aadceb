// Entries for tests of the change log, and logs that hold them.
import { EMPTY_DIGEST } from '../../mesh/feed/digest.ts';
import type { IndexRow } from '../../mesh/lookup/index-entry.ts';
import type { AddressKey, AgentId, EmailAddress, HostId } from '../../mesh/names.ts';
import type { NewHeardEntry } from '../../node/changes/change-log.ts';
import { type NewEntry, type NewOwnEntry, StoredChangeLog } from '../../node/changes/stored-change-log.ts';
import { type MemoryDisk, MemoryStore } from './memory-store.ts';
import { RecordingLog } from './recording-log.ts';
import { seededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';

const NO_CHANGES = { added: [], removed: [], modified: [], current: [] };

export interface TestLogOptions {
  readonly disk?: MemoryDisk;
  readonly store?: MemoryStore;
  readonly clock?: VirtualClock;
  readonly seed?: number;
  readonly digest?: string;
}

export async function openTestLog(options: TestLogOptions = {}) {
  const { disk = new Map(), clock = new VirtualClock(), seed = 1, digest = EMPTY_DIGEST } = options;
  const store = options.store ?? new MemoryStore({ disk });
  const log = new RecordingLog();
  const ports = { store, clock, random: seededRandom(seed), log, digest: () => digest };
  return { store, clock, log, changes: await StoredChangeLog.open(ports) };
}

const about = (sequence: number, timestamp: string) => ({
  id: `entry-${sequence}`,
  timestamp,
  agent: { id: 'a1' as AgentId, name: 'a', hostId: 'mac' as HostId },
  sequence,
});

export function ownEntry(sequence: number, members: Partial<NewOwnEntry> = {}): NewOwnEntry {
  return { ...about(sequence, '2026-01-27T12:00:00.000Z'), event: 'agent.updated', changes: NO_CHANGES, ...members };
}

export function mailEntry(sequence: number): NewEntry {
  const email = { email_id: 'e', messageId: 'm', from: 'a@x.com', subject: '', state: 'sent', recipients: [] };
  return { ...about(sequence, '2026-01-27T12:00:00.000Z'), event: 'email.sent', email };
}

export function heardEntry(n: number, members: Partial<NewHeardEntry> = {}): NewHeardEntry {
  const agent = { id: 'p1' as AgentId, name: 'puck', hostId: 'cloud' as HostId };
  const origin = { hostId: 'cloud' as HostId, logId: 'c'.repeat(32), n };
  const entry = { ...about(n, '2026-01-27T11:00:00.000Z'), id: `heard-${n}`, event: 'agent.updated', agent };
  return { ...entry, changes: NO_CHANGES, origin, ...members };
}

export function aRow(address: string, members: Partial<IndexRow> = {}): IndexRow {
  const agent = { agentId: 'a1' as AgentId, agentName: 'a', hostId: 'mac' as HostId };
  return { address: address as EmailAddress, key: address as AddressKey, ...agent, primary: true, ...members };
}

export const nothing = () => undefined;
