// Entries are read from the disk while the trimming takes some of them away.
import { expect, it } from 'vitest';
import { readStored, readStoredOwn } from '../../../node/changes/stored-entries.ts';
import { nothing, openTestLog, ownEntry } from '../../support/log-entries.ts';

const COUNT = 10;

/** A log, and its store as one that hands out pages of two entries and is trimmed to `oldest` after the first of them. */
async function trimmedMeanwhile(oldest: number) {
  const { changes, store } = await openTestLog();
  await changes.append(
    Array.from({ length: COUNT }, (_, at) => ownEntry(at + 1)),
    [],
    nothing,
  );
  const entries = await changes.read(0, COUNT);
  let [trimmed, pages] = [1, 0];
  const load: typeof store.load = async function* (prefix, options = {}) {
    let { after = '' } = options;
    for (;;) {
      const page = [];
      for await (const records of store.load(prefix, { after, limit: 2 })) page.push(...records);
      if (page.length === 0) return;
      yield page;
      after = page.at(-1)?.key ?? '';
      pages += 1;
      if (pages > 1 || oldest === 1) continue;
      trimmed = oldest;
      await changes.forget(entries.filter(({ seq }) => seq < oldest));
    }
  };
  return { disk: store, store: { load, get: (key: string) => store.get(key) }, changes, oldest: () => trimmed };
}

it('reads every entry of a stretch, and none beyond it', async () => {
  const { store, oldest } = await trimmedMeanwhile(1);
  expect((await readStored(store, { after: 2, end: 7, oldest })).map(({ seq }) => seq)).toEqual([3, 4, 5, 6, 7]);
});

it('leaves out what was trimmed while it read', async () => {
  const { store, oldest } = await trimmedMeanwhile(6);
  expect((await readStored(store, { after: 0, end: 8, oldest })).map(({ seq }) => seq)).toEqual([1, 2, 6, 7, 8]);
});

it('finds nothing more when all of the rest was trimmed', async () => {
  const { store, oldest } = await trimmedMeanwhile(9);
  expect((await readStored(store, { after: 0, end: 6, oldest })).map(({ seq }) => seq)).toEqual([1, 2]);
});

it('says of own entries that they are gone, when some were trimmed while it read', async () => {
  const { store, changes, oldest } = await trimmedMeanwhile(6);
  expect(await readStoredOwn(store, changes.logId, { after: 0, end: 8, oldest })).toBeUndefined();
});

it('refuses a hole that no trimming made', async () => {
  const { disk, store, oldest } = await trimmedMeanwhile(1);
  await disk.commit([{ key: 'change/0000000000000004', value: undefined }]);
  const broken = readStored(store, { after: 0, end: COUNT, oldest });
  await expect(broken).rejects.toMatchObject({ message: expect.stringContaining('no entry 4') });
});
