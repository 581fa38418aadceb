// Transfer encodings (RFC 2045 §6), decoded as the octets come: an attachment of 25 MiB is never whole in memory, as it would be in the
// decoders that concatenate what they are given. Whatever is no code of the encoding is kept (quoted-printable) or skipped (base64).

export type TransferEncoding = 'identity' | 'base64' | 'quoted-printable';

/** A part's octets, piece by piece: what `push` and `end` answer, one behind the other, is the decoded part. Nobody writes into either. */
export interface TransferDecoder {
  push(octets: Uint8Array): Buffer;
  end(): Buffer;
}

const EMPTY = Buffer.alloc(0);
const [EQUALS, CR, LF, SPACE, TAB] = [0x3d, 0x0d, 0x0a, 0x20, 0x09];

/**
 * Unknown encodings are read as they stand, like 7bit, 8bit and binary. `name`: of a Content-Transfer-Encoding field, in which a comment may stand
 * beside it (RFC 2045 §6.1), and some mailers write quotes, or a semicolon behind it.
 */
export function transferEncodingOf(name: string): TransferEncoding {
  const known = /^\s*(?:\([^()]*\)\s*)?"?([\w-]+)/.exec(name)?.[1]?.toLowerCase();
  return known === 'base64' || known === 'quoted-printable' ? known : 'identity';
}

export function transferDecoder(encoding: TransferEncoding): TransferDecoder {
  if (encoding === 'base64') return new Base64Decoder();
  if (encoding === 'quoted-printable') return new QuotedPrintableDecoder();
  const asTheyStand = ({ buffer, byteOffset, byteLength }: Uint8Array) => Buffer.from(buffer, byteOffset, byteLength);
  return { push: asTheyStand, end: () => EMPTY };
}

/** The value of a base64 digit, by its octet; 64 for what is none. */
const DIGITS = new Uint8Array(256).fill(64);
for (const [value, digit] of [
  ...Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'),
].entries())
  DIGITS[digit] = value;

class Base64Decoder implements TransferDecoder {
  /** Digits that wait for the rest of their group of four. */
  #bits = 0;
  #count = 0;

  push(octets: Uint8Array): Buffer {
    const decoded = Buffer.allocUnsafe(Math.ceil((octets.length + 3) / 4) * 3);
    let length = 0;
    for (const octet of octets) {
      const value = DIGITS[octet] as number;
      // Padding ends a group, and another may follow it: some mailers encode in pieces.
      if (octet === EQUALS) length += this.#flushTo(decoded, length);
      if (value === 64) continue;
      this.#bits = ((this.#bits << 6) | value) & 0xffffff;
      if (++this.#count < 4) continue;
      length += this.#flushTo(decoded, length);
    }
    return decoded.subarray(0, length);
  }

  end(): Buffer {
    const decoded = Buffer.allocUnsafe(3);
    return decoded.subarray(0, this.#flushTo(decoded, 0));
  }

  /** The number of octets written. */
  #flushTo(decoded: Buffer, at: number): number {
    const octets = [0, 0, 1, 2, 3][this.#count] as number;
    const group = this.#bits << (6 * (4 - this.#count));
    for (let i = 0; i < octets; i++) decoded[at + i] = (group >> (16 - 8 * i)) & 0xff;
    this.#bits = 0;
    this.#count = 0;
    return octets;
  }
}

class QuotedPrintableDecoder implements TransferDecoder {
  /** What may still become a code, or space at the end of a line: it begins with `=` or with white space. */
  #held: Buffer = EMPTY;

  push(octets: Uint8Array): Buffer {
    const input = this.#held.length === 0 ? octets : Buffer.concat([this.#held, octets]);
    return this.#decode(input, false);
  }

  end(): Buffer {
    const held = this.#held;
    this.#held = EMPTY;
    return this.#decode(held, true);
  }

  #decode(input: Uint8Array, isLast: boolean): Buffer {
    const decoded = Buffer.allocUnsafe(input.length);
    let length = 0;
    let at = 0;
    while (at < input.length) {
      const octet = input[at] as number;
      if (octet !== EQUALS && octet !== SPACE && octet !== TAB) {
        decoded[length++] = octet;
        at++;
        continue;
      }
      const code = octet === EQUALS ? codeAt(input, at) : blankAt(input, at);
      if (code.isOpen && !isLast && input.length - at <= HELD_OCTETS_MAX) break;
      if (code.octet !== undefined) decoded[length++] = code.octet;
      else if (code.isText) for (let i = 0; i < code.length; i++) decoded[length++] = input[at + i] as number;
      at += code.length;
    }
    this.#held = Buffer.from(input.subarray(at));
    return decoded.subarray(0, length);
  }
}

/** White space at the end of a line is not part of the text, but nobody means so much of it. */
const HELD_OCTETS_MAX = 1_000;

interface Code {
  readonly length: number;
  readonly octet?: number;
  /** Stands for itself. */
  readonly isText?: boolean;
  /** More input may read differently. */
  readonly isOpen?: boolean;
}

function codeAt(input: Uint8Array, at: number): Code {
  const rest = input.length - at;
  const [first, second] = [input[at + 1], input[at + 2]];
  if (first === LF) return { length: 2 };
  if (first === CR) return { length: second === LF ? 3 : 2, isOpen: rest < 3 };
  if (first === SPACE || first === TAB) {
    // A soft line break may have white space behind its sign.
    const end = blankEnd(input, at + 1);
    const isBreak = input[end] === LF || (input[end] === CR && input[end + 1] === LF);
    if (isBreak) return { length: end - at + (input[end] === LF ? 1 : 2) };
    return { length: 1, isText: true, isOpen: end + 1 >= input.length };
  }
  const [high, low] = [hex(first), hex(second)];
  if (high >= 0 && low >= 0) return { length: 3, octet: (high << 4) | low };
  return { length: 1, isText: true, isOpen: rest < 3 };
}

/** A run of white space; left out when its line ends behind it (RFC 2045 §6.7, rule 3). */
function blankAt(input: Uint8Array, at: number): Code {
  const end = blankEnd(input, at);
  const isTrailing = input[end] === LF || (input[end] === CR && input[end + 1] === LF);
  return { length: end - at, isText: !isTrailing, isOpen: end + 1 >= input.length };
}

function blankEnd(input: Uint8Array, from: number): number {
  let end = from;
  while (input[end] === SPACE || input[end] === TAB) end++;
  return end;
}

function hex(octet: number | undefined): number {
  if (octet === undefined) return -1;
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  const letter = octet & ~0x20;
  return letter >= 0x41 && letter <= 0x46 ? letter - 0x37 : -1;
}
