// How deep a JSON text is nested and how many values it has, seen before it is parsed: `JSON.parse` works in one go, and a few hundred KiB
// of brackets hold it for as long as many MiB of honest text. It does not prove that the text is JSON: parsing does.

export interface JsonBounds {
  readonly depthMax: number;
  readonly valuesMax: number;
}

/** The largest message between hosts (a thousand of them) has some thousand values. */
export const JSON_BOUNDS: JsonBounds = { depthMax: 64, valuesMax: 20_000 };
/** The bounds for a file of the operator's own. */
export const FILE_BOUNDS: JsonBounds = { depthMax: 64, valuesMax: Number.POSITIVE_INFINITY };

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
/** `[` and `{`, `]` and `}` differ in one bit, and nothing else outside of strings has these codes. */
const [OPENING, CLOSING, CURLY] = [0x5b, 0x5d, 0x20];

/** What is seen of one text, piece by piece. */
export class JsonShape {
  readonly #bounds: JsonBounds;
  #depth = 0;
  #deepest = 0;
  #values = 0;
  #isInString = false;
  #isEscaped = false;

  constructor(bounds: JsonBounds = JSON_BOUNDS) {
    this.#bounds = bounds;
  }

  /** Looks at a piece. Answers where the last comma between members of the outermost object or list is in it, or -1. */
  see(text: string): number {
    let [depth, values, isInString, isEscaped] = [this.#depth, this.#values, this.#isInString, this.#isEscaped];
    let deepest = this.#deepest;
    let comma = -1;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (isInString) {
        if (isEscaped) isEscaped = false;
        else if (code === BACKSLASH) isEscaped = true;
        else if (code === QUOTE) isInString = false;
      } else if (code === QUOTE) isInString = true;
      else if (code === COMMA) {
        values += 1;
        if (depth === 1) comma = at;
      } else if (code === COLON) values += 1;
      else if ((code & ~CURLY) === OPENING) {
        values += 1;
        depth += 1;
        if (depth > deepest) deepest = depth;
      } else if ((code & ~CURLY) === CLOSING) depth -= 1;
    }
    [this.#depth, this.#values, this.#isInString, this.#isEscaped] = [depth, values, isInString, isEscaped];
    this.#deepest = deepest;
    return comma;
  }

  /** What is too much in it, as a part of a sentence; `undefined` when nothing is. */
  get excess(): string | undefined {
    const { depthMax, valuesMax } = this.#bounds;
    if (this.#deepest > depthMax) return `is nested deeper than ${depthMax} levels`;
    return this.#values > valuesMax ? `has more than ${valuesMax} values` : undefined;
  }
}

/** What is too much in a whole text, as a part of a sentence; `undefined` when nothing is. */
export function jsonExcess(text: string, bounds: JsonBounds = JSON_BOUNDS): string | undefined {
  const shape = new JsonShape(bounds);
  shape.see(text);
  return shape.excess;
}
