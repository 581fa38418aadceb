// Every benchmark, in the order of the table, and whether one has measured what it says that it measures.
import { addressBenchmark } from './address.ts';
import { backupBenchmark } from './backup.ts';
import { claimBenchmark } from './claims.ts';
import { copyBenchmark } from './copies.ts';
import { engineBenchmark } from './engines.ts';
import { type Benchmark, type BenchmarkOptions, type Figure, namesOf } from './figure.ts';
import { formingBenchmark } from './formed-mesh.ts';
import { growthBenchmark } from './growth.ts';
import { idleBenchmark } from './idle.ts';
import { keyBenchmark } from './keys.ts';
import { largeHostBenchmark } from './large-host.ts';
import { lookupBenchmark } from './lookup.ts';
import { mailboxBenchmark } from './mailbox.ts';
import { mailboxOffBenchmark } from './mailbox-off.ts';
import { mailboxReadBenchmark } from './mailbox-read.ts';
import { mailboxSearchBenchmark } from './mailbox-search.ts';
import { metricsBenchmark } from './metrics.ts';
import { namesBenchmark } from './names.ts';
import { oldLogBenchmark } from './old-log.ts';
import { pageBenchmark } from './page.ts';
import { relayBenchmark } from './relays.ts';
import { sendBenchmark } from './send.ts';
import { signatureBenchmark } from './signature.ts';
import { startBenchmark } from './start.ts';
import { storeBenchmark } from './store.ts';
import { webhookBenchmark } from './webhooks.ts';

export const BENCHMARKS: readonly Benchmark[] = [
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
  mailboxSearchBenchmark,
  oldLogBenchmark,
  namesBenchmark,
  sendBenchmark,
  mailboxBenchmark,
  mailboxOffBenchmark,
  relayBenchmark,
  webhookBenchmark,
  idleBenchmark,
  formingBenchmark,
  growthBenchmark,
];

/** Those of these names, or all; without the excepted ones. Throws when there is none of such a name. */
export function chosenBenchmarks(names: readonly string[], excepted: readonly string[]): readonly Benchmark[] {
  const known = BENCHMARKS.map(({ name }) => name);
  const unknown = [...names, ...excepted].filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`There is no benchmark ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
  return BENCHMARKS.filter(({ name }) => (names.length === 0 || names.includes(name)) && !excepted.includes(name));
}

/** Whether it is a number, and what it stands beside, too. */
export function isTold({ value, baseline }: Figure): boolean {
  return Number.isFinite(value) && Number.isFinite(baseline?.value ?? 0);
}

/**
 * What of a run is not as the benchmark says, in a sentence; `undefined` when all is. A part of it, or sizes of somebody's own, are not held
 * against that.
 */
export function whyNotAsSaid(
  benchmark: Benchmark,
  measured: readonly Figure[],
  { full = false, of, sizes }: BenchmarkOptions,
): string | undefined {
  const names = measured.map(({ name }) => name);
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  if (twice.length > 0) return `'${benchmark.name}' measures '${twice[0]}' twice; each figure has a name of its own.`;
  const untold = measured.find((figure) => !isTold(figure));
  if (untold !== undefined) return `'${benchmark.name}' can't tell '${untold.name}': ${untold.value} ${untold.unit}.`;
  const said = namesOf(benchmark);
  const unsaid = sizes === undefined ? names.filter((name) => !said.includes(name)) : [];
  if (unsaid.length > 0) return `'${benchmark.name}' measures '${unsaid[0]}', which its list of figures does not say.`;
  const missing =
    full || of !== undefined || sizes !== undefined ? [] : benchmark.figures.filter((name) => !names.includes(name));
  return missing.length > 0 ? `'${benchmark.name}' says that it measures '${missing[0]}', and has not.` : undefined;
}
