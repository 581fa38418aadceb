// Which agent holds which address, as numbers: eight octets a place, where a map of texts takes ten times as many and the garbage collector's time.
// The texts themselves stand with the agents, so whoever is named under a hash is asked whether the address is really theirs.
import type { KeyedHash } from './keyed-hash.ts';

/** Places that a table begins with; always a power of two. */
const PLACES_MIN = 16;
/** Share of the places that is taken at most. */
const LOAD_MAX = 0.6;
const EMPTY = 0;

/** Whether the holder of that number holds the key. */
export type Holds = (holder: number, key: string) => boolean;

/** A key and what it is found by. */
export interface HashedKey {
  readonly hash: number;
  /** Asked for only where another key has the same hash, or it is the same key. */
  readonly text: () => string;
}

export function hashedKey(key: string, hash: KeyedHash): HashedKey {
  return { hash: hash.text(key), text: () => key };
}

export class KeyTable {
  readonly #holds: Holds;
  /** Hash, holder, hash, holder, …, the holder one more than its number; `EMPTY`: nobody. A key stands at its hash, or in the first empty place behind it. */
  #places = new Uint32Array(2 * PLACES_MIN);
  #size = 0;

  constructor(holds: Holds) {
    this.#holds = holds;
  }

  get size(): number {
    return this.#size;
  }

  /** Who holds the key. */
  find(key: HashedKey): number | undefined {
    const holder = this.#places[this.#seek(key) + 1] as number;
    return holder === EMPTY ? undefined : holder - 1;
  }

  /** Notes who holds a key, unless somebody does: whoever does afterwards. */
  add(key: HashedKey, holder: number): number {
    if (this.#size >= (this.#places.length / 2) * LOAD_MAX) this.#grow();
    const at = this.#seek(key);
    if (this.#places[at + 1] !== EMPTY) return (this.#places[at + 1] as number) - 1;
    this.#places[at] = key.hash;
    this.#places[at + 1] = holder + 1;
    this.#size += 1;
    return holder;
  }

  /** Forgets a key, while its holder still holds it; nothing happens when nobody does. */
  delete(key: HashedKey): void {
    const places = this.#places;
    const mask = places.length - 1;
    let gap = this.#seek(key);
    if (places[gap + 1] === EMPTY) return;
    // Those behind it that an empty place would hide move up.
    for (let at = (gap + 2) & mask; places[at + 1] !== EMPTY; at = (at + 2) & mask) {
      const wayFromHome = (at - 2 * (places[at] as number)) & mask;
      if (wayFromHome < ((at - gap) & mask)) continue;
      places[gap] = places[at] as number;
      places[gap + 1] = places[at + 1] as number;
      gap = at;
    }
    places[gap + 1] = EMPTY;
    this.#size -= 1;
  }

  /** Where the key stands, or the empty place where it would. */
  #seek({ hash, text }: HashedKey): number {
    const places = this.#places;
    const mask = places.length - 1;
    let at = (hash << 1) & mask;
    for (let holder = places[at + 1] as number; holder !== EMPTY; holder = places[at + 1] as number) {
      if (places[at] === hash && this.#holds(holder - 1, text())) return at;
      at = (at + 2) & mask;
    }
    return at;
  }

  #grow(): void {
    const before = this.#places;
    const places = new Uint32Array(2 * before.length);
    const mask = places.length - 1;
    for (let from = 0; from < before.length; from += 2) {
      if (before[from + 1] === EMPTY) continue;
      let at = ((before[from] as number) << 1) & mask;
      while (places[at + 1] !== EMPTY) at = (at + 2) & mask;
      places[at] = before[from] as number;
      places[at + 1] = before[from + 1] as number;
    }
    this.#places = places;
  }
}
