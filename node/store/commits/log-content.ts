// What the files of a commit log hold beyond what the database has taken. Pure. Only one group is ever on its way to the disk, and
// the next is begun when it is durable: so only the last can be torn, and a sound frame behind a missing one proves damage.
// It does not promise to find damage of what the database has taken already, nor in the very last group: that looks like one that was
// never acknowledged, and the note of the acknowledged groups says whether it was.
import type { RecordText } from '../record.ts';
import { damaged } from '../refusals.ts';
import { FILE_HEADER_BYTES } from './file-header.ts';
import { type Frame, framesIn, type Mark, recordsOf, seedOf } from './frame.ts';

export interface LogFileContent {
  /** How sentences name the file. */
  readonly file: string;
  readonly octets: Buffer;
}

/** Where a frame lies: in which file, and between which octets of it. */
interface FramePlace {
  readonly file: number;
  readonly at: number;
  readonly end: number;
}

export interface LogContent {
  /** The newest group. */
  readonly end: Mark;
  /** The groups that the database has not taken, the oldest first. */
  readonly groups: readonly (readonly RecordText[])[];
  /** Where each of them lies. */
  readonly places: readonly FramePlace[];
  /** The file that has the last group which the database has taken: it is there until a later one is. */
  readonly appliedIn: number | undefined;
}

/**
 * `applied`: the last group that the database has taken. Throws `store_failed` when a group behind it is missing, and a later one is there,
 * or when the log and the database are not of one history.
 */
export function readLogContent(files: readonly LogFileContent[], id: Uint8Array, applied: Mark): LogContent {
  const seed = seedOf(id);
  const found = files.flatMap(({ file: name, octets }, file) =>
    framesIn(octets, FILE_HEADER_BYTES, seed).map((frame) => ({ frame, file, name, octets })),
  );
  found.sort((one, other) => one.frame.mark.group - other.frame.mark.group);
  let end = applied;
  const groups: (readonly RecordText[])[] = [];
  const places: FramePlace[] = [];
  let appliedIn: number | undefined;
  for (const { frame, file, name, octets } of found) {
    checkPlace(frame, end, applied, name);
    if (frame.mark.group === applied.group) appliedIn = file;
    if (frame.mark.group <= applied.group) continue;
    groups.push(recordsOf(octets, frame));
    places.push({ file, at: frame.at, end: frame.end });
    end = frame.mark;
  }
  if (applied.group > 0 && appliedIn === undefined && groups.length === 0)
    throw damaged(
      files[0]?.file ?? '',
      `it is an older copy, for the database has taken ${applied.group} groups of commits`,
    );
  return { end, groups, places, appliedIn };
}

function checkPlace({ mark, previousSum }: Frame, end: Mark, applied: Mark, file: string): void {
  if (mark.group === applied.group && mark.sum !== applied.sum)
    throw damaged(file, `its group ${mark.group} is not the one that the database has taken`);
  if (mark.group <= applied.group) return;
  if (mark.group !== end.group + 1)
    throw damaged(
      file,
      `the group ${end.group + 1} is missing or does not fit its checksum, and ${mark.group} is there`,
    );
  if (previousSum !== end.sum)
    throw damaged(file, `its group ${mark.group} does not continue the group ${end.group} before it`);
}
