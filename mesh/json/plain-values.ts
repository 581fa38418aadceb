// Plain values of JSON, told apart by hand: for what is read so often that a schema takes too long.

/** A whole number that is exact, and not below `min`. */
export function isCount(value: unknown, min: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min;
}

/** A text with a length in UTF-16 units, as schemas count, within the two bounds. */
export function isText(value: unknown, min: number, max: number): value is string {
  return typeof value === 'string' && value.length >= min && value.length <= max;
}

/** A list with no more items than that, each of which is one of these. */
export function isListOf(value: unknown, max: number, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= max && value.every(isOne);
}
