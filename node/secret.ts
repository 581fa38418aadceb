// A text that must not be seen: passwords, tokens, keys. It prints as `[secret]` wherever it is logged, thrown or serialised;
// who needs it says `reveal()`, which is easy to look for.
import { inspect } from 'node:util';

const HIDDEN = '[secret]';

/** A text of somebody else's (a server quotes what it was sent) without the secret: as it is, as URLs write it, and in base64. */
export function withoutSecret(text: string, secret: string | undefined): string {
  if (secret === undefined || secret === '') return text;
  const spellings = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
  ];
  return spellings.reduce((left, spelling) => left.replaceAll(spelling, HIDDEN), text);
}

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
