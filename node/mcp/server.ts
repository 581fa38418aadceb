// The tools for agents as an MCP server over stdio: one process beside a framework (AutoGen, or any that speaks MCP), talking to a
// running node. It holds nothing itself; what it says on stdout is the protocol and nothing else.
import { randomUUID } from 'node:crypto';
import { McpServer } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { createNodeClient, type NodeClient } from '../node-client.ts';
import { TOOLS, type Tool } from '../send/tools.ts';

export interface McpOptions {
  readonly url: string;
  readonly token: string | undefined;
  /** The agent that mail is sent as, unless a call names one. */
  readonly agent: string | undefined;
  /** Ends it as the end of its input does. */
  readonly stop: AbortSignal;
  readonly version: string;
}

/** Two attachments of 25 MiB in base64, and the rest. */
const MESSAGE_BYTES_MAX = 72 * 1_024 * 1_024;

/** Serves until the client closes stdin, or `stop` aborts. */
export async function serveMcp({ url, token, agent, stop, version }: McpOptions): Promise<void> {
  const call = createNodeClient({ url, token, stop });
  const server = new McpServer({ name: 'agent-email-mesh', version });
  for (const tool of TOOLS) register(server, tool, (input) => run(tool, input, call, agent));
  const transport = new StdioServerTransport(undefined, undefined, { maxBufferSize: MESSAGE_BYTES_MAX });
  const closed = new Promise<void>((resolve) => {
    server.server.onclose = resolve;
  });
  await server.connect(transport);
  const close = () => void server.close();
  if (stop.aborted) close();
  stop.addEventListener('abort', close, { once: true });
  await closed;
}

type Input = Readonly<Record<string, unknown>>;

function register(server: McpServer, { name, description, input }: Tool, work: (input: Input) => Promise<Input>): void {
  server.registerTool(name, { description, inputSchema: input }, async (given) => {
    try {
      const answer = await work(given as Input);
      return { content: [{ type: 'text', text: JSON.stringify(answer) }], structuredContent: { ...answer } };
    } catch (error) {
      return { content: [{ type: 'text', text: (error as Error).message }], isError: true };
    }
  });
}

function run({ name }: Tool, input: Input, call: NodeClient, agent: string | undefined): Promise<Input> {
  switch (name) {
    case 'send_email': {
      const as =
        input.from === undefined && input.agentId === undefined && agent !== undefined ? { agentId: agent } : {};
      // One call is one message, whatever retries on the way.
      const idempotencyKey = input.idempotencyKey ?? randomUUID();
      return call('POST', '/api/email/send?wait=true', { body: { ...input, ...as, idempotencyKey } });
    }
    case 'validate_email':
      return call('POST', '/api/email/validate', { body: input });
    case 'get_email_status':
      return call('GET', `/api/email/status/${encodeURIComponent(String(input.email_id))}`);
    case 'lookup_address':
      return call('GET', `/api/agents/email-index?federated=true&address=${encodeURIComponent(String(input.address))}`);
  }
}
