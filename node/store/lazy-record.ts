// A record as it is read back, of which only what is asked for is parsed: of 100,000 of them, parsing is most of what a start costs.
import type { StoredRecord } from './store.ts';

/** Throws `store_failed` when the text is no JSON. */
export type ParseRecord = (key: string, json: string) => unknown;

export class LazyRecord implements StoredRecord {
  readonly key: string;
  readonly #json: string;
  readonly #parse: ParseRecord;

  constructor(key: string, json: string, parse: ParseRecord) {
    this.key = key;
    this.#json = json;
    this.#parse = parse;
  }

  get value(): unknown {
    return this.#parse(this.key, this.#json);
  }
}
