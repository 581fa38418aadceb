// A text that must not be seen: passwords, tokens, keys. A secret prints as `[secret]` wherever it is logged, thrown or serialised.
// Code that needs the text calls `reveal()`, which is easy to search for.
import { inspect } from 'node:util';

const HIDDEN = '[secret]';

/** A text that prints as `[secret]`. */
export class Secret {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  reveal(): string {
    return this.#text;
  }
  toString(): string {
    return HIDDEN;
  }
  toJSON(): string {
    return HIDDEN;
  }
  [inspect.custom](): string {
    return HIDDEN;
  }
}
