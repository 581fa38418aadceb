import { describe, expect, it } from 'vitest';
import { EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import type { AgentId, HostId } from '../../../mesh/names.ts';
import { LOG_TAIL_ENTRIES_MAX } from '../../../node/changes/log-tail.ts';
import { type NewEntry, StoredChangeLog } from '../../../node/changes/stored-change-log.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function entry(sequence: number): NewEntry {
  return {
    id: `entry-${sequence}`,
    event: 'agent.updated',
    timestamp: '2026-01-27T12:00:00.000Z',
    agent: { id: 'a1' as AgentId, name: 'a', hostId: 'mac' as HostId },
    changes: { added: [], removed: [], modified: [], current: [] },
    sequence,
  };
}

function entries(count: number): readonly NewEntry[] {
  return Array.from({ length: count }, (_, at) => entry(at + 1));
}

async function openLog(store = new MemoryStore()) {
  const said = new RecordingLog();
  const ports = { clock: new VirtualClock(), random: seededRandom(1), digest: () => EMPTY_DIGEST };
  return { store, said, changes: await StoredChangeLog.open({ ...ports, store, log: said }) };
}

const nothing = () => {};

describe('the change log', () => {
  it('begins empty', async () => {
    const { changes } = await openLog();
    expect([changes.head, await changes.read(0, 10)]).toEqual([0, []]);
  });

  it('numbers entries in the order of the commits, however many are in hand', async () => {
    const { changes } = await openLog();
    await Promise.all(entries(50).map((one) => changes.append([one], [], nothing)));
    const read = await changes.read(0, 100);
    expect(read.map(({ seq, sequence }) => [seq, sequence])).toEqual(
      Array.from({ length: 50 }, (_, at) => [at + 1, at + 1]),
    );
  });

  it('shows nothing before it is durable: state first, then the head, then the subscribers', async () => {
    const { store, changes } = await openLog();
    const seen: string[] = [];
    changes.subscribe(() => seen.push(`told at ${changes.head}`));
    store.stall();
    const done = changes.append(entries(2), [], () => seen.push(`applied at ${changes.head}`));
    await new Promise(setImmediate);
    expect([changes.head, await changes.read(0, 10), seen]).toEqual([0, [], []]);
    store.resume();
    await done;
    expect(seen).toEqual(['applied at 0', 'told at 2']);
    expect(await changes.read(0, 10)).toHaveLength(2);
  });

  it('shows nothing of a commit that failed', async () => {
    const { store, changes } = await openLog();
    let isApplied = false;
    store.breakDisk(new Error('no space left'));
    await expect(
      changes.append(entries(1), [], () => {
        isApplied = true;
      }),
    ).rejects.toMatchObject({ code: 'store_failed' });
    expect([isApplied, changes.head, await changes.read(0, 10)]).toEqual([false, 0, []]);
  });

  it('ends the store, and shows nothing, when a later entry is durable before an earlier one', async () => {
    const store = new MemoryStore();
    const commit = store.commit.bind(store);
    const first = Promise.withResolvers<void>();
    store.commit = (writes) => (writes[0]?.key.endsWith('1') ? first.promise : commit(writes));
    const { changes } = await openLog(store);
    const applied: number[] = [];
    void changes.append([entry(1)], [], () => applied.push(1));
    const sentence = /Entry 2 of the change log became durable, and the one that must come next is 1\./;
    await expect(changes.append([entry(2)], [], () => applied.push(2))).rejects.toThrow(sentence);
    expect([changes.head, applied]).toEqual([0, []]);
    expect((await store.failed).message).toMatch(sentence);
  });

  it('writes the state and its entries in one commit', async () => {
    const { store, changes } = await openLog();
    await changes.append(entries(1), [{ key: 'agent/a1', value: { a: 1 } }], nothing);
    expect([...store.snapshot().keys()].sort()).toEqual([
      'agent/a1',
      'change-end',
      `change-own/${changes.logId}/0000000000000001`,
      'change/0000000000000001',
    ]);
  });

  it.each([0, 1, 2, 3, 7, 8, 9, 100])('finds its end again after %i entries', async (count) => {
    const { store, changes } = await openLog();
    await changes.append(entries(count), [], nothing);
    const { changes: reopened } = await openLog(new MemoryStore({ disk: store.snapshot() }));
    expect(reopened.head).toBe(count);
    expect(await reopened.read(0, 1_000)).toEqual(await changes.read(0, 1_000));
    await reopened.append([entry(9)], [], nothing);
    expect((await reopened.read(count, 10)).map((one) => one.seq)).toEqual([count + 1]);
  });

  it('reads any stretch, from the disk and from memory alike', async () => {
    const count = 3 * LOG_TAIL_ENTRIES_MAX;
    const { changes } = await openLog();
    for (let at = 0; at < count; at += 512) await changes.append(entries(512), [], nothing);
    for (const after of [0, 1, LOG_TAIL_ENTRIES_MAX, 2 * LOG_TAIL_ENTRIES_MAX - 2, count - 3, count]) {
      const read = await changes.read(after, 5);
      const expected = Array.from({ length: Math.min(5, count - after) }, (_, at) => after + at + 1);
      expect(read.map((one) => one.seq)).toEqual(expected);
    }
  });

  it('stops telling a subscriber who has left, and survives one who throws', async () => {
    const { said, changes } = await openLog();
    let calls = 0;
    const stop = changes.subscribe(() => {
      calls += 1;
    });
    changes.subscribe(() => {
      throw new Error('a bug of the reader');
    });
    await changes.append([entry(1)], [], nothing);
    stop();
    await changes.append([entry(2)], [], nothing);
    expect([calls, said.named('change.listener_failed').length, changes.head]).toEqual([1, 2, 2]);
  });
});

describe('a damaged change log', () => {
  async function diskOf(count: number) {
    const { store, changes } = await openLog();
    await changes.append(entries(count), [], nothing);
    return new Map(store.snapshot());
  }

  it.each([2, 3, 5, 9])('is refused at start when entry %i of 10 is missing', async (seq) => {
    const disk = await diskOf(10);
    disk.delete(`change/${String(seq).padStart(16, '0')}`);
    const reopened = openLog(new MemoryStore({ disk })).then(({ changes }) => changes.read(0, 10));
    await expect(reopened).rejects.toMatchObject({ code: 'store_failed', message: expect.stringContaining(`${seq}`) });
  });

  it.each([
    ['of another position', JSON.stringify({ seq: 3, ...entry(2) })],
    ['that is null', 'null'],
    ['of an unknown event', JSON.stringify({ seq: 2, ...entry(2), event: 'agent.vanished' })],
  ])('is refused when it is read, for an entry %s', async (_, text) => {
    const disk = await diskOf(3);
    disk.set('change/0000000000000002', text);
    const { changes } = await openLog(new MemoryStore({ disk }));
    await expect(changes.read(0, 3)).rejects.toMatchObject({ code: 'store_failed' });
  });
});
