// Agents on disk: `agent/<id>` is the agent as it is in memory; `agent-gone/<id>` keeps the last sequence of a deleted one, so
// that its events go on counting when the same id is made again (gone-agents.ts says until when); `agent-sequence/<id>` is the last
// sequence where an event came after the agent's last change. Read back with checks by hand: 100,000 addresses at start.
import { MeshError } from '../../mesh/errors.ts';
import { type AgentId, type HostId, parseAgentId } from '../../mesh/names.ts';
import type { PackedTexts } from '../../mesh/packed-texts.ts';
import type { Write } from '../../mesh/ports.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store, StoredRecord } from '../store/store.ts';
import type { Agent } from './agent.ts';
import { compareAge } from './agent-age.ts';
import { KeptNames } from './agent-name.ts';
import { AgentScanner, type TakenAgent } from './agent-scanner.ts';
import { PackedAgent, packAgents } from './packed-agents.ts';

export const AGENT_PREFIX = 'agent/';
const GONE_PREFIX = 'agent-gone/';
const SEQUENCE_PREFIX = 'agent-sequence/';
/** Agents of one page: half a megabyte that passes from thread to thread. */
const AGENTS_AT_ONCE = 250;

/** The writes that make `agent` what the disk knows; `isNew` clears what was kept of an earlier one of that id. */
export function savingWrites(agent: Agent, isNew: boolean): readonly Write[] {
  const save = { key: AGENT_PREFIX + agent.id, value: agent };
  return isNew ? [save, { key: GONE_PREFIX + agent.id, value: undefined }] : [save];
}

/** What is kept of an agent that was deleted. */
export interface GoneAgent {
  /** The sequence of the agent's last event. */
  readonly sequence: number;
  /** ISO 8601, UTC: when that was. Absent in records of versions that did not say it. */
  readonly at?: string;
}

/** `gone`: its last event is that of its deletion. */
export function removingWrites(id: AgentId, gone: GoneAgent): readonly Write[] {
  return [
    { key: AGENT_PREFIX + id, value: undefined },
    { key: SEQUENCE_PREFIX + id, value: undefined },
    goneWrite(id, gone),
  ];
}

/** Keeps the last sequence given to an event that is no change of the agent. */
export function sequenceWrite(id: AgentId, sequence: number): Write {
  return { key: SEQUENCE_PREFIX + id, value: { sequence } };
}

/** Keeps what is known of an agent that is gone, or forgets it. */
export function goneWrite(id: AgentId, gone: GoneAgent | undefined): Write {
  return { key: GONE_PREFIX + id, value: gone };
}

/**
 * Sequences of agents that are there, where one was kept by itself. What versions before this one left of agents that were deleted at that
 * very moment is kept as of those. Rejects with `store_failed`.
 */
export async function loadSequences(
  store: Pick<Store, 'load' | 'get' | 'commit'>,
  isThere: (id: AgentId) => boolean,
): Promise<ReadonlyMap<AgentId, number>> {
  const sequences = new Map<AgentId, number>();
  for await (const page of store.load(SEQUENCE_PREFIX)) {
    for (const { key, value } of page) {
      const id = parseAgentId(key.slice(SEQUENCE_PREFIX.length));
      if (id === undefined || !isObject(value) || !isCount(value.sequence))
        throw damaged(key, "its 'sequence' is not a whole number");
      if (isThere(id)) sequences.set(id, value.sequence);
      else await keepAsGone(store, id, value.sequence);
    }
  }
  return sequences;
}

async function keepAsGone(store: Pick<Store, 'get' | 'commit'>, id: AgentId, sequence: number): Promise<void> {
  const gone = await goneAgent(store, id);
  const writes = [{ key: SEQUENCE_PREFIX + id, value: undefined }];
  await store.commit([...writes, goneWrite(id, { ...gone, sequence: Math.max(sequence, gone?.sequence ?? 0) })]);
}

/** What is kept of an agent of this id that was deleted; `undefined` when there is nothing. Rejects with `store_failed`. */
export async function goneAgent(store: Pick<Store, 'get'>, id: AgentId): Promise<GoneAgent | undefined> {
  const value = await store.get(GONE_PREFIX + id);
  return value === undefined ? undefined : readGone({ key: GONE_PREFIX + id, value }).gone;
}

/** What is kept of all of them, page by page. Rejects with `store_failed`. */
export async function* loadGone(
  store: Pick<Store, 'load'>,
): AsyncIterable<readonly { readonly id: AgentId; readonly gone: GoneAgent }[]> {
  for await (const page of store.load(GONE_PREFIX)) yield page.map(readGone);
}

function readGone({ key, value }: StoredRecord): { readonly id: AgentId; readonly gone: GoneAgent } {
  const id = parseAgentId(key.slice(GONE_PREFIX.length));
  if (id === undefined || !isObject(value) || !isCount(value.sequence))
    throw damaged(key, "its 'sequence' is not a whole number");
  const { sequence, at } = value;
  if (at === undefined) return { id, gone: { sequence } };
  if (isText(at) && !Number.isNaN(Date.parse(at))) return { id, gone: { sequence, at } };
  throw damaged(key, "its 'at' is not a time");
}

export interface StoredAgents {
  /** Oldest first. */
  readonly agents: readonly PackedAgent[];
  readonly keptNames: KeptNames;
}

/**
 * Every stored agent. Rejects with `store_failed` at the first record that is not an agent of this host, and with what `arrived` throws, which is
 * told of each agent, in any order, while further ones are read.
 */
export async function loadAgents(
  store: Store,
  hostId: HostId,
  arrived: (agent: PackedAgent) => void = () => {},
): Promise<StoredAgents> {
  const agents: PackedAgent[] = [];
  const [keptNames, scanner] = [new KeptNames(), new AgentScanner()];
  for await (const page of store.loadOctets(AGENT_PREFIX, AGENTS_AT_ONCE))
    for (const agent of packPage(page, { hostId, scanner, keptNames })) {
      arrived(agent);
      agents.push(agent);
    }
  return { agents: agents.sort(compareAge), keptNames };
}

interface Loading {
  readonly hostId: HostId;
  readonly scanner: AgentScanner;
  readonly keptNames: KeptNames;
}

function packPage({ octets, starts }: PackedTexts, { hostId, scanner, keptNames }: Loading): readonly PackedAgent[] {
  const json = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
  const taken: TakenAgent[] = [];
  const others: Agent[] = [];
  scanner.beginPage(octets);
  for (let at = 0; at + 2 < starts.length; at += 2) {
    const [keyAt, from, to] = starts.subarray(at, at + 3) as unknown as [number, number, number];
    const key = AGENT_PREFIX + json.toString('utf8', keyAt, from);
    const one = scanner.take(from, to, (value) => readAgent(key, value, hostId));
    if (one === undefined) others.push(readAgent(key, parseJson(key, json.toString('utf8', from, to)), hostId));
    else taken.push(one);
  }
  for (const { head, displayNames } of taken) keptNames.see(head, displayNames);
  for (const { addresses, ...head } of others)
    keptNames.see(
      head,
      addresses.map(({ displayName }) => displayName),
    );
  const texts = scanner.endPage();
  return [...taken.map(({ head, first, count }) => new PackedAgent(head, texts, first, count)), ...packAgents(others)];
}

function parseJson(key: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw damagedRecords(`The stored record '${key}' is damaged: it is not JSON`, cause);
  }
}

function readAgent(key: string, value: unknown, hostId: HostId): Agent {
  if (!isObject(value)) throw damaged(key, 'it is not an object');
  const fault = agentFault(value, key.slice(AGENT_PREFIX.length)) ?? addressesFault(value.addresses);
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
  if (value.metadata !== undefined && !isMetadata(value.metadata)) return "its 'metadata' is not a map of texts";
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
