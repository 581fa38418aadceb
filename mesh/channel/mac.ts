// HMAC-SHA256 (RFC 2104) of short messages under one key, as two hashes in one go each: the platform's own Hmac object costs several times as
// much to make as it takes to use, when little else is going on. Its test holds it against that one.
import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
const [INNER, OUTER] = [0x36, 0x5c];

export class Mac {
  readonly #inner: Buffer;
  readonly #outer: Buffer;

  /** `key`: at most 64 octets. */
  constructor(key: Uint8Array) {
    this.#inner = padded(key, INNER, BLOCK_BYTES);
    this.#outer = padded(key, OUTER, BLOCK_BYTES + HASH_BYTES);
  }

  /** The 32 octets over these parts, one after the other. */
  of(...parts: readonly Uint8Array[]): Buffer {
    const inner = hash('sha256', Buffer.concat([this.#inner, ...parts]), 'buffer');
    inner.copy(this.#outer, BLOCK_BYTES);
    return hash('sha256', this.#outer, 'buffer');
  }
}

function padded(key: Uint8Array, pad: number, size: number): Buffer {
  if (key.byteLength > BLOCK_BYTES) throw new Error('A longer key would have to be hashed first.');
  const octets = Buffer.alloc(size);
  octets.fill(pad, 0, BLOCK_BYTES);
  for (const [at, octet] of key.entries()) octets[at] = octet ^ pad;
  return octets;
}
