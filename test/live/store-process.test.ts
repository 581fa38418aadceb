// The store against real processes: killed in the middle of commits, two at once on one directory, a disk that takes no more.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../node/store/disk-store.ts';
import { RecordingLog } from '../support/recording-log.ts';
import { makeDataDirectory } from '../support/store-directory.ts';
import { recordsOfCommit } from '../support/store-writer-commit.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';
import { WriterProcess } from '../support/writer-process.ts';

/** How many commits precede each kill: so many that the commit log's files have taken turns, too. */
const COMMITS_BEFORE_KILL = [25, 700, 25, 1_400];

let place: ReturnType<typeof makeDataDirectory>;
let writers: WriterProcess[];

beforeEach(() => {
  place = makeDataDirectory();
  writers = [];
});
afterEach(async () => {
  for (const writer of writers) await writer.kill();
  place.remove();
});

function start(options: { readonly first?: number; readonly fileKiBMax?: number } = {}): WriterProcess {
  const writer = new WriterProcess({ directory: place.directory, ...options });
  writers.push(writer);
  return writer;
}

/** The numbers of the commits that are there, after seeing that each is there entirely or not at all. */
async function commitsFound(): Promise<ReadonlySet<number>> {
  const store = await openStore({ directory: place.directory, log: new RecordingLog() });
  const found = new Map<string, unknown>();
  for await (const page of store.load('commit/')) for (const { key, value } of page) found.set(key, value);
  await store.close();
  const numbers = new Set([...found.keys()].map((key) => Number(key.split('/')[1])));
  const whole = [...numbers].flatMap(recordsOfCommit);
  expect(found).toEqual(new Map(whole.map(({ key, value }) => [key, value])));
  return numbers;
}

describe('a node that is killed in the middle of commits', () => {
  it(`has every acknowledged one when it comes back, whole, ${COMMITS_BEFORE_KILL.length} times in a row`, {
    timeout: LIVE_MS_MAX,
  }, async () => {
    const acknowledged: number[] = [];
    for (const [round, commits] of COMMITS_BEFORE_KILL.entries()) {
      const writer = start({ first: round * 1_000_000 });
      await writer.acknowledges(commits);
      await writer.kill();
      expect(writer.failure).toBeUndefined();
      expect(writer.acknowledged.length).toBeGreaterThanOrEqual(commits);
      acknowledged.push(...writer.acknowledged);
      const found = await commitsFound();
      expect(acknowledged.filter((n) => !found.has(n))).toEqual([]);
      // Of those it was never told of, at most the last group may be there.
      expect(found.size - acknowledged.length).toBeLessThanOrEqual(4 * (round + 1));
    }
  });
});

describe('two nodes on one data directory', () => {
  it('the second is refused and told which process has it, and may start once the first was killed', {
    timeout: LIVE_MS_MAX,
  }, async () => {
    const first = start();
    await first.acknowledges(1);
    const second = start();
    expect(await second.exitCode()).toBe(1);
    expect(second.failure).toContain(`in use by another node (process ${first.pid} on `);
    expect(second.acknowledged).toEqual([]);
    await first.kill();
    const third = start({ first: 1_000_000 });
    await third.acknowledges(1);
    expect(third.failure).toBeUndefined();
  });
});

describe('a disk that takes no more', () => {
  it('stops the node with a sentence; what it had acknowledged is there, and it goes on when there is room', {
    timeout: LIVE_MS_MAX,
  }, async () => {
    const writer = start({ fileKiBMax: 6_144 });
    expect(await writer.exitCode()).toBe(1);
    expect(writer.failure).toMatch(/mesh\.sqlite.*(?:disk|quota).*start the node again/);
    expect(writer.failure).not.toContain(place.directory);
    expect(writer.acknowledged.length).toBeGreaterThan(0);
    const found = await commitsFound();
    expect(writer.acknowledged.filter((n) => !found.has(n))).toEqual([]);
    const next = start({ first: 1_000_000 });
    await next.acknowledges(3);
    expect(next.failure).toBeUndefined();
  });
});
