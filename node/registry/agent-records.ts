// Agents on disk: `agent/<id>` is the agent as it is in memory; `agent-gone/<id>` keeps the last sequence of a deleted one, so
// that its events go on counting when the same id is made again; `agent-sequence/<id>` is the last sequence where an event came
// after the agent's last change. Read back with checks by hand: 100,000 addresses at start.
import { MeshError } from '../../mesh/errors.ts';
import { type AgentId, type HostId, parseAgentId } from '../../mesh/names.ts';
import type { Write } from '../../mesh/ports.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store, StoredRecord } from '../store/store.ts';
import type { Agent } from './agent.ts';
import { compareAge } from './agent-age.ts';

const PREFIX = 'agent/';
const GONE_PREFIX = 'agent-gone/';
const SEQUENCE_PREFIX = 'agent-sequence/';

/** The writes that make `agent` what the disk knows; `isNew` clears what was kept of an earlier one of that id. */
export function savingWrites(agent: Agent, isNew: boolean): readonly Write[] {
  const save = { key: PREFIX + agent.id, value: agent };
  return isNew ? [save, { key: GONE_PREFIX + agent.id, value: undefined }] : [save];
}

/** `lastSequence`: of the last event of its deletion. */
export function removingWrites(id: AgentId, lastSequence: number): readonly Write[] {
  return [
    { key: PREFIX + id, value: undefined },
    { key: SEQUENCE_PREFIX + id, value: undefined },
    { key: GONE_PREFIX + id, value: { sequence: lastSequence } },
  ];
}

/** Keeps the last sequence given to an event that is no change of the agent. */
export function sequenceWrite(id: AgentId, sequence: number, isGone: boolean): Write {
  return { key: (isGone ? GONE_PREFIX : SEQUENCE_PREFIX) + id, value: { sequence } };
}

/** Sequences of agents, where one was kept by itself. */
export async function loadSequences(store: Store): Promise<ReadonlyMap<AgentId, number>> {
  const sequences = new Map<AgentId, number>();
  for await (const page of store.load(SEQUENCE_PREFIX)) {
    for (const { key, value } of page) {
      const id = parseAgentId(key.slice(SEQUENCE_PREFIX.length));
      if (id === undefined || !isObject(value) || !isCount(value.sequence))
        throw damaged(key, "its 'sequence' is not a whole number");
      sequences.set(id, value.sequence);
    }
  }
  return sequences;
}

/** The last sequence given to an agent of this id that was deleted; 0 when there was none. */
export async function goneSequence(store: Pick<Store, 'get'>, id: AgentId): Promise<number> {
  const value = await store.get(GONE_PREFIX + id);
  if (value === undefined) return 0;
  if (isObject(value) && isCount(value.sequence)) return value.sequence;
  throw damaged(GONE_PREFIX + id, "its 'sequence' is not a whole number");
}

/** Every stored agent, oldest first. Throws `store_failed` at the first record that is not an agent of this host. */
export async function loadAgents(store: Store, hostId: HostId): Promise<readonly Agent[]> {
  const agents: Agent[] = [];
  for await (const page of store.load(PREFIX)) {
    for (const record of page) agents.push(parseAgentRecord(record, hostId));
  }
  return agents.sort(compareAge);
}

function parseAgentRecord(record: StoredRecord, hostId: HostId): Agent {
  const { key, value } = record;
  if (!isObject(value)) throw damaged(key, 'it is not an object');
  const fault = agentFault(value, key.slice(PREFIX.length)) ?? addressesFault(value.addresses);
  if (fault !== undefined) throw damaged(key, fault);
  const agent = value as unknown as Agent;
  if (agent.hostId === hostId) return agent;
  throw new MeshError(
    'store_failed',
    `The data directory holds agents of host '${agent.hostId}', but this host is '${hostId}'. Start it as '${agent.hostId}', or with its own data directory.`,
  );
}

function agentFault(value: Readonly<Record<string, unknown>>, id: string): string | undefined {
  if (value.id !== id || parseAgentId(id) === undefined) return "its 'id' is not the one in its key";
  for (const member of ['name', 'hostId', 'createdAt', 'updatedAt']) {
    if (!isText(value[member])) return `its '${member}' is not a text`;
  }
  if (value.label !== null && typeof value.label !== 'string') return "its 'label' is neither a text nor null";
  if (typeof value.emailEnabled !== 'boolean') return "its 'emailEnabled' is not true or false";
  if (!isCount(value.sequence)) return "its 'sequence' is not a whole number";
  if (value.createdFrom !== undefined && !isText(value.createdFrom)) return "its 'createdFrom' is not a text";
  return undefined;
}

function addressesFault(addresses: unknown): string | undefined {
  if (!Array.isArray(addresses)) return "its 'addresses' is not a list";
  let primaries = 0;
  for (const [at, entry] of addresses.entries()) {
    if (!isObject(entry)) return `its 'addresses[${at}]' is not an object`;
    if (![entry.address, entry.key, entry.claimId, entry.since].every(isText) || typeof entry.primary !== 'boolean')
      return `its 'addresses[${at}]' lacks an address, key, claimId, since or primary`;
    if (entry.displayName !== undefined && !isText(entry.displayName))
      return `its 'addresses[${at}].displayName' is not a text`;
    if (entry.metadata !== undefined && !isMetadata(entry.metadata))
      return `its 'addresses[${at}].metadata' is not a map of texts`;
    if (entry.primary) primaries += 1;
  }
  const expected = addresses.length === 0 ? 0 : 1;
  return primaries === expected ? undefined : `${primaries} of its addresses are primary, not ${expected}`;
}

/** For records that contradict each other or the rules. */
export function damaged(key: string, fault: string): MeshError {
  return damagedRecords(`The stored record '${key}' is damaged: ${fault}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isMetadata(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((member) => typeof member === 'string');
}
