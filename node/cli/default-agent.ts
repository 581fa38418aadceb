// The agent that mail is sent as when a call names none: given by its id or by its name, which the node knows.
import { agentsCalled } from './agent-finder.ts';
import type { NodeClient } from './node-client.ts';

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
    const named = await agentsCalled(this.#call, this.#given);
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
}
