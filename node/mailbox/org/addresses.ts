// The addresses of inboxes: which may be asked for, and how the registry is asked to claim and to release them.
import { domainToASCII } from 'node:url';
import { anyAddressKey, parseAnyAddress } from '../../../mesh/address/identity.ts';
import { MeshError } from '../../../mesh/errors.ts';
import { agentIdSchema } from '../../../mesh/name-schemas.ts';
import type { AgentId, HostId } from '../../../mesh/names.ts';
import type { Random } from '../../../mesh/ports.ts';
import type { Agent } from '../../registry/agent.ts';
import type { Registry } from '../../registry/registry.ts';
import { MailboxError } from '../errors.ts';

const NAME_CHARACTERS = 'abcdefghijklmnopqrstuvwxyz234567';
const NAME_LENGTH = 8;
/** Hexadecimal digits of the agent's id in its name. */
const AGENT_DIGITS = 8;

/** Where another host of the mesh is that has an address. */
export interface ElsewhereHost {
  readonly hostId: HostId;
  readonly hostUrl: string;
}

export interface AddressBookParts {
  readonly registry: {
    readonly agents: Pick<Registry['agents'], 'create' | 'remove'>;
    readonly addresses: Pick<Registry['addresses'], 'add' | 'remove'>;
    readonly table: Pick<Registry['table'], 'find' | 'holderOfText'>;
  };
  /** The other hosts that have the address, as far as this one has heard: one, but for a conflict. */
  readonly hostsOf: (address: string) => readonly ElsewhereHost[];
}

export interface WantedAddress {
  readonly username: string;
  readonly domain: string | undefined;
}

export interface OwnDomains {
  /** In which whoever asks may have any address. */
  readonly domains: readonly (string | undefined)[];
  /** Whether an address of another domain will do that an agent of this host has. */
  readonly isOwnedEnough: boolean;
}

export interface InboxClaim {
  readonly inboxId: string;
  readonly agentId: string;
  /** The agent is made with it. */
  readonly isNewAgent: boolean;
  readonly displayName: string | undefined;
}

/** `agent-` and 8 characters that no two inboxes are likely to draw. */
export function drawnName(random: Pick<Random, 'bytes'>): string {
  const drawn = [...random.bytes(NAME_LENGTH)].map((byte) => NAME_CHARACTERS.charAt(byte % NAME_CHARACTERS.length));
  return `agent-${drawn.join('')}`;
}

export class AddressBook {
  readonly #parts: AddressBookParts;

  constructor(parts: AddressBookParts) {
    this.#parts = parts;
  }

  /** The inbox id that a text means; `undefined` when it is no address. */
  idOf(text: string): string | undefined {
    const parsed = parseAnyAddress(text);
    return parsed.valid ? parsed.address : undefined;
  }

  /** The agent of this host that has the address. */
  ownerOf(inboxId: string): AgentId | undefined {
    return this.#parts.registry.table.holderOfText(inboxId)?.id;
  }

  /** Whether this host has the agent. */
  hasAgent(agentId: string): boolean {
    const named = agentIdSchema.safeParse(agentId);
    return named.success && this.#parts.registry.table.find(named.data) !== undefined;
  }

  /** Throws `not_found` for an agent that this host has not. */
  refuseStranger(agentId: string): void {
    if (!this.hasAgent(agentId))
      throw new MailboxError('not_found', `There is no agent '${agentId.slice(0, 128)}' on this host.`);
  }

  /** The refusal of a request that belongs to another host. */
  elsewhere(text: string): MailboxError | undefined {
    const [host, ...others] = anyAddressKey(text) === undefined ? [] : this.#parts.hostsOf(text);
    if (host === undefined || others.length > 0) return undefined;
    const message = `The inbox '${text.slice(0, 320)}' is on host '${host.hostId}'.`;
    const extra = { host_id: host.hostId, host_url: host.hostUrl };
    return new MailboxError('misdirected', message, { fix: `use baseUrl ${host.hostUrl}`, extra });
  }

  /** The address of a new inbox. Throws `validation_error` and `domain_not_verified`. */
  wanted({ username, domain }: WantedAddress, { domains, isOwnedEnough }: OwnDomains): string {
    if (domain === undefined) {
      const fix = 'Name a domain in the request, or start the node with --mailbox-domain.';
      throw new MailboxError('domain_not_verified', 'This host has no domain of its own for inboxes.', { fix });
    }
    const parsed = parseAnyAddress(`${username}@${domain}`);
    if (!parsed.valid) {
      const errors = [{ path: ['username'], message: `makes no valid address with that domain: ${parsed.error}` }];
      throw new MailboxError('validation_error', `'username' ${errors[0]?.message}`, { errors });
    }
    const { address, key } = parsed;
    const isOwned = isOwnedEnough && this.ownerOf(address) !== undefined;
    // What is after the @ of a key is in ASCII, whichever letters the domain was written in.
    const isOwn = domains.some((own) => own !== undefined && key.endsWith(`@${domainToASCII(own)}`)) || isOwned;
    if (isOwn) return address;
    const fix = 'Leave the domain out, or give the address to an agent of this host first.';
    throw new MailboxError('domain_not_verified', `'${domain}' is no domain of this host.`, { fix });
  }

  /** Claims the address for an agent of this host. Throws what the registry does, and `not_found` when there is no such agent. */
  async claim({ inboxId, agentId, isNewAgent, displayName }: InboxClaim): Promise<void> {
    const { agents, addresses } = this.#parts.registry;
    const shown = displayName === undefined ? {} : { label: displayName };
    if (!isNewAgent) this.refuseStranger(agentId);
    const named = agentIdSchema.safeParse(agentId);
    const id = named.success ? named.data : undefined;
    if (id === undefined) throw new Error(`An agent can't be made with the id '${agentId}'.`);
    if (!isNewAgent) await addresses.add(id, { address: inboxId });
    else {
      const name = `inbox-${agentId.slice(0, AGENT_DIGITS)}`;
      await agents.create({ id, name, ...shown, tools: { email: { addresses: [{ address: inboxId }] } } });
    }
  }

  /** Gives the address up, and its agent when that has nothing else. */
  async release({
    inboxId,
    agentId,
    withAgent,
  }: {
    inboxId: string;
    agentId: AgentId;
    withAgent: boolean;
  }): Promise<void> {
    const { agents, addresses, table } = this.#parts.registry;
    const agent = table.find(agentId);
    if (agent === undefined) return;
    try {
      if (withAgent && holdsOnly(agent, inboxId)) await agents.remove(agentId);
      else if (this.ownerOf(inboxId) === agentId) await addresses.remove(agentId, inboxId);
    } catch (error) {
      // It was taken away meanwhile, which is what was wanted.
      if (!(error instanceof MeshError) || error.code !== 'not_found') throw error;
    }
  }
}

function holdsOnly({ addresses }: Agent, inboxId: string): boolean {
  return addresses.every(({ address }) => address === inboxId);
}
