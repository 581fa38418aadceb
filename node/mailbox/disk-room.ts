// Whether the disk has room for more mail. What stays free is for the node itself, and for deleting mail.
import { statfs } from 'node:fs/promises';
import type { Clock } from '../../mesh/ports.ts';

/** Milliseconds for which the room on the disk is remembered. */
const FREE_KNOWN_MS = 1_000;
/** Octets that stay free on the disk. */
export const FREE_BYTES_MIN = 1024 ** 3;

/** Octets that are free on the disk of a directory. */
export type FreeBytes = (directory: string) => Promise<number>;

export interface DiskRoomParts {
  /** The directory of the mailbox's data. */
  readonly directory: string;
  readonly clock: Clock;
  /** Absent: as the system says. */
  readonly freeBytes?: FreeBytes | undefined;
}

export class DiskRoom {
  readonly #parts: DiskRoomParts;
  #known: { readonly isFull: boolean; readonly atMs: number } | undefined;

  constructor(parts: DiskRoomParts) {
    this.#parts = parts;
  }

  /** Rejects when the disk can't be looked at. */
  async isFull(): Promise<boolean> {
    const { directory, clock, freeBytes = freeBytesOf } = this.#parts;
    const atMs = clock.monotonicMs();
    if (this.#known === undefined || atMs - this.#known.atMs >= FREE_KNOWN_MS)
      this.#known = { isFull: (await freeBytes(directory)) < FREE_BYTES_MIN, atMs };
    return this.#known.isFull;
  }
}

async function freeBytesOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
