import { beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import { type SignedHead, signHead } from '../../../mesh/feed/head.ts';
import type { SnapshotAgent } from '../../../mesh/feed/messages.ts';
import type { AddressKey, AgentId, EmailAddress } from '../../../mesh/names.ts';
import { isHeard } from '../../../node/changes/change-log.ts';
import { StoredChangeLog } from '../../../node/changes/stored-change-log.ts';
import { HostCopies } from '../../../node/feed/host-copies.ts';
import { takeSnapshot } from '../../../node/feed/snapshot-intake.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { testKeys } from '../../support/test-keys.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const { mac } = testKeys('mac');

function headAt(n: number): SignedHead {
  const place = { logId: '0'.repeat(32), n };
  return signHead({ hostId: mac.id, ...place, chain: EMPTY_DIGEST, digest: EMPTY_DIGEST, at: '' }, mac.signer);
}

function agent(name: string, ...addresses: readonly string[]): SnapshotAgent {
  const [agentId, agentName] = [name as AgentId, name];
  const rows = addresses.map((address) => ({
    ...{ address: address as EmailAddress, key: address as AddressKey, agentId, agentName },
    ...{ hostId: mac.id, primary: true },
  }));
  return { id: agentId, name, sequence: 1, rows };
}

describe('a snapshot in which an address went from one agent to another', () => {
  let copies: HostCopies;
  let changes: StoredChangeLog;
  let take: (n: number, ...agents: readonly SnapshotAgent[]) => Promise<void>;

  beforeEach(async () => {
    const [store, clock] = [new MemoryStore(), new VirtualClock()];
    const ports = { store, clock, random: seededRandom(1), log: new RecordingLog(), digest: () => EMPTY_DIGEST };
    changes = await StoredChangeLog.open(ports);
    copies = await HostCopies.open(store, clock);
    take = (n, ...agents) =>
      takeSnapshot({ copies, changes, clock, entriesPerCommit: 1 }, { kind: 'snapshot', agents, head: headAt(n) });
    await take(1, agent('oberon'), agent('puck', 'p@x.test'), agent('titania', 't@x.test'));
  });

  it('leaves the address to who has it, also where parts are small', async () => {
    await take(2, agent('oberon', 't@x.test'), agent('puck', 'p@x.test'), agent('titania'));
    expect([...copies.copy.ofHost(mac.id)].map(({ address, agentId }) => [address, agentId]).sort()).toEqual([
      ['p@x.test', 'puck'],
      ['t@x.test', 'oberon'],
    ]);
  });

  it('tells of both agents in one commit: a crash before it leaves both to be told', async () => {
    const from = changes.head;
    const heads: number[] = [];
    changes.subscribe(() => heads.push(changes.head));
    await take(2, agent('oberon', 't@x.test'), agent('puck', 'p@x.test', 'q@x.test'), agent('titania'));
    const told = (await changes.read(from, heads.at(0) ?? 0)).filter(({ seq }) => seq <= (heads[0] ?? 0));
    expect(new Set(told.filter(isHeard).map((entry) => entry.agent.id))).toEqual(new Set(['oberon', 'titania']));
    expect(heads.length).toBeGreaterThan(1);
  });
});
