// The digest of what a host's index shows: the sum modulo 2^256 of `SHA-256(canonical JSON of the row)` over all rows. In whatever order rows
// come and go, two copies with the same rows have the same digest, and one row more or less is one addition. It shows that a copy has
// drifted. It is no proof against somebody who may choose many rows freely, which only the owner of the index may.
import { hash } from 'node:crypto';
import type { IndexRow } from '../lookup/index-entry.ts';
import type { Clock } from '../ports.ts';
import { inTurns } from '../time/turns.ts';
import { canonicalJson } from './canonical-json.ts';

const HEX_DIGITS = 64;
const MODULUS = 1n << 256n;

/** The digest of an index that shows nothing. Base64url, as every digest. */
export const EMPTY_DIGEST = textOf(0n);

/** The digest after rows went and came. A row that changed is one that went and one that came. */
export function changedDigest(digest: string, gone: Iterable<IndexRow>, come: Iterable<IndexRow>): string {
  let sum = sumOf(digest);
  for (const row of gone) sum -= hashOf(row);
  for (const row of come) sum += hashOf(row);
  return textOf(((sum % MODULUS) + MODULUS) % MODULUS);
}

/** The digest of all these rows, made in turns. */
export async function digestOf(rows: Iterable<IndexRow>, clock: Clock): Promise<string> {
  let sum = 0n;
  await inTurns(rows, clock, (row) => {
    sum += hashOf(row);
  });
  return textOf(sum % MODULUS);
}

function hashOf(row: IndexRow): bigint {
  return BigInt(`0x${hash('sha256', canonicalJson(row), 'hex')}`);
}

function sumOf(digest: string): bigint {
  return BigInt(`0x${Buffer.from(digest, 'base64url').toString('hex')}`);
}

function textOf(sum: bigint): string {
  return Buffer.from(sum.toString(16).padStart(HEX_DIGITS, '0'), 'hex').toString('base64url');
}
