// The octets of a stored mail or attachment, as they are downloaded: from the database or a file, decoded as they leave.
import { Readable } from 'node:stream';
import type { MailPart } from '../message.ts';
import { readRawFile } from '../store/raw-files.ts';
import type { StoredOctets } from '../stored-mail.ts';
import { transferDecoder } from '../text/transfer-decoder.ts';

/** The mail behind the trace lines of this host. `directory`: of the mailbox's data. */
export function rawOctets(directory: string, stored: StoredOctets): ReadableStream {
  const all = range(directory, stored, 0, stored.rawSize);
  return webStream(
    (async function* () {
      yield Buffer.from(stored.trace);
      yield* all;
    })(),
  );
}

/** The mail as it came, whole: for those that are small. */
export async function storedOctets(directory: string, stored: StoredOctets): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of range(directory, stored, 0, stored.rawSize)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** An attachment, decoded. */
export function partOctets(directory: string, stored: StoredOctets, part: MailPart): ReadableStream {
  const decoder = transferDecoder(part.encoding);
  const encoded = range(directory, stored, part.start, part.end);
  return webStream(
    (async function* () {
      for await (const octets of encoded) yield decoder.push(octets);
      yield decoder.end();
    })(),
  );
}

function range(directory: string, stored: StoredOctets, start: number, end: number): AsyncIterable<Buffer> {
  if (end <= start) return Readable.from([]);
  const { content, digest } = stored;
  return content === undefined
    ? readRawFile(directory, digest, start, end)
    : Readable.from([Buffer.from(content.subarray(start, end))]);
}

function webStream(octets: AsyncIterable<Buffer>): ReadableStream {
  return Readable.toWeb(Readable.from(octets)) as ReadableStream;
}
