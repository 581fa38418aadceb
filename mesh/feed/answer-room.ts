// How much one answer holds: octets, and the values of its JSON as its reader counts them (mesh/json/json-shape.ts).
import { FEED_BYTES_MAX, FEED_VALUES_MAX } from './limits.ts';

interface Size {
  readonly octets: number;
  readonly values: number;
}

export class AnswerRoom {
  #left: Size;

  constructor(size: Size = { octets: FEED_BYTES_MAX, values: FEED_VALUES_MAX }) {
    this.#left = size;
  }

  /** Whether something more had room, and it has it then. What had none takes nothing from what comes next. */
  takes(value: unknown): boolean {
    const { octets, values } = sizeOf(value);
    const left = { octets: this.#left.octets - octets, values: this.#left.values - values };
    if (left.octets < 0 || left.values < 0) return false;
    this.#left = left;
    return true;
  }
}

function sizeOf(value: unknown): Size {
  const text = JSON.stringify(value);
  // Names of members are counted too, and more than that, for such characters stand in strings as well.
  return { octets: Buffer.byteLength(text), values: 1 + (text.match(/[,:[{]/g)?.length ?? 0) };
}
