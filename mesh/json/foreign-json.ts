// JSON from outside: requests, peers' messages, files of operators. A member called `__proto__` is refused wherever it stands and
// however it is spelt: a later copy of the object would lose it, or obey it.

import { JSON_BOUNDS, type JsonBounds, jsonExcess } from './json-shape.ts';

/** `"__proto__":`, each letter as it is or escaped (`\u005f`). A text that it does not fit has no such member. */
const PROTO_MEMBER = new RegExp(`"${[...'__proto__'].map(spellings).join('')}"\\s*:`);

/** A byte order mark, which some editors put at the beginning. A parser may skip it (RFC 8259 section 8.1). */
const BYTE_ORDER_MARK = /^\ufeff/;

/** Why a text is not taken; `message` is a part of a sentence: "is not JSON: …", "has a member called …". */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
  /** JSON path of the member that is refused; absent when the text is no JSON. */
  readonly field: string | undefined;
  /** Whether the text may be JSON, and is not taken all the same. */
  readonly isRefusal: boolean;
  constructor(message: string, { field, cause }: { readonly field?: string; readonly cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.field = field;
    this.isRefusal = cause === undefined;
  }
}

/** Throws a `JsonFault`, before it parses what is nested too deep or has too many values. */
export function parseForeignJson(text: string, bounds: JsonBounds = JSON_BOUNDS): unknown {
  const excess = jsonExcess(text, bounds);
  if (excess !== undefined) throw new JsonFault(excess);
  let value: unknown;
  try {
    value = JSON.parse(text.replace(BYTE_ORDER_MARK, ''));
  } catch (cause) {
    throw new JsonFault(`is not JSON: ${(cause as Error).message}`, { cause });
  }
  const field = PROTO_MEMBER.test(text) ? protoMember(value) : undefined;
  if (field !== undefined) throw new JsonFault("has a member called '__proto__', which no object may have", { field });
  return value;
}

/** `['addresses', 2, 'displayName']` → `addresses[2].displayName`. */
export function jsonPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : `${text === '' ? '' : '.'}${String(part)}`;
  return text.slice(0, 200);
}

/** Where such a member is. Walks without recursion: a text may be nested as deep as it is long. */
function protoMember(value: unknown): string | undefined {
  const todo: (readonly [value: unknown, path: string])[] = [[value, '']];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [node, path] = next;
    if (typeof node !== 'object' || node === null) continue;
    for (const [key, member] of Object.entries(node)) {
      const here = jsonPath([path, Array.isArray(node) ? Number(key) : key]);
      if (key === '__proto__') return here;
      todo.push([member, here]);
    }
  }
  return undefined;
}

function spellings(letter: string): string {
  const code = letter.charCodeAt(0).toString(16).padStart(4, '0');
  const digits = [...code].map((digit) => (/[a-f]/.test(digit) ? `[${digit}${digit.toUpperCase()}]` : digit));
  return `(?:${letter}|\\\\u${digits.join('')})`;
}

/** Whether a JSON value is an object, not an array or null. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
