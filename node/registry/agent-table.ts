// The agents of this host in memory, by id and by name, and the email index kept in step with them. It is changed only after
// the commit that holds the change, so whatever it shows is durable.
import { anyAddressKey } from '../../mesh/address/identity.ts';
import { MeshError } from '../../mesh/errors.ts';
import type { AddressKey, AgentId } from '../../mesh/names.ts';
import type { Agent, AgentHead } from './agent.ts';
import { type AgentAge, compareAge } from './agent-age.ts';
import { damaged } from './agent-records.ts';
import { HeldTwice } from './email-index.ts';
import { type KeptAgent, unpacked } from './packed-agents.ts';

/** What the registry needs of the email index. */
export interface AgentIndex {
  /** Throws `HeldTwice` when another agent holds one of its addresses; then nothing has changed. */
  put(agent: KeptAgent): void;
  remove(id: AgentId): void;
  /** The agent of this host that holds the address, shown by the index or not. */
  holder(key: AddressKey): { readonly agent: AgentHead } | undefined;
}

/** Puts a stored agent into the index. Throws `store_failed` when another one there holds one of its addresses. */
export function indexStored(index: Pick<AgentIndex, 'put'>, agent: KeptAgent): void {
  try {
    index.put(agent);
  } catch (error) {
    if (!(error instanceof HeldTwice)) throw error;
    throw damaged(`agent/${agent.id}`, `agent '${error.holder}' holds '${error.address}' too`);
  }
}

export class AgentTable {
  readonly #index: AgentIndex;
  readonly #byId = new Map<AgentId, KeptAgent>();
  readonly #byName = new Map<string, AgentId>();
  /** By `compareAge`. */
  readonly #byAge: KeptAgent[] = [];

  /** `stored`: in any order, each of them in the index (`indexStored`). Throws `store_failed` when two of them share a name. */
  constructor(index: AgentIndex, stored: readonly KeptAgent[]) {
    this.#index = index;
    for (const agent of stored) {
      const namesake = this.#byName.get(nameKey(agent.name));
      if (namesake !== undefined) throw damaged(`agent/${agent.id}`, `agent '${namesake}' has the same name`);
      this.#list(undefined, agent);
    }
  }

  get size(): number {
    return this.#byAge.length;
  }

  find(id: AgentId): Agent | undefined {
    const agent = this.#byId.get(id);
    return agent && unpacked(agent);
  }

  /** Throws `not_found`. */
  get(id: AgentId): Agent {
    const agent = this.find(id);
    if (agent !== undefined) return agent;
    throw new MeshError('not_found', `There is no agent '${id}' on this host.`);
  }

  /** All agents, the oldest first. */
  list(): readonly Agent[] {
    return this.#byAge.map(unpacked);
  }

  /** All agents as they are kept, the oldest first, each to be unpacked when its turn comes. */
  kept(): readonly KeptAgent[] {
    return [...this.#byAge];
  }

  /** The next agents, at most `limit`, the oldest first; from the oldest one when `after` is absent. `after` need not be there any more. */
  page(after: AgentAge | undefined, limit: number): readonly KeptAgent[] {
    const from = after === undefined ? 0 : this.#placeBehind(after);
    return this.#byAge.slice(from, from + limit);
  }

  /** The agent of this host that has the address. */
  holderOf(key: AddressKey): Agent | undefined {
    const id = this.#index.holder(key)?.agent.id;
    return id && this.find(id);
  }

  /** Who holds an address in any spelling, of any kind that a host may give out. */
  holderOfText(address: string): Agent | undefined {
    const key = anyAddressKey(address);
    return key === undefined ? undefined : this.holderOf(key);
  }

  /** Throws `name_taken` when an agent other than `exceptId` has that name. */
  refuseTakenName(name: string, exceptId: AgentId | undefined): void {
    const id = this.#byName.get(nameKey(name));
    if (id === undefined || id === exceptId) return;
    const message = `An agent named '${this.get(id).name}' exists on this host already. Choose another name.`;
    throw new MeshError('name_taken', message, { field: 'name' });
  }

  /** `before`: the agent as it is in the table, `undefined` for a new one. Its age, which orders the table, does not change. */
  put(before: Agent | undefined, after: Agent): void {
    this.#list(before, after);
    this.#index.put(after);
  }

  #list(before: Agent | undefined, after: KeptAgent): void {
    if (before !== undefined && before.name !== after.name) this.#byName.delete(nameKey(before.name));
    this.#byName.set(nameKey(after.name), after.id);
    this.#byId.set(after.id, after);
    const place = this.#placeBehind(after);
    if (this.#byAge[place - 1]?.id === after.id) this.#byAge[place - 1] = after;
    else this.#byAge.splice(place, 0, after);
  }

  remove(agent: Agent): void {
    this.#byName.delete(nameKey(agent.name));
    this.#byId.delete(agent.id);
    const place = this.#placeBehind(agent) - 1;
    if (this.#byAge[place]?.id === agent.id) this.#byAge.splice(place, 1);
    this.#index.remove(agent.id);
  }

  /** Where the first agent stands that is younger. New agents are looked for at the end. */
  #placeBehind(age: AgentAge): number {
    const youngest = this.#byAge.at(-1);
    if (youngest === undefined || compareAge(youngest, age) <= 0) return this.#byAge.length;
    let [low, high] = [0, this.#byAge.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareAge(this.#byAge[middle] as KeptAgent, age) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What makes two names the same: case and composition do not tell them apart. */
export function nameKey(name: string): string {
  const key = name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
  // Most names are their own key, which would be in memory twice.
  return key === name ? name : key;
}
