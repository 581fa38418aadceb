// One thread of a search: runs the seeds it is given, and tells which of them are in trouble.
import { parentPort } from 'node:worker_threads';
import { full, micro, type Troubles } from '../test/support/claim-lives.ts';
import { MUTANTS } from '../test/support/claim-mutants.ts';
import { nodeLife } from '../test/support/node-lives.ts';
import type { Chunk, ChunkResult } from './search.ts';

const LIVES = { full, micro, nodes: (seed: number) => nodeLife(seed) };

parentPort?.on('message', async ({ size, mutant, from, to }: Chunk) => {
  const options = MUTANTS.find(({ name }) => name === mutant)?.options;
  const found: { seed: number; troubles: Troubles }[] = [];
  for (let seed = from; seed <= to && (mutant === undefined || found.length === 0); seed += 1) {
    const troubles = await LIVES[size](seed, options?.());
    if (troubles.length > 0) found.push({ seed, troubles });
  }
  parentPort?.postMessage({ from, found } satisfies ChunkResult);
});
