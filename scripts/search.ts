// A search through seeds of simulated meshes, on all cores. The same seeds give the same runs, on any machine.
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

export type Size = 'full' | 'micro' | 'nodes';

export interface Chunk {
  readonly size: Size;
  /** Absent: the product itself. */
  readonly mutant: string | undefined;
  readonly from: number;
  readonly to: number;
}

interface Found {
  readonly seed: number;
  /** A sentence each. */
  readonly troubles: readonly string[];
}

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

const SEEDS_PER_CHUNK = { full: 50, micro: 500, nodes: 20 };

/** Runs the seeds `first` to `last`; of a mutant, no further than the first that notices it. */
export async function search(
  size: Size,
  { first, last }: { readonly first: number; readonly last: number },
  mutant?: string,
): Promise<SearchResult> {
  const startedMs = performance.now();
  const found: Found[] = [];
  let next = first;
  let runs = 0;
  const take = (): Chunk | undefined => {
    if (next > last || (mutant !== undefined && found.length > 0)) return undefined;
    const to = Math.min(last, next + SEEDS_PER_CHUNK[size] - 1);
    const chunk = { size, mutant, from: next, to };
    next = to + 1;
    return chunk;
  };
  const thread = async () => {
    const worker = new Worker(new URL('./search-worker.ts', import.meta.url));
    for (let chunk = take(); chunk !== undefined; chunk = take()) {
      const result = await ask(worker, chunk);
      found.push(...result.found);
      runs += chunk.to - chunk.from + 1;
    }
    await worker.terminate();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, thread));
  found.sort((one, other) => one.seed - other.seed);
  return { runs, found, runsPerSecond: runs / ((performance.now() - startedMs) / 1_000) };
}

async function ask(worker: Worker, chunk: Chunk): Promise<ChunkResult> {
  worker.postMessage(chunk);
  const [result] = (await once(worker, 'message')) as [ChunkResult];
  return result;
}
