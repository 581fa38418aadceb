// Ids made by this node: random UUIDs (RFC 9562, version 4) from the Random port. Bytes are drawn for many at a time: drawing
// sixteen costs as much as drawing thousands, and a claim needs three ids.
import type { Random } from '../../mesh/ports.ts';

const UUID_BYTES = 16;
const UUIDS_PER_DRAW = 256;

/** Makes a new id at each call, in lower case. */
export type NewUuid = () => string;

export function uuidsFrom(random: Random): NewUuid {
  let drawn = Buffer.alloc(0);
  let at = 0;
  return () => {
    if (at === drawn.length) {
      drawn = Buffer.from(random.bytes(UUIDS_PER_DRAW * UUID_BYTES));
      at = 0;
    }
    drawn[at + 6] = ((drawn[at + 6] ?? 0) & 0x0f) | 0x40;
    drawn[at + 8] = ((drawn[at + 8] ?? 0) & 0x3f) | 0x80;
    const hex = drawn.toString('hex', at, at + UUID_BYTES);
    at += UUID_BYTES;
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
}
