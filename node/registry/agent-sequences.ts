// The last sequence given out for each agent's events. An agent that is here says its own; memory has what was given out since, and what the
// disk has of an agent that is gone, for as long as something of that agent is in hand. So memory does not grow with agents that come and go.
import type { AgentId } from '../../mesh/names.ts';
import type { Store } from '../store/store.ts';
import { goneAgent } from './agent-records.ts';

export interface AgentSequencesOptions {
  readonly store: Pick<Store, 'get'>;
  /** Whether the agent is there, by what is durable. */
  readonly isThere: (id: AgentId) => boolean;
  /** The sequences of agents that are there and whose last event was not a change of the agent itself. */
  readonly kept?: ReadonlyMap<AgentId, number>;
}

export class AgentSequences {
  readonly #options: AgentSequencesOptions;
  readonly #given: Map<AgentId, number>;
  /** How many keep each agent. */
  readonly #keepers = new Map<AgentId, number>();

  constructor(options: AgentSequencesOptions) {
    this.#options = options;
    this.#given = new Map(options.kept);
  }

  /** The one given out last, as far as memory has it, or `known` when that is higher. */
  last(id: AgentId, known: number): number {
    return Math.max(known, this.#given.get(id) ?? 0);
  }

  /** Notes the last one given out. Called while the agent is kept, in the very step that hands the commit to the store. */
  give(id: AgentId, sequence: number): void {
    this.#given.set(id, sequence);
  }

  /** Whether memory has the last one given out to an agent that is gone. */
  isInHand(id: AgentId): boolean {
    return this.#given.has(id);
  }

  /** What memory has of this agent stays at least until what is returned is disposed of, which is when it is durable. */
  keep(id: AgentId): Disposable {
    this.#keepers.set(id, (this.#keepers.get(id) ?? 0) + 1);
    return { [Symbol.dispose]: () => this.#letGo(id) };
  }

  /** Whether `learn` must be awaited before the last one is known. */
  isUnknown(id: AgentId): boolean {
    return !this.#given.has(id) && !this.#options.isThere(id);
  }

  /** Reads the last one of an agent that is gone. Called while the agent is kept. Rejects with `store_failed`. */
  async learn(id: AgentId): Promise<void> {
    const gone = await goneAgent(this.#options.store, id);
    // Another one may have been given out meanwhile.
    this.#given.set(id, this.last(id, gone?.sequence ?? 0));
  }

  #letGo(id: AgentId): void {
    const keepers = (this.#keepers.get(id) ?? 1) - 1;
    if (keepers > 0) {
      this.#keepers.set(id, keepers);
      return;
    }
    this.#keepers.delete(id);
    if (!this.#options.isThere(id)) this.#given.delete(id);
  }
}
