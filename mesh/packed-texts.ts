// Texts under keys as octets, for what is loaded once and there a million times: a page of thousands is two objects, which no garbage collector
// looks through, and which go from thread to thread without being copied. They are found by halving, for they stand in the order of their keys.

/** Key, text, key, text, …, in the order of the keys' UTF-8 octets. */
export interface PackedTexts {
  /** UTF-8. */
  readonly octets: Uint8Array<ArrayBuffer>;
  /** Where each begins, and at last where all end. */
  readonly starts: Uint32Array<ArrayBuffer>;
}

/** `texts`: key, text, key, text, … in that order, well-formed. */
export function packTexts(texts: readonly string[]): PackedTexts {
  const joined = texts.join('');
  const octets = new TextEncoder().encode(joined);
  const isAscii = octets.length === joined.length;
  const starts = new Uint32Array(texts.length + 1);
  let at = 0;
  for (let index = 0; index < texts.length; index += 1) {
    const text = texts[index] as string;
    at += isAscii ? text.length : Buffer.byteLength(text);
    starts[index + 1] = at;
  }
  return { octets, starts };
}

export class SealedTexts {
  readonly #pages: Page[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Takes the next ones. Throws when their keys do not come behind all that are there. */
  add(packed: PackedTexts): void {
    const page = new Page(packed);
    if (page.size === 0) return;
    const last = this.#pages.at(-1);
    if (last !== undefined && Buffer.compare(last.keyAt(last.size - 1), page.keyAt(0)) >= 0)
      throw new Error(`Texts under '${page.keyAt(0)}' came behind those of a key that is not less.`);
    this.#pages.push(page);
    this.#size += page.size;
  }

  has(key: string): boolean {
    return this.#find(key) !== undefined;
  }

  get(key: string): string | undefined {
    const found = this.#find(key);
    return found?.page.textAt(found.at);
  }

  *keys(): Iterable<string> {
    for (const page of this.#pages) for (let at = 0; at < page.size; at += 1) yield page.keyAt(at).toString();
  }

  /** Keys whose text ends so; `end`: ASCII. */
  *keysOfEnd(end: string): Iterable<string> {
    const octets = Buffer.from(end);
    for (const page of this.#pages)
      for (let at = 0; at < page.size; at += 1) if (page.endsWith(at, octets)) yield page.keyAt(at).toString();
  }

  clear(): void {
    this.#pages.length = 0;
    this.#size = 0;
  }

  #find(text: string): { readonly page: Page; readonly at: number } | undefined {
    const key = Buffer.from(text);
    const page = this.#pages[lastWhere(this.#pages.length, (at) => (this.#pages[at] as Page).compare(0, key) <= 0)];
    if (page === undefined) return undefined;
    const at = lastWhere(page.size, (one) => page.compare(one, key) <= 0);
    return page.compare(at, key) === 0 ? { page, at } : undefined;
  }
}

class Page {
  readonly size: number;
  readonly #octets: Buffer<ArrayBuffer>;
  readonly #starts: Uint32Array<ArrayBuffer>;

  constructor({ octets, starts }: PackedTexts) {
    this.#octets = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
    this.#starts = starts;
    this.size = (starts.length - 1) / 2;
  }

  keyAt(at: number): Buffer<ArrayBuffer> {
    return this.#octets.subarray(this.#start(2 * at), this.#start(2 * at + 1));
  }

  textAt(at: number): string {
    return this.#octets.toString('utf8', this.#start(2 * at + 1), this.#start(2 * at + 2));
  }

  /** Negative when the key there stands before `key`. */
  compare(at: number, key: Buffer<ArrayBuffer>): number {
    return this.#octets.compare(key, 0, key.length, this.#start(2 * at), this.#start(2 * at + 1));
  }

  endsWith(at: number, end: Buffer<ArrayBuffer>): boolean {
    const from = this.#start(2 * at + 2) - end.length;
    if (from < this.#start(2 * at + 1)) return false;
    for (let index = 0; index < end.length; index += 1) if (this.#octets[from + index] !== end[index]) return false;
    return true;
  }

  #start(index: number): number {
    return this.#starts[index] ?? 0;
  }
}

/** The last place that fits when all that fit come first; -1: none does. */
function lastWhere(length: number, fits: (at: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
