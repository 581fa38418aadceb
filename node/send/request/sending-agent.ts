// Who sends: an agent of this host, as an address that it owns. Decided before anything is stored, from the request and from what
// the caller says of itself; a name of somebody else's, or of nobody's, is refused.
import { parseIdentityAddress } from '../../../mesh/address/identity.ts';
import { MeshError } from '../../../mesh/errors.ts';
import { type AgentId, parseAgentId } from '../../../mesh/names.ts';
import type { Clock } from '../../../mesh/ports.ts';
import type { SendConfig } from '../account.ts';
import type { BlobStore } from '../attachments/blob-store.ts';
import type { Mailbox, Message } from '../message.ts';
import type { SendContext } from '../send-service.ts';
import { refuseUnwritable } from './mailboxes.ts';
import { parseSendRequest, type SendRequest, sendRequest } from './request.ts';

/** An agent of this host, as far as sending is concerned. */
interface SendingAgent {
  readonly id: AgentId;
  readonly name: string;
  readonly emailEnabled: boolean;
  readonly addresses: readonly { readonly address: string; readonly primary: boolean; readonly displayName?: string }[];
}

/** Whom to ask about agents, and what a request is checked against. */
export interface AgentsOfHost {
  /** The agent of this host that holds an address, in any spelling. */
  holder(address: string): SendingAgent | undefined;
  agent(id: AgentId): SendingAgent | undefined;
  /** Checks a body against a schema; throws `invalid_request` or `unknown_field` (the door's own). */
  validate(schema: typeof sendRequest, value: unknown): ReturnType<typeof sendRequest.parse>;
}

interface PreparingParts extends AgentsOfHost {
  readonly clock: Clock;
  readonly blobs: Pick<BlobStore, 'bytesOf'>;
  readonly config: SendConfig;
}

export interface Prepared {
  readonly request: SendRequest;
  readonly agent: SendingAgent;
  readonly from: Mailbox;
}

/**
 * The request, and who sends it: an agent of this host that owns the address. Throws `invalid_request` and `invalid_address`, naming the field,
 * `sender_not_owned` where no agent of this host may send so, `forbidden` where the key acts for another one.
 */
export function prepare(parts: PreparingParts, value: unknown, context: SendContext): Prepared {
  const { validate, clock, blobs, config } = parts;
  const parsed = parseSendRequest(validate(sendRequest, value), {
    internalDomains: config.internalDomains,
    nowMs: clock.wallMs(),
    bytesOf: (blob) => blobs.bytesOf(blob),
  });
  const request: SendRequest = {
    ...parsed,
    agentId: parsed.agentId ?? context.agentId ?? (parsed.from === undefined ? context.actingFor : undefined),
    idempotencyKey: parsed.idempotencyKey ?? checkedKey(context.idempotencyKey),
    wait: parsed.wait || context.wait,
  };
  const named = request.agentId === undefined ? undefined : agentNamed(parts, request.agentId);
  const prepared =
    request.from === undefined ? asPrimary(request, named) : asAsked(parts, request, request.from, named);
  const { actingFor } = context;
  if (actingFor === undefined || prepared.agent.id === actingFor) return prepared;
  throw new MeshError(
    'forbidden',
    `Mail can't be sent as '${prepared.from.address}': the key acts for the agent '${actingFor}' alone.`,
    { field: request.from === undefined ? 'agentId' : 'from' },
  );
}

/** Why a message may not go out any more as the address that it was accepted with; `undefined` when it may. */
export function whyNotAs(parts: Pick<AgentsOfHost, 'holder'>): (message: Message) => string | undefined {
  return ({ agentId, agentName, from }) => {
    const agent = parts.holder(from);
    // Exactly that: the same address claimed anew may be spelled otherwise.
    const isOwned = agent?.id === agentId && agent.addresses.some(({ address }) => address === from);
    if (!isOwned) return `Agent '${agentName}' does not own '${from}' any more, so it is not sent.`;
    return agent.emailEnabled ? undefined : `Email of agent '${agentName}' is disabled, so it is not sent.`;
  };
}

function asPrimary(request: SendRequest, agent: SendingAgent | undefined): Prepared {
  if (agent === undefined)
    throw new MeshError(
      'invalid_request',
      "Give 'from', an address that an agent of this host owns, or 'agentId', whose primary address it then is.",
      { field: 'from' },
    );
  refuseDisabled(agent);
  const primary = agent.addresses.find((one) => one.primary);
  if (primary === undefined)
    throw new MeshError('sender_not_owned', `Agent '${agent.name}' has no email address to send as.`, {
      field: 'agentId',
    });
  refuseUnwritable(primary.address, 'from');
  return { request, agent, from: { name: primary.displayName ?? '', address: primary.address } };
}

/** The agent that owns an address and may send as it. `named`: it must be that one. Throws `sender_not_owned`. */
export function ownerOf(parts: Pick<AgentsOfHost, 'holder'>, address: string, named?: SendingAgent): SendingAgent {
  const agent = parts.holder(address);
  const isOther = named !== undefined && agent !== undefined && named.id !== agent.id;
  if (agent === undefined || isOther) {
    const owner = named === undefined ? 'no agent of this host owns it' : `agent '${named.name}' does not own it`;
    throw new MeshError('sender_not_owned', `Mail can't be sent as '${address}': ${owner}.`, { field: 'from' });
  }
  refuseDisabled(agent);
  return agent;
}

function asAsked(
  parts: PreparingParts,
  request: SendRequest,
  from: Mailbox,
  named: SendingAgent | undefined,
): Prepared {
  const agent = ownerOf(parts, from.address, named);
  const key = keyOf(from.address);
  const own = agent.addresses.find(({ address }) => keyOf(address) === key);
  if (own === undefined)
    throw new MeshError('sender_not_owned', `Agent '${agent.name}' does not own '${from.address}'.`, { field: 'from' });
  // As it is registered, not as it was typed: what receivers see is the agent's identity, and two spellings that are one address
  // here may be two elsewhere.
  return { request, agent, from: { name: from.name || (own.displayName ?? ''), address: own.address } };
}

/** The key under which an address is owned; `undefined` for none. */
function keyOf(address: string): string | undefined {
  const parsed = parseIdentityAddress(address, { allowSingleLabel: true, allowDomainLiteral: true });
  return parsed.valid ? parsed.key : undefined;
}

function agentNamed(parts: PreparingParts, id: string): SendingAgent {
  const agentId = parseAgentId(id);
  const agent = agentId === undefined ? undefined : parts.agent(agentId);
  if (agent !== undefined) return agent;
  throw new MeshError('sender_not_owned', `There is no agent '${id.slice(0, 128)}' on this host.`, {
    field: 'agentId',
  });
}

function refuseDisabled({ emailEnabled, name }: SendingAgent): void {
  if (!emailEnabled)
    throw new MeshError('sender_not_owned', `Email of agent '${name}' is disabled; enable it to send.`, {
      field: 'from',
    });
}

/** A header has no door of its own. */
function checkedKey(key: string | undefined): string | undefined {
  if (key === undefined || /^[\x20-\x7e]{1,256}$/.test(key)) return key;
  throw new MeshError('invalid_request', "'Idempotency-Key' must be 1 to 256 printable ASCII characters.", {
    field: 'Idempotency-Key',
  });
}
