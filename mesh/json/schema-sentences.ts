// What a schema says of a value that is not of its form, in our words: "must be a text, not a number". Handed to each parse whose issues
// people see; what a schema says for itself goes first. It knows the kinds of issues, not the fields: those are named by their path.
import type { z } from 'zod';

type Issue = z.core.$ZodRawIssue;

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
  undefined: 'left out',
  never: 'left out',
};
const VALUES_SHOWN_MAX = 20;

/** What a schema found wrong, as the rest of a sentence that begins with the field's name: `must be a text, not a number`. */
export function schemaSentence(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? `must be ${kind(issue.expected)}, and is missing`
        : `must be ${kind(issue.expected)}, not ${kindOf(issue.input)}`;
    case 'invalid_value':
      return `must be ${listed(issue.values.map((value) => JSON.stringify(value)))}`;
    case 'too_big':
      return `must ${sized(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`;
    case 'too_small':
      return `must ${sized(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}`;
    case 'unrecognized_keys':
      return `has a member that is not known here: ${listed(issue.keys.map((key) => `'${key.slice(0, 100)}'`))}`;
    case 'invalid_key':
      return 'has a member whose name is not of the right form';
    case 'invalid_element':
      return 'has a member that is not of the right form';
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    default:
      return 'is not of a form that is known here';
  }
}

function sized(origin: string, bound: string, size: number | bigint): string {
  if (origin === 'string') return `have ${bound} ${size} ${size === 1 ? 'character' : 'characters'}`;
  if (origin === 'array' || origin === 'set') return `have ${bound} ${size} ${size === 1 ? 'entry' : 'entries'}`;
  return `be ${bound} ${size}`;
}

function kind(expected: string): string {
  return KINDS[expected] ?? expected;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'boolean') return String(value);
  return Number.isNaN(value) ? 'another text' : kind(typeof value);
}

function listed(texts: readonly string[]): string {
  const shown = texts.slice(0, VALUES_SHOWN_MAX);
  const [last = '', ...before] = shown.toReversed();
  return before.length === 0 ? last : `${before.reverse().join(', ')} or ${last}`;
}
