// How each cost grows with its work: addresses, hosts, subscriptions, entries of the log. A figure stands beside that of the size before it. What
// an operation costs may not grow at all, and what a whole holds or begins with no faster than its size; what does is named.
import { systemClock } from '../../node/system/clock.ts';
import { ProcessMesh } from '../host-process.ts';
import { type Benchmark, type Figure, median } from './figure.ts';
import { terminalTable } from './figure-table.ts';
import { type Grown, lookAt, residentMbOf } from './grown-host.ts';
import { OWN_CODE, processCpuMs, startIdleMesh } from './idle-mesh.ts';
import { recoverFromLoad } from './loaded-mesh.ts';
import { fill } from './start.ts';
import { startReceivers } from './webhook-receivers.ts';
import { WebhookSender } from './webhook-sender.ts';

interface Sizes {
  readonly addresses: readonly number[];
  readonly hosts: readonly number[];
  readonly subscriptions: readonly number[];
  readonly entries: readonly number[];
  /** Hosts of a mesh whose machine is kept busy for a while. */
  readonly load: readonly number[];
  /** How long a host is left alone before it is looked at, and while its idle cost is measured. */
  readonly settledMs: number;
  readonly idleMs: number;
}

const SMALL: Sizes = {
  addresses: [1_000, 10_000],
  hosts: [3, 60],
  subscriptions: [1, 10, 100],
  entries: [1_000, 100_000],
  load: [30],
  settledMs: 20_000,
  idleMs: 20_000,
};
const FULL: Sizes = {
  addresses: [1_000, 10_000, 100_000, 1_000_000],
  hosts: [3, 30, 100, 300, 1_000],
  // As many as a node takes.
  subscriptions: [1, 10, 100],
  entries: [1_000, 100_000, 1_000_000, 5_000_000],
  load: [30, 100, 300],
  settledMs: 120_000,
  idleMs: 60_000,
};

/** `as its work`: twice as much for twice the size. `not`: the same at any size. */
type Growth = 'as its work' | 'not';

interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly grows: Growth;
  readonly value: number;
  /** What is promised of it at this size, where that is a number of its own. */
  readonly max?: number | undefined;
}

/** What noise may make of a cost that grows as it should. */
const NOISE = 1.5;
const VOTERS = 3;
/** Deliveries of one measurement, and changes at least: what each subscription costs by itself is not what a delivery does. */
const DELIVERIES = 2_000;
const CHANGES_MIN = 100;
/** What is measured of one host, whatever grows. */
const OF_HOST = ['resident memory', 'idle, one core', 'idle, read and written', 'CPU of a look-up', 'a claim, p50'];
/** What a host that does not vote costs at most while nobody does anything, by how many there are: percent of one core, KiB a second. */
const IDLE_MAX: Readonly<Record<number, { readonly core: number; readonly kib?: number }>> = {
  300: { core: 3, kib: 40 },
  1000: { core: 5 },
};
/** After a load nobody is taken for gone that is there, and everybody is found again within a minute. */
const FOUND_AGAIN_MS_MAX = 60_000;
const HOST = [{ id: 'mac' }] as const;
const QUIET = { flags: ['--log-level', 'error'] } as const;

export const growthBenchmark: Benchmark = {
  name: 'growth',
  about:
    'How each cost grows with its work: addresses, hosts, subscriptions, entries of the log, each figure beside that of the size before it. What an operation costs may not grow, what a whole holds or begins with no faster than its size, each by half at most for noise. Of more than 50 hosts, whole nodes are the measured one, the three that vote and its two neighbours; the others answer greetings and questions about their logs, and ask nobody.',
  figures: namesOfSizes(SMALL),
  figuresInFull: namesOfSizes(FULL),
  async run(rounds, { full = false, of, sizes: asked } = {}) {
    const sizes = full ? FULL : SMALL;
    const chosenOr = (ours: readonly number[]) => asked ?? ours;
    const parts: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
      addresses: () => grown('addresses', chosenOr(sizes.addresses), (count) => measureAddresses(count, rounds, sizes)),
      hosts: () => grown('hosts', chosenOr(sizes.hosts), (count) => measureHosts(count, sizes)),
      subscriptions: () => grown('subscriptions', chosenOr(sizes.subscriptions), measureSubscriptions),
      entries: () => grown('entries of the log', chosenOr(sizes.entries), (count) => measureLog(count, rounds)),
      load: () => grown('hosts after a load', chosenOr(sizes.load), (count) => measureLoad(count)),
    };
    const chosen = Object.entries(parts).filter(([part]) => of === undefined || part === of);
    if (chosen.length === 0)
      throw new Error(`'growth' has no part '${of}'. There are: ${Object.keys(parts).join(', ')}.`);
    const figures: Figure[] = [];
    for (const [, measure] of chosen) figures.push(...(await measure()));
    return figures;
  },
};

/** In the order in which they are measured. */
function namesOfSizes({ addresses, hosts, subscriptions, entries, load }: Sizes): readonly string[] {
  const of = (what: string, sizes: readonly number[], measures: readonly string[]) =>
    sizes.flatMap((size) => measures.map((measure) => `${count(size)} ${what}, ${measure}`));
  return [
    ...of('addresses', addresses, ['start', ...OF_HOST]),
    ...of('hosts', hosts, ['all found', ...OF_HOST]),
    ...of('subscriptions', subscriptions, ['CPU of a delivery', 'one delivery']),
    ...of('entries of the log', entries, ['start', 'resident memory']),
    ...of('hosts after a load', load, ['taken for gone', 'all found again']),
  ];
}

/** Each measure at each size, beside the size before, and said as soon as it is there. A size that this machine does not bear ends its part. */
async function grown(
  of: string,
  sizes: readonly number[],
  measure: (size: number) => Promise<readonly Measure[]>,
): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  let before: { readonly size: number; readonly measures: readonly Measure[] } | undefined;
  for (const size of sizes) {
    const name = `${count(size)} ${of}`;
    const measures = await measure(size).catch((error: Error) => error);
    if (measures instanceof Error) {
      console.error(`growth: ${name}: not measured, nor anything larger: ${measures.message}`);
      break;
    }
    const some = measures.map((one, at) => figureOf(name, one, before?.measures[at], size / (before?.size ?? size)));
    for (const line of terminalTable(some)) console.error(`growth: ${line}`);
    figures.push(...some);
    before = { size, measures };
  }
  return figures;
}

/** `work`: how many times as much as before. */
function figureOf(
  size: string,
  { name, unit, grows, value, max }: Measure,
  before: Measure | undefined,
  work: number,
): Figure {
  const figure: Figure = { name: `${size}, ${name}`, value, unit };
  // Nothing is a multiple of nothing.
  const beside =
    before === undefined || before.value === 0 ? {} : { baseline: { name: 'the size before', value: before.value } };
  if (max !== undefined)
    return { ...figure, ...beside, target: `≤ ${count(max)} ${unit}`.trimEnd(), kept: value <= max };
  if (before === undefined) return figure;
  const may = NOISE * (grows === 'not' ? 1 : work);
  const target = grows === 'not' ? 'does not grow' : 'grows no faster than its work';
  return { ...figure, ...beside, target, kept: value <= may * before.value };
}

function count(size: number): string {
  return size.toLocaleString('en');
}

async function measureAddresses(
  addresses: number,
  rounds: number,
  { settledMs, idleMs }: Sizes,
): Promise<readonly Measure[]> {
  await using mesh = await ProcessMesh.create(HOST, QUIET);
  const host = mesh.host('mac');
  await fill(host.dataDirectory, addresses);
  const startMs = await startedMs(mesh, rounds);
  await systemClock.sleep(settledMs);
  return [
    { name: 'start', unit: 'ms', grows: 'as its work', value: startMs },
    ...measuresOf(await lookAt(host, idleMs)),
  ];
}

/** The measured host votes in a mesh of three; in larger ones three others do. */
async function measureHosts(hosts: number, { settledMs, idleMs }: Sizes): Promise<readonly Measure[]> {
  const sinceMs = systemClock.monotonicMs();
  await using mesh = await startIdleMesh(OWN_CODE, hosts, hosts <= VOTERS);
  const foundMs = systemClock.monotonicMs() - sinceMs;
  await systemClock.sleep(settledMs);
  const seen = await lookAt(mesh.measured, idleMs);
  return [
    { name: 'all found', unit: 'ms', grows: 'as its work', value: foundMs },
    ...measuresOf(seen, IDLE_MAX[hosts]),
  ];
}

/** Three other hosts vote in a mesh of more than three. */
async function measureLoad(hosts: number): Promise<readonly Measure[]> {
  await using mesh = await startIdleMesh(OWN_CODE, hosts, hosts <= VOTERS);
  const { missing, tookMs } = await recoverFromLoad(mesh, hosts - 1);
  return [
    { name: 'taken for gone', unit: '', grows: 'not', value: missing, max: 0 },
    { name: 'all found again', unit: 'ms', grows: 'not', value: tookMs, max: FOUND_AGAIN_MS_MAX },
  ];
}

function measuresOf(
  { residentMb, lookUpCpuUs, claimMs, idleShare, idleKibPerSecond }: Grown,
  max: (typeof IDLE_MAX)[number] | undefined = undefined,
): readonly Measure[] {
  return [
    { name: 'resident memory', unit: 'MB', grows: 'as its work', value: residentMb },
    { name: 'idle, one core', unit: '%', grows: 'as its work', value: idleShare, max: max?.core },
    { name: 'idle, read and written', unit: 'KiB/s', grows: 'as its work', value: idleKibPerSecond, max: max?.kib },
    { name: 'CPU of a look-up', unit: 'µs', grows: 'not', value: lookUpCpuUs },
    { name: 'a claim, p50', unit: 'ms', grows: 'not', value: claimMs },
  ];
}

/** From the process's birth to its ready line, in the middle; the host runs then. */
async function startedMs(mesh: ProcessMesh, rounds: number): Promise<number> {
  const host = mesh.host('mac');
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await host.stop();
    const sinceMs = performance.now();
    await host.start();
    times.push(performance.now() - sinceMs);
  }
  return median(times);
}

/** The receivers are one process of their own. */
async function measureSubscriptions(subscriptions: number): Promise<readonly Measure[]> {
  await using receivers = await startReceivers(subscriptions);
  await using sender = await WebhookSender.open();
  const changes = Math.max(CHANGES_MIN, Math.ceil(DELIVERIES / subscriptions));
  for (const url of receivers.urls) await sender.subscribe(url);
  sender.start();
  const drain = async () => {
    const received = receivers.expect(
      changes,
      receivers.urls.map(() => 'well'),
    );
    const [sinceMs, cpuMs] = [performance.now(), await processCpuMs(process.pid)];
    await sender.appendMany(changes);
    await received;
    return { tookMs: performance.now() - sinceMs, cpuMs: (await processCpuMs(process.pid)) - cpuMs };
  };
  await drain();
  const { tookMs, cpuMs } = await drain();
  const deliveries = changes * subscriptions;
  return [
    { name: 'CPU of a delivery', unit: 'µs', grows: 'not', value: (1_000 * cpuMs) / deliveries },
    { name: 'one delivery', unit: 'µs', grows: 'not', value: (1_000 * tookMs) / deliveries },
  ];
}

async function measureLog(entries: number, rounds: number): Promise<readonly Measure[]> {
  await using mesh = await ProcessMesh.create(HOST, QUIET);
  const host = mesh.host('mac');
  {
    await using log = await WebhookSender.open(host.dataDirectory);
    await log.appendMany(entries);
  }
  const startMs = await startedMs(mesh, rounds);
  return [
    { name: 'start', unit: 'ms', grows: 'not', value: startMs },
    { name: 'resident memory', unit: 'MB', grows: 'not', value: await residentMbOf(host.pid) },
  ];
}
