// Whether memory and disk of the voters grow with how many names there ever were: distinct names, each claimed and released once, over three
// voters in one process. Once as many are released as a voter keeps, nothing may grow any more: that is what every later step stands beside.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RELEASED_KEPT_MAX } from '../../mesh/claims/collection.ts';
import type { HostId } from '../../mesh/names.ts';
import { systemClock } from '../../node/system/clock.ts';
import type { Benchmark, Figure } from './figure.ts';
import { NamesMesh } from './names-mesh.ts';

const HOSTS = ['cloud', 'mac', 'mini'];
const NAMES = 50_000;
const NAMES_IN_FULL = 1_000_000;
/** Claimed and released first: the kept ones, and as many again, so that the files have their size. */
const WARM_UP = 2 * RELEASED_KEPT_MAX;
const STEPS = 10;
const NAMES_AT_ONCE = 100;
/** Operations of each host under way. */
const UNDER_WAY = 3;
/** The product looks once a minute, which is an age at this pace. */
const COLLECT_EVERY_MS = 1_000;
/** Registers that the first voter keeps, and what is left meanwhile of claims that were cut short. */
const KEPT_MAX = RELEASED_KEPT_MAX + 10 * NAMES_AT_ONCE;
const SETTLED_MS_MAX = 300_000;
const GROWTH_MAX = 1.1;

interface Measured {
  readonly memoryMb: number;
  readonly diskMb: number;
}

export const namesBenchmark: Benchmark = {
  name: 'names',
  async run(_rounds, { full = false } = {}) {
    await using mesh = await NamesMesh.open(await mkdtemp(join(tmpdir(), 'names-')), HOSTS, COLLECT_EVERY_MS);
    const total = full ? NAMES_IN_FULL : NAMES;
    const empty = await measure(mesh);
    await comeAndGo(mesh, 'before', WARM_UP);
    const start = await measure(mesh);
    const figures: Figure[] = figuresOf(
      `the ${RELEASED_KEPT_MAX.toLocaleString('en')} released names that are kept`,
      start,
      {
        name: 'none',
        measured: empty,
      },
    );
    for (let step = 1; step <= STEPS; step += 1) {
      await comeAndGo(mesh, `step-${step}`, total / STEPS);
      const name = `${((step * total) / STEPS).toLocaleString('en')} names claimed and released`;
      figures.push(...figuresOf(name, await measure(mesh), { name: 'at the start', measured: start }, GROWTH_MAX));
      console.log(
        figures
          .slice(-2)
          .map(({ name: what, value, unit }) => `  ${what}: ${value.toFixed(1)} ${unit}`)
          .join('\n'),
      );
    }
    return figures;
  },
};

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
  const untilMs = systemClock.monotonicMs() + SETTLED_MS_MAX;
  while (mesh.registers > KEPT_MAX && systemClock.monotonicMs() < untilMs) await systemClock.sleep(COLLECT_EVERY_MS);
}

async function measure(mesh: NamesMesh): Promise<Measured> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return { memoryMb: (heapUsed + external) / 1_048_576, diskMb: (await mesh.diskBytes()) / 1_048_576 };
}

function figuresOf(
  name: string,
  measured: Measured,
  beside: { readonly name: string; readonly measured: Measured },
  ratioMax?: number,
): Figure[] {
  return (['memory', 'disk'] as const).map((what) => {
    const value = measured[`${what}Mb`];
    const baseline = { name: beside.name, value: beside.measured[`${what}Mb`] };
    const promise =
      ratioMax === undefined ? {} : { target: `≤ ${ratioMax} ×`, kept: value <= ratioMax * baseline.value };
    return { name: `${name}: ${what}, of three hosts`, value, unit: 'MB', baseline, ...promise };
  });
}
