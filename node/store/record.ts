// A write as it goes to the disk: its key checked, its value as JSON text, taken when `commit` is called, so that what the
// caller changes afterwards is not what is stored.
import type { Write } from '../../mesh/ports.ts';

/** A key, in UTF-16 units: an address of 1,024 and a name of the record's kind fit with room to spare. */
const KEY_CHARACTERS_MAX = 4_096;

/** `text`: the value's JSON; `undefined` removes the key. */
export interface RecordText {
  readonly key: string;
  readonly text: string | undefined;
}

/** Throws a plain `TypeError` for a key or value that can't be stored: a bug of the caller, never something a client sent. */
export function encodeWrite(write: Write): RecordText {
  const { key, value } = write;
  if (key === '' || key.length > KEY_CHARACTERS_MAX || !key.isWellFormed()) {
    throw new TypeError(
      `The key '${key.slice(0, 100)}' can't be stored: a key is 1 to ${KEY_CHARACTERS_MAX} characters of well-formed Unicode.`,
    );
  }
  if (value === undefined) return { key, text: undefined };
  const text = toJson(key, value);
  if (text === undefined) throw new TypeError(`The value of '${key}' can't be stored: a ${typeof value} is not JSON.`);
  return { key, text };
}

/** Orders keys by their UTF-8 octets, as SQLite does; JavaScript's own `<` puts surrogate pairs before U+E000. */
export function compareKeys(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at += 1) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return octetRank(left) - octetRank(right);
  }
  return a.length - b.length;
}

function toJson(key: string, value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new TypeError(`The value of '${key}' can't be stored as JSON: ${(cause as Error).message}`, { cause });
  }
}

/** Lifts surrogates above the rest of the first plane, where their code points are. */
function octetRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
