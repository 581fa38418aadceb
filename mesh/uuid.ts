// Ids that this node makes: random UUIDs (RFC 9562, version 4) from the Random port. Bytes are drawn for many ids at a time, since drawing
// sixteen bytes costs as much as drawing thousands, and a claim needs three ids.
import type { Random } from './ports.ts';

const UUID_BYTES = 16;
const UUIDS_PER_DRAW = 256;

/** Makes a new id at each call, in lower case. */
export type NewUuid = () => string;

/** A single id, for callers that need one now and then. */
export function newUuid(random: Random): string {
  return uuidAt(Buffer.from(random.bytes(UUID_BYTES)), 0);
}

/** Makes ids from bytes that are drawn for `UUIDS_PER_DRAW` of them at once. */
export function uuidsFrom(random: Random): NewUuid {
  let drawn = Buffer.alloc(0);
  let at = 0;
  return () => {
    if (at === drawn.length) {
      drawn = Buffer.from(random.bytes(UUIDS_PER_DRAW * UUID_BYTES));
      at = 0;
    }
    at += UUID_BYTES;
    return uuidAt(drawn, at - UUID_BYTES);
  };
}

/** The sixteen random bytes at `at` as an id. Version and variant are written into them. */
function uuidAt(bytes: Buffer, at: number): string {
  bytes[at + 6] = ((bytes[at + 6] ?? 0) & 0x0f) | 0x40;
  bytes[at + 8] = ((bytes[at + 8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex', at, at + UUID_BYTES);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
