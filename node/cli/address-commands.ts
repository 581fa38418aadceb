// `mesh lookup`, `mesh claim`, `mesh release`: who owns an address, and giving one to an agent of the host or taking it back.
import { findAgent } from './agent-finder.ts';
import type { Asking, CommandLine } from './command-line.ts';
import type { NodeClient } from './node-client.ts';
import type { Report } from './report.ts';
import { table } from './table.ts';

interface How {
  readonly federated?: true;
  readonly verify?: true;
  readonly index?: true;
}

interface Owner {
  readonly agentId: string;
  readonly agentName: string;
  readonly hostId: string;
  readonly hostUrl: string;
  readonly displayName?: string;
  readonly primary: boolean;
}

interface AskedMeta {
  readonly hostsFailed?: readonly string[];
  readonly complete?: boolean;
  readonly asOf?: string | null;
}

interface Claiming {
  readonly displayName?: string;
  readonly primary?: true;
}

export function addAddressCommands(commands: CommandLine): void {
  commands
    .add('lookup <address>', 'which agent owns an address, and on which host')
    .option('--federated', 'ask every host')
    .option('--verify', 'ask the owner that the copy names, and everybody when it does not confirm')
    .option('--index', "answer from this host's copy of the mesh, asking nobody")
    .action((address: string, asking: Asking & How) => commands.run(asking, (call) => lookUp(call, address, asking)));
  commands
    .add('claim <agent> <address>', 'give an address to an agent, named by its id or its name')
    .option('--display-name <TEXT>', 'the name that stands beside the address in mail')
    .option('--primary', "make it the agent's primary address")
    .action((agent: string, address: string, asking: Asking & Claiming) =>
      commands.run(asking, (call) => claim(call, agent, address, asking)),
    );
  commands
    .add('release <address>', 'take an address from the agent of this host that has it; anybody may claim it then')
    .action((address: string, asking: Asking) => commands.run(asking, (call) => release(call, address)));
}

/** An address that nobody has is no error of the question, but the exit code is 1. */
export async function lookUp(call: NodeClient, address: string, how: How): Promise<Report> {
  const query = `/api/agents/email-index?address=${encodeURIComponent(address)}`;
  const mode = how.index
    ? '&federated=true&mode=index'
    : how.verify
      ? '&federated=true&mode=verify'
      : '&federated=true';
  if (!how.federated && !how.verify && !how.index) {
    const owners = (await call('GET', query)) as Readonly<Record<string, Owner>>;
    const nobody = `No agent of this host has ${address}; ask all hosts with --federated.`;
    return { text: ownersShown(owners) ?? nobody, value: owners, ok: Object.keys(owners).length > 0 };
  }
  const answer = await call('GET', `${query}${mode}`);
  const { emails, meta } = answer as { emails: Readonly<Record<string, Owner>>; meta: AskedMeta };
  const shown = ownersShown(emails) ?? `Nobody has ${address}, as far as is known.`;
  return { text: [shown, ...reservations(meta)].join('\n'), value: answer, ok: Object.keys(emails).length > 0 };
}

export async function claim(call: NodeClient, given: string, address: string, how: Claiming): Promise<Report> {
  const { id, name } = await findAgent(call, given);
  const { displayName, primary } = how;
  const body = { address, ...(displayName === undefined ? {} : { displayName }), ...(primary ? { primary } : {}) };
  const answer = await call('POST', `/api/agents/${encodeURIComponent(id)}/email/addresses`, { body });
  return { text: `${address} is ${name}'s (${id}).`, value: answer, ok: true };
}

/** Where the index shows the whole mesh (MESH_INDEX_SCOPE), an owner may be an agent of another host. */
export async function release(call: NodeClient, address: string): Promise<Report> {
  const query = `/api/agents/email-index?address=${encodeURIComponent(address)}`;
  const { host } = (await call('GET', '/api/hosts/identity')) as { host: { readonly id: string } };
  const shown = Object.values(await call('GET', query)) as Owner[];
  const owner = shown.find(({ hostId }) => hostId === host.id);
  if (owner === undefined) throw new Error(await whyNotReleased(call, address, shown));
  const path = `/api/agents/${encodeURIComponent(owner.agentId)}/email/addresses/${encodeURIComponent(address)}`;
  const answer = await call('DELETE', path);
  const waits = answer.releasing === undefined ? '' : ' The mesh has yet to confirm that it is free.';
  return { text: `${address} is taken from ${owner.agentName} (${owner.agentId}).${waits}`, value: answer, ok: true };
}

/** Who has it, as far as the other hosts say. */
async function whyNotReleased(call: NodeClient, address: string, shown: readonly Owner[]): Promise<string> {
  const query = `/api/agents/email-index?address=${encodeURIComponent(address)}&federated=true`;
  const [owner] =
    shown.length > 0
      ? shown
      : Object.values(((await call('GET', query)) as { emails: Readonly<Record<string, Owner>> }).emails);
  if (owner !== undefined)
    return `${address} belongs to ${owner.agentName} (${owner.agentId}) on host '${owner.hostId}', and is released there: npx mesh release ${address} --url ${owner.hostUrl}`;
  return `No agent of this host shows ${address}, and none of another host that answers. An agent whose email is off shows no address; release it by DELETE /api/agents/ID/email/addresses/ADDRESS.`;
}

function ownersShown(owners: Readonly<Record<string, Owner>>): string | undefined {
  const rows = Object.entries(owners).map(([address, { agentName, agentId, hostId, hostUrl, displayName }]) => [
    address,
    displayName ?? '',
    `${agentName} (${agentId})`,
    `${hostId} at ${hostUrl}`,
  ]);
  return rows.length === 0 ? undefined : table(['ADDRESS', 'NAME', 'AGENT', 'HOST'], rows).join('\n');
}

/** What keeps an answer from being the last word. */
function reservations({ hostsFailed = [], complete, asOf }: AskedMeta): readonly string[] {
  const silent =
    hostsFailed.length === 0
      ? []
      : [`Not heard: ${hostsFailed.join(', ')}. An absence does not count while a host is silent.`];
  const partial = complete === false ? [`The copy is not complete (as of ${asOf ?? 'never'}).`] : [];
  return [...silent, ...partial];
}
