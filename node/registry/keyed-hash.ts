// HalfSipHash-1-3 of texts: which texts share a hash can't be known without the secret, so nobody can choose addresses that all land in one place
// of a table. Jean-Philippe Aumasson and Daniel J. Bernstein, "SipHash: a fast short-input PRF" (2012); its half-sized form for words of 32 bits
// is of the reference implementation. It does not promise more than that: 32 bits are no proof that two texts are the same.

export const SECRET_BYTES = 8;
/** Longer texts, and those beyond ASCII, are encoded first. */
const AT_HAND_MAX = 256;
const ASCII_MAX = 0x7f;

/** A hash of 32 bits over UTF-8 octets: the same of a text as of its octets. */
export interface KeyedHash {
  text(text: string): number;
  octets(octets: Uint8Array, from: number, to: number): number;
}

/** `secret`: `SECRET_BYTES`. */
export function keyedHash(secret: Uint8Array): KeyedHash {
  const words = new DataView(secret.buffer, secret.byteOffset, SECRET_BYTES);
  const [k0, k1] = [words.getInt32(0, true), words.getInt32(4, true)];
  const atHand = new Uint8Array(AT_HAND_MAX);
  // One function without calls: it is made for each address at a start, and for each look-up.
  const octetsHash = (octets: Uint8Array, from: number, to: number): number => {
    let [v0, v1, v2, v3] = [k0, k1, 0x6c796765 ^ k0, 0x74656462 ^ k1];
    // Four octets a word, the last word with those that are left and the length; then three rounds to end.
    const whole = from + ((to - from) & ~3);
    const end = whole + 16;
    for (let at = from; at < end; at += 4) {
      let word = 0;
      if (at < whole) word = at4(octets, at);
      else if (at === whole) {
        word = (to - from) << 24;
        for (let left = to - 1; left >= whole; left -= 1) word |= (octets[left] as number) << (8 * (left - whole));
      } else if (at === whole + 4) v2 ^= 0xff;
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
  const textHash = (text: string): number => {
    const { length } = text;
    for (let at = 0; at < length; at += 1) {
      const unit = text.charCodeAt(at);
      if (unit > ASCII_MAX || at === AT_HAND_MAX) {
        const octets = Buffer.from(text);
        return octetsHash(octets, 0, octets.length);
      }
      atHand[at] = unit;
    }
    return octetsHash(atHand, 0, length);
  };
  return { text: textHash, octets: octetsHash };
}

function at4(octets: Uint8Array, at: number): number {
  const [low, high] = [(octets[at] as number) | ((octets[at + 1] as number) << 8), at + 2];
  return low | ((octets[high] as number) << 16) | ((octets[high + 1] as number) << 24);
}
