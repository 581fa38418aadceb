// The tools for agents as an MCP server over stdio: one process beside a framework (AutoGen, or any that speaks MCP), talking to a
// running node. The process keeps nothing but the id of its agent; on stdout it writes the protocol and nothing else.
import { randomUUID } from 'node:crypto';
import { pipeline, type Readable, type Writable } from 'node:stream';
import { McpServer } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import type { Clock } from '../../mesh/ports.ts';
import { withinMs } from '../../mesh/time/deadline.ts';
import { inputSchemaOf, TOOLS, type Tool, whyNotCalledWith } from '../send/agent-tools.ts';
import { DefaultAgent } from './default-agent.ts';
import { LastingInput } from './lasting-input.ts';
import { keepsInboxes, MAILBOX_TOOLS, runMailboxTool } from './mailbox-tools.ts';
import { ANSWER_MS_MAX, createNodeClient, type NodeClient } from './node-client.ts';

export interface McpOptions {
  readonly url: string;
  readonly token: string | undefined;
  /** The agent that mail is sent as, by id or name, unless a call names one. */
  readonly agent: string | undefined;
  readonly clock: Clock;
  /** Ends the server as the end of its input does, but without waiting for calls in hand. */
  readonly stop: AbortSignal;
  readonly version: string;
  readonly input: Readable;
  readonly output: Writable;
  /** The inbox that is meant unless a call names one, and the key that opens it. */
  readonly inbox?: string | undefined;
  readonly inboxKey?: string | undefined;
  /** The clients of the node and of its mailbox; tests hand in others. */
  readonly call?: NodeClient;
  readonly callMailbox?: NodeClient;
}

/** Two attachments of 25 MiB in base64, and the rest. */
const MESSAGE_BYTES_MAX = 72 * 1_024 * 1_024;
/** A call asks the node twice at most: for the agent that sends, and to send. */
const ANSWERS_MS_MAX = 2 * ANSWER_MS_MAX + 5_000;

/** Milliseconds that the start waits to hear whether the node keeps inboxes, and between two questions whether it does. */
const MAILBOX_MS_MAX = 5_000;
const MAILBOX_AGAIN_MS = 5_000;

/** Serves until the client closes its end and the calls in hand are answered, or `stop` aborts. */
export async function serveMcp({
  url,
  token,
  agent,
  clock,
  stop,
  version,
  input,
  output,
  ...rest
}: McpOptions): Promise<void> {
  const call = rest.call ?? createNodeClient({ url, token, clock, stop });
  const sender = agent === undefined ? undefined : new DefaultAgent(agent, call);
  const server = new McpServer({ name: 'agent-email-mesh', version });
  for (const tool of TOOLS) register(server, tool, (given) => run(tool, given, call, sender));
  const callMailbox = rest.callMailbox ?? createNodeClient({ url, token: rest.inboxKey, clock, stop });
  await withinMs(
    clock,
    MAILBOX_MS_MAX,
    offerMailbox(server, callMailbox, { inbox: rest.inbox, clock, stop }),
    undefined,
  );
  const lasting = new LastingInput(ANSWERS_MS_MAX, clock);
  const transport = new StdioServerTransport(lasting, output, { maxBufferSize: MESSAGE_BYTES_MAX });
  const closed = new Promise<void>((resolve) => {
    server.server.onclose = resolve;
  });
  await server.connect(transport);
  lasting.watch(transport);
  // A pipe that breaks is a pipe that ends: the transport hears of it either way.
  pipeline(input, lasting, () => undefined);
  const close = () => void server.close();
  if (stop.aborted) close();
  stop.addEventListener('abort', close, { once: true });
  await closed;
  // Input is no longer read, because an open pipe would keep the process alive.
  lasting.destroy();
}

/** Adds the tools for mail where the node keeps inboxes. Resolves when it was asked once; while it does not answer, it is asked again. */
async function offerMailbox(
  server: McpServer,
  call: NodeClient,
  options: Pick<McpOptions, 'inbox' | 'clock' | 'stop'>,
): Promise<void> {
  const { inbox, clock, stop } = options;
  try {
    const tools = (await keepsInboxes(call)) ? MAILBOX_TOOLS : [];
    for (const tool of tools) register(server, tool, (given) => runMailboxTool(tool, call, given, inbox));
  } catch {
    // Whoever calls another tool is told that the node does not answer.
    void clock
      .sleep(MAILBOX_AGAIN_MS, stop)
      .then(() => (stop.aborted ? undefined : offerMailbox(server, call, options)));
  }
}

type Input = Readonly<Record<string, unknown>>;

/** The arguments are checked here, not by the library: so a refusal is a sentence that says what the tool takes. */
function register(server: McpServer, tool: Tool<string>, work: (input: Input) => Promise<Input>): void {
  const schema = () => inputSchemaOf(tool);
  const inputSchema = {
    '~standard': {
      version: 1 as const,
      vendor: 'agent-email-mesh',
      validate: (value: unknown) => ({ value }),
      jsonSchema: { input: schema, output: schema },
    },
  };
  server.registerTool(tool.name, { description: tool.description, inputSchema }, async (given: unknown) => {
    try {
      const why = whyNotCalledWith(tool, given);
      if (why !== undefined) throw new Error(why);
      const answer = await work(given as Input);
      return { content: [{ type: 'text', text: JSON.stringify(answer) }], structuredContent: { ...answer } };
    } catch (error) {
      return { content: [{ type: 'text', text: (error as Error).message }], isError: true };
    }
  });
}

async function run({ name }: Tool, input: Input, call: NodeClient, sender: DefaultAgent | undefined): Promise<Input> {
  switch (name) {
    case 'send_email': {
      const isNamed = input.from !== undefined || input.agentId !== undefined;
      const as = isNamed || sender === undefined ? {} : { agentId: await sender.id() };
      // One call is one message, even when a request on the way is repeated.
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
