// The twin in memory: the port's contract, and what only a test may do to it.
import { describe, expect, it } from 'vitest';
import { storeContract } from '../../contract/store.ts';
import { type MemoryDisk, MemoryStore } from '../../support/memory-store.ts';

storeContract('MemoryStore', async () => {
  let disk: MemoryDisk | undefined;
  let store: MemoryStore | undefined;
  return {
    open: async () => {
      disk = store?.snapshot() ?? disk;
      store = new MemoryStore(disk ? { disk } : {});
      return store;
    },
    crash: async () => {
      disk = store?.crash();
      store = undefined;
    },
    remove: async () => {},
  };
});

const write = (key: string, value: unknown = 1) => [{ key, value }];

describe('a held disk', () => {
  it('acknowledges nothing and shows nothing until it is released', async () => {
    const store = new MemoryStore();
    store.stall();
    const order: string[] = [];
    const commit = store.commit(write('a')).then(() => order.push('a'));
    expect(await store.get('a')).toBeUndefined();
    expect([store.pending, store.snapshot().size, order]).toEqual([1, 0, []]);
    store.resume();
    await commit;
    expect([store.pending, await store.get('a'), order]).toEqual([0, 1, ['a']]);
  });
});

describe('a crash', () => {
  it('loses what was not acknowledged, and never settles it', async () => {
    const store = new MemoryStore();
    await store.commit(write('kept'));
    store.stall();
    let settled = false;
    const settle = () => {
      settled = true;
    };
    store.commit(write('lost')).then(settle, settle);
    const disk = store.crash();
    store.resume();
    store.get('kept').then(settle, settle);
    await store.close();
    await new Promise(setImmediate);
    expect([[...disk.keys()], settled]).toEqual([['kept'], false]);
  });

  it('may keep the oldest of what nobody was told of', async () => {
    const store = new MemoryStore();
    store.stall();
    for (const key of ['a', 'b', 'c']) void store.commit(write(key));
    expect([...store.crash(2).keys()]).toEqual(['a', 'b']);
  });

  it('leaves a disk that later commits of the dead store do not touch', async () => {
    const store = new MemoryStore();
    await store.commit(write('a'));
    const disk = store.crash();
    void store.commit(write('b'));
    const next = new MemoryStore({ disk });
    await next.commit(write('c'));
    expect([[...disk.keys()], [...next.snapshot().keys()]]).toEqual([['a'], ['a', 'c']]);
  });
});

describe('a broken disk', () => {
  it('fails the commit, everything waiting behind it and everything after, and says why', async () => {
    const store = new MemoryStore();
    const cause = new Error('I/O error');
    store.stall();
    const commits = [store.commit(write('a')), store.commit(write('b'))];
    store.breakDisk(cause);
    store.resume();
    for (const commit of commits) await expect(commit).rejects.toMatchObject({ code: 'store_failed', cause });
    await expect(store.commit([])).rejects.toMatchObject({ code: 'store_failed', cause });
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store_failed', cause });
    expect(await store.failed).toMatchObject({
      code: 'store_failed',
      cause,
      message: expect.stringContaining('I/O error'),
    });
    expect(store.snapshot().size).toBe(0);
  });
});

describe('a disk that takes its time', () => {
  it('is synced once for all commits that arrive while a sync is under way', async () => {
    let syncs = 0;
    const store = new MemoryStore({
      sync: async () => {
        syncs += 1;
        await new Promise(setImmediate);
      },
    });
    const first = store.commit(write('first'));
    await Promise.resolve();
    await Promise.resolve();
    const more = Array.from({ length: 20 }, (_, n) => store.commit(write(`n/${n}`)));
    await Promise.all([first, ...more]);
    expect(syncs).toBe(2);
  });
});
