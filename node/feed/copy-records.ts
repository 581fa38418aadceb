// What the copy keeps on disk, under `feed/`: the door through which stored records come back.
//   feed/head/<host>               how far the host's log was followed, as the host signed it
//   feed/row/<host>/<key>          an address that the host shows
//   feed/bare/<host>/<agent>       the name of an agent that the host has, and that shows no address

import type { SignedHead } from '../../mesh/feed/head.ts';
import { isMap } from '../../mesh/json/foreign-json.ts';
import type { IndexRow } from '../../mesh/lookup/index-entry.ts';
import { type AddressKey, type AgentId, type HostId, parseAgentId, parseHostId } from '../../mesh/names.ts';
import type { Write } from '../../mesh/ports.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { StoredRecord } from '../store/store.ts';

export const COPY_PREFIX = 'feed/';

/** A record of the copy, as it stands in the store. */
export type CopyRecord =
  | { readonly kind: 'head'; readonly hostId: HostId; readonly head: SignedHead }
  | { readonly kind: 'row'; readonly hostId: HostId; readonly row: IndexRow }
  | { readonly kind: 'bare'; readonly hostId: HostId; readonly id: AgentId; readonly name: string };

/** `head`: absent, and nothing is known of the host's log any more. */
export function headWrite(hostId: HostId, head: SignedHead | undefined): Write {
  return { key: `${COPY_PREFIX}head/${hostId}`, value: head };
}

export function rowWrite(hostId: HostId, key: AddressKey, row: IndexRow | undefined): Write {
  return { key: `${COPY_PREFIX}row/${hostId}/${key}`, value: row };
}

/** `name`: absent for an agent that shows addresses, or is no more. */
export function bareWrite(hostId: HostId, id: AgentId, name: string | undefined): Write {
  return { key: `${COPY_PREFIX}bare/${hostId}/${id}`, value: name };
}

/** Throws `store_failed` when the record is not what its key says. Rows were checked when they came in. */
export function readCopyRecord({ key, value }: StoredRecord): CopyRecord {
  const [, kind, host = '', rest = ''] = /^feed\/(\w+)\/([^/]+)(?:\/(.*))?$/s.exec(key) ?? [];
  const hostId = parseHostId(host);
  if (hostId !== undefined && kind === 'head' && isMap(value) && isHead(value)) return { kind, hostId, head: value };
  if (hostId !== undefined && kind === 'row' && isMap(value) && value.key === rest)
    return { kind, hostId, row: value as unknown as IndexRow };
  const id = parseAgentId(rest);
  if (hostId !== undefined && kind === 'bare' && id !== undefined && typeof value === 'string')
    return { kind, hostId, id, name: value };
  throw damagedRecords(`The stored record '${key}' is no part of the copy of other hosts`);
}

function isHead(value: object): value is SignedHead {
  const { logId, n, chain, digest, signature } = value as Partial<SignedHead>;
  return (
    typeof logId === 'string' &&
    typeof n === 'number' &&
    typeof chain === 'string' &&
    typeof digest === 'string' &&
    typeof signature === 'string'
  );
}
