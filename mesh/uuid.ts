// Ids that this node makes: random UUIDs (RFC 9562, version 4) from the Random port, or ones that begin with the time (version 7). Bytes are
// drawn for many ids at a time, since drawing sixteen bytes costs as much as drawing thousands, and a claim needs three ids.
import type { Clock, Random } from './ports.ts';

const UUID_BYTES = 16;
const UUIDS_PER_DRAW = 256;
/** Octets of the time, in milliseconds, with which an id of version 7 begins. */
const TIME_BYTES = 6;

/** Makes a new id at each call, in lower case. */
export type NewUuid = () => string;

/** A single id, for callers that need one now and then. */
export function newUuid(random: Random): string {
  return uuidOf(Buffer.from(random.bytes(UUID_BYTES)), VERSION_RANDOM);
}

/** Makes random ids. */
export function uuidsFrom(random: Random): NewUuid {
  const draw = drawer(random);
  return () => uuidOf(draw(), VERSION_RANDOM);
}

/** Makes ids that sort by when they were made: as keys of a table, those of one moment lie together, where random ones lie all over it. */
export function timedUuidsFrom(random: Random, clock: Pick<Clock, 'wallMs'>): NewUuid {
  const draw = drawer(random);
  return () => {
    const bytes = draw();
    bytes.writeUIntBE(Math.max(0, Math.trunc(clock.wallMs())), 0, TIME_BYTES);
    return uuidOf(bytes, VERSION_TIMED);
  };
}

/** Sixteen bytes at each call, drawn for `UUIDS_PER_DRAW` ids at once. */
function drawer(random: Random): () => Buffer {
  let drawn = Buffer.alloc(0);
  let at = 0;
  return () => {
    if (at === drawn.length) {
      drawn = Buffer.from(random.bytes(UUIDS_PER_DRAW * UUID_BYTES));
      at = 0;
    }
    at += UUID_BYTES;
    return drawn.subarray(at - UUID_BYTES, at);
  };
}

const VERSION_RANDOM = 0x40;
const VERSION_TIMED = 0x70;

/** Sixteen bytes as an id. Version and variant are written into them. */
function uuidOf(bytes: Buffer, version: number): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | version;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
