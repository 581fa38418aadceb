// The process and its data directory in numbers. One node a process has them: some are the process's own.
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { collectDefaultMetrics } from 'prom-client';
import type { MachineMeasures } from './machine-measures.ts';
import type { Measure } from './measure.ts';

/** How often it is looked how late the event loop is: often enough to see it stall, seldom enough to let an idle machine sleep. */
const LOOP_LOOK_MS = 50;
/** The files of the data directory by what they are for, the first that fits. */
const FILES: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['database', /^mesh\.sqlite$/],
  ['wal', /^mesh\.sqlite-wal$/],
  ['commit_log', /^mesh\.commit-log-\d$/],
];

/** `directory`: the data directory. `more`: measures of other real ports. */
export function processMeasures(directory: string, more: readonly Measure[]): MachineMeasures {
  return {
    measures: [
      ...more,
      {
        kind: 'gauge',
        name: 'mesh_data_bytes',
        help: 'Octets of the files of the data directory, by what they are for.',
        label: 'file',
        read: () => fileSizes(directory),
      },
      {
        kind: 'gauge',
        name: 'mesh_disk_free_bytes',
        help: 'Octets that are free on the disk of the data directory, for this user.',
        read: async () => {
          const { bavail, bsize } = await statfs(directory);
          return bavail * bsize;
        },
      },
      {
        kind: 'gauge',
        name: 'mesh_disk_bytes',
        help: 'Octets of the disk of the data directory.',
        read: async () => {
          const { blocks, bsize } = await statfs(directory);
          return blocks * bsize;
        },
      },
    ],
    addMetrics: (register) => collectDefaultMetrics({ register, eventLoopMonitoringPrecision: LOOP_LOOK_MS }),
  };
}

async function fileSizes(directory: string): Promise<readonly (readonly [what: string, bytes: number])[]> {
  const names = await readdir(directory);
  return Promise.all(
    FILES.map(async ([what, pattern]) => {
      const sizes = await Promise.all(
        names.filter((name) => pattern.test(name)).map((name) => sizeOf(join(directory, name))),
      );
      return [what, sizes.reduce((sum, bytes) => sum + bytes, 0)] as const;
    }),
  );
}

/** 0 for a file that has just gone. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
