// A list of any length as JSON, written in turns, so that other requests have theirs; only so many at once, for each is held whole.
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { inTurns } from '../../../mesh/time/turns.ts';

/** Characters joined before they become octets. */
const PIECE_CHARACTERS = 256 * 1_024;

/** The items' texts with commas between, as octets. */
export async function joinInTurns<Item>(
  items: Iterable<Item>,
  clock: Clock,
  write: (item: Item) => string,
): Promise<Buffer<ArrayBuffer>> {
  const parts: Buffer[] = [];
  let text = '';
  let isFirst = true;
  await inTurns(items, clock, (item) => {
    text += isFirst ? write(item) : `,${write(item)}`;
    isFirst = false;
    if (text.length < PIECE_CHARACTERS) return;
    parts.push(Buffer.from(text));
    text = '';
  });
  return Buffer.concat([...parts, Buffer.from(text)]);
}

const LISTS_AT_ONCE_MAX = 8;

/** So many long lists are made at once, and no more. */
export class LongLists {
  #inHand = 0;

  /** Runs the work that makes one. Rejects with `rate_limited` when `LISTS_AT_ONCE_MAX` are being made already. */
  async make<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#inHand >= LISTS_AT_ONCE_MAX) {
      const message = `${LISTS_AT_ONCE_MAX} whole lists are being written already. Try again shortly.`;
      throw new MeshError('rate_limited', message, { retryAfterSeconds: 1 });
    }
    this.#inHand += 1;
    try {
      return await work();
    } finally {
      this.#inHand -= 1;
    }
  }
}
