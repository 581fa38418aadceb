// A search through seeds of simulated meshes, on all cores. The same seeds give the same runs, on any machine.
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { GENERAL_WASM_WRAPPERS } from '../node/system/v8-flags.ts';
import type { ChannelAttackName } from '../test/support/channel-attacks.ts';
import type { ScheduleName } from '../test/support/claim-schedules.ts';
import type { FeedScheduleName } from '../test/support/feed-schedules.ts';
import type { RelayScheduleName } from '../test/support/relay-schedules.ts';

export type Size = 'full' | 'micro' | 'beginnings' | 'collecting' | 'nodes' | 'feeds' | 'relays' | 'stores';
/** What CI runs (`npm run sim`). */
export const CI_RUNS: Readonly<Record<Size, number>> = {
  // Every mutant that chance finds is found within 1,655 full or 3,134 micro runs (`npm run mutants`).
  full: 20_000,
  micro: 250_000,
  // Hosts that begin alone, or together; its mutant that chance finds is noticed within the first 26.
  beginnings: 3_000,
  // Names that come and go; each mutant of collecting that chance finds is found within 753 runs.
  collecting: 4_000,
  // Whole hosts with their look-ups; each mutant of these is noticed within the first few.
  nodes: 2_000,
  // Hosts that follow each other; each mutant of these that chance finds is noticed within the first 70.
  feeds: 600,
  // The same through relays, whose mutants are noticed by schedules.
  relays: 300,
  // One store in eight short lives; each of its mutants is noticed within the first 342.
  stores: 3_000,
};
/** A schedule is one run, whatever its seed. */
export type Life = Size | ScheduleName | FeedScheduleName | RelayScheduleName | ChannelAttackName;

/** What a thread runs, from its start on. */
export interface SearchThread {
  readonly life: Life;
  /** Absent: the product itself. */
  readonly mutant?: string | undefined;
  /** Whether each message is printed. */
  readonly isTraced?: boolean;
}

interface Chunk {
  readonly from: number;
  readonly to: number;
}

export interface Found {
  readonly seed: number;
  /** A sentence each. */
  readonly troubles: readonly string[];
}

/** What a thread is told: what to run next, or that nothing follows. */
export type Order = { readonly chunk: Chunk } | 'leave';

export interface ChunkResult {
  readonly from: number;
  readonly found: readonly Found[];
}

export interface SearchResult {
  readonly runs: number;
  /** By seed. Of a mutant, the first only. */
  readonly found: readonly Found[];
  readonly runsPerSecond: number;
}

const SEEDS_PER_CHUNK: Readonly<Record<Size, number>> = {
  ...{ full: 50, micro: 500, beginnings: 50, collecting: 50 },
  ...{ nodes: 20, feeds: 5, relays: 5, stores: 20 },
};
const seedsPerChunk = (life: Life) => (life in SEEDS_PER_CHUNK ? SEEDS_PER_CHUNK[life as Size] : 1);

/** Runs the seeds `first` to `last`; of a mutant, no further than the first that notices it. Rejects when a mutant can't be made. */
export async function search(
  life: Life,
  { first, last }: { readonly first: number; readonly last: number },
  run: Omit<SearchThread, 'life'> = {},
): Promise<SearchResult> {
  setFlagsFromString(GENERAL_WASM_WRAPPERS);
  const startedMs = performance.now();
  const found: Found[] = [];
  let next = first;
  let runs = 0;
  const take = (): Chunk | undefined => {
    if (next > last || (run.mutant !== undefined && found.length > 0)) return undefined;
    const to = Math.min(last, next + seedsPerChunk(life) - 1);
    const chunk = { from: next, to };
    next = to + 1;
    return chunk;
  };
  const thread = async () => {
    const worker = new Worker(new URL('./search-worker.ts', import.meta.url), { workerData: { ...run, life } });
    try {
      for (let chunk = take(); chunk !== undefined; chunk = take()) {
        const result = await ask(worker, chunk);
        found.push(...result.found);
        runs += chunk.to - chunk.from + 1;
      }
      await leave(worker);
    } finally {
      await worker.terminate();
    }
  };
  const chunks = Math.ceil((last - first + 1) / seedsPerChunk(life));
  await Promise.all(Array.from({ length: Math.min(chunks, availableParallelism()) }, thread));
  found.sort((one, other) => one.seed - other.seed);
  return { runs, found, runsPerSecond: runs / ((performance.now() - startedMs) / 1_000) };
}

async function ask(worker: Worker, chunk: Chunk): Promise<ChunkResult> {
  worker.postMessage({ chunk } satisfies Order);
  const [result] = (await once(worker, 'message')) as [ChunkResult];
  return result;
}

/** Lets a thread end by itself: what it has printed arrives before its end, and would be lost with a thread that is terminated. */
async function leave(worker: Worker): Promise<void> {
  worker.postMessage('leave' satisfies Order);
  await once(worker, 'exit');
}
