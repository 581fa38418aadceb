// The messages of the queue, found by their id, and in lists by agent and by state: a page of the log costs what it shows, whatever the
// host keeps. A list is in the order of the acceptance. A message that leaves a list stays in it as a hole, until there are more holes
// than messages.
import type { AgentId } from '../../../mesh/names.ts';
import type { LogQuery } from '../log-page.ts';
import { MESSAGE_STATES, type Message, type MessageState } from '../message.ts';

/** One message's place in all of its lists. */
interface Entry {
  readonly number: number;
  /** The message as it is now; `undefined` when it was forgotten. */
  message: Message | undefined;
}

type Wanted = Pick<LogQuery, 'agentId' | 'state'>;

export class MessageTable {
  readonly #byId = new Map<string, Entry>();
  readonly #lists = new Map<string, OrderedEntries>();

  constructor(messages: readonly Message[] = []) {
    for (const message of messages) this.set(message);
  }

  get(id: string): Message | undefined {
    return this.#byId.get(id)?.message;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  ids(): readonly string[] {
    return [...this.#byId.keys()];
  }

  /** Those of messages from an address. */
  idsFrom(address: string): readonly string[] {
    return [...this.values()].filter(({ from }) => from === address).map(({ id }) => id);
  }

  /** How many messages are in each state. */
  counts(): readonly (readonly [state: MessageState, count: number])[] {
    return MESSAGE_STATES.map((state) => [state, this.#lists.get(listName(undefined, state))?.count ?? 0]);
  }

  /** Messages of an agent that are not on their way yet. */
  waitingOf(agentId: AgentId): number {
    const states = ['queued', 'deferred'] as const;
    return states.reduce((sum, state) => sum + (this.#lists.get(listName(agentId, state))?.count ?? 0), 0);
  }

  /** In the order in which they came. Those that are set meanwhile are given as they were, or as they are. */
  *values(): Iterable<Message> {
    for (const { message } of this.#byId.values()) if (message !== undefined) yield message;
  }

  /** A message as it is from now on. */
  set(message: Message): void {
    const { id, number, agentId, state } = message;
    const known = this.#byId.get(id);
    const entry = known ?? { number, message };
    const before = known?.message;
    entry.message = message;
    if (known === undefined) {
      this.#byId.set(id, entry);
      for (const name of [listName(undefined, undefined), listName(agentId, undefined)]) this.#join(name, entry);
    }
    if (before?.state === state) return;
    if (before !== undefined) this.#leaveState(before);
    for (const name of [listName(undefined, state), listName(agentId, state)]) this.#join(name, entry);
  }

  delete(id: string): void {
    const entry = this.#byId.get(id);
    const before = entry?.message;
    if (entry === undefined || before === undefined) return;
    this.#byId.delete(id);
    entry.message = undefined;
    this.#leaveState(before);
    this.#leave(undefined, undefined);
    this.#leave(before.agentId, undefined);
  }

  /** Messages of that agent and in that state, as far as either is named, the newest first; `before`: only of lower numbers. */
  *newest({ agentId, state }: Wanted, before: number): Iterable<Message> {
    const list = this.#lists.get(listName(agentId, state));
    for (let at = (list?.indexOf(before) ?? 0) - 1; at >= 0; at -= 1) {
      const message = list?.entries[at]?.message;
      if (message !== undefined && isWanted(message, state)) yield message;
    }
  }

  #join(name: string, entry: Entry): void {
    const list = this.#lists.get(name) ?? new OrderedEntries();
    this.#lists.set(name, list);
    list.add(entry);
  }

  #leaveState({ agentId, state }: Message): void {
    this.#leave(undefined, state);
    this.#leave(agentId, state);
  }

  #leave(agentId: AgentId | undefined, state: MessageState | undefined): void {
    const name = listName(agentId, state);
    const list = this.#lists.get(name);
    if (list?.leave(({ message }) => message !== undefined && isWanted(message, state)) === 0) this.#lists.delete(name);
  }
}

/** Holes that a list may have beside as many as it has messages. */
const HOLES_SLACK = 32;

/** Entries by ascending number. */
class OrderedEntries {
  entries: Entry[] = [];
  #holes = 0;

  get count(): number {
    return this.entries.length - this.#holes;
  }

  /** An entry that comes back to where it has left a hole fills that. */
  add(entry: Entry): void {
    const last = this.entries.at(-1);
    if (last === undefined || last.number < entry.number) {
      this.entries.push(entry);
      return;
    }
    const at = this.indexOf(entry.number);
    if (this.entries[at] === entry) this.#holes -= 1;
    else this.entries.splice(at, 0, entry);
  }

  /** One entry has become a hole. Returns how many entries are in the list, holes too. */
  leave(isThere: (entry: Entry) => boolean): number {
    this.#holes += 1;
    if (2 * this.#holes > this.entries.length + HOLES_SLACK || this.#holes === this.entries.length) {
      this.entries = this.entries.filter(isThere);
      this.#holes = 0;
    }
    return this.entries.length;
  }

  /** Where the first entry is whose number is not below that one. */
  indexOf(number: number): number {
    let [from, to] = [0, this.entries.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.entries[middle]?.number ?? 0) < number) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

function isWanted(message: Message, state: MessageState | undefined): boolean {
  return state === undefined || message.state === state;
}

/** An agent's id has no blank. */
function listName(agentId: AgentId | undefined, state: MessageState | undefined): string {
  return `${agentId ?? ''} ${state ?? ''}`;
}
