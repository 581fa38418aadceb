// Agents: create, list, read, change, delete. `GET /api/agents/email-index` must be registered before these.
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { Clock } from '../../../mesh/ports.ts';
import type { UnderstoodBody } from '../../compat/create-body.ts';
import type { Agent } from '../../registry/agent.ts';
import { unpacked } from '../../registry/packed-agents.ts';
import type { Registry } from '../../registry/registry.ts';
import { agentPatch, newAgent } from '../../registry/schemas.ts';
import { cursorBehind, readAgentCursor } from '../agent-cursor.ts';
import { agentForm } from '../agent-form.ts';
import { agentIdOf } from '../agent-id.ts';
import { readJson, validate } from '../input.ts';
import { resource } from '../methods.ts';
import { readPage } from '../page-query.ts';
import { joinInTurns, LongLists } from '../streams/long-list.ts';

const AGENTS_PER_PAGE_MAX = 1_000;
/** More come with the `nextCursor` of a page. */
export const agentsPageSizes = { entries: AGENTS_PER_PAGE_MAX, entriesMax: AGENTS_PER_PAGE_MAX };

/** `understand`: reads the bodies of clients that are written for another program; absent: they are taken as they are. */
export function agentRoutes(
  app: Hono,
  registry: Registry,
  clock: Clock,
  understand: (body: unknown) => UnderstoodBody = (body) => ({ body, warnings: [] }),
): void {
  const lists = new LongLists();
  resource(app, '/api/agents', {
    GET: async (c) => {
      const { cursor, limit } = readPage(c, agentsPageSizes);
      const page = registry.table.page(readAgentCursor(cursor), limit + 1);
      const [shown, last] = [page.slice(0, limit), page[limit - 1]];
      const agents = await lists.make(() =>
        joinInTurns(shown, clock, (agent) => JSON.stringify(agentForm(unpacked(agent)))),
      );
      const next = page.length > limit && last !== undefined ? `,"nextCursor":"${cursorBehind(last)}"` : '';
      const body = Buffer.concat([Buffer.from('{"agents":['), agents, Buffer.from(`]${next}}`)]);
      return c.body(body, 200, { 'Content-Type': 'application/json' });
    },
    POST: async (c) => {
      const { body, warnings } = understand(await readJson(c, z.unknown()));
      const { agent, isNew } = await registry.agents.create(validate(newAgent, body));
      nameClaims(c, agent);
      return c.json({ agent: agentForm(agent), ...(warnings.length > 0 ? { warnings } : {}) }, isNew ? 201 : 200);
    },
  });

  resource(app, '/api/agents/:id', {
    GET: (c) => c.json({ agent: agentForm(registry.table.get(agentIdOf(c))) }),
    PATCH: async (c) => {
      const id = agentIdOf(c);
      const { agent, releasing } = await registry.agents.patch(id, await readJson(c, agentPatch));
      nameClaims(c, agent);
      // The change is made and durable: 200 even while the voters have still to release what the agent no longer has.
      return c.json({ agent: agentForm(agent), ...(releasing.length > 0 ? { releasing } : {}) });
    },
    DELETE: async (c) => {
      const releasing = await registry.agents.remove(agentIdOf(c));
      return releasing.length > 0 ? c.json({ success: true, releasing }, 202) : c.json({ success: true });
    },
  });
}

/** Every answer to a claim names the claims that hold what the agent has now. */
function nameClaims(c: Context, { addresses }: Agent): void {
  if (addresses.length > 0) c.header('Mesh-Claim-Id', addresses.map(({ claimId }) => claimId).join(', '));
}
