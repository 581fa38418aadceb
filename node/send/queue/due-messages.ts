// Which message is next: those that are due, in turn by agent, so that one agent's thousands delay nobody else's one; and those
// due later, by their time; and when each is given up. In memory only: the courses on disk say the same. All times are of the
// monotonic clock.
// Step 3 of node/send/README.md, "How a message lives".
import { Heap } from '../../../mesh/time/heap.ts';
import type { Message } from '../message.ts';

interface Later {
  readonly id: string;
  readonly dueMs: number;
}

interface Expiring {
  readonly id: string;
  readonly expiresMs: number;
}

const EXPIRING_SLACK = 1_000;
const newExpiring = () => new Heap<Expiring>((one, other) => one.expiresMs < other.expiresMs);

export class DueMessages {
  /** Ids that are due, by agent, the first first. Agents take turns in the order of this map. */
  readonly #ready = new Map<string, Later[]>();
  readonly #later = new Heap<Later>((one, other) => one.dueMs < other.dueMs);
  /** When each waiting message is due and given up; what stands elsewhere with other times, or not here, is void. */
  readonly #due = new Map<string, { readonly dueMs: number; readonly expiresMs: number }>();
  #expiring = newExpiring();
  /** Agents that must wait as a whole, and until when. */
  readonly #parked = new Map<string, number>();

  get size(): number {
    return this.#due.size;
  }

  add({ id, expiresMs }: Pick<Message, 'id' | 'expiresMs'>, dueMs: number): void {
    this.#due.set(id, { dueMs, expiresMs });
    this.#later.push({ id, dueMs });
    this.#expiring.push({ id, expiresMs });
    // Most are sent long before they expire: what they leave here must not pile up.
    if (this.#expiring.size <= 2 * this.#due.size + EXPIRING_SLACK) return;
    this.#expiring = newExpiring();
    for (const [one, times] of this.#due) this.#expiring.push({ id: one, expiresMs: times.expiresMs });
  }

  /** False when it does not wait: it is in hand, or has ended. */
  remove(id: string): boolean {
    return this.#due.delete(id);
  }

  /** Takes out what is over its time, wherever it waits. */
  removeExpired(nowMs: number): readonly string[] {
    const ids: string[] = [];
    for (
      let next = this.#expiring.peek();
      next !== undefined && next.expiresMs <= nowMs;
      next = this.#expiring.peek()
    ) {
      this.#expiring.pop();
      if (this.#due.get(next.id)?.expiresMs === next.expiresMs && this.#due.delete(next.id)) ids.push(next.id);
    }
    return ids;
  }

  /** Nothing of the agent goes before `untilMs`, whatever is due. */
  park(agentId: string, untilMs: number): void {
    this.#parked.set(agentId, untilMs);
  }

  /** Moves what has become due into its agent's list. */
  wake(nowMs: number, agentOf: (id: string) => string): void {
    for (const [agent, untilMs] of this.#parked) if (untilMs <= nowMs) this.#parked.delete(agent);
    for (let next = this.#later.peek(); next !== undefined && next.dueMs <= nowMs; next = this.#later.peek()) {
      this.#later.pop();
      if (this.#due.get(next.id)?.dueMs !== next.dueMs) continue;
      const agent = agentOf(next.id);
      const list = this.#ready.get(agent);
      if (list === undefined) this.#ready.set(agent, [next]);
      else list.push(next);
    }
  }

  /** Agents with something due, in turn. */
  agents(): readonly string[] {
    return [...this.#ready.keys()].filter((agent) => !this.#parked.has(agent));
  }

  /** Whether a message is due, or its life over, that nobody has looked at since. */
  isOverdue(nowMs: number): boolean {
    return this.nextMs() <= nowMs;
  }

  /** The first due message of an agent. */
  peek(agentId: string): string | undefined {
    const list = this.#ready.get(agentId);
    while (list?.[0] !== undefined && this.#due.get(list[0].id)?.dueMs !== list[0].dueMs) list.shift();
    if (list?.length === 0) this.#ready.delete(agentId);
    return list?.[0]?.id;
  }

  /** Takes the first due message of an agent out; the agent goes to the end of the turn. */
  removeFirst(agentId: string): void {
    const list = this.#ready.get(agentId);
    const first = list?.shift();
    if (first !== undefined) this.#due.delete(first.id);
    this.#ready.delete(agentId);
    if (list !== undefined && list.length > 0) this.#ready.set(agentId, list);
  }

  /** When something becomes due that is not yet; infinite when nothing will. */
  nextMs(): number {
    const times = [this.#later.peek()?.dueMs, this.#expiring.peek()?.expiresMs, ...this.#parked.values()];
    return Math.min(...times.map((ms) => ms ?? Number.POSITIVE_INFINITY));
  }
}
