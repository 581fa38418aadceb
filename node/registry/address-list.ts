// An agent's list of addresses and who is primary in it: pure functions from one list to the next. At every moment exactly
// one address is primary, unless there is none.
import { MeshError } from '../../mesh/errors.ts';
import type { AddressKey, EmailAddress } from '../../mesh/names.ts';
import type { AgentAddress } from './agent.ts';
import { type Metadata, mergedMetadata } from './metadata.ts';
import type { AddressPatch } from './schemas.ts';

/** An address a client wishes for an agent, parsed. */
export interface WantedAddress {
  readonly address: EmailAddress;
  readonly key: AddressKey;
  readonly primary: boolean | undefined;
  readonly displayName: string | undefined;
  readonly metadata: Metadata | undefined;
}

/** A claim about to be made: its id, and when. */
export type NewClaim = Pick<AgentAddress, 'claimId' | 'since'>;

type List = readonly AgentAddress[];

/** The first address becomes primary whatever it says; later ones when they ask for it. */
export function withAddress(list: List, wanted: WantedAddress, claim: NewClaim): List {
  const entry = entryOf(wanted, { address: wanted.address, key: wanted.key, ...claim });
  return withPrimary([...list, entry], wanted.primary === true ? wanted.key : primaryOf(list));
}

/** When the primary goes, the oldest of the others follows it. */
export function withoutAddress(list: List, key: AddressKey): List {
  const rest = list.filter((entry) => entry.key !== key);
  return withPrimary(rest, primaryOf(rest));
}

/**
 * One address with other details. `primary: false` hands the primary to the oldest of the others; the only address refuses
 * it (`invalid_request`).
 */
export function withDetails(list: List, key: AddressKey, patch: AddressPatch): List {
  const changed = list.map((entry) => (entry.key === key ? patched(entry, patch) : entry));
  const primary = primaryOf(list);
  if (patch.primary === true) return withPrimary(changed, key);
  if (patch.primary === undefined || primary !== key) return changed;
  const heir = list.find((entry) => entry.key !== key);
  if (heir !== undefined) return withPrimary(changed, heir.key);
  throw new MeshError(
    'invalid_request',
    "'primary' is not valid: the agent's only address is its primary one; add another first.",
    { field: 'primary' },
  );
}

/**
 * A whole list in place of another, in the order it was sent. An address that stays keeps its claim and its spelling.
 * Primary is the one that says so; else the present one, if it stays and does not say `false`; else the first that does not
 * say `false`; else the first.
 */
export function replaced(list: List, wanted: readonly WantedAddress[], newClaim: () => NewClaim): List {
  const present = new Map(list.map((entry) => [entry.key, entry]));
  const entries = wanted.map((wish) => {
    const { address, key, claimId, since } = present.get(wish.key) ?? { ...wish, ...newClaim() };
    return entryOf(wish, { address, key, claimId, since });
  });
  const willing = wanted.filter((wish) => wish.primary !== false);
  const primary =
    wanted.find((wish) => wish.primary === true) ??
    willing.find((wish) => present.get(wish.key)?.primary === true) ??
    willing[0];
  return withPrimary(entries, primary?.key);
}

function primaryOf(list: List): AddressKey | undefined {
  return list.find((entry) => entry.primary)?.key;
}

/** Exactly one primary: `key`, or the first when that is nobody's. */
function withPrimary(list: List, key: AddressKey | undefined): List {
  const primary = key ?? list[0]?.key;
  return list.map((entry) =>
    entry.primary === (entry.key === primary) ? entry : { ...entry, primary: entry.key === primary },
  );
}

function entryOf(
  wish: WantedAddress,
  identity: Pick<AgentAddress, 'address' | 'key' | 'claimId' | 'since'>,
): AgentAddress {
  return detailed({ ...identity, primary: false }, wish.displayName, wish.metadata);
}

function patched(entry: AgentAddress, patch: AddressPatch): AgentAddress {
  const { displayName, metadata, ...identity } = entry;
  return detailed(
    identity,
    patch.displayName === undefined ? displayName : (patch.displayName ?? undefined),
    patch.metadata === undefined ? metadata : mergedMetadata(metadata, patch.metadata),
  );
}

/** What is empty is left out, so that "none" has one form. */
function detailed(
  identity: AgentAddress,
  displayName: string | undefined,
  metadata: Metadata | undefined,
): AgentAddress {
  return {
    ...identity,
    ...(displayName ? { displayName } : {}),
    ...(metadata && Object.keys(metadata).length > 0 ? { metadata } : {}),
  };
}
