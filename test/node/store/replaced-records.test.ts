// What the database is spared: records that are replaced or removed while the commit log still has room.
import { expect, it } from 'vitest';
import { openCommitLog } from '../../../node/store/commits/commit-log.ts';
import { FILE_HEADER_BYTES, LOG_ID_BYTES } from '../../../node/store/commits/file-header.ts';
import { DiskStore } from '../../../node/store/disk-store.ts';
import { DurableRecords } from '../../../node/store/durable-records.ts';
import { pathsIn } from '../../../node/store/paths.ts';
import { FORMAT_VERSION } from '../../../node/store/schema.ts';
import type { Request } from '../../../node/store/store-thread.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { SimulatedLogDisk } from '../../support/simulated-log-disk.ts';
import { type SimulatedDatabase, SimulatedRecordThread } from '../../support/simulated-record-thread.ts';

/** A thread that notes what is written into its database. */
class WatchedThread extends SimulatedRecordThread {
  readonly written: string[] = [];

  override ask(request: Request) {
    if (request.kind === 'write')
      this.written.push(...request.records.flatMap((text, at) => (at % 2 ? [] : [`${text}`])));
    return super.ask(request);
  }
}

it('a content that has come and gone while others waited is never in the database, and a message once', async () => {
  const database: SimulatedDatabase = { records: new Map(), log: undefined };
  const thread = new WatchedThread(database);
  const records = new DurableRecords(thread);
  const commitLog = await openCommitLog({
    ...{ disk: new SimulatedLogDisk(seededRandom(1)), paths: pathsIn(''), fileBytes: FILE_HEADER_BYTES + 3_000 },
    ...{ behind: records, known: undefined, newId: () => new Uint8Array(LOG_ID_BYTES) },
  });
  const store = new DiskStore({ records, commitLog, log: new RecordingLog(), format: FORMAT_VERSION });
  // Each mail waits for five others, which takes more than two files.
  for (let mail = 0; mail < 40; mail += 1) {
    await store.commit([
      { key: `content/${mail}`, value: 'x'.repeat(1_000) },
      { key: `message/${mail}`, value: 'queued' },
    ]);
    const gone = mail - 5;
    if (gone < 0) continue;
    await store.commit([
      { key: `content/${gone}`, value: undefined },
      { key: `message/${gone}`, value: 'sent' },
    ]);
  }
  expect(thread.written.length).toBeGreaterThan(20);
  expect([...database.records.keys()].filter((key) => key.startsWith('content/'))).toEqual([]);
  const messages = thread.written.filter((key) => key.startsWith('message/'));
  expect(new Set(messages).size).toBe(messages.length);
  await store.close();
  expect(database.records.size).toBe(40 + 5);
});
