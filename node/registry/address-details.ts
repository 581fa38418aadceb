// What may stand beside an address: the rules of displayName and metadata (node/http/README.md), asked by the schemas of the
// routes and again after a merge.
import { DISPLAY_NAME_CHARACTERS_MAX, METADATA_BYTES_MAX, METADATA_KEYS_MAX } from '../../mesh/limits.ts';
import { isPrototypeName } from '../../mesh/names.ts';
import { DISPLAY_NAME_BYTES_MAX, METADATA_KEY_CHARACTERS_MAX } from './limits.ts';

export type Metadata = Readonly<Record<string, string>>;

export interface MetadataFault {
  /** The offending key; absent when it is the whole. */
  readonly key?: string;
  /** What would be right, to follow "is not valid:". */
  readonly message: string;
}

/** What is wrong with a name that people see, or `undefined`. Lengths count characters (code points), not UTF-16 units. */
export function textFault(text: string, charactersMax: number): string | undefined {
  if (text.length > charactersMax && [...text].length > charactersMax)
    return `must have at most ${charactersMax} characters`;
  if (/\p{Cc}/u.test(text)) return 'must not contain control characters';
  if (!text.isWellFormed()) return 'must be well-formed Unicode, without lone surrogates';
  return undefined;
}

/** The same for a displayName. No path of a file either: an existing consumer names folders after it. */
export function displayNameFault(text: string): string | undefined {
  if (/[/\\]/.test(text)) return "must not contain '/' or '\\'";
  if (text.startsWith('.')) return 'must not begin with a dot';
  if (Buffer.byteLength(text) > DISPLAY_NAME_BYTES_MAX)
    return `must have at most ${DISPLAY_NAME_BYTES_MAX} octets in UTF-8`;
  return textFault(text, DISPLAY_NAME_CHARACTERS_MAX);
}

export function metadataFault(metadata: Metadata): MetadataFault | undefined {
  const keys = Object.keys(metadata);
  if (keys.length > METADATA_KEYS_MAX) return { message: `must have at most ${METADATA_KEYS_MAX} keys` };
  for (const key of keys) {
    const message = keyFault(key);
    if (message !== undefined) return { key, message };
  }
  if (Buffer.byteLength(JSON.stringify(metadata)) > METADATA_BYTES_MAX)
    return { message: `must be at most ${METADATA_BYTES_MAX} octets as UTF-8 JSON` };
  return undefined;
}

function keyFault(key: string): string | undefined {
  if (key === '') return 'a key must have at least 1 character';
  if (isPrototypeName(key)) return 'this key is a name that every JavaScript object inherits; choose another';
  const fault = textFault(key, METADATA_KEY_CHARACTERS_MAX);
  return fault === undefined ? undefined : `the key ${fault}`;
}
