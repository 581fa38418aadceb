// Whether memory and disk of the voters grow with how many names there ever were: distinct names, each claimed and released once, over three
// voters in one process. A name is collected a second after its release, where the product keeps it for ten minutes, so that a step ends with no
// register left. The most that the first names left behind, once collected, stands beside the most that all later ones leave: the log's files
// are all there by then. A -wal grows on, to where it begins anew, by half a megabyte for 100,000 names: it counts with that size from the
// beginning, or with a larger one.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { HostId } from '../../mesh/names.ts';
import { CHECKPOINT_PAGES } from '../../node/store/database.ts';
import { systemClock } from '../../node/system/clock.ts';
import type { Benchmark, Figure } from './figure.ts';
import { NamesMesh } from './names-mesh.ts';

const HOSTS = ['cloud', 'mac', 'mini'];
const NAMES = 50_000;
const NAMES_IN_FULL = 1_000_000;
/** Claimed and released first, so that the files have their size. */
const WARM_UP = 50_000;
const STEPS = 10;
const NAMES_AT_ONCE = 100;
/** Operations of each host under way. */
const UNDER_WAY = 3;
/** The first voter collects after a second, the others what it has missed after two and three. */
const COLLECTING = { afterMs: 1_000, everyMs: 500 };
const SETTLED_MS_MAX = 60_000;
const GROWTH_MAX = 1.1;

const WAL_BYTES = CHECKPOINT_PAGES * 4_096;
const MB = 1_048_576;

interface Measured {
  readonly memoryMb: number;
  readonly diskMb: number;
  /** What of it are the databases: names that are not collected would stay there. */
  readonly databaseMb: number;
}

export const namesBenchmark: Benchmark = {
  name: 'names',
  about:
    'Whether memory and disk of three voters, all in one process, grow with how many names there ever were: names that are claimed, released and collected, looked at after each tenth of them.',
  figures: [...namesAfter(WARM_UP), ...namesOfMore(NAMES)],
  figuresInFull: namesOfMore(NAMES_IN_FULL),
  async run(_rounds, { full = false } = {}) {
    await using mesh = await NamesMesh.open(await mkdtemp(join(tmpdir(), 'names-')), HOSTS, COLLECTING);
    const total = full ? NAMES_IN_FULL : NAMES;
    const empty = await measure(mesh);
    const before = await mostOf(mesh, 'before', WARM_UP);
    const after = await mostOf(mesh, 'step', total);
    return [
      ...figuresOf(namesAfter(WARM_UP), before, { name: 'none', measured: empty }),
      ...figuresOf(namesOfMore(total), after, { name: 'the most before them', measured: before }, GROWTH_MAX),
    ];
  },
};

const MEASURES = ['memoryMb', 'diskMb', 'databaseMb'] as const;
/** The most that is seen after each of ten parts: what waits in memory for the database is at times more and at times less. */
async function mostOf(mesh: NamesMesh, prefix: string, count: number): Promise<Measured> {
  const steps: Measured[] = [];
  for (let step = 1; step <= STEPS; step += 1) {
    await comeAndGo(mesh, `${prefix}-${step}`, count / STEPS);
    const seen = await measure(mesh);
    steps.push(seen);
    console.error(`names: ${step} of ${STEPS}: ${seen.memoryMb.toFixed(1)} and ${seen.diskMb.toFixed(1)} MB`);
  }
  const most = (what: keyof Measured) => Math.max(...steps.map((one) => one[what]));
  return { memoryMb: most('memoryMb'), diskMb: most('diskMb'), databaseMb: most('databaseMb') };
}

type Names = readonly [memory: string, disk: string, database: string];

function namesAfter(count: number): Names {
  const name = `${count.toLocaleString('en')} names claimed and released, the most of ${STEPS} steps`;
  return [`${name}: memory, of three hosts`, `${name}: disk, of three hosts`, `${name}: databases, of three hosts`];
}

function namesOfMore(count: number): Names {
  const name = `${count.toLocaleString('en')} more, the most of ${STEPS} steps`;
  return [`${name}: memory`, `${name}: disk`, `${name}: databases`];
}

async function comeAndGo(mesh: NamesMesh, prefix: string, count: number): Promise<void> {
  let next = 0;
  const run = async (host: HostId) => {
    while (next < count) {
      const first = next;
      next += NAMES_AT_ONCE;
      const names = Array.from({ length: NAMES_AT_ONCE }, (_, at) => `${prefix}-${first + at}@names.example`);
      await mesh.claimAndRelease(host, names);
    }
  };
  await Promise.all(mesh.hosts.flatMap((host) => Array.from({ length: UNDER_WAY }, () => run(host))));
  await untilCollected(mesh);
}

/** Throws when a name stays: it would be measured as growth. */
async function untilCollected(mesh: NamesMesh): Promise<void> {
  const untilMs = systemClock.monotonicMs() + SETTLED_MS_MAX;
  while (mesh.registers.some((left) => left > 0)) {
    if (systemClock.monotonicMs() > untilMs)
      throw new Error(`Registers of released names stay at the voters: ${mesh.registers.join(', ')}.`);
    await systemClock.sleep(COLLECTING.everyMs);
  }
}

async function measure(mesh: NamesMesh): Promise<Measured> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  const { database, wals, commitLog, notes } = await mesh.diskBytes();
  const told = { database, wal: sumOf(wals), commitLog, notes };
  console.error(
    Object.entries(told)
      .map(([what, bytes]) => `${what} ${(bytes / MB).toFixed(2)} MB`)
      .join(', '),
  );
  const disk = database + commitLog + notes + sumOf(wals.map((bytes) => Math.max(bytes, WAL_BYTES)));
  return { memoryMb: (heapUsed + external) / MB, diskMb: disk / MB, databaseMb: database / MB };
}

function figuresOf(
  names: Names,
  measured: Measured,
  beside: { readonly name: string; readonly measured: Measured },
  ratioMax?: number,
): Figure[] {
  return MEASURES.map((what, at) => {
    const value = measured[what];
    const baseline = { name: beside.name, value: beside.measured[what] };
    const promise =
      ratioMax === undefined ? {} : { target: `≤ ${ratioMax} ×`, kept: value <= ratioMax * baseline.value };
    return { name: names[at] ?? what, value, unit: 'MB', baseline, ...promise };
  });
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}
