#!/usr/bin/env node
// `npm run sim`: simulated meshes, thousands of them, each with its seed; or one of them, message by message.
import { parseArgs } from 'node:util';
import { CLAIM_MUTANTS } from '../test/support/claim-mutants.ts';
import { COLLECTING_MUTANTS } from '../test/support/collecting-mutants.ts';
import { FEED_MUTANTS } from '../test/support/feed-mutants.ts';
import { STORE_MUTANTS } from '../test/support/store-mutants.ts';
import { CI_RUNS, type Size, search } from './search.ts';

const HELP = `npm run sim                                what CI runs: 20,000 full, 250,000 micro, 3,000 beginnings, 4,000 collecting, 2,000 node, 600 feed, 300 relay, 3,000 store runs
npm run sim -- --full N --micro N ...      other sizes; also --beginnings, --collecting, --nodes, --feeds, --relays, --stores
npm run sim -- --seed N [--size micro]     one run (full unless said otherwise; micro, beginnings, collecting, nodes, feeds, relays, stores)
               [--trace]                   message by message
               [--mutant NAME]             with one rule broken; npm run mutants lists them`;

const SIZES: readonly Size[] = ['full', 'micro', 'beginnings', 'collecting', 'nodes', 'feeds', 'relays', 'stores'];
const SHOWN_MAX = 5;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    size: { type: 'string', default: 'full' },
    trace: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    full: { type: 'string', default: String(CI_RUNS.full) },
    micro: { type: 'string', default: String(CI_RUNS.micro) },
    beginnings: { type: 'string', default: String(CI_RUNS.beginnings) },
    collecting: { type: 'string', default: String(CI_RUNS.collecting) },
    nodes: { type: 'string', default: String(CI_RUNS.nodes) },
    feeds: { type: 'string', default: String(CI_RUNS.feeds) },
    relays: { type: 'string', default: String(CI_RUNS.relays) },
    stores: { type: 'string', default: String(CI_RUNS.stores) },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else if (values.seed === undefined)
  await runAll({
    full: Number(values.full),
    micro: Number(values.micro),
    beginnings: Number(values.beginnings),
    collecting: Number(values.collecting),
    nodes: Number(values.nodes),
    feeds: Number(values.feeds),
    relays: Number(values.relays),
    stores: Number(values.stores),
  });
else await runOne(Number(values.seed), SIZES.find((size) => size === values.size) ?? 'full');

async function runOne(seed: number, size: Size): Promise<void> {
  const mutant = [...CLAIM_MUTANTS, ...COLLECTING_MUTANTS, ...FEED_MUTANTS, ...STORE_MUTANTS].find(
    ({ name }) => name === values.mutant,
  );
  if (values.mutant !== undefined && mutant === undefined) {
    console.error(
      `There is no mutant '${values.mutant}'. There are: ${[...CLAIM_MUTANTS, ...COLLECTING_MUTANTS, ...FEED_MUTANTS, ...STORE_MUTANTS].map(({ name }) => name).join(', ')}.`,
    );
    process.exitCode = 2;
    return;
  }
  const only = { first: seed, last: seed };
  const { found } = await search(size, only, { mutant: mutant?.name, isTraced: values.trace });
  const troubles = found[0]?.troubles ?? [];
  console.log(`${size} run of seed ${seed}: ${troubles.length === 0 ? 'no violation' : 'VIOLATED'}`);
  for (const trouble of troubles) console.log(`  ${trouble}`);
  if (troubles.length > 0) process.exitCode = 1;
}

async function runAll(runs: Readonly<Record<Size, number>>): Promise<void> {
  for (const [size, last] of Object.entries(runs) as [Size, number][]) {
    const { runs: done, found, runsPerSecond } = await search(size, { first: 1, last });
    console.log(`${size}: ${done} runs, ${found.length} violations, ${Math.round(runsPerSecond)} runs/s`);
    for (const { seed, troubles } of found.slice(0, SHOWN_MAX)) {
      console.log(`  seed ${seed}: ${troubles[0]}`);
      console.log(`  replay: npm run sim -- --seed ${seed} --size ${size} --trace`);
    }
    if (found.length > 0) process.exitCode = 1;
  }
}
