// The email addresses of one agent: add, list, read, change, remove. Each mutation answers with the list as it is afterwards.
import type { Hono } from 'hono';
import type { Registry } from '../../registry/registry.ts';
import { addressPatch, newAddress } from '../../registry/schemas.ts';
import { addressForm, addressListForm } from '../agent-form.ts';
import { agentIdOf } from '../agent-id.ts';
import { pathSegment, readJson } from '../input.ts';
import { resource } from '../methods.ts';

export function addressRoutes(app: Hono, registry: Registry): void {
  resource(app, '/api/agents/:id/email/addresses', {
    GET: (c) => c.json(addressListForm(registry.table.get(agentIdOf(c)))),
    POST: async (c) => {
      const id = agentIdOf(c);
      const { agent, address, isNew } = await registry.addresses.add(id, await readJson(c, newAddress));
      // Travels with every claim: it tells this claim of the address from a later one.
      c.header('Mesh-Claim-Id', address.claimId);
      return c.json(addressListForm(agent), isNew ? 201 : 200);
    },
  });

  resource(app, '/api/agents/:id/email/addresses/:address', {
    GET: (c) => {
      const agent = registry.table.get(agentIdOf(c));
      const address = registry.addresses.get(agent.id, pathSegment(c, 'address'));
      return c.json({ agentId: agent.id, agentName: agent.name, ...addressForm(address) });
    },
    PATCH: async (c) => {
      const id = agentIdOf(c);
      const address = pathSegment(c, 'address');
      return c.json(addressListForm(await registry.addresses.patch(id, address, await readJson(c, addressPatch))));
    },
    DELETE: async (c) => {
      const { agent, releasing } = await registry.addresses.remove(agentIdOf(c), pathSegment(c, 'address'));
      const list = addressListForm(agent);
      return releasing.length > 0 ? c.json({ ...list, releasing }, 202) : c.json(list);
    },
  });
}
