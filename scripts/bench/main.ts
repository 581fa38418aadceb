// `npm run bench [-- NAME…] [-- --rounds N] [-- --against DIR] [-- --full] [-- --of PART] [-- --keep DIR]`: runs the benchmarks, prints a table,
// and the same as one line of JSON at the end.
import { parseArgs } from 'node:util';
import { addressBenchmark } from './address.ts';
import { claimBenchmark } from './claims.ts';
import { copyBenchmark } from './copies.ts';
import { engineBenchmark } from './engines.ts';
import type { Benchmark, Figure } from './figure.ts';
import { growthBenchmark } from './growth.ts';
import { idleBenchmark } from './idle.ts';
import { largeHostBenchmark } from './large-host.ts';
import { lookupBenchmark } from './lookup.ts';
import { namesBenchmark } from './names.ts';
import { oldLogBenchmark } from './old-log.ts';
import { pageBenchmark } from './page.ts';
import { relayBenchmark } from './relays.ts';
import { sendBenchmark } from './send.ts';
import { signatureBenchmark } from './signature.ts';
import { startBenchmark } from './start.ts';
import { storeBenchmark } from './store.ts';
import { webhookBenchmark } from './webhooks.ts';

const BENCHMARKS: readonly Benchmark[] = [
  addressBenchmark,
  signatureBenchmark,
  storeBenchmark,
  lookupBenchmark,
  pageBenchmark,
  copyBenchmark,
  largeHostBenchmark,
  claimBenchmark,
  engineBenchmark,
  startBenchmark,
  oldLogBenchmark,
  namesBenchmark,
  sendBenchmark,
  idleBenchmark,
  relayBenchmark,
  webhookBenchmark,
  growthBenchmark,
];
const ROUNDS = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    against: { type: 'string' },
    full: { type: 'boolean' },
    of: { type: 'string' },
    keep: { type: 'string' },
  },
});
const chosen = BENCHMARKS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (chosen.length === 0)
  throw new Error(`There is no such benchmark. There are: ${BENCHMARKS.map(({ name }) => name).join(', ')}.`);

const results: { benchmark: string; figures: readonly Figure[] }[] = [];
for (const { name, run } of chosen) {
  const figures = await run(Number(values.rounds ?? ROUNDS), {
    against: values.against,
    full: values.full,
    of: values.of,
    keep: values.keep,
  });
  results.push({ benchmark: name, figures });
  console.log(`\n${name}`);
  for (const line of table(figures)) console.log(`  ${line}`);
}
console.log(`\n${JSON.stringify(results)}`);

function table(figures: readonly Figure[]): readonly string[] {
  const rows = figures.map(({ name, value, unit, baseline, target, kept }) => [
    name,
    `${round(value)} ${unit}`,
    baseline === undefined ? '' : `${baseline.name}: ${round(baseline.value)}`,
    baseline === undefined ? '' : `× ${round(value / baseline.value)}`,
    target === undefined ? '' : `${target} ${kept ? 'kept' : 'MISSED'}`,
  ]);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Three significant digits, thousands apart. */
function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en');
}
