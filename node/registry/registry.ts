// The registry: the agents this host owns and the log of everything that happened to them, put together from their parts
// and loaded from the store.

import { changedDigest, EMPTY_DIGEST } from '../../mesh/feed/digest.ts';
import type { AgentId, HostId } from '../../mesh/names.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import type { ClaimStore } from '../../mesh/state/claim-store.ts';
import { KeyedLock, tooManyChanges } from '../../mesh/time/keyed-lock.ts';
import { uuidsFrom } from '../../mesh/uuid.ts';
import { StoredChangeLog } from '../changes/stored-change-log.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { AddressClaims, type LegacyOwners } from './address-claims.ts';
import { Addresses } from './addresses.ts';
import { loadAgents, loadSequences, type StoredAgents } from './agent-records.ts';
import { AgentSequences } from './agent-sequences.ts';
import { type AgentIndex, AgentTable, indexStored } from './agent-table.ts';
import { AgentWriter } from './agent-writer.ts';
import { Agents } from './agents.ts';
import { GoneAgents } from './gone-agents.ts';
import { checkIndex } from './index-check.ts';
import { rowsOfAll } from './index-rows.ts';
import type { PackedAgent } from './packed-agents.ts';
import type { RegistryParts } from './registry-parts.ts';
import type { IdentityParser } from './wanted-addresses.ts';

export interface RegistryPorts {
  readonly store: Store;
  readonly claims: ClaimStore;
  readonly legacy: LegacyOwners;
  /** Empty; the registry fills it and keeps it in step. */
  readonly index: AgentIndex;
  readonly parseAddress: IdentityParser;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly hostId: HostId;
  /** What `loadAgents` gives, begun earlier, each of them put into the index; absent: they are loaded now. */
  readonly agents?: Promise<StoredAgents>;
}

/**
 * Every mutation resolves when it is durable, with its events in `changes`, and rejects with a `MeshError` when it did not
 * happen: `overloaded` when its locks were not free in time, `store_failed` when the disk failed, and those named at each.
 */
export interface Registry {
  readonly changes: StoredChangeLog;
  /** The agents as they are. */
  readonly table: Pick<AgentTable, 'list' | 'kept' | 'size' | 'page' | 'find' | 'get' | 'holderOf' | 'holderOfText'>;
  readonly agents: Pick<Agents, 'create' | 'patch' | 'remove'>;
  readonly addresses: Pick<Addresses, 'get' | 'add' | 'patch' | 'remove' | 'confirm' | 'concede' | 'giveUp'>;
  /** Claims that are not done yet. */
  readonly claims: Pick<AddressClaims, 'pending'>;
  /** Events of the agents' mail. */
  readonly mail: Pick<AgentWriter, 'commitMail' | 'commitMails'>;
  /** Holds what was loaded against what the log says of it, once, in turns. Ends the store when they differ. */
  check(signal: AbortSignal): Promise<void>;
  /** Forgets what is kept of deleted agents when its time has come, until `signal` aborts. */
  forgetGone(signal: AbortSignal): Promise<void>;
}

/** Loads the agents and the end of the log. Rejects with `store_failed` when a stored record is not what it should be. */
export async function openRegistry(ports: RegistryPorts): Promise<Registry> {
  const { store, claims, legacy, index, parseAddress, clock, random, log, hostId } = ports;
  const { agents: loaded, keptNames } = await (ports.agents ??
    loadAgents(store, hostId, (agent) => indexStored(index, agent)));
  const digest = () => changedDigest(EMPTY_DIGEST, [], rowsOfAll(loaded));
  const changes = await StoredChangeLog.open({ store, clock, random, log, digest });
  keptNames.report(log);
  const table = new AgentTable(index, loaded);
  const newUuid = uuidsFrom(random);
  const isThere = (id: AgentId) => table.find(id) !== undefined;
  const sequences = new AgentSequences({ store, isThere, kept: await loadSequences(store, isThere) });
  const gone = new GoneAgents({ store, changes, sequences, clock, log });
  const writer = new AgentWriter({ table, changes, clock, newUuid, log, hostId, sequences });
  const addressClaims = new AddressClaims({ claims, legacy, table, clock, newUuid, log });
  const locks = new KeyedLock({ clock, refusal: tooManyChanges('agent') });
  const parts: RegistryParts = {
    ...{ table, writer, addressClaims, locks, parseAddress, clock, newUuid, hostId },
  };
  const [agents, addresses] = [new Agents(parts), new Addresses(parts)];
  return {
    changes,
    table,
    agents,
    addresses,
    claims: addressClaims,
    mail: writer,
    check: checkOnce(ports, changes, loaded),
    forgetGone: (signal) => gone.run(signal),
  };
}

function checkOnce(
  { store, clock }: RegistryPorts,
  changes: StoredChangeLog,
  loaded: readonly PackedAgent[],
): Registry['check'] {
  const { openedDigest } = changes;
  // Let go afterwards, for agents change and the old ones are of no use.
  let agents: readonly PackedAgent[] = openedDigest === undefined ? [] : loaded;
  return async (signal) => {
    if (openedDigest !== undefined) await checkIndex({ agents, digest: openedDigest, clock, journal: store }, signal);
    agents = [];
  };
}
