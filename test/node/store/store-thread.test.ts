// What the store does when its worker thread ends unasked: the same as when its disk fails.
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { openCommitLog } from '../../../node/store/commits/commit-log.ts';
import { LOG_ID_BYTES } from '../../../node/store/commits/file-header.ts';
import { DiskStore, openStore } from '../../../node/store/disk-store.ts';
import { DurableRecords } from '../../../node/store/durable-records.ts';
import { pathsIn } from '../../../node/store/paths.ts';
import { FORMAT_VERSION } from '../../../node/store/schema.ts';
import { StoreThread } from '../../../node/store/store-thread.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { SimulatedLogDisk } from '../../support/simulated-log-disk.ts';
import { makeDataDirectory } from '../../support/store-directory.ts';

const OPENS = "const { parentPort } = require('node:worker_threads'); parentPort.postMessage({ answer: [null] });";

/** A thread whose worker opens its database, so it says, and does this with the first request. */
async function threadThat(does: string): Promise<StoreThread> {
  const worker = new Worker(`${OPENS} parentPort.once('message', () => { ${does} });`, { eval: true });
  const thread = new StoreThread(worker);
  await thread.opened;
  return thread;
}

/** A store over that thread, with its commit log on a disk of its own. */
async function storeOver(thread: StoreThread, log: RecordingLog): Promise<DiskStore> {
  const records = new DurableRecords(thread);
  const commitLog = await openCommitLog({
    ...{ disk: new SimulatedLogDisk(seededRandom(1)), paths: pathsIn(''), fileBytes: 8_192, behind: records },
    known: undefined,
    newId: () => new Uint8Array(LOG_ID_BYTES),
  });
  return new DiskStore({ records, commitLog, log, format: FORMAT_VERSION });
}

describe('a worker that ends in the middle of a commit', () => {
  it.each([
    ['by leaving', 'process.exit(3)', /ended by itself \(exit code 3\)/, {}],
    ['by a bug', 'throw new RangeError("a bug")', /ended by itself \(exit code 1\)/, { cause: expect.any(RangeError) }],
  ])('%s fails the store: that commit, all behind it, and all later', async (_name, does, sentence, cause) => {
    const log = new RecordingLog();
    const store = await storeOver(await threadThat(does), log);
    const reason = { code: 'store_failed', message: expect.stringMatching(sentence), ...cause };
    const commits = [1, 2, 3].map((n) => store.commit([{ key: `n/${n}`, value: n }]));
    const refusal = { status: 'rejected', reason: expect.objectContaining(reason) };
    expect(await Promise.allSettled(commits)).toEqual([refusal, refusal, refusal]);
    await expect(store.get('n/1')).rejects.toMatchObject(reason);
    expect(await store.failed).toMatchObject(reason);
    expect(log.named('store.failed')).toHaveLength(1);
    await store.close();
  });

  it('fails the store also while nothing is asked of it', async () => {
    const worker = new Worker(`${OPENS} setTimeout(() => process.exit(3), 10);`, { eval: true });
    const thread = new StoreThread(worker);
    await thread.opened;
    const store = await storeOver(thread, new RecordingLog());
    expect(await store.failed).toMatchObject({ code: 'store_failed' });
    await store.close();
  });

  it('before it has said that it opened its database refuses the opening', async () => {
    const thread = new StoreThread(new Worker('throw new Error("not even that")', { eval: true }));
    await expect(thread.opened).rejects.toMatchObject({ code: 'store_failed' });
    await thread.close();
  });
});

describe('a worker whose write fails', () => {
  it('fails that commit and all later, with the sentence and its cause', async () => {
    const failure = "{ message: 'The disk is full.', cause: new Error('as SQLite says') }";
    // It stays a while: a thread that ends at once may be seen to end before its last words are heard.
    const thread = await threadThat(`parentPort.postMessage({ failure: ${failure} }); setTimeout(() => {}, 1_000)`);
    const store = await storeOver(thread, new RecordingLog());
    const reason = { code: 'store_failed', message: 'The disk is full.', cause: new Error('as SQLite says') };
    await expect(store.commit([{ key: 'a', value: 1 }])).rejects.toMatchObject(reason);
    await expect(store.commit([])).rejects.toMatchObject(reason);
    expect(await store.failed).toMatchObject(reason);
  });
});

describe('closing', () => {
  it('is no failure, and what was committed is there at the next opening', async () => {
    const { directory, remove } = makeDataDirectory();
    const log = new RecordingLog();
    const store = await openStore({ directory, log });
    await store.commit([{ key: 'a', value: 1 }]);
    await store.close();
    const next = await openStore({ directory, log });
    expect(await next.get('a')).toBe(1);
    await next.close();
    remove();
    expect(log.events.map(({ event }) => event)).toEqual(['store.opened', 'store.opened']);
  });
});

describe('a database that is looked over before it is known whether the node will start', () => {
  it('is none where there is none, and none is made', () => {
    const { directory, remove } = makeDataDirectory();
    expect(StoreThread.begin(directory)).toBeUndefined();
    expect(existsSync(pathsIn(directory).database)).toBe(false);
    remove();
  });

  it('is opened by that thread, which ends with its store', async () => {
    const { directory, remove } = makeDataDirectory();
    const log = new RecordingLog();
    const store = await openStore({ directory, log });
    await store.commit([{ key: 'a', value: 1 }]);
    await store.close();
    const begun = StoreThread.begin(directory);
    const next = await openStore({ directory, log, begun });
    expect(await next.get('a')).toBe(1);
    await next.close();
    await begun?.abandon();
    expect(begun).toBeDefined();
    remove();
  });

  it('is free again when nobody wants it', async () => {
    const { directory, remove } = makeDataDirectory();
    const log = new RecordingLog();
    await (await openStore({ directory, log })).close();
    await StoreThread.begin(directory)?.abandon();
    const store = await openStore({ directory, log });
    // While that one has it: who can't open it can be abandoned too.
    await StoreThread.begin(directory)?.abandon();
    await store.close();
    remove();
  });
});
