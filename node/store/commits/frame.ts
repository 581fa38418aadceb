// A frame of the commit log: one group of commits with what proves it. It carries its place in the row of groups, the checksum of
// the frame before it, and a checksum of its own that begins with the log's id. So what an earlier use of the file left, another
// log's frame and a frame that was torn are all seen not to be the next one.
// It does not promise anything against somebody who forges a frame on purpose: the checksums are CRC-32.
import { crc32 } from 'node:zlib';
import type { RecordText } from '../record.ts';

/**
 * How a frame begins. None of these octets occurs in UTF-8, so no key and no text, whoever chose it, looks like the beginning
 * of a frame when one is searched behind damage.
 */
const MAGIC = Uint8Array.of(0xf5, 0xc1, 0xfa, 0xc0);
const HEADER_BYTES = 32;
const SUM_AT = 28;
const RECORD_HEADER_BYTES = 8;
/** In place of a text's length: the key is removed. */
const REMOVED = 0xffff_ffff;
const UINT32 = 0x1_0000_0000;

/** A place in the row of groups: the number of one, counted from 1, and its frame's checksum. */
export interface Mark {
  readonly group: number;
  readonly sum: number;
}

/** Before the first group. */
export const NO_MARK: Mark = { group: 0, sum: 0 };

export interface Frame {
  readonly mark: Mark;
  /** The checksum of the frame before. */
  readonly previousSum: number;
  /** Where it begins and ends in the octets that it was found in. */
  readonly at: number;
  readonly end: number;
}

/** What checksums begin with in the log of this id. */
export function seedOf(id: Uint8Array): number {
  return crc32(id);
}

/** The frame of the group that follows `previous`, and its mark. */
export function encodeFrame(
  records: readonly RecordText[],
  previous: Mark,
  seed: number,
): { readonly octets: Buffer; readonly mark: Mark } {
  const octets = Buffer.allocUnsafe(HEADER_BYTES + records.reduce((sum, record) => sum + bytesOf(record), 0));
  let at = HEADER_BYTES;
  for (const { key, text } of records) {
    const keyBytes = octets.write(key, at + RECORD_HEADER_BYTES);
    const textBytes = text === undefined ? 0 : octets.write(text, at + RECORD_HEADER_BYTES + keyBytes);
    octets.writeUInt32LE(keyBytes, at);
    octets.writeUInt32LE(text === undefined ? REMOVED : textBytes, at + 4);
    at += RECORD_HEADER_BYTES + keyBytes + textBytes;
  }
  const group = previous.group + 1;
  octets.set(MAGIC, 0);
  octets.writeUInt32LE(octets.length - HEADER_BYTES, 4);
  octets.writeUInt32LE(group % UINT32, 8);
  octets.writeUInt32LE(Math.floor(group / UINT32), 12);
  octets.writeUInt32LE(previous.sum, 16);
  octets.writeUInt32LE(records.length, 20);
  octets.writeUInt32LE(0, 24);
  const sum = sumOf(octets, seed);
  octets.writeUInt32LE(sum, SUM_AT);
  return { octets, mark: { group, sum } };
}

/** Every frame in `octets` that fits its checksum, from `from` on, in the order in which they lie there. */
export function framesIn(octets: Buffer, from: number, seed: number): readonly Frame[] {
  const frames: Frame[] = [];
  for (let at = from; at !== -1; ) {
    const frame = frameAt(octets, at, seed);
    if (frame) frames.push(frame);
    // Within a sound frame nothing is searched: what stands there is what was to be stored.
    at = frame ? frame.end : octets.indexOf(MAGIC, at + 1);
  }
  return frames;
}

/** The records of a frame that `framesIn` found. */
export function recordsOf(octets: Buffer, { at, end }: Frame): readonly RecordText[] {
  const records: RecordText[] = [];
  for (let next = at + HEADER_BYTES; next < end; ) {
    const keyAt = next + RECORD_HEADER_BYTES;
    const textAt = keyAt + octets.readUInt32LE(next);
    const textBytes = octets.readUInt32LE(next + 4);
    const key = octets.toString('utf8', keyAt, textAt);
    next = textAt + (textBytes === REMOVED ? 0 : textBytes);
    records.push({ key, text: textBytes === REMOVED ? undefined : octets.toString('utf8', textAt, next) });
  }
  return records;
}

function frameAt(octets: Buffer, at: number, seed: number): Frame | undefined {
  if (at + HEADER_BYTES > octets.length || octets.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) !== 0)
    return undefined;
  const end = at + HEADER_BYTES + octets.readUInt32LE(at + 4);
  if (end > octets.length) return undefined;
  const sum = octets.readUInt32LE(at + SUM_AT);
  if (sum !== sumOf(octets.subarray(at, end), seed)) return undefined;
  const group = octets.readUInt32LE(at + 8) + octets.readUInt32LE(at + 12) * UINT32;
  return { mark: { group, sum }, previousSum: octets.readUInt32LE(at + 16), at, end };
}

/** Over everything but the checksum's own place. */
function sumOf(frame: Buffer, seed: number): number {
  return crc32(frame.subarray(HEADER_BYTES), crc32(frame.subarray(0, SUM_AT), seed));
}

function bytesOf({ key, text }: RecordText): number {
  return RECORD_HEADER_BYTES + Buffer.byteLength(key) + (text === undefined ? 0 : Buffer.byteLength(text));
}
