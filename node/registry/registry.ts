// The registry: the agents this host owns and the log of everything that happened to them, put together from their parts
// and loaded from the store.
import { anyAddressKey } from '../../mesh/address/identity.ts';
import type { ClaimStore } from '../../mesh/claims/claim-store.ts';
import type { AddressKey, AgentId, EmailAddress, HostId } from '../../mesh/names.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import { KeyedLock } from '../../mesh/time/keyed-lock.ts';
import { uuidsFrom } from '../../mesh/uuid.ts';
import type { ChangeLog } from '../changes/change-log.ts';
import { StoredChangeLog } from '../changes/stored-change-log.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { AddressClaims, type LegacyOwners } from './address-claims.ts';
import { type Added, Addresses } from './addresses.ts';
import type { Agent, AgentAddress } from './agent.ts';
import { reportKeptNames } from './agent-name.ts';
import { loadAgents, loadSequences } from './agent-records.ts';
import { type AgentIndex, AgentTable } from './agent-table.ts';
import { AgentWriter, type Telling } from './agent-writer.ts';
import { Agents, type Changed, type Created } from './agents.ts';
import type { AddressPatch, AgentPatch, NewAddress, NewAgent } from './schemas.ts';
import type { ParseAddress } from './wanted-addresses.ts';

export interface RegistryPorts {
  readonly store: Store;
  readonly claims: ClaimStore;
  readonly legacy: LegacyOwners;
  /** Empty; the registry fills it and keeps it in step. */
  readonly index: AgentIndex;
  readonly parseAddress: ParseAddress;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly hostId: HostId;
}

/**
 * Every mutation resolves when it is durable, with its events in `changes`, and rejects with a `MeshError` when it did not
 * happen: `overloaded` when its turn did not come in time, `store_failed` when the disk failed, and those named below.
 */
export interface Registry {
  readonly changes: ChangeLog;
  /** Oldest first. */
  list(): readonly Agent[];
  find(id: AgentId): Agent | undefined;
  /** Throws `not_found`. */
  get(id: AgentId): Agent;
  /** Throws `id_taken`, `name_taken`, `limit_exceeded`, `invalid_address`, `conflict`, `uniqueness_unavailable`. */
  create(input: NewAgent): Promise<Created>;
  /** Throws `not_found` and what `create` does. */
  patch(id: AgentId, patch: AgentPatch): Promise<Changed>;
  /** Resolves with the addresses whose release the voters have not confirmed yet. Throws `not_found`. */
  remove(id: AgentId): Promise<readonly EmailAddress[]>;
  /** `text` in any spelling that means the same mailbox. Throws `not_found`. */
  address(id: AgentId, text: string): AgentAddress;
  /** Throws `not_found`, `invalid_address`, `limit_exceeded`, `conflict`, `uniqueness_unavailable`. */
  addAddress(id: AgentId, input: NewAddress): Promise<Added>;
  /** Throws `not_found`, `invalid_request`. */
  patchAddress(id: AgentId, text: string, patch: AddressPatch): Promise<Agent>;
  /** Commits events of an agent's mail and what they tell of, together. Throws `store_failed`. */
  tell(telling: Telling): Promise<void>;
  /** Throws `not_found`. */
  removeAddress(id: AgentId, text: string): Promise<Changed>;
  /** The agent of this host that has the address. */
  holderOf(key: AddressKey): Agent | undefined;
  /** The same for an address in any spelling, of any kind that a host may give out. */
  holderOfText(address: string): Agent | undefined;
  /** As `AddressClaims.pending`. */
  pending: AddressClaims['pending'];
  /** As `Addresses.confirm` and `.concede`. */
  confirm: Addresses['confirm'];
  concede: Addresses['concede'];
}

/** Loads the agents and the end of the log. Rejects with `store_failed` when a stored record is not what it should be. */
export async function openRegistry(ports: RegistryPorts): Promise<Registry> {
  const { store, claims, legacy, index, parseAddress, clock, random, log, hostId } = ports;
  const changes = await StoredChangeLog.open(store, log);
  const loaded = await loadAgents(store, hostId);
  reportKeptNames(loaded, log);
  const table = new AgentTable(index, loaded);
  const newUuid = uuidsFrom(random);
  const writer = new AgentWriter({ table, changes, clock, newUuid, log, hostId, store }, await loadSequences(store));
  const addressClaims = new AddressClaims({ claims, legacy, table, clock, newUuid, log });
  const locks = new KeyedLock('agent', clock);
  const agents = new Agents({ table, writer, addressClaims, locks, store, parseAddress, clock, newUuid, hostId });
  const addresses = new Addresses({ table, writer, addressClaims, locks, parseAddress, clock });
  return {
    changes,
    list: () => table.list(),
    find: (id) => table.find(id),
    get: (id) => table.get(id),
    create: (input) => agents.create(input),
    tell: (telling) => writer.tell(telling),
    patch: (id, patch) => agents.patch(id, patch),
    remove: (id) => agents.remove(id),
    address: (id, text) => addresses.find(table.get(id), text),
    addAddress: (id, input) => addresses.add(id, input),
    patchAddress: (id, text, patch) => addresses.patch(id, text, patch),
    removeAddress: (id, text) => addresses.remove(id, text),
    holderOf: (key) => table.holderOf(key),
    holderOfText: (address) => {
      const key = anyAddressKey(address);
      return key && table.holderOf(key);
    },
    pending: (key) => addressClaims.pending(key),
    confirm: (keys) => addresses.confirm(keys),
    concede: (key, standing, writesOf) => addresses.concede(key, standing, writesOf),
  };
}
