// What the store on disk has removed, once it was overwritten: it is in no file of the data directory.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DiskStore, openStore } from '../../../node/store/disk-store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { copyData, makeDataDirectory } from '../../support/store-directory.ts';

const WORD = 'sesquipedalian';

let place: ReturnType<typeof makeDataDirectory>;
let store: DiskStore;

const open = (directory = place.directory) => openStore({ directory, log: new RecordingLog() });
const filesWithWord = (directory = place.directory) =>
  readdirSync(directory).filter((name) => readFileSync(join(directory, name)).includes(WORD));
/** In an order of their own, so that pages are dealt out anew again and again. */
const keyOf = (at: number) => `kind/${(at * 7_919) % 10_007}`;
const textOf = (at: number, word: string) => `${word} ${at} ${'x'.repeat((at * 37) % 700)}`;

async function overwrite(): Promise<number> {
  let steps = 0;
  for await (const _ of store.overwrite()) steps += 1;
  return steps;
}

/** Records of which every other one has the word, and is removed again. */
async function writeAndRemove(count: number): Promise<void> {
  for (let from = 0; from < count; from += 100)
    await store.commit(
      Array.from({ length: 100 }, (_, at) => from + at).map((at) => ({
        key: keyOf(at),
        value: textOf(at, at % 2 === 0 ? WORD : 'other'),
      })),
    );
  const gone = Array.from({ length: count / 2 }, (_, at) => keyOf(2 * at));
  await store.commit(gone.map((key) => ({ key, value: undefined })));
}

async function found(from: DiskStore): Promise<ReadonlyMap<string, unknown>> {
  const records = new Map<string, unknown>();
  for await (const page of from.load('kind/')) for (const { key, value } of page) records.set(key, value);
  return records;
}

const left = (count: number) =>
  new Map(Array.from({ length: count / 2 }, (_, at) => [keyOf(2 * at + 1), textOf(2 * at + 1, 'other')]));

beforeEach(async () => {
  place = makeDataDirectory();
  store = await open();
});

afterEach(async () => {
  await store.close();
  place.remove();
});

describe('what the store has removed', () => {
  it('is in no file once it was overwritten, and what was not removed is there', async () => {
    await writeAndRemove(3_000);
    expect(filesWithWord()).not.toEqual([]);
    expect(await overwrite()).toBe(1);
    expect(filesWithWord()).toEqual([]);
    expect(await found(store)).toEqual(left(3_000));
    await store.commit([{ key: 'kind/new', value: 'new' }]);
    await store.close();
    expect(filesWithWord()).toEqual([]);
    store = await open();
    expect(await found(store)).toEqual(new Map([...left(3_000), ['kind/new', 'new']]));
  });

  it('is in no file of a process that is killed afterwards, and the next one finds the rest', async () => {
    await writeAndRemove(1_000);
    await overwrite();
    const after = `${place.directory}-after`;
    copyData(place.directory, after);
    expect(filesWithWord(after)).toEqual([]);
    const next = await open(after);
    expect(await found(next)).toEqual(left(1_000));
    await next.close();
  });

  it('is overwritten while commits go on', async () => {
    await writeAndRemove(1_000);
    const added = Promise.all(
      Array.from({ length: 50 }, (_, at) => store.commit([{ key: `kind/new-${at}`, value: at }])),
    );
    await overwrite();
    await added;
    expect(filesWithWord()).toEqual([]);
    expect((await found(store)).size).toBe(550);
  });

  it('goes with pages that it had for itself, which are used again', async () => {
    const pagesOfMails = Array.from({ length: 60 }, (_, at) => ({ key: keyOf(at), value: WORD.repeat(1_000) }));
    await store.commit(pagesOfMails);
    await store.close();
    store = await open();
    await store.commit(pagesOfMails.map(({ key }) => ({ key, value: undefined })));
    await store.close();
    const inDatabase = statSync(join(place.directory, 'mesh.sqlite')).size;
    store = await open();
    await overwrite();
    expect(filesWithWord()).toEqual([]);
    await store.commit([{ key: 'kind/next', value: 'x'.repeat(100_000) }]);
    await store.close();
    expect([filesWithWord(), statSync(join(place.directory, 'mesh.sqlite')).size]).toEqual([[], inDatabase]);
    store = await open();
    expect(await found(store)).toEqual(new Map([['kind/next', 'x'.repeat(100_000)]]));
  });

  it('is not left behind what is shorter and has got its pages since', async () => {
    const large = Array.from({ length: 60 }, (_, at) => ({ key: keyOf(at), value: WORD.repeat(1_000) }));
    const short = large.map(({ key }) => ({ key: `${key}/next`, value: 'x'.repeat(2_000) }));
    await store.commit(large);
    await store.close();
    store = await open();
    await store.commit(large.flatMap(({ key }, at) => [{ key, value: undefined }, ...short.slice(at, at + 1)]));
    await store.close();
    store = await open();
    await overwrite();
    expect(filesWithWord()).toEqual([]);
  });

  it('of an earlier process goes, too', async () => {
    await writeAndRemove(1_000);
    await store.close();
    store = await open();
    await overwrite();
    expect(filesWithWord()).toEqual([]);
    expect(await found(store)).toEqual(left(1_000));
  });

  it('is nothing where nothing was ever written', async () => {
    expect(await overwrite()).toBe(1);
  });
});
