// Which message is next: those that are due, in turn by agent, so that one agent's thousands delay nobody else's one; and those
// due later, by their time. In memory only: the courses on disk say the same.
import { Heap } from '../../mesh/heap.ts';
import type { Message } from './message.ts';

interface Later {
  readonly id: string;
  readonly dueMs: number;
}

export class Waiting {
  /** Ids that are due, by agent, the first first. Agents take turns in the order of this map. */
  readonly #ready = new Map<string, string[]>();
  readonly #later = new Heap<Later>((one, other) => one.dueMs < other.dueMs);
  /** When each waiting message is due; what stands in the lists with another time, or not here, is void. */
  readonly #due = new Map<string, number>();
  /** Agents that must wait as a whole, and until when. */
  readonly #parked = new Map<string, number>();

  get size(): number {
    return this.#due.size;
  }

  add({ id }: Pick<Message, 'id'>, dueMs: number): void {
    this.#due.set(id, dueMs);
    this.#later.push({ id, dueMs });
  }

  remove(id: string): void {
    this.#due.delete(id);
  }

  park(agentId: string, untilMs: number): void {
    this.#parked.set(agentId, untilMs);
  }

  /** Moves what has become due into its agent's list. `nowMs`: wall clock. */
  wake(nowMs: number, agentOf: (id: string) => string): void {
    for (const [agent, untilMs] of this.#parked) if (untilMs <= nowMs) this.#parked.delete(agent);
    for (let next = this.#later.peek(); next !== undefined && next.dueMs <= nowMs; next = this.#later.peek()) {
      this.#later.pop();
      if (this.#due.get(next.id) !== next.dueMs) continue;
      const agent = agentOf(next.id);
      const list = this.#ready.get(agent);
      if (list === undefined) this.#ready.set(agent, [next.id]);
      else list.push(next.id);
    }
  }

  /** Agents with something due, in turn. */
  agents(): readonly string[] {
    return [...this.#ready.keys()].filter((agent) => !this.#parked.has(agent));
  }

  /** The first due message of an agent. */
  peek(agentId: string): string | undefined {
    const list = this.#ready.get(agentId);
    while (list !== undefined && list[0] !== undefined && !this.#due.has(list[0])) list.shift();
    if (list?.length === 0) this.#ready.delete(agentId);
    return list?.[0];
  }

  /** Takes it out; its agent goes to the end of the turn. */
  take(agentId: string): void {
    const list = this.#ready.get(agentId);
    const id = list?.shift();
    if (id !== undefined) this.#due.delete(id);
    this.#ready.delete(agentId);
    if (list !== undefined && list.length > 0) this.#ready.set(agentId, list);
  }

  /** When something becomes due that is not yet; infinite when nothing will. */
  nextMs(): number {
    return Math.min(this.#later.peek()?.dueMs ?? Number.POSITIVE_INFINITY, ...this.#parked.values());
  }
}
