// The contract of the Store port: one suite, run against the disk and against its twin in memory.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PAGE_RECORDS_MAX } from '../../node/store/limits.ts';
import type { Store, StoredRecord } from '../../node/store/store.ts';

/** One disk, at first empty. `open` again after `close` finds what was committed. */
export interface StorePlace {
  open(): Promise<Store>;
  /** Stops the open store as `kill -9` would, without letting it end anything. */
  crash(): Promise<void>;
  remove(): Promise<void>;
}

export function storeContract(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`${name} as a Store`, () => {
    let place: StorePlace;
    let store: Store;

    beforeEach(async () => {
      place = await makePlace();
      store = await place.open();
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    const reopen = async () => {
      await store.close();
      store = await place.open();
    };

    describe('a commit', () => {
      it('can be read once it has resolved', async () => {
        await store.commit([{ key: 'agent/a', value: { name: 'titania' } }]);
        expect(await store.get('agent/a')).toEqual({ name: 'titania' });
      });

      it('is there after closing and opening again', async () => {
        await store.commit([
          { key: 'a', value: 1 },
          { key: 'b', value: 'two' },
        ]);
        await reopen();
        expect(await everything(store)).toEqual([
          { key: 'a', value: 1 },
          { key: 'b', value: 'two' },
        ]);
      });

      it('is there after a crash, once it was acknowledged', async () => {
        await store.commit([{ key: 'a', value: 1 }]);
        await store.commit([{ key: 'b', value: 2 }]);
        await place.crash();
        store = await place.open();
        expect(await everything(store)).toEqual([
          { key: 'a', value: 1 },
          { key: 'b', value: 2 },
        ]);
      });

      it('removes a key whose value is undefined, for good', async () => {
        await store.commit([
          { key: 'a', value: 1 },
          { key: 'b', value: 2 },
        ]);
        await store.commit([{ key: 'a', value: undefined }]);
        expect(await store.get('a')).toBeUndefined();
        await reopen();
        expect(await everything(store)).toEqual([{ key: 'b', value: 2 }]);
      });

      it('takes removing what is not there', async () => {
        await store.commit([{ key: 'nobody', value: undefined }]);
        expect(await everything(store)).toEqual([]);
      });

      it('lets the last of two writes to one key count, within a commit and across commits made at once', async () => {
        const first = store.commit([
          { key: 'a', value: 'first' },
          { key: 'a', value: 'second' },
          { key: 'gone', value: 1 },
          { key: 'gone', value: undefined },
        ]);
        const more = ['third', 'fourth', 'fifth'].map((value) => store.commit([{ key: 'a', value }]));
        await Promise.all([first, ...more]);
        expect(await everything(store)).toEqual([{ key: 'a', value: 'fifth' }]);
        await reopen();
        expect(await everything(store)).toEqual([{ key: 'a', value: 'fifth' }]);
      });

      it('stores the value as it was when commit was called', async () => {
        const agent = { name: 'before' };
        const done = store.commit([{ key: 'a', value: agent }]);
        agent.name = 'after';
        await done;
        expect(await store.get('a')).toEqual({ name: 'before' });
      });

      it('of nothing resolves after every commit before it', async () => {
        const order: string[] = [];
        const noted = (label: string) => () => void order.push(label);
        const before = store.commit([{ key: 'a', value: 1 }]).then(noted('before'));
        const barrier = store.commit([]).then(noted('barrier'));
        const after = store.commit([{ key: 'b', value: 2 }]).then(noted('after'));
        await Promise.all([before, barrier, after]);
        expect(order).toEqual(['before', 'barrier', 'after']);
      });

      it('of nothing resolves when there was nothing before it', async () => {
        await expect(store.commit([])).resolves.toBeUndefined();
      });

      it('is acknowledged in the order of the calls, 500 at once', async () => {
        const order: number[] = [];
        const numbers = Array.from({ length: 500 }, (_, index) => index);
        await Promise.all(
          numbers.map((n) => store.commit([{ key: `n/${n}`, value: n }]).then(() => void order.push(n))),
        );
        expect(order).toEqual(numbers);
        expect(await everything(store)).toHaveLength(500);
      });
    });

    describe('a value', () => {
      it.each([
        ['null', null],
        ['false', false],
        ['zero', 0],
        ['an empty string', ''],
        ['an empty object', {}],
        ['a nested object', { a: [1, { b: null }], c: 'ü 臺 🦊' }],
        ['text with a NUL and a lone surrogate', 'a\u0000b\ud800c'],
        ['a long text', 'x'.repeat(300_000)],
        ['a member called value, as an envelope has', { value: 1, expires: 5 }],
      ])('%s comes back as it was', async (_name, value) => {
        await store.commit([{ key: 'a', value }]);
        expect(await store.get('a')).toEqual(value);
        await reopen();
        expect(await everything(store)).toEqual([{ key: 'a', value }]);
      });

      it('is given out as a copy of its own each time', async () => {
        await store.commit([{ key: 'a', value: { list: [1] } }]);
        const first = (await store.get('a')) as { list: number[] };
        first.list.push(2);
        expect(await store.get('a')).toEqual({ list: [1] });
      });
    });

    describe('a key', () => {
      it.each(['a', 'a::b', "a'; DROP TABLE records; --", 'a%_*?', '../a', ' ', 'a\u0000b', 'a\nb', '🦊', '__proto__'])(
        '%j is its own record',
        async (key) => {
          await store.commit([{ key, value: 'here' }]);
          expect(await store.get(key)).toBe('here');
          expect(await store.get(`${key}x`)).toBeUndefined();
          expect(await everything(store)).toEqual([{ key, value: 'here' }]);
        },
      );

      it('that was never written reads as undefined', async () => {
        expect(await store.get('nobody')).toBeUndefined();
      });

      it('differs by case and by normal form', async () => {
        const keys = ['A', 'a', 'e\u0301', '\u00e9'];
        await store.commit(keys.map((key) => ({ key, value: key })));
        expect((await everything(store)).map((record) => record.key)).toEqual(keys);
      });
    });

    describe('load', () => {
      it('yields no page when there is nothing', async () => {
        expect(await pages(store, 'log/')).toEqual([]);
      });

      it('yields only the keys that begin with the prefix', async () => {
        await store.commit(
          ['log', 'log.', 'log/', 'log/1', 'log/2', 'log0', 'lof/9'].map((key) => ({ key, value: 1 })),
        );
        expect(await keysOf(store, 'log/')).toEqual(['log/', 'log/1', 'log/2']);
      });

      it('orders keys by their UTF-8 octets, surrogate pairs last', async () => {
        const sorted = ['A', 'B', 'a', 'z', 'é', '臺', '\ufffd', '𐀀', '🦊'];
        await store.commit([...sorted].reverse().map((key) => ({ key: `k/${key}`, value: 1 })));
        expect(await keysOf(store, 'k/')).toEqual(sorted.map((key) => `k/${key}`));
      });

      it.each(['\u{10ffff}', 'a\u{10ffff}', '\ud7ff', '\u007f'])('takes %j as a prefix', async (prefix) => {
        const inside = [prefix, `${prefix}1`, `${prefix}\u{10ffff}`];
        await store.commit([...inside, '!', 'b'].map((key) => ({ key, value: 1 })));
        expect(await keysOf(store, prefix)).toEqual(inside);
      });

      it('begins behind `after`, wherever that lies', async () => {
        await store.commit(['l/1', 'l/2', 'l/3', 'm/1'].map((key) => ({ key, value: 1 })));
        expect(await keysOf(store, 'l/', { after: 'l/1' })).toEqual(['l/2', 'l/3']);
        expect(await keysOf(store, 'l/', { after: 'l/15' })).toEqual(['l/2', 'l/3']);
        expect(await keysOf(store, 'l/', { after: 'a' })).toEqual(['l/1', 'l/2', 'l/3']);
        expect(await keysOf(store, 'l/', { after: 'l/3' })).toEqual([]);
        expect(await keysOf(store, 'l/', { after: 'z' })).toEqual([]);
      });

      it('ends after `limit` records', async () => {
        await store.commit(['l/1', 'l/2', 'l/3'].map((key) => ({ key, value: 1 })));
        expect(await keysOf(store, 'l/', { limit: 2 })).toEqual(['l/1', 'l/2']);
        expect(await keysOf(store, 'l/', { after: 'l/2', limit: 2 })).toEqual(['l/3']);
        expect(await keysOf(store, 'l/', { limit: 0 })).toEqual([]);
      });

      it('pages through more than fits one page, each record once', async () => {
        const count = PAGE_RECORDS_MAX * 2 + 1;
        const keys = Array.from({ length: count }, (_, index) => `n/${String(index).padStart(6, '0')}`);
        await store.commit(keys.map((key, index) => ({ key, value: index })));
        const read = await pages(store, 'n/');
        expect(read.map((page) => page.length)).toEqual([PAGE_RECORDS_MAX, PAGE_RECORDS_MAX, 1]);
        expect(read.flat()).toEqual(keys.map((key, index) => ({ key, value: index })));
        expect(await keysOf(store, 'n/', { limit: PAGE_RECORDS_MAX + 5 })).toEqual(keys.slice(0, PAGE_RECORDS_MAX + 5));
      });

      it('goes on while commits are made, and can be left half-way', async () => {
        const keys = Array.from({ length: PAGE_RECORDS_MAX + 10 }, (_, index) => `n/${String(index).padStart(6, '0')}`);
        await store.commit(keys.map((key) => ({ key, value: 1 })));
        for await (const page of store.load('n/')) {
          expect(page).toHaveLength(PAGE_RECORDS_MAX);
          await store.commit([{ key: 'other', value: 1 }]);
          break;
        }
        expect(await store.get('other')).toBe(1);
      });
    });

    describe('what can not be stored', () => {
      it.each([
        ['an empty key', { key: '', value: 1 }],
        ['a key with half a surrogate pair', { key: 'a\ud800', value: 1 }],
        ['a key without end', { key: 'k'.repeat(10_000), value: 1 }],
        ['a function', { key: 'a', value: () => 1 }],
        ['a bigint', { key: 'a', value: 1n }],
        ['a circle', { key: 'a', value: circle() }],
      ])('%s fails the commit and the store, for the caller already believes in it', async (_name, write) => {
        await expect(store.commit([{ key: 'before', value: 1 }, write])).rejects.toMatchObject({
          code: 'store_failed',
        });
        await expect(store.commit([])).rejects.toMatchObject({ code: 'store_failed' });
        expect(await store.failed).toMatchObject({ code: 'store_failed', cause: expect.any(TypeError) });
        await store.close();
        store = await place.open();
        expect(await everything(store)).toEqual([]);
      });
    });

    describe('close', () => {
      it('lets the commits in hand end', async () => {
        const commits = Array.from({ length: 50 }, (_, n) => store.commit([{ key: `n/${n}`, value: n }]));
        await store.close();
        await Promise.all(commits);
        store = await place.open();
        expect(await everything(store)).toHaveLength(50);
      });

      it('may be called twice', async () => {
        await Promise.all([store.close(), store.close()]);
        await store.close();
      });

      it('refuses every later call', async () => {
        const closing = store.close();
        await expect(store.commit([{ key: 'a', value: 1 }])).rejects.toMatchObject({ code: 'store_failed' });
        await closing;
        await expect(store.commit([])).rejects.toMatchObject({ code: 'store_failed' });
        await expect(store.get('a')).rejects.toMatchObject({ code: 'store_failed' });
        await expect(pages(store, '')).rejects.toMatchObject({ code: 'store_failed' });
      });
    });
  });
}

async function pages(
  store: Store,
  prefix: string,
  options?: { readonly after?: string; readonly limit?: number },
): Promise<(readonly StoredRecord[])[]> {
  const all: (readonly StoredRecord[])[] = [];
  for await (const page of store.load(prefix, options)) all.push(page);
  return all;
}

async function everything(store: Store): Promise<StoredRecord[]> {
  return (await pages(store, '')).flat();
}

async function keysOf(
  store: Store,
  prefix: string,
  options?: { readonly after?: string; readonly limit?: number },
): Promise<string[]> {
  return (await pages(store, prefix, options)).flat().map((record) => record.key);
}

function circle(): unknown {
  const round: Record<string, unknown> = {};
  round.round = round;
  return round;
}
