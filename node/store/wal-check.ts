// Tells a damaged -wal file from one that a crash left unfinished. SQLite takes the first frame whose checksum fails for the
// end of the log and silently drops what follows, be it a commit that was acknowledged. But every commit is fsynced before the
// next one is begun, so only the last can be torn: a sound frame behind the end of a broken commit proves damage.
// It does not promise to find damage inside the very last commit: that looks like a torn one, and is treated as one.
// Format: sqlite.org/fileformat2.html, section 4 "The Write-Ahead Log".
import { closeSync, openSync, readSync } from 'node:fs';
import { damaged } from './refusals.ts';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** How a log begins. The lowest bit says whether checksums read their words as big-endian. */
const MAGIC = 0x377f0682;
const PAGE_BYTES_MIN = 512;
const PAGE_BYTES_MAX = 65_536;

type Sums = readonly [number, number];

/** Throws `store_failed` when commits that were acknowledged can't be read back from the log at `path`. */
export function checkWal(path: string): void {
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    if (readSync(file, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return;
    const pageBytes = header.readUInt32BE(8);
    const frame = Buffer.alloc(FRAME_HEADER_BYTES + Math.min(Math.max(pageBytes, PAGE_BYTES_MIN), PAGE_BYTES_MAX));
    const hasFrame = readSync(file, frame, 0, frame.length, HEADER_BYTES) === frame.length;
    if (!isSoundHeader(header)) {
      // The header is fsynced before the first frame is written.
      if (hasFrame) throw damaged(path, 'its header does not fit its checksum, and commits stand behind it');
      return;
    }
    checkFrames(file, path, header, frame);
  } finally {
    closeSync(file);
  }
}

function checkFrames(file: number, path: string, header: Buffer, frame: Buffer): void {
  const littleEndian = header.readUInt32BE(0) === MAGIC;
  const salts = header.subarray(16, 24);
  let sums: Sums = storedSums(header, 24);
  let isBroken = false;
  /** Whether a commit ended at or behind the break; whether the frame just before says that it ends one. */
  let hasEnded = false;
  let endedJustBefore = false;
  for (let at = HEADER_BYTES; readSync(file, frame, 0, frame.length, at) === frame.length; at += frame.length) {
    // Other salts: a frame of an earlier round of the log, not yet overwritten.
    const isOurs = frame.subarray(8, 16).equals(salts);
    const stored = storedSums(frame, 16);
    const computed = addSums(addSums(sums, frame.subarray(0, 8), littleEndian), frame.subarray(24), littleEndian);
    const isSound = isOurs && computed[0] === stored[0] && computed[1] === stored[1];
    // A sound frame continues the checksum of the one just before, which therefore was of this round, whatever its salts say.
    if (isSound && isBroken && (hasEnded || endedJustBefore)) {
      throw damaged(path, `a commit before octet ${at} does not fit its checksum, and a later one does`);
    }
    if (!isSound) isBroken = true;
    endedJustBefore = frame.readUInt32BE(4) !== 0;
    if (isBroken && isOurs && endedJustBefore) hasEnded = true;
    // The chain can be taken up again behind a broken frame.
    sums = stored;
  }
}

function isSoundHeader(header: Buffer): boolean {
  const magic = header.readUInt32BE(0);
  if (magic !== MAGIC && magic !== MAGIC + 1) return false;
  const [first, second] = addSums([0, 0], header.subarray(0, 24), magic === MAGIC);
  const stored = storedSums(header, 24);
  return first === stored[0] && second === stored[1];
}

function storedSums(bytes: Buffer, at: number): Sums {
  return [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
}

/** SQLite's running checksum over words of 32 bits, taken two at a time. */
function addSums(start: Sums, bytes: Buffer, littleEndian: boolean): Sums {
  let [first, second] = start;
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.byteLength; at += 8) {
    first = (first + words.getUint32(at, littleEndian) + second) >>> 0;
    second = (second + words.getUint32(at + 4, littleEndian) + first) >>> 0;
  }
  return [first, second];
}
