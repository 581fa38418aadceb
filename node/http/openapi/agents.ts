// Agents and their addresses, as the document tells of them.
import { z } from 'zod';
import { addressPatch, agentPatch, newAddress, newAgent } from '../../registry/schemas.ts';
import { pageQuery } from '../page-query.ts';
import { agentsPageSizes } from '../routes/agents.ts';
import { answer, done, json, moment, type PathGroup } from './operation.ts';

const address = z
  .object({
    address: z.string(),
    primary: z.boolean(),
    displayName: z.string().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
  })
  .meta({ id: 'Address', example: { address: 'titania@x.com', primary: true } });
const agent = z
  .object({
    id: z.string(),
    name: z.string(),
    label: z.string().nullable(),
    hostId: z.string(),
    metadata: z.record(z.string(), z.string()).optional(),
    tools: z.object({ email: z.object({ enabled: z.boolean(), addresses: z.array(address) }) }),
    createdAt: moment,
    updatedAt: moment,
  })
  .meta({ id: 'Agent' });
const addressList = z
  .object({ agentId: z.string(), agentName: z.string(), addresses: z.array(address) })
  .meta({ id: 'AddressList' });
const releasing = z
  .array(z.string())
  .meta({ description: 'Addresses that the agent has no more, and that the voters have still to release.' });
const claimed = z.object({
  'Mesh-Claim-Id': z.string().optional().meta({ description: 'The claims of the addresses, with commas between.' }),
});
const oneAgent = z.object({ agent });
const CLAIMS = ['conflict', 'invalid_address', 'limit_exceeded', 'uniqueness_unavailable'] as const;
const TITANIA = {
  name: 'titania',
  tools: { email: { addresses: [{ address: 'titania@x.com', displayName: 'Titania' }] } },
};

export const agentPaths: PathGroup = {
  tag: 'Agents',
  about: 'Agents of this host, and the addresses that they hold. An address has one owner in the whole mesh.',
  paths: {
    '/api/agents': {
      GET: {
        id: 'listAgents',
        summary: 'The agents of this host, the oldest first',
        query: pageQuery(agentsPageSizes),
        answers: {
          200: answer(
            'A page; more come with `nextCursor`.',
            z.object({ agents: z.array(agent), nextCursor: z.string().optional() }),
          ),
        },
      },
      POST: {
        id: 'createAgent',
        summary: 'Makes an agent, and claims its addresses: all of them or none',
        body: { content: json(newAgent, TITANIA) },
        answers: {
          201: answer('It is made.', oneAgent, { headers: claimed }),
          200: answer('The same agent was made before, by the same `id` and body.', oneAgent, { headers: claimed }),
        },
        refusals: [...CLAIMS, 'name_taken', 'id_taken'],
      },
    },
    '/api/agents/:id': {
      GET: { id: 'getAgent', summary: 'One agent', answers: { 200: answer('The agent.', oneAgent) } },
      PATCH: {
        id: 'changeAgent',
        summary: 'Changes an agent (RFC 7396)',
        more: 'An absent member stays, `null` removes it, an array replaces the whole list.',
        body: { content: json(agentPatch, { label: 'Queen' }) },
        answers: {
          200: answer('The agent as it is now.', z.object({ agent, releasing: releasing.optional() }), {
            headers: claimed,
          }),
        },
        refusals: [...CLAIMS, 'name_taken'],
      },
      DELETE: {
        id: 'deleteAgent',
        summary: 'Deletes an agent and releases its addresses',
        answers: {
          200: answer('It is gone, and its addresses are free.', done),
          202: answer('It is gone; the voters have still to release the addresses.', done.safeExtend({ releasing })),
        },
      },
    },
    '/api/agents/:id/email/addresses': {
      GET: { id: 'listAddresses', summary: "An agent's addresses", answers: { 200: answer('The list.', addressList) } },
      POST: {
        id: 'claimAddress',
        summary: 'Claims an address for an agent',
        more: 'Safe to send again. `409` names who has it in `claimedBy`: `{agentName, hostId}`.',
        body: { content: json(newAddress, { address: 'titania@x.com' }) },
        answers: {
          201: answer('It is claimed: the whole list.', addressList, { headers: claimed }),
          200: answer('The agent has it already.', addressList, { headers: claimed }),
        },
        refusals: CLAIMS,
      },
    },
    '/api/agents/:id/email/addresses/:address': {
      GET: {
        id: 'getAddress',
        summary: 'One address of an agent',
        answers: {
          200: answer(
            'The address.',
            address.safeExtend({ agentId: z.string(), agentName: z.string() }).meta({ id: 'OwnedAddress' }),
          ),
        },
      },
      PATCH: {
        id: 'changeAddress',
        summary: 'Changes what stands beside an address (RFC 7396)',
        body: { content: json(addressPatch, { primary: true }) },
        answers: { 200: answer('The whole list.', addressList) },
        refusals: ['limit_exceeded'],
      },
      DELETE: {
        id: 'releaseAddress',
        summary: 'Releases an address',
        answers: {
          200: answer('It is free: the list that is left.', addressList),
          202: answer(
            'The agent has it no more; the voters have still to release it.',
            addressList.safeExtend({ releasing }).meta({ id: 'AddressListReleasing' }),
          ),
        },
      },
    },
  },
};
