// The client that commands ask a node by, in place of a socket.
import type { NodeClient } from '../../node/cli/node-client.ts';
import type { TestNode } from './test-node.ts';

/** As node-client.ts. */
export function clientOf({ ask }: Pick<TestNode, 'ask'>): NodeClient {
  return async (method, path, { body } = {}) => {
    const answer = await ask(method, path, body);
    if (answer.status >= 400) throw new Error(String((answer.body as { message: string }).message));
    return answer.body;
  };
}
