// How much one answer holds: octets, and the values of its JSON as its reader counts them (mesh/json/json-shape.ts).

/** One answer of a feed, or one page of a snapshot. An item with ten addresses and full metadata has 30 KiB. */
export const FEED_BYTES_MAX = 256 * 1_024;
/** Values of its JSON: a quarter below what a host reads of another's at all. */
export const FEED_VALUES_MAX = 15_000;

interface Size {
  readonly octets: number;
  readonly values: number;
}

/** The room of one answer; a new one for each. */
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
