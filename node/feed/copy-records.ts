// What the copy keeps on disk, under `feed/`: the door through which stored records come back.
//   feed/head/<host>               how far the host's log was followed, as the host signed it
//   feed/row/<host>/<key>          an address that the host shows
//   feed/bare/<host>/<agent>       the name of an agent that the host has, and that shows no address
//   feed/occasion/<host>           what of the host is told of beside its log, until all of it is
//   feed/left/<host>               the logs of the host that were followed before, the last one first

import type { SignedHead } from '../../mesh/feed/head.ts';
import type { LogId } from '../../mesh/feed/place.ts';
import type { Occasion } from '../../mesh/feed/resync.ts';
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
  | { readonly kind: 'bare'; readonly hostId: HostId; readonly id: AgentId; readonly name: string }
  | { readonly kind: 'occasion'; readonly hostId: HostId; readonly occasion: Occasion }
  | { readonly kind: 'left'; readonly hostId: HostId; readonly logIds: readonly LogId[] };

/** `head`: absent, and nothing is known of the host's log any more. */
export function headWrite(hostId: HostId, head: SignedHead | undefined): Write {
  return { key: `${COPY_PREFIX}head/${hostId}`, value: head };
}

/** A row of the copy of that host; without `row`, the address is shown no more. */
export function rowWrite(hostId: HostId, key: AddressKey, row: IndexRow | undefined): Write {
  return { key: `${COPY_PREFIX}row/${hostId}/${key}`, value: row };
}

/** `name`: absent for an agent that shows addresses, or is no more. */
export function bareWrite(hostId: HostId, id: AgentId, name: string | undefined): Write {
  return { key: `${COPY_PREFIX}bare/${hostId}/${id}`, value: name };
}

/** Why a snapshot of that host is being told of in parts; `undefined`: it is told. */
export function occasionWrite(hostId: HostId, occasion: Occasion | undefined): Write {
  return { key: `${COPY_PREFIX}occasion/${hostId}`, value: occasion };
}

/** The logs of that host that ended, or that another one followed; `undefined` forgets them. */
export function leftWrite(hostId: HostId, logIds: readonly LogId[] | undefined): Write {
  return { key: `${COPY_PREFIX}left/${hostId}`, value: logIds };
}

/** Throws `store_failed` when the record is not what its key says. Rows were checked when they came in. */
export function readCopyRecord({ key, value }: StoredRecord): CopyRecord {
  const [, kind, host = '', rest = ''] = /^feed\/(\w+)\/([^/]+)(?:\/(.*))?$/s.exec(key) ?? [];
  const hostId = parseHostId(host);
  if (hostId !== undefined && kind === 'head' && isMap(value) && isHead(value)) return { kind, hostId, head: value };
  if (hostId !== undefined && kind === 'row' && isMap(value) && value.key === rest)
    return { kind, hostId, row: value as unknown as IndexRow };
  if (hostId !== undefined && kind === 'occasion' && isMap(value) && isOccasion(value))
    return { kind, hostId, occasion: value };
  if (hostId !== undefined && kind === 'left' && isListOfTexts(value)) return { kind, hostId, logIds: value };
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

function isOccasion(value: object): value is Occasion {
  const { why, logId, n, chain = '', at } = value as Partial<Occasion>;
  const isKnown = why === 'snapshot' || why === 'gone';
  return (
    isKnown && typeof logId === 'string' && typeof n === 'number' && typeof chain === 'string' && typeof at === 'string'
  );
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
