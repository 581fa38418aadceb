// How many answers servers of this thread give, side by side under load from another thread.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { median } from './figure.ts';
import type { Served } from './index-server.ts';
import type { Served as Answered, Load } from './load-worker.ts';
import { threadCpuMs } from './thread-cpu.ts';

/** Short turns, so that both sides meet the same moods of the machine. */
const TURN_MS = 100;
const TURNS_PER_ROUND = 10;

/** A server and what it is asked. */
export interface Side {
  readonly served: Served;
  readonly load: Omit<Load, 'origin' | 'forMs'>;
}

/**
 * Answers for each second of CPU that this thread spends on serving, so what one core can serve: medians over turns taken one
 * after the other, the first round to warm up. Closes the servers.
 */
export async function rates(rounds: number, sides: readonly Side[]): Promise<readonly number[]> {
  const worker = new Worker(new URL('./load-worker.ts', import.meta.url));
  const perSecond = sides.map((): number[] => []);
  for (let turn = 0; turn < (rounds + 1) * TURNS_PER_ROUND; turn += 1) {
    for (const [position, { served, load }] of sides.entries()) {
      const startMs = threadCpuMs();
      worker.postMessage({ ...load, origin: served.origin, forMs: TURN_MS } satisfies Load);
      const [{ answers }] = (await once(worker, 'message')) as [Answered];
      const cpuMs = threadCpuMs() - startMs;
      if (turn >= TURNS_PER_ROUND) perSecond[position]?.push((answers / cpuMs) * 1_000);
    }
  }
  await worker.terminate();
  await Promise.all(sides.map(({ served }) => served.close()));
  return perSecond.map(median);
}
