// What may stand beside an address for programs to read (node/http/README.md): asked by the schemas of the routes and again after a merge.
import { METADATA_BYTES_MAX, METADATA_KEYS_MAX } from '../../mesh/limits.ts';
import { isPrototypeName } from '../../mesh/names.ts';
import { textFault } from './display-name.ts';
import { METADATA_KEY_CHARACTERS_MAX } from './limits.ts';

export type Metadata = Readonly<Record<string, string>>;

export interface MetadataFault {
  /** The offending key; absent when it is the whole. */
  readonly key?: string;
  /** What would be right, to follow "is not valid:". */
  readonly message: string;
}

/** `before`: what stood there; a value that stays as it was is not judged again. */
export function metadataFault(metadata: Metadata, before: Metadata = {}): MetadataFault | undefined {
  const members = Object.entries(metadata);
  if (members.length > METADATA_KEYS_MAX) return { message: `must have at most ${METADATA_KEYS_MAX} keys` };
  for (const [key, value] of members) {
    const message = keyFault(key) ?? (value === before[key] ? undefined : valueFault(value));
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

function valueFault(value: string): string | undefined {
  return value.isWellFormed() ? undefined : 'the value must be well-formed Unicode, without lone surrogates';
}
