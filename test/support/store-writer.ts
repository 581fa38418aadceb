// A process that writes to a store without end, for tests that kill it or take its disk away. It says a line at a time what it
// was told: the number of each commit that was acknowledged, or `failed: <sentence>`, and then it exits with 1.
import { writeSync } from 'node:fs';
import { openStore } from '../../node/store/disk-store.ts';
import { RecordingLog } from './recording-log.ts';
import { recordsOfCommit } from './store-writer-commit.ts';

const COMMITTERS = 4;
const [directory = '', first = '0'] = process.argv.slice(2);
let next = Number(first);

try {
  await using resources = new AsyncDisposableStack();
  const store = await openStore({ directory, log: new RecordingLog() });
  // As a node does when its store fails; without it the store's thread would keep this process alive.
  resources.defer(() => store.close());
  const commitForEver = async () => {
    for (;;) {
      const n = next;
      next += 1;
      await store.commit(recordsOfCommit(n));
      // Written at once: what is said is not lost with the process.
      writeSync(1, `${n}\n`);
    }
  };
  await Promise.all(Array.from({ length: COMMITTERS }, commitForEver));
} catch (error) {
  writeSync(1, `failed: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
