// Whether the disk of the data directory has room.
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Examination } from '../examination.ts';
import { type Finding, word } from '../fault.ts';

/** The commit log, the write-ahead log of SQLite, and what an hour of changes takes. */
const FREE_BYTES_MIN = 100 * 1_024 * 1_024;

export function checkDiskSpace({ directory }: Examination): readonly Finding[] {
  let at = directory;
  while (!existsSync(at) && at !== dirname(at)) at = dirname(at);
  const { bavail, bsize } = statfsSync(at);
  const freeBytes = bavail * bsize;
  if (freeBytes >= FREE_BYTES_MIN) return [];
  return [
    {
      check: 'disk-space',
      what: `The disk of ${directory} has ${Math.floor(freeBytes / (1_024 * 1_024))} MiB left; a node wants ${FREE_BYTES_MIN / (1_024 * 1_024)}.`,
      meaning:
        'A node that can not write stops, and does not start again before there is room. Nothing acknowledged is lost.',
      mend: `du -x -a ${word(at)} | sort -n | tail -20`,
      where: 'here: it lists what is largest; delete what is not of the mesh, or give the node a larger disk (--data)',
    },
  ];
}
