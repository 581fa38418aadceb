// How many times the disk is waited for when one commit follows from another at once, as a claim of a lone host does from its register.
import { expect, it } from 'vitest';
import { openCommitLog } from '../../../node/store/commits/commit-log.ts';
import { LOG_ID_BYTES } from '../../../node/store/commits/file-header.ts';
import { DiskStore } from '../../../node/store/disk-store.ts';
import { DurableRecords } from '../../../node/store/durable-records.ts';
import { pathsIn } from '../../../node/store/paths.ts';
import { FORMAT_VERSION } from '../../../node/store/schema.ts';
import { StoreThread } from '../../../node/store/store-thread.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { SimulatedLogDisk } from '../../support/simulated-log-disk.ts';
import { makeDataDirectory } from '../../support/store-directory.ts';

/** Promises that a claim goes through between its two commits, and more. */
const PROMISES = 50;

it('commits of one turn of the event loop share a sync', async () => {
  const place = makeDataDirectory();
  const thread = StoreThread.start(place.directory);
  await thread.opened;
  const [disk, records] = [new SimulatedLogDisk(seededRandom(1)), new DurableRecords(thread)];
  const commitLog = await openCommitLog({
    ...{ disk, paths: pathsIn(''), fileBytes: 8_192, behind: records },
    known: undefined,
    newId: () => new Uint8Array(LOG_ID_BYTES),
  });
  const store = new DiskStore({ records, commitLog, log: new RecordingLog(), format: FORMAT_VERSION });
  // The first commit makes the log's files.
  await store.commit([{ key: 'before', value: 0 }]);
  const before = disk.calls.length;
  const first = store.commit([{ key: 'register', value: 1 }]);
  for (let step = 0; step < PROMISES; step += 1) await Promise.resolve();
  const second = store.commit([{ key: 'agent', value: 2 }]);
  await Promise.all([first, second]);
  expect(disk.calls.slice(before).filter((call) => call.startsWith('sync '))).toHaveLength(1);
  expect([await store.get('register'), await store.get('agent')]).toEqual([1, 2]);
  await store.close();
  place.remove();
});
