// The store on disk, through its worker thread: the port's contract.
import { openStore } from '../../../node/store/disk-store.ts';
import type { Store } from '../../../node/store/store.ts';
import { storeContract } from '../../contract/store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { copyData, makeDataDirectory } from '../../support/store-directory.ts';

storeContract('DiskStore', async () => {
  const place = makeDataDirectory();
  const abandoned: Store[] = [];
  let directory = place.directory;
  let open: Store | undefined;
  return {
    open: async () => {
      open = await openStore({ directory, log: new RecordingLog() });
      return open;
    },
    crash: async () => {
      copyData(directory, `${directory}-after-crash`);
      directory = `${directory}-after-crash`;
      if (open) abandoned.push(open);
    },
    remove: async () => {
      for (const store of abandoned) await store.close();
      place.remove();
    },
  };
});
