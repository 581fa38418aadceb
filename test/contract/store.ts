// The contract of the Store port: one suite, run against the disk and against its twin in memory. Opening a disk takes its
// time, so what needs no opening of its own shares one store, each test under a prefix of its own.
// Longer than 300 lines: one contract, read from the top by whoever writes another store.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../mesh/errors.ts';
import { type PackedTexts, SealedTexts } from '../../mesh/packed-texts.ts';
import { PACKED_RECORDS_MAX, PAGE_RECORDS_MAX, type Store, type StoredRecord } from '../../node/store/store.ts';
import type { TextForm } from '../../node/store/text-form.ts';

/** One disk, at first empty. */
export interface StorePlace {
  /** Opens what is there: after `close` or `crash`, what was committed. */
  open(): Promise<Store>;
  /** Leaves the disk as `kill -9` would at this moment; the store that was open no longer counts. */
  crash(): Promise<void>;
  /** Throws away everything that was opened here. */
  remove(): Promise<void>;
}

/** Has whole numbers alone. */
const NUMBERED = { pattern: '^\\{"n":(\\d+)\\}$', to: '#$1' };

/** What a reader has once it has taken in all pages, and how many records came packed. */
async function packedOf(store: Store, prefix: string, form: TextForm) {
  const [found, sealed] = [new Map<string, unknown>(), new SealedTexts()];
  for await (const { packed, others, gone } of store.loadPacked(prefix, form)) {
    for (const part of packed) {
      const page = sealedOf(part);
      sealed.add(part);
      for (const key of page.keys()) found.set(form.under + key, { n: Number(page.get(key)?.slice(1)) });
    }
    for (const key of gone) found.delete(key);
    for (const { key, value } of others) found.set(key, value);
  }
  return { found: Object.fromEntries(found), packed: sealed.size };
}

/** What is handed on as octets, in its order. */
async function octetsOf(store: Store, prefix: string, pageRecords: number): Promise<Readonly<Record<string, unknown>>> {
  const found: [string, unknown][] = [];
  for await (const { octets, starts } of store.loadOctets(prefix, pageRecords)) {
    const texts = Array.from(starts.subarray(1), (end, at) => Buffer.from(octets.subarray(starts[at], end)).toString());
    for (let at = 0; at < texts.length; at += 2) found.push([prefix + texts[at], JSON.parse(texts[at + 1] ?? '')]);
  }
  return Object.fromEntries(found);
}

function sealedOf(packed: PackedTexts): SealedTexts {
  const page = new SealedTexts();
  page.add(packed);
  return page;
}

type LoadOptions = { readonly after?: string; readonly limit?: number; readonly pageRecords?: number };

export function storeContract(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`${name} as a Store`, () => {
    describe('while it is open', () => whileOpen(makePlace));
    describe('across openings', () => acrossOpenings(makePlace));
  });
}

const VALUES: Readonly<Record<string, unknown>> = {
  null: null,
  false: false,
  zero: 0,
  'an empty string': '',
  'an empty object': {},
  'a nested object': { a: [1, { b: null }], c: 'ü 臺 🦊' },
  'text with a NUL and half a surrogate pair': 'a\u0000b\ud800c',
  'a long text': 'x'.repeat(300_000),
  'what looks like an envelope': { value: 1, expires: 5 },
};

const KEYS = ['a', 'a::b', "a'; DROP TABLE records; --", 'a%_*?', '../a', ' ', 'a\u0000b', 'a\nb', '🦊', '__proto__'];

function whileOpen(makePlace: () => Promise<StorePlace>): void {
  let place: StorePlace;
  let store: Store;
  let tests = 0;
  let own = '';

  beforeAll(async () => {
    place = await makePlace();
    store = await place.open();
  });
  beforeEach(() => {
    tests += 1;
    own = `test ${tests}/`;
  });
  afterAll(async () => {
    await store.close();
    await place.remove();
  });

  const put = (...keys: string[]) => store.commit(keys.map((key) => ({ key: own + key, value: 1 })));
  const keysOf = async (prefix: string, { after, ...rest }: LoadOptions = {}) => {
    const options = after === undefined ? rest : { ...rest, after: own + after };
    return (await pages(store, own + prefix, options)).flat().map((record) => record.key.slice(own.length));
  };

  describe('a commit', () => {
    it('can be read once it has resolved', async () => {
      await store.commit([{ key: `${own}a`, value: { name: 'titania' } }]);
      expect(await store.get(`${own}a`)).toEqual({ name: 'titania' });
    });

    it('removes a key whose value is undefined', async () => {
      await put('a', 'b');
      await store.commit([{ key: `${own}a`, value: undefined }]);
      expect([await store.get(`${own}a`), await keysOf('')]).toEqual([undefined, ['b']]);
    });

    it('takes removing what is not there', async () => {
      await store.commit([{ key: `${own}nobody`, value: undefined }]);
      expect(await keysOf('')).toEqual([]);
    });

    it('lets the last of two writes to one key count, within a commit and across commits made at once', async () => {
      const first = store.commit([
        { key: `${own}a`, value: 'first' },
        { key: `${own}a`, value: 'second' },
        { key: `${own}gone`, value: 1 },
        { key: `${own}gone`, value: undefined },
      ]);
      const more = ['third', 'fourth', 'fifth'].map((value) => store.commit([{ key: `${own}a`, value }]));
      await Promise.all([first, ...more]);
      expect([await store.get(`${own}a`), await keysOf('')]).toEqual(['fifth', ['a']]);
    });

    it('stores the value as it was when commit was called', async () => {
      const agent = { name: 'before' };
      const done = store.commit([{ key: `${own}a`, value: agent }]);
      agent.name = 'after';
      await done;
      expect(await store.get(`${own}a`)).toEqual({ name: 'before' });
    });

    it('of nothing resolves after every commit before it', async () => {
      const order: string[] = [];
      const noted = (label: string) => () => void order.push(label);
      const before = put('a').then(noted('before'));
      const barrier = store.commit([]).then(noted('barrier'));
      const after = put('b').then(noted('after'));
      await Promise.all([before, barrier, after]);
      expect(order).toEqual(['before', 'barrier', 'after']);
    });

    it('of nothing resolves when there was nothing before it', async () => {
      await expect(store.commit([])).resolves.toBeUndefined();
    });

    it('is acknowledged in the order of the calls, 500 at once', async () => {
      const order: number[] = [];
      const numbers = Array.from({ length: 500 }, (_, index) => index);
      await Promise.all(numbers.map((n) => put(String(n)).then(() => void order.push(n))));
      expect(order).toEqual(numbers);
      expect(await keysOf('')).toHaveLength(500);
    });
  });

  describe('a value', () => {
    it.each(Object.entries(VALUES))('%s comes back as it was', async (_name, value) => {
      await store.commit([{ key: `${own}a`, value }]);
      expect(await store.get(`${own}a`)).toEqual(value);
      expect((await pages(store, own)).flat()).toEqual([{ key: `${own}a`, value }]);
    });

    it('is given out as a copy of its own each time', async () => {
      await store.commit([{ key: `${own}a`, value: { list: [1] } }]);
      const first = (await store.get(`${own}a`)) as { list: number[] };
      first.list.push(2);
      expect(await store.get(`${own}a`)).toEqual({ list: [1] });
    });
  });

  describe('a key', () => {
    it.each(KEYS)('%j is its own record', async (key) => {
      await store.commit([{ key: own + key, value: 'here' }]);
      expect([await store.get(own + key), await store.get(`${own + key}x`)]).toEqual(['here', undefined]);
      expect(await keysOf('')).toEqual([key]);
    });

    it('that was never written reads as undefined', async () => {
      expect(await store.get(`${own}nobody`)).toBeUndefined();
    });

    it('that could not be stored reads as undefined, not as one that resembles it', async () => {
      await put('a\ufffd');
      expect([await store.get(''), await store.get(`${own}a\ud800`)]).toEqual([undefined, undefined]);
    });

    it('differs by case and by normal form', async () => {
      const keys = ['A', 'a', 'e\u0301', '\u00e9'];
      await put(...keys);
      expect(await keysOf('')).toEqual(keys);
    });
  });

  describe('load', () => {
    it('yields no page when there is nothing', async () => {
      expect(await pages(store, own)).toEqual([]);
    });

    it('yields only the keys that begin with the prefix', async () => {
      await put('log', 'log.', 'log/', 'log/1', 'log/2', 'log0', 'lof/9');
      expect(await keysOf('log/')).toEqual(['log/', 'log/1', 'log/2']);
    });

    it('yields everything under an empty prefix', async () => {
      await put('a', '\u{10ffff}');
      const all = (await pages(store, '')).flat().map((record) => record.key);
      expect(all).toEqual(expect.arrayContaining([`${own}a`, `${own}\u{10ffff}`]));
    });

    it('orders keys by their UTF-8 octets, surrogate pairs last', async () => {
      const sorted = ['A', 'B', 'a', 'z', 'é', '臺', '\ufffd', '𐀀', '🦊'];
      await put(...[...sorted].reverse());
      expect(await keysOf('')).toEqual(sorted);
      expect(await keysOf('', { after: '\ufffd' })).toEqual(['𐀀', '🦊']);
    });

    it.each(['\u{10ffff}', 'a\u{10ffff}', '\ud7ff', '\u007f'])('takes %j as the end of a prefix', async (prefix) => {
      const inside = [prefix, `${prefix}1`, `${prefix}\u{10ffff}`];
      await put(...inside, '!', 'b');
      expect(await keysOf(prefix)).toEqual(inside);
    });

    it('begins behind `after`, wherever that lies', async () => {
      await put('l/1', 'l/2', 'l/3', 'm/1');
      expect(await keysOf('l/', { after: 'l/1' })).toEqual(['l/2', 'l/3']);
      expect(await keysOf('l/', { after: 'l/15' })).toEqual(['l/2', 'l/3']);
      expect(await keysOf('l/', { after: 'a' })).toEqual(['l/1', 'l/2', 'l/3']);
      expect(await keysOf('l/', { after: 'l/3' })).toEqual([]);
      expect(await keysOf('l/', { after: 'z' })).toEqual([]);
    });

    it('ends after `limit` records', async () => {
      await put('l/1', 'l/2', 'l/3');
      expect(await keysOf('l/', { limit: 2 })).toEqual(['l/1', 'l/2']);
      expect(await keysOf('l/', { after: 'l/2', limit: 2 })).toEqual(['l/3']);
      expect(await keysOf('l/', { limit: 0 })).toEqual([]);
    });

    it('pages through more than fits one page, each record once', async () => {
      const keys = numbered(PAGE_RECORDS_MAX * 2 + 1);
      await put(...keys);
      expect((await pages(store, own)).map((page) => page.length)).toEqual([PAGE_RECORDS_MAX, PAGE_RECORDS_MAX, 1]);
      const few = await pages(store, own, { pageRecords: 900, limit: 2_000 });
      expect(few.map((page) => page.length)).toEqual([900, 900, 200]);
      expect(await keysOf('')).toEqual(keys);
      expect(await keysOf('', { limit: PAGE_RECORDS_MAX + 5 })).toEqual(keys.slice(0, PAGE_RECORDS_MAX + 5));
    });

    it('lets commits be made meanwhile, and can be left half-way', async () => {
      await put(...numbered(PAGE_RECORDS_MAX + 10));
      for await (const page of store.load(own)) {
        expect(page).toHaveLength(PAGE_RECORDS_MAX);
        await put('other');
        break;
      }
      expect(await store.get(`${own}other`)).toBe(1);
    });
  });
}

function acrossOpenings(makePlace: () => Promise<StorePlace>): void {
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

  it('keeps what was committed, and forgets what was removed', async () => {
    const kept = [...KEYS, ...Object.keys(VALUES)].map((key) => ({ key, value: VALUES[key] ?? key }));
    await store.commit([...kept, { key: 'removed', value: 1 }]);
    await store.commit([{ key: 'removed', value: undefined }]);
    await store.close();
    store = await place.open();
    const found = new Map((await everything(store)).map(({ key, value }) => [key, value]));
    expect(found).toEqual(new Map(kept.map(({ key, value }) => [key, value])));
  });

  it('packs the records of one form, in order, and hands on the others, and what is newer', async () => {
    const values = { a: { n: 7 }, 'n/a': { n: 7 }, 'n/b': { n: 'x' }, 'n/c': '#7', 'n/d': { n: 8 }, 'n/e': {} };
    const many = Object.fromEntries(Array.from({ length: PACKED_RECORDS_MAX }, (_, n) => [`n/ü${n}`, { n }]));
    const put = (records: object) =>
      store.commit(Object.entries(records).map(([key, value]) => ({ key: `p/${key}`, value })));
    await put({ ...values, ...many });
    await store.close();
    store = await place.open();
    const form = { ...NUMBERED, under: 'p/n/' };
    const before = Object.fromEntries(
      Object.entries({ ...values, ...many }).map(([key, value]) => [`p/${key}`, value]),
    );
    expect(await packedOf(store, 'p/', form)).toEqual({ found: before, packed: PACKED_RECORDS_MAX + 2 });
    const newer = {
      a: { n: 1 },
      'n/a': { n: 9 },
      'n/b': { n: 1 },
      'n/d': undefined,
      'n/e': undefined,
      'n/f': { n: 3 },
    };
    await put(newer);
    const { 'p/n/d': _, 'p/n/e': __, ...left } = before;
    const after = { ...left, 'p/a': { n: 1 }, 'p/n/a': { n: 9 }, 'p/n/b': { n: 1 }, 'p/n/f': { n: 3 } };
    expect((await packedOf(store, 'p/', form)).found).toEqual(after);
    expect(await store.get('p/n/a')).toEqual({ n: 9 });
  });

  it('hands on records as octets, in order, with what is newer in their place', async () => {
    const put = (records: Readonly<Record<string, unknown>>) =>
      store.commit(Object.entries(records).map(([key, value]) => ({ key, value })));
    const many = Object.fromEntries(Array.from({ length: 7 }, (_, n) => [`o/ü${n}`, { n, text: '臺' }]));
    await put({ ...many, 'n/1': 1, 'p/1': 1 });
    await store.close();
    store = await place.open();
    expect(await octetsOf(store, 'o/', 3)).toEqual({ ...many });
    await put({ 'o/ü1': 'newer', 'o/ü2': undefined, 'o/a': 0 });
    const { 'o/ü2': _, ...left } = many;
    const found = await octetsOf(store, 'o/', 3);
    expect(found).toEqual({ 'o/a': 0, ...left, 'o/ü1': 'newer' });
    expect(Object.keys(found)).toEqual(['o/a', ...Object.keys(left)]);
    expect(await octetsOf(store, 'none/', 3)).toEqual({});
  });

  it('keeps what was acknowledged before a crash', async () => {
    await store.commit([{ key: 'a', value: 1 }]);
    await store.commit([{ key: 'b', value: 2 }]);
    await place.crash();
    store = await place.open();
    expect(await everything(store)).toEqual([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ]);
  });

  it('fails for good when a value is not JSON, for the caller already believes in it', async () => {
    const notJson = [
      { key: 'before', value: 1 },
      { key: 'a', value: 1n },
    ];
    const code = 'store_failed';
    await expect(store.commit(notJson)).rejects.toMatchObject({ code, cause: expect.any(TypeError) });
    await expect(store.commit([])).rejects.toMatchObject({ code });
    await expect(store.get('before')).rejects.toMatchObject({ code });
    expect(await store.failed).toMatchObject({ code, message: expect.stringContaining("'a'") });
    await store.close();
    store = await place.open();
    expect(await everything(store)).toEqual([]);
  });

  it('fails for good when somebody finds that memory is not what it must be, and keeps what was durable', async () => {
    await store.commit([{ key: 'before', value: 1 }]);
    const reason = new MeshError('store_failed', 'Two and two are five.');
    store.fail(reason);
    await expect(store.commit([{ key: 'after', value: 1 }])).rejects.toBe(reason);
    await expect(store.get('before')).rejects.toBe(reason);
    expect(await store.failed).toBe(reason);
    await store.close();
    store = await place.open();
    expect(await everything(store)).toEqual([{ key: 'before', value: 1 }]);
  });

  it('lets the commits in hand end before it closes', async () => {
    const commits = Array.from({ length: 50 }, (_, n) => store.commit([{ key: `n/${n}`, value: n }]));
    await store.close();
    await Promise.all(commits);
    store = await place.open();
    expect(await everything(store)).toHaveLength(50);
  });

  it('refuses every call once it is closing, but a second close', async () => {
    const code = 'store_failed';
    const closing = store.close();
    await expect(store.commit([{ key: 'a', value: 1 }])).rejects.toMatchObject({ code });
    await Promise.all([closing, store.close()]);
    await expect(store.commit([])).rejects.toMatchObject({ code });
    await expect(store.get('a')).rejects.toMatchObject({ code });
    await expect(pages(store, '')).rejects.toMatchObject({ code });
    await store.close();
  });
}

type Read = Pick<StoredRecord, 'key' | 'value'>;

async function pages(store: Store, prefix: string, options?: LoadOptions): Promise<(readonly Read[])[]> {
  const all: (readonly Read[])[] = [];
  for await (const page of store.load(prefix, options)) all.push(page.map(({ key, value }) => ({ key, value })));
  return all;
}

async function everything(store: Store): Promise<Read[]> {
  return (await pages(store, '')).flat();
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index).padStart(6, '0'));
}
