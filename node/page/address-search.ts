// Addresses of the whole mesh, found by a part of their text: this host's own, and those that it has heard of others. No index is kept for it:
// all of them are gone through, in turns.
import { domainToUnicode } from 'node:url';
import { foldCase } from '../../mesh/address/case-fold.ts';
import type { IndexRow } from '../../mesh/lookup/index-entry.ts';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import { Turns } from '../../mesh/time/turns.ts';
import type { Copy } from '../feed/copy.ts';
import type { EmailIndex } from '../registry/email-index.ts';

/** Addresses between two looks at the clock. */
const BETWEEN_LOOKS = 2_000;

export interface AddressSearchOptions {
  readonly index: Pick<EmailIndex, 'keys' | 'byAddress' | 'size'>;
  readonly copy: Pick<Copy, 'hosts' | 'keysOf' | 'ofAddress' | 'size'>;
  readonly clock: Clock;
}

export interface SearchQuery {
  /** Part of an address; empty: every address. */
  readonly text: string;
  /** Absent: every host's. */
  readonly host?: HostId | undefined;
  /** `next` of the page before. */
  readonly after: string;
  readonly limit: number;
}

export interface Found {
  /** In the order of the addresses. Two of one address: two hosts show it. */
  readonly rows: readonly IndexRow[];
  readonly next: string | undefined;
}

export class AddressSearch {
  readonly #options: AddressSearchOptions;
  readonly #self: () => HostId;

  constructor(options: AddressSearchOptions, self: () => HostId) {
    this.#options = options;
    this.#self = self;
  }

  /** Addresses that are known. */
  get size(): number {
    return this.#options.index.size + this.#options.copy.size;
  }

  async find({ text, host, after, limit }: SearchQuery): Promise<Found> {
    const first = new FirstKeys(foldCase(text.normalize('NFC').toLowerCase()), after, limit + 1);
    const turns = new Turns(this.#options.clock);
    let seen = 0;
    for (const keys of this.#sources(host))
      for (const key of keys) {
        seen += 1;
        if (seen % BETWEEN_LOOKS === 0 && turns.isOver) await turns.next();
        first.see(key);
      }
    const shown = first.keys.slice(0, limit);
    const rows = shown.flatMap((key) => this.rowsOf(key).filter((row) => host === undefined || row.hostId === host));
    return { rows, next: first.keys.length > limit ? shown.at(-1) : undefined };
  }

  /** Who shows an address, this host first. */
  rowsOf(key: AddressKey): readonly IndexRow[] {
    const { index, copy } = this.#options;
    const own = index.byAddress(key);
    const { address, entry } = own ?? {};
    return [
      ...(entry === undefined || address === undefined ? [] : [{ address, key, ...entry }]),
      ...copy.ofAddress(key),
    ];
  }

  *#sources(host: HostId | undefined): Iterable<Iterable<AddressKey>> {
    const { index, copy } = this.#options;
    if (host === undefined || host === this.#self()) yield index.keys();
    for (const other of copy.hosts()) if (host === undefined || host === other) yield copy.keysOf(other);
  }
}

/** The first keys after a place, in order, each once: sorting all of them would hold up every other request. */
class FirstKeys {
  readonly keys: AddressKey[] = [];
  readonly #text: string;
  readonly #after: string;
  readonly #count: number;

  constructor(text: string, after: string, count: number) {
    this.#text = text;
    this.#after = after;
    this.#count = count;
  }

  see(key: AddressKey): void {
    const { keys } = this;
    if (key <= this.#after || (keys.length === this.#count && key >= (keys.at(-1) as AddressKey))) return;
    if (!hasPart(key, this.#text)) return;
    let place = keys.length;
    while (place > 0 && (keys[place - 1] as AddressKey) > key) place -= 1;
    if (keys[place - 1] === key) return;
    keys.splice(place, 0, key);
    keys.length = Math.min(keys.length, this.#count);
  }
}

/** Whether an address has a part, in its key or as it is shown: there its domain has U-labels. */
function hasPart(key: AddressKey, folded: string): boolean {
  if (key.includes(folded)) return true;
  const at = key.lastIndexOf('@') + 1;
  if (!key.includes('xn--', at)) return false;
  return (key.slice(0, at) + foldCase(domainToUnicode(key.slice(at)))).includes(folded);
}
