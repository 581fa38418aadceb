// `npm run bench [-- NAME…] [-- --except NAME,…] [-- --rounds N] [-- --against DIR] [-- --full] [-- --of PART [--sizes N,…]] [-- --keep DIR]`: runs
// the benchmarks, each in a process of its own, so that none bears what another has left. Each notes its figures in figures.json as soon as it is
// over, for `npm run figures`. Then there is one table of them all, and one line of JSON. One that fails is told of, and the others go on; the exit
// code is 1 then.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { BENCHMARKS, chosenBenchmarks, isTold, whyNotAsSaid } from './benchmarks.ts';
import { type Benchmark, namesOf } from './figure.ts';
import { terminalTable } from './figure-table.ts';
import { thisCommit, thisMachine } from './machine.ts';
import { recordedRuns, recordRun } from './recorded-figures.ts';

const ROUNDS = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    except: { type: 'string' },
    rounds: { type: 'string' },
    against: { type: 'string' },
    full: { type: 'boolean' },
    of: { type: 'string' },
    sizes: { type: 'string' },
    keep: { type: 'string' },
  },
});
const rounds = Number(values.rounds ?? ROUNDS);
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error(`'--rounds ${values.rounds}': expected 1 or more.`);
const { against, full, of, keep } = values;
const options = { against, full, of, keep, sizes: values.sizes?.split(',').map(Number) };
const chosen = chosenBenchmarks(positionals, values.except?.split(',') ?? []);

const [only] = chosen;
if (process.send !== undefined && chosen.length === 1 && only !== undefined) await measure(only);
else await measureAll();

/** Each in a process of its own, one after the other. */
async function measureAll(): Promise<void> {
  const begun = new Date().toISOString();
  for (const { name } of chosen) {
    const own = Object.entries(values).flatMap(([flag, value]) => {
      if (flag === 'except' || value === undefined) return [];
      return typeof value === 'boolean' ? [`--${flag}`] : [`--${flag}`, value];
    });
    const [code] = await once(fork(import.meta.filename, [name, ...own]), 'exit');
    if (code === 0) continue;
    console.error(`${name}: failed (${code}).`);
    process.exitCode = 1;
  }
  const names = chosen.map(({ name }) => name);
  const results = recordedRuns().filter(({ benchmark, at }) => names.includes(benchmark) && at >= begun);
  for (const { benchmark, figures, tookSeconds } of results) {
    console.log(`\n${benchmark}, ${tookSeconds} s`);
    for (const line of terminalTable(figures)) console.log(`  ${line}`);
  }
  console.log(`\n${JSON.stringify(results.map(({ benchmark, figures }) => ({ benchmark, figures })))}`);
}

/** Notes what could be measured; throws when that is not all of what the benchmark says. */
async function measure(benchmark: Benchmark): Promise<void> {
  const [machine, sinceMs] = [thisMachine(), performance.now()];
  const figures = await benchmark.run(rounds, options);
  const tookSeconds = Math.round((performance.now() - sinceMs) / 1_000);
  console.error(`${benchmark.name}: ${tookSeconds} s`);
  const told = figures.filter(isTold);
  const run = {
    benchmark: benchmark.name,
    at: new Date().toISOString(),
    commit: thisCommit(),
    rounds,
    tookSeconds,
    machine,
  };
  // What was measured at sizes of somebody's own may have no row in the table.
  const named = namesOf(benchmark);
  const [rows, others] = [
    told.filter(({ name }) => named.includes(name)),
    told.filter(({ name }) => !named.includes(name)),
  ];
  recordRun(
    { ...run, figures: rows },
    BENCHMARKS.map(({ name }) => name),
  );
  for (const line of terminalTable(others)) console.log(line);
  const fault = whyNotAsSaid(benchmark, figures, options);
  if (fault !== undefined) throw new Error(fault);
}
