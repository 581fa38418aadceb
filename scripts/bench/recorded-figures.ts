// What the benchmarks have said, in a file beside them: of each its last run, with the machine and the moment. `npm run bench` writes it, and
// `npm run figures` makes the table of the README from it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { machineForm } from './machine.ts';

const FILE = join(import.meta.dirname, 'figures.json');

const figureForm = z.object({
  name: z.string(),
  value: z.number(),
  unit: z.string(),
  baseline: z.object({ name: z.string(), value: z.number() }).optional(),
  target: z.string().optional(),
  kept: z.boolean().optional(),
});
const runForm = z.object({
  benchmark: z.string(),
  /** ISO 8601, UTC. */
  at: z.iso.datetime(),
  rounds: z.int(),
  machine: machineForm,
  figures: z.array(figureForm),
});
export type RecordedFigure = z.infer<typeof figureForm>;
export type RecordedRun = z.infer<typeof runForm>;

/** The runs, in the order in which they stand there. Throws when the file is none of ours. */
export function recordedRuns(): readonly RecordedRun[] {
  return existsSync(FILE) ? z.array(runForm).parse(JSON.parse(readFileSync(FILE, 'utf8'))) : [];
}

/** Puts a run in the place of the benchmark's last one. `order`: all benchmarks, as the table shows them. */
export function recordRun(run: RecordedRun, order: readonly string[]): void {
  const others = recordedRuns().filter(({ benchmark }) => benchmark !== run.benchmark);
  const placeOf = ({ benchmark }: RecordedRun) => order.indexOf(benchmark);
  const runs = [...others, run].sort((a, b) => placeOf(a) - placeOf(b));
  writeFileSync(FILE, `${JSON.stringify(runs, null, 2)}\n`);
}
