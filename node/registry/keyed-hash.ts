// HalfSipHash-1-3 of texts: which texts share a hash can't be known without the secret, so nobody can choose addresses that all land in one place
// of a table. Jean-Philippe Aumasson and Daniel J. Bernstein, "SipHash: a fast short-input PRF" (2012); its half-sized form for words of 32 bits
// is of the reference implementation. It does not promise more than that: 32 bits are no proof that two texts are the same.

export const SECRET_BYTES = 8;

export type TextHash = (text: string) => number;

/** A hash of 32 bits over the text's UTF-16 units. `secret`: `SECRET_BYTES`. */
export function keyedHash(secret: Uint8Array): TextHash {
  const words = new DataView(secret.buffer, secret.byteOffset, SECRET_BYTES);
  const [k0, k1] = [words.getInt32(0, true), words.getInt32(4, true)];
  // One function without calls: it is made for each address at a start, and for each look-up.
  return (text) => {
    let [v0, v1, v2, v3] = [k0, k1, 0x6c796765 ^ k0, 0x74656462 ^ k1];
    const { length } = text;
    // Two units a word, the last word with the length; then three rounds to end.
    const wordCount = (length >> 1) + 1;
    for (let at = 0; at < wordCount + 3; at += 1) {
      let word = 0;
      if (at < wordCount - 1) word = text.charCodeAt(2 * at) | (text.charCodeAt(2 * at + 1) << 16);
      else if (at === wordCount - 1) word = ((length & 1) === 1 ? text.charCodeAt(length - 1) : 0) | (length << 16);
      if (at === wordCount) v2 ^= 0xff;
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = (v1 << 5) | (v1 >>> 27);
      v1 ^= v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = (v3 << 8) | (v3 >>> 24);
      v3 ^= v2;
      v0 = (v0 + v3) | 0;
      v3 = (v3 << 7) | (v3 >>> 25);
      v3 ^= v0;
      v2 = (v2 + v1) | 0;
      v1 = (v1 << 13) | (v1 >>> 19);
      v1 ^= v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    return (v1 ^ v3) >>> 0;
  };
}
