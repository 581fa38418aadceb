// What single reads of registers say together.
import type { AddressKey } from '../names.ts';
import type { Owner } from '../owner.ts';
import type { Owners, Unavailable } from '../state/claim-store.ts';
import type { Config } from '../state/config.ts';
import type { Result } from '../state/events.ts';

/** `results`: of the reads of `keys`, in that order. One that had no answer leaves the others without meaning. */
export function ownersRead(
  keys: readonly AddressKey[],
  results: readonly Result[],
  config: Pick<Config, 'mesh'> | undefined,
): Owners | Unavailable {
  const owners = new Map<AddressKey, Owner | null>();
  for (const [at, key] of keys.entries()) {
    const result = results[at];
    if (result?.kind === 'unavailable') return result;
    if (result?.kind !== 'read') throw new Error(`A register can't be read as '${result?.kind}'.`);
    owners.set(key, result.owner);
  }
  return { kind: 'owners', owners, history: config?.mesh ?? '' };
}
