// `npm run bench [-- NAME…] [-- --rounds N] [-- --against DIR] [-- --full] [-- --of PART [--sizes N,…]] [-- --keep DIR]`: runs the benchmarks, prints a table,
// notes each figure in figures.json, for `npm run figures`, and ends with one line of JSON.
import { parseArgs } from 'node:util';
import { addressBenchmark } from './address.ts';
import { backupBenchmark } from './backup.ts';
import { claimBenchmark } from './claims.ts';
import { copyBenchmark } from './copies.ts';
import { engineBenchmark } from './engines.ts';
import type { Benchmark, Figure } from './figure.ts';
import { terminalTable } from './figure-table.ts';
import { formingBenchmark } from './formed-mesh.ts';
import { growthBenchmark } from './growth.ts';
import { idleBenchmark } from './idle.ts';
import { keyBenchmark } from './keys.ts';
import { largeHostBenchmark } from './large-host.ts';
import { lookupBenchmark } from './lookup.ts';
import { thisMachine } from './machine.ts';
import { mailboxBenchmark } from './mailbox.ts';
import { mailboxOffBenchmark } from './mailbox-off.ts';
import { mailboxReadBenchmark } from './mailbox-read.ts';
import { metricsBenchmark } from './metrics.ts';
import { namesBenchmark } from './names.ts';
import { oldLogBenchmark } from './old-log.ts';
import { pageBenchmark } from './page.ts';
import { recordRun } from './recorded-figures.ts';
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
  keyBenchmark,
  metricsBenchmark,
  pageBenchmark,
  copyBenchmark,
  largeHostBenchmark,
  claimBenchmark,
  engineBenchmark,
  startBenchmark,
  backupBenchmark,
  mailboxReadBenchmark,
  oldLogBenchmark,
  namesBenchmark,
  sendBenchmark,
  mailboxBenchmark,
  mailboxOffBenchmark,
  idleBenchmark,
  formingBenchmark,
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
    sizes: { type: 'string' },
    keep: { type: 'string' },
  },
});
const chosen = BENCHMARKS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (chosen.length === 0)
  throw new Error(`There is no such benchmark. There are: ${BENCHMARKS.map(({ name }) => name).join(', ')}.`);

const results: { benchmark: string; figures: readonly Figure[] }[] = [];
for (const { name, run } of chosen) {
  const machine = thisMachine();
  const rounds = Number(values.rounds ?? ROUNDS);
  const figures = await run(rounds, {
    against: values.against,
    full: values.full,
    of: values.of,
    sizes: values.sizes?.split(',').map(Number),
    keep: values.keep,
  });
  results.push({ benchmark: name, figures });
  const order = BENCHMARKS.map((one) => one.name);
  recordRun({ benchmark: name, at: new Date().toISOString(), rounds, machine, figures: [...figures] }, order);
  console.log(`\n${name}`);
  for (const line of terminalTable(figures)) console.log(`  ${line}`);
}
console.log(`\n${JSON.stringify(results)}`);
