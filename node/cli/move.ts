// Moves what the original kept into a running node, by the node's own API. Each agent is made with all of its addresses, or not at all. The
// node knows an agent by its id and a webhook by its URL, so a move that was interrupted is taken up by the same command again.
import pLimit from 'p-limit';
import type { AgentShown } from './agent-finder.ts';
import {
  type LeftOut,
  type PlannedAgent,
  planMove,
  type Surroundings,
  type Trouble,
  type Wishes,
} from './move-plan.ts';
import type { MovedAgent, MovedWebhook } from './moved-files.ts';
import type { NodeClient } from './node-client.ts';
import { readWholeList } from './whole-list.ts';

export interface Move {
  readonly agents: readonly MovedAgent[];
  readonly webhooks: readonly MovedWebhook[];
  readonly wishes: Wishes;
  /** Only says what would be done. */
  readonly dryRun: boolean;
  readonly decide: (trouble: Trouble) => Promise<boolean>;
}

type Outcome = 'would be made' | 'made' | 'already here' | 'failed';

export interface MovedReport {
  readonly agents: readonly AgentOutcome[];
  readonly webhooks: readonly WebhookOutcome[];
  readonly left: readonly LeftOut[];
  readonly warnings: readonly string[];
}

interface AgentOutcome {
  readonly id: string;
  readonly name: string;
  readonly outcome: Outcome;
  readonly addresses: readonly string[];
  readonly why?: string;
}

interface WebhookOutcome {
  readonly url: string;
  readonly outcome: Outcome;
  readonly why?: string;
}

const QUESTIONS_AT_ONCE = 8;

interface OwnerShown {
  readonly agentId: string;
  readonly agentName: string;
  readonly hostId: string;
}

export async function move(call: NodeClient, { agents, webhooks, wishes, dryRun, decide }: Move): Promise<MovedReport> {
  const here = await readWholeList<AgentShown>(call, '/api/agents', 'agents');
  const { host } = (await call('GET', '/api/hosts/identity')) as { host: { id: string } };
  const { owners, silent } = await ownersOf(call, agents);
  const around: Surroundings = {
    self: host.id,
    ids: new Set(here.map(({ id }) => id)),
    names: new Set(here.map(({ name }) => name.toLowerCase())),
    ownerOf: async (address) => owners.get(address),
    decide,
  };
  const plan = await planMove(agents, around, wishes);
  const done: AgentOutcome[] = plan.already.map(({ id, name }) => ({
    id,
    name,
    outcome: 'already here',
    addresses: [],
  }));
  for (const one of plan.agents) done.push(dryRun ? outcomeOf(one, 'would be made') : await makeAgent(call, one));
  const subscribed = await moveWebhooks(call, webhooks, dryRun);
  const warnings =
    silent.size === 0
      ? []
      : [
          `Not heard: ${[...silent].join(', ')}. Who has an address there is not known; the node asks again when it claims.`,
        ];
  return { agents: done, webhooks: subscribed, left: plan.left, warnings };
}

/** Who has the addresses of these agents, in the whole mesh, and which hosts did not say. */
async function ownersOf(call: NodeClient, agents: readonly MovedAgent[]) {
  const owners = new Map<string, OwnerShown>();
  const silent = new Set<string>();
  const turn = pLimit(QUESTIONS_AT_ONCE);
  const ask = async (address: string) => {
    const path = `/api/agents/email-index?federated=true&address=${encodeURIComponent(address)}`;
    // What is no address is found out by the plan.
    const answer = await call('GET', path).catch(() => undefined);
    if (answer === undefined) return;
    const { emails, meta } = answer as {
      emails: Record<string, OwnerShown>;
      meta: { hostsFailed?: readonly string[] };
    };
    for (const failed of meta.hostsFailed ?? []) silent.add(failed);
    const [owner] = Object.values(emails);
    if (owner !== undefined) owners.set(address, owner);
  };
  const addresses = new Set(agents.flatMap(({ addresses: all }) => all.map(({ address }) => address)));
  await Promise.all([...addresses].map((address) => turn(() => ask(address))));
  return { owners, silent };
}

/** What it takes from others it gives back when the agent can't be made. */
async function makeAgent(call: NodeClient, one: PlannedAgent): Promise<AgentOutcome> {
  const { agent, addresses, metadata, taken } = one;
  const released: PlannedAgent['taken'][number][] = [];
  try {
    for (const loss of taken) {
      await call('DELETE', `${addressesPath(loss.agentId)}/${encodeURIComponent(loss.address)}`);
      released.push(loss);
    }
    const body = {
      ...{ id: agent.id, name: agent.name },
      ...(agent.label === undefined ? {} : { label: agent.label }),
      ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
      tools: { email: { enabled: agent.emailEnabled, addresses: asked(addresses) } },
    };
    await call('POST', '/api/agents', { body });
    return outcomeOf(one, 'made');
  } catch (error) {
    const lost = await giveBack(call, released);
    const why = [(error as Error).message, ...lost].join(' ');
    return { ...outcomeOf(one, 'failed'), why };
  }
}

async function giveBack(call: NodeClient, released: PlannedAgent['taken']): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const { agentId, address } of released) {
    const back = call('POST', addressesPath(agentId), { body: { address } });
    await back.catch((error: Error) => lost.push(`${address} could not be given back to ${agentId}: ${error.message}`));
  }
  return lost;
}

/** Only the first that says so is primary, as the node wants it. */
function asked(addresses: PlannedAgent['addresses']) {
  const primary = addresses.findIndex((one) => one.primary === true);
  return addresses.map(({ address, displayName, metadata }, at) => ({
    address,
    ...(at === primary ? { primary: true } : {}),
    ...(displayName === undefined ? {} : { displayName }),
    ...(metadata === undefined ? {} : { metadata }),
  }));
}

async function moveWebhooks(
  call: NodeClient,
  webhooks: readonly MovedWebhook[],
  dryRun: boolean,
): Promise<readonly WebhookOutcome[]> {
  if (webhooks.length === 0) return [];
  const here = await readWholeList<{ readonly url: string }>(call, '/api/webhooks', 'webhooks');
  const known = new Set(here.map(({ url }) => new URL(url).href));
  const done: WebhookOutcome[] = [];
  for (const one of webhooks) {
    const { url } = one;
    const href = URL.canParse(url) ? new URL(url).href : url;
    if (known.has(href)) done.push({ url, outcome: 'already here' });
    else if (dryRun) done.push({ url, outcome: 'would be made' });
    else done.push(await makeWebhook(call, one));
    known.add(href);
  }
  return done;
}

async function makeWebhook(
  call: NodeClient,
  { url, events, secret, description, isActive }: MovedWebhook,
): Promise<WebhookOutcome> {
  try {
    const body = {
      ...{ url, events },
      ...(secret === undefined ? {} : { secret }),
      ...(description === undefined ? {} : { description }),
    };
    const { id } = (await call('POST', '/api/webhooks', { body })) as { id: string };
    if (!isActive) await call('PATCH', `/api/webhooks/${encodeURIComponent(id)}`, { body: { enabled: false } });
    return { url, outcome: 'made', ...(isActive ? {} : { why: 'It was inactive, and is disabled.' }) };
  } catch (error) {
    return { url, outcome: 'failed', why: (error as Error).message };
  }
}

function outcomeOf({ agent, addresses }: PlannedAgent, outcome: Outcome): AgentOutcome {
  return { id: agent.id, name: agent.name, outcome, addresses: addresses.map(({ address }) => address) };
}

function addressesPath(agentId: string): string {
  return `/api/agents/${encodeURIComponent(agentId)}/email/addresses`;
}
