// Which pages of an SQLite database its write-ahead log has. Format: sqlite.org/fileformat2.html, section 4.
import { closeSync, openSync, readSync } from 'node:fs';

const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/**
 * Pages in the log at `path`, those of frames that are over, too; none where there is no log. Whoever wants all that were written since the log was
 * emptied has to see to it that SQLite does not begin it anew meanwhile. Throws what the system says.
 */
export function pagesInLog(path: string, pageBytes: number): ReadonlySet<number> {
  const pages = new Set<number>();
  const file = openedLog(path);
  if (file === undefined) return pages;
  try {
    const header = Buffer.alloc(4);
    for (let at = LOG_HEADER_BYTES; readSync(file, header, 0, 4, at) === 4; at += FRAME_HEADER_BYTES + pageBytes)
      pages.add(header.readUInt32BE(0));
    return pages;
  } finally {
    closeSync(file);
  }
}

function openedLog(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
