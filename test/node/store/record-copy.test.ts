// A copy of all records, made while the store is used: what a backup is made of.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMIT_LOG_FILE_BYTES, type CopiedStore, openStore } from '../../../node/store/disk-store.ts';
import { recordsOfCopy } from '../../../node/store/record-copy.ts';
import type { Store } from '../../../node/store/store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { makeDataDirectory } from '../../support/store-directory.ts';

const EVERYTHING = { without: [], withoutMembers: [] };

let place: ReturnType<typeof makeDataDirectory>;
let store: Store & CopiedStore;
let file: string;

beforeEach(async () => {
  place = makeDataDirectory();
  store = await openStore({ directory: place.directory, log: new RecordingLog() });
  file = join(place.directory, 'copy');
});

afterEach(async () => {
  await store.close();
  place.remove();
});

function copied(): ReadonlyMap<string, unknown> {
  const copy = new DatabaseSync(file, { readOnly: true });
  try {
    return new Map([...recordsOfCopy(copy, file)].map(([key, text]) => [key, JSON.parse(text)]));
  } finally {
    copy.close();
  }
}

describe('a copy of the records', () => {
  it('has what was acknowledged a moment before, and not what was removed', async () => {
    await store.commit([
      { key: 'stays', value: 1 },
      { key: 'goes', value: 2 },
    ]);
    await store.commit([
      { key: 'goes', value: undefined },
      { key: 'changes', value: 'then' },
    ]);
    await store.commit([{ key: 'changes', value: 'now' }]);
    await store.copy({ file, ...EVERYTHING });
    expect([...copied()]).toEqual([
      ['changes', 'now'],
      ['stays', 1],
    ]);
  });

  it('has it too when the database is just being brought up to date, and each commit whole or not at all', async () => {
    const long = 'x'.repeat(COMMIT_LOG_FILE_BYTES / 64);
    let acknowledged = -1;
    const writing = (async () => {
      for (let count = 0; count < 400; count += 1) {
        await store.commit([
          { key: 'one', value: { count, long } },
          { key: 'other', value: { count } },
        ]);
        acknowledged = count;
      }
    })();
    const found: unknown[] = [];
    for (let copies = 0; copies < 12; copies += 1) {
      await new Promise(setImmediate);
      const least = acknowledged;
      file = join(place.directory, `copy-${copies}`);
      await store.copy({ file, ...EVERYTHING });
      const [one, other] = ['one', 'other'].map(
        (key) => (copied().get(key) as { count: number } | undefined)?.count ?? -1,
      );
      found.push([one, (other ?? 0) >= least]);
      expect(one).toBe(other);
    }
    await writing;
    expect(found.every((pair) => (pair as [number, boolean])[1])).toBe(true);
  });

  it('has of what is left out no octet, wherever it stands', async () => {
    await store.commit([
      { key: 'key/1', value: { digest: 'a-digest-of-a-key' } },
      { key: 'webhook/subscription/1', value: { id: '1', secret: 'whsec_of-a-gateway', url: 'http://x' } },
      { key: 'keyed/1', value: 'stays' },
    ]);
    await store.copy({
      file,
      without: ['key/'],
      withoutMembers: [{ prefix: 'webhook/subscription/', members: ['secret'] }],
    });
    expect(Object.fromEntries(copied())).toEqual({
      'keyed/1': 'stays',
      'webhook/subscription/1': { id: '1', url: 'http://x' },
    });
    const octets = readFileSync(file, 'latin1');
    expect([octets.includes('whsec_of-a-gateway'), octets.includes('a-digest-of-a-key')]).toEqual([false, false]);
  });

  it('of many records is in the order of their keys, over the pages that they are read in', async () => {
    const keys = Array.from({ length: 2_500 }, (_, at) => `k${String(at).padStart(5, '0')}`);
    await store.commit(keys.map((key) => ({ key, value: key })));
    await store.close();
    store = await openStore({ directory: place.directory, log: new RecordingLog() });
    await store.commit([{ key: 'k00100', value: 'newer' }]);
    await store.copy({ file, ...EVERYTHING });
    const all = copied();
    expect([...all.keys()]).toEqual(keys);
    expect(all.get('k00100')).toBe('newer');
  });

  it('that can’t be written is refused, and the store goes on', async () => {
    await expect(store.copy({ file: join(place.directory, 'nowhere', 'copy'), ...EVERYTHING })).rejects.toMatchObject({
      code: 'store_failed',
    });
    await store.commit([{ key: 'a', value: 1 }]);
    expect(await store.get('a')).toBe(1);
  });
});
