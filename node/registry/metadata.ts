// What may stand beside an agent and beside an address for programs to read (node/http/README.md): asked by the schemas of the routes and again after a merge.
import { MeshError } from '../../mesh/errors.ts';
import { METADATA_BYTES_MAX, METADATA_KEYS_MAX } from '../../mesh/limits.ts';
import { isPrototypeName } from '../../mesh/names.ts';
import { textFault } from './display-name.ts';

/** An agent's metadata as UTF-8 JSON; that of an address is in the index of every host, and has less. */
export const AGENT_METADATA_BYTES_MAX = 4_096;
/** Keys of metadata: long enough for a URL path, short enough for a header. */
const METADATA_KEY_CHARACTERS_MAX = 128;

export type Metadata = Readonly<Record<string, string>>;

export interface MetadataFault {
  /** The offending key; absent when it is the whole. */
  readonly key?: string;
  /** What would be right, to follow "is not valid:". */
  readonly message: string;
}

/** `before`: what stood there; a value that stays as it was is not judged again. `bytesMax`: of all of it as UTF-8 JSON. */
export function metadataFault(
  metadata: Metadata,
  before: Metadata = {},
  bytesMax = METADATA_BYTES_MAX,
): MetadataFault | undefined {
  const members = Object.entries(metadata);
  if (members.length > METADATA_KEYS_MAX) return { message: `must have at most ${METADATA_KEYS_MAX} keys` };
  for (const [key, value] of members) {
    const message = keyFault(key) ?? (value === before[key] ? undefined : valueFault(value));
    if (message !== undefined) return { key, message };
  }
  if (Buffer.byteLength(JSON.stringify(metadata)) > bytesMax)
    return { message: `must be at most ${bytesMax} octets as UTF-8 JSON` };
  return undefined;
}

/** RFC 7396 on one level: `null` removes a key. The rules hold for the result. Throws `invalid_request`. */
export function mergedMetadata(
  present: Metadata | undefined,
  patch: Readonly<Record<string, string | null>> | null,
  bytesMax = METADATA_BYTES_MAX,
): Metadata | undefined {
  if (patch === null) return undefined;
  const merged = { ...present };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = value;
  }
  const fault = metadataFault(merged, present, bytesMax);
  if (fault === undefined) return merged;
  const field = fault.key === undefined ? 'metadata' : `metadata.${fault.key}`.slice(0, 200);
  throw new MeshError('invalid_request', `'${field}' is not valid: ${fault.message}.`, { field });
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
