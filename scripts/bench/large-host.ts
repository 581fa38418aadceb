// What following costs a node: the copy of 1,000 hosts as it comes back from the disk, and one host of 100,000 addresses that is taken in and
// let go of while others wait for the event loop. Each is measured in a process of its own (large-host-process.ts).
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Benchmark, median } from './figure.ts';
import type { Job, Measured } from './large-host-process.ts';

const LOADED_MS_MAX = 2_000;
const COPY_MB_MAX = 60;
const HELD_MS_MAX = 50;

const COPY = 'copy of 1,000 hosts × 100 addresses, read from the disk';
const COPY_MEMORY = 'memory of that copy';
const TAKEN_IN = '100,000 addresses of one host taken in: event loop held';
const LET_GO = 'the same let go of: event loop held';
const IN_ALL = 'that host taken in, with all that is told of it';

export const largeHostBenchmark: Benchmark = {
  name: 'large-host',
  about:
    'What following costs a node: the copy of 1,000 hosts as it comes back from the disk, and one host of 100,000 addresses that is taken in and let go of while others wait for the event loop.',
  figures: [COPY, COPY_MEMORY, TAKEN_IN, LET_GO, IN_ALL],
  async run(rounds) {
    const parent = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
    try {
      const directory = join(parent, 'copy');
      await measured('fill', directory);
      const runs: Record<Exclude<Job, 'fill'>, Measured[]> = { load: [], rows: [], intake: [], atOnce: [] };
      for (let round = 0; round < rounds; round += 1) {
        for (const job of ['load', 'rows'] as const) runs[job].push(await measured(job, directory));
        for (const job of ['intake', 'atOnce'] as const)
          runs[job].push(await measured(job, join(parent, `${job}${round}`)));
      }
      const of = (job: keyof typeof runs, what: keyof Measured) => median(runs[job].map((one) => one[what]));
      return [
        {
          ...{
            name: COPY,
            value: of('load', 'tookMs'),
            unit: 'ms',
          },
          baseline: { name: 'the records alone', value: of('rows', 'tookMs') },
          ...{ target: `≤ ${LOADED_MS_MAX} ms`, kept: of('load', 'tookMs') <= LOADED_MS_MAX },
        },
        {
          ...{ name: COPY_MEMORY, value: of('load', 'memoryMb'), unit: 'MB' },
          baseline: { name: 'a map of its rows', value: of('rows', 'memoryMb') },
          ...{ target: `≤ ${COPY_MB_MAX} MB`, kept: of('load', 'memoryMb') <= COPY_MB_MAX },
        },
        {
          ...{
            name: TAKEN_IN,
            value: of('intake', 'heldMs'),
            unit: 'ms',
          },
          baseline: { name: 'put into the copy at once, in memory alone', value: of('atOnce', 'heldMs') },
          ...{ target: `≤ ${HELD_MS_MAX} ms`, kept: of('intake', 'heldMs') <= HELD_MS_MAX },
        },
        {
          ...{ name: LET_GO, value: of('intake', 'goneHeldMs'), unit: 'ms' },
          baseline: { name: 'dropped from the copy at once', value: of('atOnce', 'goneHeldMs') },
          ...{ target: `≤ ${HELD_MS_MAX} ms`, kept: of('intake', 'goneHeldMs') <= HELD_MS_MAX },
        },
        { name: IN_ALL, value: of('intake', 'tookMs'), unit: 'ms' },
      ];
    } finally {
      rmSync(parent, { recursive: true });
    }
  },
};

async function measured(job: Job, directory: string): Promise<Measured> {
  const module = fileURLToPath(new URL('./large-host-process.ts', import.meta.url));
  const child = fork(module, [job, directory], { execArgv: ['--expose-gc'] });
  const [message] = (await once(child, 'message')) as [Measured];
  if (child.exitCode === null) await once(child, 'exit');
  return message;
}
