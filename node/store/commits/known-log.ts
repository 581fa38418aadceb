// What the database knows of the log before it, and keeps in its notes: so the two can't be exchanged for one another's copies unnoticed.
import { damaged } from '../refusals.ts';
import { LOG_ID_BYTES } from './file-header.ts';
import type { Mark } from './frame.ts';

export interface KnownLog {
  readonly id: Uint8Array;
  /** The last group that the database has taken. */
  readonly applied: Mark;
}

/** The database behind the log, and what it has not taken yet. */
export interface DatabaseBehind {
  /** About what the database has not taken, in octets of memory. */
  readonly waitingBytes: number;
  /** Resolves when this is durable. */
  noteLog(log: KnownLog): Promise<void>;
  /** What was appended since the last call, up to that group, can be handed over by itself. To be called when all of it is there. */
  endFile(group: number): void;
  /**
   * Resolves when the database has durably taken all that had ended with the group `log.applied` or before, but for what is newer in a later one, and
   * then has noted `log`. One call at a time.
   */
  catchUp(log: KnownLog): Promise<void>;
}

/** The id in hexadecimal, the number of the last group taken, its checksum. */
const TEXT = new RegExp(`^([0-9a-f]{${LOG_ID_BYTES * 2}}) (\\d{1,16}) (\\d{1,10})$`);

/** One line of text, as the file of `readKnownLog` has it. */
export function encodeKnownLog({ id, applied }: KnownLog): string {
  return `${Buffer.from(id).toString('hex')} ${applied.group} ${applied.sum}`;
}

/** Throws `store_failed` when the note of the database `file` is something else. */
export function parseKnownLog(text: string, file: string): KnownLog {
  const [, id, group, sum] = TEXT.exec(text) ?? [];
  if (id === undefined) throw damaged(file, 'it does not say which commit log is before it');
  return { id: Buffer.from(id, 'hex'), applied: { group: Number(group), sum: Number(sum) } };
}
