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
