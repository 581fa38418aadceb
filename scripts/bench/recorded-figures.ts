// What the benchmarks have said, in a file beside them: of each figure its last run, with the machine and the moment. `npm run bench` writes it,
// and `npm run figures` makes the table of the README from it.
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
  /** The version that was measured, with a `+` behind it when files were changed since. Absent where there is no repository. */
  commit: z.string().optional(),
  rounds: z.int(),
  tookSeconds: z.int().optional(),
  machine: machineForm,
  figures: z.array(figureForm),
});
export type RecordedFigure = z.infer<typeof figureForm>;
export type RecordedRun = z.infer<typeof runForm>;

/** The runs, in the order in which they stand there. Throws when the file is none of ours. */
export function recordedRuns(): readonly RecordedRun[] {
  return existsSync(FILE) ? z.array(runForm).parse(JSON.parse(readFileSync(FILE, 'utf8'))) : [];
}

/** Writes a run down, in the place of what it has measured anew. `order`: all benchmarks, as the table shows them. */
export function recordRun(run: RecordedRun, order: readonly string[]): void {
  writeFileSync(FILE, `${JSON.stringify(withRun(recordedRuns(), run, order), null, 2)}\n`);
}

/** A run of one part of a benchmark leaves what an earlier run saw of the others. */
export function withRun(
  runs: readonly RecordedRun[],
  run: RecordedRun,
  order: readonly string[],
): readonly RecordedRun[] {
  const measured = new Set(run.figures.map(({ name }) => name));
  const kept = runs.map((earlier) =>
    earlier.benchmark === run.benchmark
      ? { ...earlier, figures: earlier.figures.filter(({ name }) => !measured.has(name)) }
      : earlier,
  );
  const placeOf = ({ benchmark }: RecordedRun) => order.indexOf(benchmark);
  return [...kept, run].filter(({ figures }) => figures.length > 0).sort((a, b) => placeOf(a) - placeOf(b));
}
