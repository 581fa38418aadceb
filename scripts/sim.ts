#!/usr/bin/env node
// `npm run sim`: simulated meshes, thousands of them, each with its seed; or one of them, message by message.
import { parseArgs } from 'node:util';
import { full, micro } from '../test/support/claim-lives.ts';
import { MUTANTS } from '../test/support/claim-mutants.ts';
import { type Size, search } from './search.ts';

const HELP = `npm run sim                                the size that CI runs: 20,000 full and 250,000 micro runs
npm run sim -- --full N --micro N          other sizes
npm run sim -- --seed N [--size micro]     one run (full unless said otherwise)
               [--trace]                   message by message
               [--mutant NAME]             with one rule broken; npm run mutants lists them`;

/** What CI runs: about five times the seeds that the rarest mutant needs (npm run mutants). */
const FULL_RUNS = 20_000;
const MICRO_RUNS = 250_000;
const SHOWN_MAX = 5;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    size: { type: 'string', default: 'full' },
    trace: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    full: { type: 'string', default: String(FULL_RUNS) },
    micro: { type: 'string', default: String(MICRO_RUNS) },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else if (values.seed === undefined) await runAll(Number(values.full), Number(values.micro));
else runOne(Number(values.seed), values.size === 'micro' ? 'micro' : 'full');

function runOne(seed: number, size: Size): void {
  const mutant = MUTANTS.find(({ name }) => name === values.mutant);
  if (values.mutant !== undefined && mutant === undefined) {
    console.error(`There is no mutant '${values.mutant}'. There are: ${MUTANTS.map(({ name }) => name).join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  const trace = values.trace ? { trace: (line: string) => console.log(line) } : {};
  const troubles = { full, micro }[size](seed, { ...mutant?.options(), ...trace });
  console.log(`${size} run of seed ${seed}: ${troubles.length === 0 ? 'no violation' : 'VIOLATED'}`);
  for (const trouble of troubles) console.log(`  ${trouble}`);
  if (troubles.length > 0) process.exitCode = 1;
}

async function runAll(fullRuns: number, microRuns: number): Promise<void> {
  for (const [size, last] of [
    ['full', fullRuns],
    ['micro', microRuns],
  ] as const) {
    const { runs, found, runsPerSecond } = await search(size, { first: 1, last });
    console.log(`${size}: ${runs} runs, ${found.length} violations, ${Math.round(runsPerSecond)} runs/s`);
    for (const { seed, troubles } of found.slice(0, SHOWN_MAX)) {
      console.log(`  seed ${seed}: ${troubles[0]}`);
      console.log(`  replay: npm run sim -- --seed ${seed} --size ${size} --trace`);
    }
    if (found.length > 0) process.exitCode = 1;
  }
}
