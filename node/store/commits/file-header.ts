// How a file of the commit log begins. It is written when the file is made and never again, so no crash tears it: whatever it does not
// say rightly was changed from outside, be it a file of another data directory or the other file of this one.
import { crc32 } from 'node:zlib';
import { damaged, refused } from '../refusals.ts';

/** A page of the file system's own, which no frame shares. */
export const FILE_HEADER_BYTES = 4_096;
export const LOG_ID_BYTES = 16;

const STAMP = Buffer.from('AEMCLOG\0');
const FORMAT = 1;
const [FORMAT_AT, INDEX_AT, ID_AT] = [8, 12, 16];
const SUM_AT = ID_AT + LOG_ID_BYTES;

/** `index`: which of the log's files it is. */
export function encodeFileHeader(id: Uint8Array, index: number): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  header.set(STAMP, 0);
  header.writeUInt32LE(FORMAT, FORMAT_AT);
  header.writeUInt32LE(index, INDEX_AT);
  header.set(id, ID_AT);
  header.writeUInt32LE(crc32(header.subarray(0, SUM_AT)), SUM_AT);
  return header;
}

/** The log's id. Throws `store_failed` when this is not the file `index` of a log, naming `file`. */
export function readFileHeader(octets: Buffer, index: number, file: string): Buffer {
  if (octets.length < FILE_HEADER_BYTES) throw damaged(file, 'it is cut off');
  if (!octets.subarray(0, STAMP.length).equals(STAMP)) throw damaged(file, 'it does not begin as a commit log does');
  if (octets.readUInt32LE(SUM_AT) !== crc32(octets.subarray(0, SUM_AT)))
    throw damaged(file, 'its header does not fit its checksum');
  const format = octets.readUInt32LE(FORMAT_AT);
  if (format !== FORMAT)
    throw refused(
      `${file} has format ${format}, and this program knows format ${FORMAT}. Nothing was changed. Start the version of the program that wrote it, or a newer one.`,
    );
  if (octets.readUInt32LE(INDEX_AT) !== index) throw damaged(file, 'it is the other file of the commit log');
  return Buffer.from(octets.subarray(ID_AT, SUM_AT));
}
