// The machine that figures were seen on, and the version that was measured: whoever reads them elsewhere judges by it what travels.
import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { median } from './figure.ts';

export const machineForm = z.object({
  cpu: z.string(),
  cores: z.int(),
  memoryGiB: z.number(),
  system: z.string(),
  node: z.string(),
  /** One write of 4 KiB and its sync, the median. */
  diskSyncMs: z.number(),
  /** How many wanted a core in the minute before. */
  load: z.number(),
});
export type Machine = z.infer<typeof machineForm>;

const SYNCS = 100;
const WRITE_BYTES = 4_096;

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    node: process.version,
    diskSyncMs: Number(diskSyncMs().toPrecision(2)),
    load: Number((loadavg()[0] ?? 0).toFixed(1)),
  };
}

/** The commit of this checkout, abbreviated; a `+` behind it: files were changed since. `undefined` where there is no repository. */
export function thisCommit(): string | undefined {
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    // Figures that this run has noted itself are no change of what it measures.
    const changed = git(
      'status',
      '--porcelain',
      '--untracked-files=no',
      '--',
      ':/',
      ':(exclude,top)scripts/bench/figures.json',
    );
    return git('rev-parse', '--short=8', 'HEAD') + (changed === '' ? '' : '+');
  } catch {
    // A packed copy, or a machine without git.
    return undefined;
  }
}

function diskSyncMs(): number {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-sync-'));
  const file = openSync(join(directory, 'file'), 'w');
  const octets = Buffer.alloc(WRITE_BYTES, 1);
  const tookMs = Array.from({ length: SYNCS }, () => {
    const sinceMs = performance.now();
    writeSync(file, octets);
    fdatasyncSync(file);
    return performance.now() - sinceMs;
  });
  closeSync(file);
  rmSync(directory, { recursive: true });
  return median(tookMs);
}
