// The agent that mail is sent as when a call names none: given by its id or by its name, which the node knows.
import type { NodeClient } from './node-client.ts';

interface AgentShown {
  readonly id: string;
  readonly name: string;
}

interface AgentPage {
  readonly agents: readonly AgentShown[];
  readonly nextCursor?: string;
}

export class DefaultAgent {
  readonly #given: string;
  readonly #call: NodeClient;
  #id: string | undefined;

  /** `given`: an id, or the name of one agent of the node. */
  constructor(given: string, call: NodeClient) {
    this.#given = given;
    this.#call = call;
  }

  /** The agent's id. The node is asked until it has answered, then never again. Throws a sentence when no agent, or more than one, has that name. */
  async id(): Promise<string> {
    this.#id ??= await this.#find();
    return this.#id;
  }

  async #find(): Promise<string> {
    const agents = await this.#list();
    if (agents.some(({ id }) => id === this.#given)) return this.#given;
    const named = agents.filter(({ name }) => name === this.#given);
    const [agent] = named;
    if (agent === undefined)
      throw new Error(
        `The node has no agent whose id or name is '${this.#given}'. Start this with --agent and one that GET /api/agents lists, or name an agentId in the call.`,
      );
    if (named.length === 1) return agent.id;
    throw new Error(
      `The node has ${named.length} agents called '${this.#given}': ${named.map(({ id }) => id).join(', ')}. Start this with --agent and the id of one.`,
    );
  }

  async #list(): Promise<readonly AgentShown[]> {
    const all: AgentShown[] = [];
    for (let query = ''; ; ) {
      const { agents, nextCursor } = (await this.#call('GET', `/api/agents${query}`)) as unknown as AgentPage;
      all.push(...agents);
      if (nextCursor === undefined) return all;
      query = `?cursor=${encodeURIComponent(nextCursor)}`;
    }
  }
}
