import { describe, expect, it } from 'vitest';
import type { SignedHead } from '../../../mesh/feed/head.ts';
import { FEED_VERSION } from '../../../mesh/feed/messages.ts';
import type { StoredChangeLog } from '../../../node/changes/stored-change-log.ts';
import { FeedServer } from '../../../node/feed/feed-server.ts';
import { nothing, openTestLog, ownEntry } from '../../support/log-entries.ts';
import type { MemoryDisk } from '../../support/memory-store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { testKeys } from '../../support/test-keys.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const { mac } = testKeys('mac');

function serverOf(changes: StoredChangeLog): FeedServer {
  const ports = { clock: new VirtualClock(), random: seededRandom(1), log: new RecordingLog() };
  return new FeedServer({
    ...ports,
    hostId: mac.id,
    changes,
    agents: () => [],
    index: () => '"1"',
    signer: mac.signer,
  });
}

/** What a follower knows of a log that it has followed to its end. */
async function statementOf(changes: StoredChangeLog): Promise<SignedHead> {
  const { logId, n } = changes.ownHead;
  const answer = await serverOf(changes).answer(
    { version: FEED_VERSION, logId, after: n, waitMs: 0 },
    new AbortController().signal,
  );
  if (answer.kind !== 'chunk') throw new Error('The log does not know its own end.');
  return answer.head;
}

async function show(changes: StoredChangeLog, seen: SignedHead) {
  const question = { version: FEED_VERSION, logId: seen.logId, after: seen.n, waitMs: 0, seen } as const;
  return serverOf(changes).answer(question, new AbortController().signal);
}

async function write(changes: StoredChangeLog, ...sequences: readonly number[]): Promise<void> {
  for (const sequence of sequences) await changes.append([ownEntry(sequence)], [], nothing);
}

/** A log of one entry, what a follower knows of it, and the disk as it was before that entry. */
async function aLog() {
  const { store, changes } = await openTestLog();
  await changes.saveEnd();
  const before: MemoryDisk = store.snapshot();
  await write(changes, 1);
  return { before, changes, seen: await statementOf(changes) };
}

describe('a host that is shown its own statement', () => {
  it.each([
    ['ends before it', []],
    ['ends there with another entry', [2]],
    ['has gone on from another entry', [2, 3, 4]],
  ])('begins a new log where its log %s', async (_, written) => {
    const { before, seen } = await aLog();
    const { changes } = await openTestLog({ disk: before, seed: 2 });
    await write(changes, ...written);
    expect(await show(changes, seen)).toEqual({ kind: 'gone', logId: changes.logId });
    expect(changes.logId).not.toBe(seen.logId);
  });

  it('begins a new log also where the entry of that place was trimmed', async () => {
    const { before, seen } = await aLog();
    const { changes } = await openTestLog({ disk: before, seed: 2 });
    await write(changes, 2, 3, 4);
    await changes.forget(await changes.read(0, 1));
    expect((await show(changes, seen)).kind).toBe('gone');
    expect(changes.logId).not.toBe(seen.logId);
  });

  it.each([
    ['is what it was', 0, 0],
    ['has gone on', 2, 0],
    ['has gone on and was trimmed', 2, 1],
    ['is kept from later on only', 3, 2],
  ])('keeps its log where it %s', async (_, more, trimmed) => {
    const { changes, seen } = await aLog();
    for (let sequence = 2; sequence < 2 + more; sequence += 1) await write(changes, sequence);
    await changes.forget(await changes.read(0, trimmed));
    await show(changes, seen);
    expect(changes.logId).toBe(seen.logId);
  });

  it('keeps its log where somebody else signed the statement', async () => {
    const { before, seen } = await aLog();
    const { changes } = await openTestLog({ disk: before, seed: 2 });
    await show(changes, { ...seen, chain: changes.ownHead.chain });
    expect(changes.logId).toBe(seen.logId);
  });
});
