// A host of the simulated mesh of claims: its disk, its core while it is up, its registry, and what is in hand.
import { createCore } from '../../mesh/claims/core.ts';
import type { EffectQueue } from '../../mesh/claims/effect-queue.ts';
import type { AddressKey, ClaimId, HostId } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { Random } from '../../mesh/ports.ts';
import { readClaimRecord } from '../../mesh/state/claim-record-door.ts';
import { emptyClaimRecords } from '../../mesh/state/claim-records.ts';
import type { CollectionTimes, CoreState } from '../../mesh/state/core-state.ts';
import type { Result } from '../../mesh/state/events.ts';
import { isConcerned } from '../../mesh/state/membership.ts';
import type { ClaimAnswer, Reply, Wish } from '../../mesh/state/messages.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

/** Before the key of an address that the registry holds, in the records of a disk. */
export const REGISTRY = 'registry/';

export interface SimulatedHost {
  readonly id: HostId;
  readonly disk: SimulatedDisk;
  readonly effects: EffectQueue;
  core: CoreState | undefined;
  registry: Map<AddressKey, Owner>;
  /** Changes with each start: what belongs to an earlier life is void. */
  life: number;
  wish: Wish;
  readonly busy: Set<AddressKey>;
  readonly finishing: Map<number, (result: Result) => void>;
  readonly answering: Map<number, (answer: ClaimAnswer | Reply) => void>;
}

/** A host that was never started. */
export function newHost(given: Pick<SimulatedHost, 'id' | 'disk' | 'effects' | 'wish'>): SimulatedHost {
  const inHand = { busy: new Set<AddressKey>(), finishing: new Map(), answering: new Map() };
  return { ...given, ...inHand, core: undefined, registry: new Map(), life: 0 };
}

/** The host's core and registry, from what its disk holds. */
export function readDisk(host: SimulatedHost, random: Random, collecting: CollectionTimes | undefined): CoreState {
  host.registry = new Map();
  const records = emptyClaimRecords();
  for (const [key, value] of host.disk.records) {
    if (key.startsWith(REGISTRY)) host.registry.set(key.slice(REGISTRY.length) as AddressKey, value as Owner);
    else readClaimRecord(records, { key, value });
  }
  const registry = {
    holder: (key: AddressKey) => host.registry.get(key),
    isEmpty: () => host.registry.size === 0,
    keys: () => host.registry.keys(),
  };
  const freshData = Buffer.from(random.bytes(16)).toString('hex');
  const startName = Buffer.from(random.bytes(8)).toString('hex');
  return createCore({ self: host.id, wish: host.wish, records, registry, freshData, startName, collecting });
}

/** Claims and releases that the host still has to end, and those its disk remembers. */
export function unsettledOf({ core, disk }: SimulatedHost): number {
  return (
    [...disk.records.keys()].filter((key) => key.startsWith('claim/unsettled/')).length + (core?.operations.size ?? 0)
  );
}

/** As a node has it: a host speaks with those that its hosts.json lists, and with those that what was agreed names. */
export function isSpokenWith({ id, core, wish }: SimulatedHost, other: HostId): boolean {
  return other === id || wish.members.includes(other) || (core !== undefined && isConcerned(core.membership, other));
}

/** Whether the claim was exposed, and is being aborted. */
export function isBeingReleased({ core }: SimulatedHost, claimId: ClaimId): boolean {
  return [...(core?.operations.values() ?? [])].some(({ proposals }) =>
    proposals.some(({ change }) => change.kind === 'release' && change.claimId === claimId),
  );
}
