// What the disk costs: lone commits and grouped ones beside a bare write and fsync on the same disk, and coming back with
// 100,000 records. Records are as large as an agent with two addresses, about 600 characters.
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../node/log.ts';
import { openStore } from '../../node/store/disk-store.ts';
import type { Store } from '../../node/store/store.ts';
import { type Benchmark, type Figure, median } from './figure.ts';

const LONE_COMMITS = 300;
const COMMITTERS = 64;
const COMMITS_EACH = 50;
const RECORDS_LOADED = 100_000;
const RECORDS_PER_COMMIT = 5_000;
/** One page of SQLite's with its header in the -wal, the least that a commit writes. */
const RAW_BYTES = 4_120;
/** Rises through the rounds, so that every commit writes new keys. */
let made = 0;

const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

export const storeBenchmark: Benchmark = {
  name: 'store',
  async run(rounds) {
    const parent = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
    try {
      return [...(await measureCommits(parent, rounds)), ...(await measureLoad(parent, rounds))];
    } finally {
      rmSync(parent, { recursive: true });
    }
  },
};

async function measureCommits(parent: string, rounds: number): Promise<readonly Figure[]> {
  const store = await openStore({ directory: join(parent, 'commits'), log: silent });
  const raw: number[] = [];
  const lone: number[] = [];
  const grouped: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    raw.push(perSecond(LONE_COMMITS, await timed(async () => writeAndSync(join(parent, 'raw'), LONE_COMMITS))));
    lone.push(perSecond(LONE_COMMITS, await timed(() => commitInTurn(store, LONE_COMMITS))));
    const committers = () => Promise.all(Array.from({ length: COMMITTERS }, () => commitInTurn(store, COMMITS_EACH)));
    grouped.push(perSecond(COMMITTERS * COMMITS_EACH, await timed(committers)));
  }
  await store.close();
  const baseline = { name: 'write of one page and fsync', value: median(raw) };
  return [
    { name: 'lone commits', value: median(lone), unit: '1/s', baseline },
    { name: `records, one a commit, ${COMMITTERS} committers at once`, value: median(grouped), unit: '1/s', baseline },
  ];
}

async function measureLoad(parent: string, rounds: number): Promise<readonly Figure[]> {
  const directory = join(parent, 'load');
  const filled = await openStore({ directory, log: silent });
  for (let count = 0; count < RECORDS_LOADED; count += RECORDS_PER_COMMIT) {
    await filled.commit(Array.from({ length: RECORDS_PER_COMMIT }, nextRecord));
  }
  await filled.close();
  const opening: number[] = [];
  const loading: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    const store = await openStore({ directory, log: silent });
    opening.push(performance.now() - start);
    loading.push(await timed(() => loadAll(store)));
    await store.close();
  }
  const target = 'under a second';
  const kept = median(loading) < 1_000;
  return [
    { name: `opening with ${RECORDS_LOADED} records, every page checked`, value: median(opening), unit: 'ms' },
    { name: `loading ${RECORDS_LOADED} records`, value: median(loading), unit: 'ms', target, kept },
  ];
}

async function commitInTurn(store: Store, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) await store.commit([nextRecord()]);
}

async function loadAll(store: Store): Promise<void> {
  let count = 0;
  for await (const page of store.load('')) count += page.length;
  if (count !== RECORDS_LOADED) throw new Error(`The store gave ${count} records of ${RECORDS_LOADED}.`);
}

function nextRecord(): { key: string; value: unknown } {
  made += 1;
  const id = String(made).padStart(9, '0');
  const address = (n: number) => ({ address: `agent-${id}-${n}@example.com`, key: `agent-${id}-${n}@example.com`, n });
  return {
    key: `agent/${id}`,
    value: { id, name: `agent-${id}`, addresses: [address(1), address(2)], note: 'x'.repeat(350) },
  };
}

function writeAndSync(path: string, count: number): void {
  const file = openSync(path, 'w');
  const bytes = new Uint8Array(RAW_BYTES).fill(1);
  for (let done = 0; done < count; done += 1) {
    writeSync(file, bytes);
    fsyncSync(file);
  }
  closeSync(file);
}

/** Milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function perSecond(count: number, ms: number): number {
  return (count * 1_000) / ms;
}
