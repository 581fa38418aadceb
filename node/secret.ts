// A text that must not be seen: passwords, tokens, keys. It prints as `[secret]` wherever it is logged, thrown or serialised;
// who needs it says `reveal()`, which is easy to look for.
import { inspect } from 'node:util';

const HIDDEN = '[secret]';

/** A text that does not print itself. */
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
