// `mesh agents`: the agents that a host owns.
import { type AddressShown, type AgentShown, findAgent } from './agent-finder.ts';
import type { Asking, CommandLine } from './command-line.ts';
import type { NodeClient } from './node-client.ts';
import type { Paint, Report } from './report.ts';
import { table } from './table.ts';
import { readWholeList } from './whole-list.ts';

interface NewAgent {
  readonly id?: string;
  readonly label?: string;
  readonly address?: readonly string[];
}

export function addAgentCommands(commands: CommandLine): void {
  const agents = commands.group('agents', 'the agents that the host owns');
  agents
    .add('list', 'every agent, the oldest first')
    .action((asking: Asking) => agents.run(asking, (call, paint) => listAgents(call, paint)));
  agents
    .add('show <agent>', 'one agent, by its id or its name')
    .action((given: string, asking: Asking) => agents.run(asking, (call, paint) => showAgent(call, paint, given)));
  agents
    .add('create <name>', 'make an agent, with the addresses it claims')
    .option('--id <ID>', 'an id of your own; the same command again is then the same agent')
    .option('--label <TEXT>', 'what people call it')
    .option('--address <ADDRESS...>', 'addresses to claim, the primary one first')
    .action((name: string, asking: Asking & NewAgent) =>
      agents.run(asking, (call, paint) => createAgent(call, paint, name, asking)),
    );
  agents
    .add('delete <agent>', 'delete an agent, by its id or its name; its addresses become free')
    .action((given: string, asking: Asking) => agents.run(asking, (call) => deleteAgent(call, given)));
}

export async function listAgents(call: NodeClient, paint: Paint): Promise<Report> {
  const agents = await readWholeList<AgentShown>(call, '/api/agents', 'agents');
  const rows = agents.map(({ id, name, label, tools: { email } }) => [
    name,
    primaryOf(email.addresses) + (email.enabled ? '' : paint.bad(' (off)')),
    `${email.addresses.length}`,
    label ?? '',
    paint.faint(id),
  ]);
  const lines =
    agents.length === 0 ? ['This host has no agent.'] : table(['NAME', 'PRIMARY ADDRESS', 'ALL', 'LABEL', 'ID'], rows);
  return { text: lines.join('\n'), value: agents, ok: true };
}

export async function showAgent(call: NodeClient, paint: Paint, given: string): Promise<Report> {
  const agent = await findAgent(call, given);
  return { text: describe(agent, paint), value: agent, ok: true };
}

export async function createAgent(call: NodeClient, paint: Paint, name: string, made: NewAgent): Promise<Report> {
  const { id, label, address = [] } = made;
  const addresses = address.map((one, at) => ({ address: one, primary: at === 0 }));
  const body = {
    name,
    ...(id === undefined ? {} : { id }),
    ...(label === undefined ? {} : { label }),
    ...(addresses.length === 0 ? {} : { tools: { email: { addresses } } }),
  };
  const { agent } = (await call('POST', '/api/agents', { body })) as { agent: AgentShown };
  return { text: describe(agent, paint), value: agent, ok: true };
}

export async function deleteAgent(call: NodeClient, given: string): Promise<Report> {
  const { id, name } = await findAgent(call, given);
  const answer = await call('DELETE', `/api/agents/${encodeURIComponent(id)}`);
  const waits = answer.releasing === undefined ? '' : ' The mesh has yet to confirm that its addresses are free.';
  return { text: `${name} (${id}) is deleted.${waits}`, value: answer, ok: true };
}

function describe({ id, name, label, hostId, tools, createdAt }: AgentShown, paint: Paint): string {
  const { enabled, addresses } = tools.email;
  const lines = table(
    [name, ''],
    [
      ['id', id],
      ...(label === null ? [] : [['label', label]]),
      ['host', hostId],
      ['since', createdAt],
      ['email', enabled ? paint.good('on') : paint.bad('off')],
      ...addresses.map(({ address, primary, displayName }) => [
        primary ? 'primary' : 'address',
        displayName === undefined ? address : `${address} (${displayName})`,
      ]),
    ],
  );
  return lines.join('\n');
}

function primaryOf(addresses: readonly AddressShown[]): string {
  return addresses.find(({ primary }) => primary)?.address ?? '';
}
