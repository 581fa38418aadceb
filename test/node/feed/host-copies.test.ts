import { describe, expect, it } from 'vitest';
import type { SignedHead } from '../../../mesh/feed/head.ts';
import type { AgentId, HostId } from '../../../mesh/names.ts';
import { type HostChange, HostCopies, LEFT_LOGS_MAX } from '../../../node/feed/host-copies.ts';
import { aRow } from '../../support/log-entries.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const [cloud, mini] = ['cloud' as HostId, 'mini' as HostId];
const [puck, titania] = ['p1' as AgentId, 't1' as AgentId];
const rowOf = (address: string, agentId = puck, agentName = 'puck') =>
  aRow(address, { hostId: cloud, agentId, agentName });

function headAt(n: number): SignedHead {
  const said = { hostId: cloud, logId: 'c'.repeat(32), n, chain: `chain ${n}`, digest: `digest ${n}` };
  return { ...said, at: '2026-01-27T12:00:00.000Z', signature: `signature ${n}` };
}

async function open(store = new MemoryStore()) {
  const copies = await HostCopies.open(store, new VirtualClock());
  const commit = async ({ writes, apply }: ReturnType<HostCopies['change']>) => {
    await store.commit(writes);
    apply();
  };
  const change = (said: Partial<HostChange>, hostId = cloud) =>
    commit(copies.change(hostId, { rows: { put: [], drop: [] }, agents: new Map(), standing: headAt(1), ...said }));
  const reopen = () => open(new MemoryStore({ disk: store.snapshot() }));
  return { store, copies, commit, change, reopen };
}

/** What is known of a host, as plain values. */
async function known(copies: HostCopies, hostId = cloud) {
  return { head: copies.head(hostId), rows: [...copies.copy.ofHost(hostId)], agents: await copies.agents(hostId) };
}

describe('what is known of another host', () => {
  it('is nothing at first', async () => {
    const { copies } = await open();
    expect([await known(copies), [...copies.hosts()]]).toEqual([{ head: undefined, rows: [], agents: new Map() }, []]);
  });

  it('is the same after a start: rows, agents without addresses, and how far the log was followed', async () => {
    const { copies, change, reopen } = await open();
    const put = [rowOf('puck@x.com'), rowOf('p@x.com')];
    await change({
      rows: { put, drop: [] },
      agents: new Map([
        [puck, 'puck'],
        [titania, 'titania'],
      ]),
      standing: headAt(2),
    });
    const again = await reopen();
    for (const one of [copies, again.copies]) {
      expect(one.head(cloud)).toEqual(headAt(2));
      expect(put.map(({ key }) => one.rowOf(cloud, key))).toEqual(put);
      expect([...(await one.agents(cloud)).values()].map(({ id, rows }) => [id, rows.length]).sort()).toEqual([
        ['p1', 2],
        ['t1', 0],
      ]);
      expect([...one.hosts()]).toEqual([cloud]);
    }
  });

  it('changes only once it is durable', async () => {
    const { copies } = await open();
    const { writes } = copies.change(cloud, {
      ...{ rows: { put: [rowOf('puck@x.com')], drop: [] }, agents: new Map([[puck, 'puck']]), standing: headAt(1) },
    });
    expect(writes.map(({ key }) => key)).toEqual(['feed/row/cloud/puck@x.com', 'feed/head/cloud']);
    expect([copies.head(cloud), [...copies.copy.ofHost(cloud)]]).toEqual([undefined, []]);
  });

  it('keeps the name of an agent that shows no address any more, until it is gone or shows one again', async () => {
    const { store, copies, change, reopen } = await open();
    const row = rowOf('puck@x.com');
    const bare = async () => (await (await reopen()).copies.agents(cloud)).get(puck);
    await change({ rows: { put: [row], drop: [] }, agents: new Map([[puck, 'puck']]) });
    await change({ rows: { put: [], drop: [row.key] }, agents: new Map([[puck, 'puck']]) });
    expect([(await copies.agents(cloud)).get(puck), await bare()]).toEqual(
      Array(2).fill({ id: puck, name: 'puck', rows: [] }),
    );
    await change({ agents: new Map([[puck, 'robin']]) });
    expect(await bare()).toEqual({ id: puck, name: 'robin', rows: [] });
    await change({ rows: { put: [row], drop: [] }, agents: new Map([[puck, 'puck']]) });
    expect([...store.snapshot().keys()].sort()).toEqual(['feed/head/cloud', 'feed/row/cloud/puck@x.com']);
    await change({ rows: { put: [], drop: [row.key] }, agents: new Map([[puck, undefined]]) });
    expect([(await copies.agents(cloud)).size, await bare()]).toEqual([0, undefined]);
  });

  it('does not take an agent of another host with that id for one that shows addresses', async () => {
    const { copies, change } = await open();
    await change({ rows: { put: [aRow('a@x.com', { hostId: mini, agentId: puck })], drop: [] } }, mini);
    await change({ agents: new Map([[puck, 'puck']]) });
    expect((await copies.agents(cloud)).get(puck)).toEqual({ id: puck, name: 'puck', rows: [] });
  });

  it('has no place while a snapshot is taken in, but why it is told of, also after a start', async () => {
    const { copies, change, reopen } = await open();
    const snapshot = { why: 'snapshot', hostId: cloud, logId: 'c'.repeat(32), n: 2, at: '' } as const;
    await change({ standing: headAt(1) });
    await change({ rows: { put: [rowOf('puck@x.com')], drop: [] }, standing: snapshot });
    const again = await reopen();
    for (const one of [copies, again.copies])
      expect([one.head(cloud), one.occasion(cloud), one.copy.sizeOf(cloud)]).toEqual([undefined, snapshot, 1]);
    await again.change({ standing: headAt(2) });
    expect([again.copies.occasion(cloud), [...again.store.snapshot().keys()]]).toEqual([
      undefined,
      ['feed/row/cloud/puck@x.com', 'feed/head/cloud'],
    ]);
  });

  it('goes with the host, but which log it had, and leaves what is known of others', async () => {
    const { store, copies, change, reopen } = await open();
    const agents = new Map([[titania, 'titania']]);
    const row = rowOf('puck@x.com');
    await change({ rows: { put: [row], drop: [] }, agents });
    await change({ agents }, mini);
    const gone = { why: 'gone', hostId: cloud, logId: 'c'.repeat(32), n: 1, at: '' } as const;
    await change({ rows: { put: [], drop: [row.key] }, agents: new Map([[titania, undefined]]), standing: gone });
    expect([[...copies.hosts()].sort(), copies.hasLeft(cloud, gone.logId)]).toEqual([[cloud, mini], true]);
    await change({ standing: undefined });
    copies.forget(cloud);
    expect([...store.snapshot().keys()].sort()).toEqual(['feed/bare/mini/t1', 'feed/head/mini', 'feed/left/cloud']);
    for (const one of [copies, (await reopen()).copies]) {
      expect([[...one.hosts()], one.hasLeft(cloud, gone.logId)]).toEqual([[mini], true]);
      expect(await known(one)).toEqual({ head: undefined, rows: [], agents: new Map() });
    }
  });

  it('has left the logs that another one followed, and remembers some of them', async () => {
    const { copies, change } = await open();
    const logs = Array.from({ length: LEFT_LOGS_MAX + 2 }, (_, at) => String(at).repeat(32).slice(0, 32));
    for (const logId of logs) await change({ standing: { ...headAt(1), logId } });
    const left = logs.filter((logId) => copies.hasLeft(cloud, logId));
    expect(left).toEqual(logs.slice(1, -1));
  });

  it('can be forgotten with its former logs, once nothing else is known of the host', async () => {
    const { copies, change, commit, store } = await open();
    await change({ standing: headAt(1) });
    await change({ standing: { ...headAt(1), logId: 'd'.repeat(32) } });
    expect(copies.leftHosts()).toEqual([]);
    await change({ standing: undefined });
    copies.forget(cloud);
    expect(copies.leftHosts()).toEqual([cloud]);
    await commit(copies.forgetLeft([cloud]));
    expect([copies.leftHosts(), copies.hasLeft(cloud, 'd'.repeat(32)), [...store.snapshot()]]).toEqual([[], false, []]);
  });

  it('is not opened with a damaged record', async () => {
    const disk = new Map([['feed/head/cloud', '7']]);
    await expect(open(new MemoryStore({ disk }))).rejects.toMatchObject({ code: 'store_failed' });
  });
});
