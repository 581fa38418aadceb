// Which agent holds which address, as numbers: eight octets a place, where a map of texts takes ten times as many and the garbage collector's time.
// The texts themselves stand with the agents, so whoever is named under a hash is asked whether the address is really theirs.
import { keyedHash, type TextHash } from './keyed-hash.ts';

/** Places that a table begins with; always a power of two. */
const PLACES_MIN = 16;
/** Share of the places that is taken at most. */
const LOAD_MAX = 0.6;
const EMPTY = 0;

export interface KeyTableOptions {
  /** `SECRET_BYTES` that nobody outside knows. */
  readonly secret: Uint8Array;
  /** Whether the holder of that number holds the key. */
  readonly holds: (holder: number, key: string) => boolean;
}

export class KeyTable {
  readonly #hash: TextHash;
  readonly #holds: KeyTableOptions['holds'];
  #hashes = new Uint32Array(PLACES_MIN);
  /** One more than the holder's number; `EMPTY`: nobody. A key stands at its hash, or in the first empty place behind it. */
  #holders = new Uint32Array(PLACES_MIN);
  #size = 0;

  constructor({ secret, holds }: KeyTableOptions) {
    this.#hash = keyedHash(secret);
    this.#holds = holds;
  }

  get size(): number {
    return this.#size;
  }

  /** Who holds the key. */
  find(key: string): number | undefined {
    const holder = this.#holders[this.#seek(this.#hash(key), key)] as number;
    return holder === EMPTY ? undefined : holder - 1;
  }

  /** Notes who holds a key, unless somebody does: whoever does afterwards. */
  add(key: string, holder: number): number {
    if (this.#size >= this.#hashes.length * LOAD_MAX) this.#grow();
    const hash = this.#hash(key);
    const place = this.#seek(hash, key);
    if (this.#holders[place] !== EMPTY) return (this.#holders[place] as number) - 1;
    this.#hashes[place] = hash;
    this.#holders[place] = holder + 1;
    this.#size += 1;
    return holder;
  }

  /** Forgets a key, while its holder still holds it; nothing happens when nobody does. */
  delete(key: string): void {
    const [hashes, holders, mask] = [this.#hashes, this.#holders, this.#hashes.length - 1];
    let gap = this.#seek(this.#hash(key), key);
    if (holders[gap] === EMPTY) return;
    // Those behind it that an empty place would hide move up.
    for (let at = (gap + 1) & mask; holders[at] !== EMPTY; at = (at + 1) & mask) {
      const wayFromHome = (at - (hashes[at] as number)) & mask;
      if (wayFromHome < ((at - gap) & mask)) continue;
      hashes[gap] = hashes[at] as number;
      holders[gap] = holders[at] as number;
      gap = at;
    }
    holders[gap] = EMPTY;
    this.#size -= 1;
  }

  /** Where the key stands, or the empty place where it would. */
  #seek(hash: number, key: string): number {
    const [hashes, holders, mask] = [this.#hashes, this.#holders, this.#hashes.length - 1];
    let at = hash & mask;
    while (holders[at] !== EMPTY && !(hashes[at] === hash && this.#holds((holders[at] as number) - 1, key)))
      at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const places = 2 * this.#hashes.length;
    const [hashes, holders] = [new Uint32Array(places), new Uint32Array(places)];
    for (let from = 0; from < this.#hashes.length; from += 1) {
      if (this.#holders[from] === EMPTY) continue;
      let at = (this.#hashes[from] as number) & (places - 1);
      while (holders[at] !== EMPTY) at = (at + 1) & (places - 1);
      hashes[at] = this.#hashes[from] as number;
      holders[at] = this.#holders[from] as number;
    }
    this.#hashes = hashes;
    this.#holders = holders;
  }
}
