// What is to become of each agent and each address of the original's registry: decided before anything is written. Pure.
import { parseAnyAddress } from '../../mesh/address/identity.ts';
import type { MovedAddress, MovedAgent } from './moved-files.ts';

export type Choice = 'skip' | 'take' | 'ask';

/** An address that is not simply this agent's. */
export interface Trouble {
  readonly agent: string;
  readonly address: string;
  /** A sentence. */
  readonly why: string;
  /** The id of the agent that would lose the address; absent: it can't be taken. */
  readonly from?: { readonly agentId: string; readonly isHere: boolean } | undefined;
}

/** An agent that is made, with what the node is asked for. */
export interface PlannedAgent {
  readonly agent: MovedAgent;
  readonly addresses: readonly MovedAddress[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Addresses that agents of this node lose to it. */
  readonly taken: readonly { readonly agentId: string; readonly address: string }[];
}

export interface LeftOut {
  readonly agent: string;
  /** Absent: the whole agent is left out. */
  readonly address?: string;
  readonly why: string;
}

export interface Plan {
  readonly agents: readonly PlannedAgent[];
  /** Agents that are here already, by their ids. */
  readonly already: readonly MovedAgent[];
  readonly left: readonly LeftOut[];
}

/** What is known of this node and its mesh. */
export interface Surroundings {
  readonly self: string;
  /** Ids of this node's agents, and their names in lower case. */
  readonly ids: ReadonlySet<string>;
  readonly names: ReadonlySet<string>;
  /** Who has an address now; `undefined`: nobody. */
  ownerOf(
    address: string,
  ): Promise<{ readonly agentId: string; readonly agentName: string; readonly hostId: string } | undefined>;
  /** Whether the agent gets the address. */
  decide(trouble: Trouble): Promise<boolean>;
}

export interface Wishes {
  /** Members that go into the metadata; `all`: whatever there is. */
  readonly keep: readonly string[] | 'all';
  /** Agents of other hosts, too. */
  readonly anyHost: boolean;
}

const ADDRESSES_MAX = 10;
const METADATA_KEYS_MAX = 20;
const METADATA_BYTES_MAX = 4_096;

interface Claimed {
  readonly agent: MovedAgent;
  readonly addresses: MovedAddress[];
  readonly taken: { agentId: string; address: string }[];
}

/** `agents` in the order of the file: where two want one address, the first has it. */
export async function planMove(agents: readonly MovedAgent[], around: Surroundings, wishes: Wishes): Promise<Plan> {
  const left: LeftOut[] = [];
  const already: MovedAgent[] = [];
  const claimed: Claimed[] = [];
  const names = new Set(around.names);
  /** The agents of the file, by the key of the address. */
  const holders = new Map<string, Claimed>();
  for (const agent of agents) {
    const why = around.ids.has(agent.id) ? undefined : whyNot(agent, names, around, wishes);
    if (around.ids.has(agent.id)) already.push(agent);
    else if (why !== undefined) left.push({ agent: agent.name, why });
    else {
      names.add(agent.name.toLowerCase());
      const one: Claimed = { agent, addresses: [], taken: [] };
      claimed.push(one);
      for (const wanted of agent.addresses) await claim(one, wanted, { around, holders, left });
    }
  }
  const planned = claimed.map(({ agent, addresses, taken }) => {
    const { metadata, lost } = metadataOf(agent.others, wishes.keep);
    if (lost.length > 0)
      left.push({ agent: agent.name, why: `Its ${lost.join(', ')} do not fit into its metadata (20 keys, 4 KiB).` });
    return { agent, addresses, taken, metadata };
  });
  return { agents: planned, already, left };
}

function whyNot(
  { name, hostId, id }: MovedAgent,
  names: ReadonlySet<string>,
  { self }: Surroundings,
  { anyHost }: Wishes,
) {
  if (hostId !== undefined && !anyHost && ![self, 'local'].includes(hostId.toLowerCase()))
    return `It is an agent of host '${hostId}': import it there, or say --any-host.`;
  if (names.has(name.toLowerCase()))
    return `Another agent has the name '${name}' (this one has the id ${id}): rename one.`;
  return undefined;
}

interface Claiming {
  readonly around: Surroundings;
  readonly holders: Map<string, Claimed>;
  readonly left: LeftOut[];
}

/** Gives the address to the agent, unless it breaks a rule or somebody else has it and keeps it. */
async function claim(one: Claimed, wanted: MovedAddress, { around, holders, left }: Claiming): Promise<void> {
  const { address } = wanted;
  const leave = (why: string) => left.push({ agent: one.agent.name, address, why });
  const parsed = parseAnyAddress(address);
  if (!parsed.valid) return void leave(parsed.error);
  const rival = holders.get(parsed.key);
  if (rival === one) return;
  if (one.addresses.length === ADDRESSES_MAX) return void leave(`An agent has at most ${ADDRESSES_MAX} addresses.`);
  const trouble = rival === undefined ? await ownedElsewhere(one, address, around) : claimedTwice(one, address, rival);
  if (trouble !== undefined && (trouble.from === undefined || !(await around.decide(trouble))))
    return void leave(trouble.why);
  if (rival !== undefined) {
    rival.addresses.splice(
      rival.addresses.findIndex((other) => sameKey(other.address, parsed.key)),
      1,
    );
    left.push({ agent: rival.agent.name, address, why: `It goes to '${one.agent.name}', as was decided.` });
  }
  if (trouble?.from?.isHere) one.taken.push({ agentId: trouble.from.agentId, address });
  one.addresses.push(wanted);
  holders.set(parsed.key, one);
}

function sameKey(address: string, key: string): boolean {
  const parsed = parseAnyAddress(address);
  return parsed.valid && parsed.key === key;
}

function claimedTwice({ agent }: Claimed, address: string, rival: Claimed): Trouble {
  const why = `The file gives it to '${rival.agent.name}' too, which comes first.`;
  return { agent: agent.name, address, why, from: { agentId: rival.agent.id, isHere: false } };
}

async function ownedElsewhere(
  { agent }: Claimed,
  address: string,
  { self, ownerOf }: Surroundings,
): Promise<Trouble | undefined> {
  const owner = await ownerOf(address);
  if (owner === undefined || (owner.agentId === agent.id && owner.hostId === self)) return undefined;
  const why = `'${owner.agentName}' on host '${owner.hostId}' has it.`;
  const from = owner.hostId === self ? { agentId: owner.agentId, isHere: true } : undefined;
  return { agent: agent.name, address, why, from };
}

/** What is no text is written as JSON; what was metadata already comes first. */
function metadataOf(others: Readonly<Record<string, unknown>>, keep: Wishes['keep']) {
  const { metadata: own, ...rest } = others;
  const isWanted = (member: string) => keep === 'all' || keep.includes(member);
  const wanted = [
    ...(isWanted('metadata') ? membersOf(own) : []),
    ...membersOf(rest).filter(([member]) => isWanted(member)),
  ];
  const metadata: Record<string, string> = {};
  const lost: string[] = [];
  for (const [member, value] of wanted) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const more = { ...metadata, [member]: text };
    const fits =
      Object.keys(more).length <= METADATA_KEYS_MAX && Buffer.byteLength(JSON.stringify(more)) <= METADATA_BYTES_MAX;
    if (fits) metadata[member] = text;
    else lost.push(member);
  }
  return { metadata, lost };
}

function membersOf(value: unknown): readonly (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).filter(([, member]) => member !== undefined && member !== null && member !== '');
}
