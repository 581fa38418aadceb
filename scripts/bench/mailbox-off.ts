// What the mailbox costs a node that has none: a start without `--mailbox`, and the memory after it, beside the same program without the
// module's files; or beside the version whose checkout `--against` names, such as the last one before there was a mailbox. In turns, many times:
// two per cent are less than what two starts differ by.
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../../node/system/clock.ts';
import { type HostProcess, ProcessMesh } from '../host-process.ts';
import { type Benchmark, type Figure, median } from './figure.ts';
import { residentMbOf } from './grown-host.ts';
import { processCpuMs } from './idle-mesh.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** Starts of each side for each round that is asked for. */
const STARTS_PER_ROUND = 6;
/** After its ready line a node compacts its heap, once. */
const SETTLED_MS = 2_000;
const SHARE_MAX = 1.02;

interface Seen {
  /** CPU of the whole process until its ready line. */
  readonly cpuMs: number[];
  readonly readyMs: number[];
  readonly residentMb: number[];
}

const CPU = 'CPU of a start with the mailbox off';
const CLOCK = 'a start with the mailbox off, by the clock';
const MEMORY = 'resident memory with the mailbox off';

export const mailboxOffBenchmark: Benchmark = {
  name: 'mailbox-off',
  about:
    'What the mailbox costs a node that has none, beside the same program without its files: many starts in turns, and the middle of the ratios of two that came one after the other.',
  figures: [CPU, CLOCK, MEMORY],
  async run(rounds, { against } = {}) {
    await using tree = await treeWithoutMailbox();
    const beside = against === undefined ? tree.directory : resolve(against);
    const name = against === undefined ? 'without its files' : against;
    await using ours = await meshOf(ROOT);
    await using theirs = await meshOf(beside);
    const seen: { ours: Seen; theirs: Seen } = { ours: nothing(), theirs: nothing() };
    // The first of each finds nothing compiled.
    for (const mesh of [ours, theirs]) await startOnce(mesh.host('mac'), nothing());
    for (let start = 0; start < rounds * STARTS_PER_ROUND; start += 1)
      for (const side of start % 2 === 0 ? (['ours', 'theirs'] as const) : (['theirs', 'ours'] as const))
        await startOnce((side === 'ours' ? ours : theirs).host('mac'), seen[side]);
    return [
      figure(CPU, 'ms', name, seen.ours.cpuMs, seen.theirs.cpuMs),
      figure(CLOCK, 'ms', name, seen.ours.readyMs, seen.theirs.readyMs),
      figure(MEMORY, 'MB', name, seen.ours.residentMb, seen.theirs.residentMb),
    ];
  },
};

/** The middle of the ratios of starts that came one after the other decides: the machine was as busy for both. */
function figure(
  name: string,
  unit: string,
  beside: string,
  ours: readonly number[],
  theirs: readonly number[],
): Figure {
  const ratio = median(ours.map((value, at) => value / (theirs[at] ?? Number.NaN)));
  const baseline = median(theirs);
  return {
    ...{ name, value: ratio * baseline, unit, baseline: { name: beside, value: baseline } },
    ...{ target: `≤ ${SHARE_MAX} ×`, kept: ratio <= SHARE_MAX },
  };
}

function nothing(): Seen {
  return { cpuMs: [], readyMs: [], residentMb: [] };
}

async function startOnce(host: HostProcess, seen: Seen): Promise<void> {
  const sinceMs = performance.now();
  await host.start();
  seen.readyMs.push(performance.now() - sinceMs);
  seen.cpuMs.push(await processCpuMs(host.pid));
  await systemClock.sleep(SETTLED_MS);
  seen.residentMb.push(await residentMbOf(host.pid));
  await host.stop();
}

function meshOf(directory: string): Promise<ProcessMesh> {
  const main = join(directory, 'node', 'main.ts');
  return ProcessMesh.create([{ id: 'mac' }], { flags: ['--log-level', 'error'], main });
}

/** A copy of this program in which the module's files are not there. */
async function treeWithoutMailbox(): Promise<AsyncDisposable & { readonly directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'mesh-bench-tree-'));
  const module = join(ROOT, 'node', 'mailbox');
  for (const name of ['mesh', 'node', 'package.json'])
    await cp(join(ROOT, name), join(directory, name), { recursive: true, filter: (path) => path !== module });
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}
