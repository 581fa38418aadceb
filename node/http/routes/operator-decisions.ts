// `/api/hosts/evict`, `/api/hosts/join` and `/api/hosts/recover`: what only an operator may decide about the mesh.
import type { Hono } from 'hono';
import { z } from 'zod';
import { MeshError } from '../../../mesh/errors.ts';
import type { MembershipView } from '../../../mesh/membership/claim-status.ts';
import { hostIdSchema } from '../../../mesh/name-schemas.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { Done, Waiting } from '../../../mesh/state/events.ts';
import { readJson } from '../input.ts';
import { resource } from '../methods.ts';

interface OperatorDecisions {
  evict(host: HostId): Promise<Done | Waiting>;
  /** Absent, as `join`, with an engine, which has voters of its own. */
  recover?(voters: readonly HostId[]): Promise<void>;
  join?(host: HostId): Promise<void>;
}

export interface OperatorDecisionServices {
  readonly commands: OperatorDecisions;
  membership?(): MembershipView;
}

const VOTERS_MAX = 7;
export const joining = z.strictObject({ host: hostIdSchema, acceptLoss: z.boolean().optional() });
export const eviction = z.strictObject({ host: hostIdSchema });
/** The body of `POST /api/hosts/recover`. */
export const recovery = z.strictObject({
  voters: z.array(hostIdSchema).min(1).max(VOTERS_MAX),
  acceptLoss: z.boolean().optional(),
});
const LOSS =
  'What was claimed with the votes of the hosts that are left out may be lost: their addresses, and any that only they knew of, can be claimed anew; doubles are shown at GET /api/conflicts. Say "acceptLoss": true (--accept-loss).';

const GIVING_WAY =
  'This host leaves its mesh: it votes there no more, and where both meshes have given out an address it concedes that to the owner in the other (GET /api/conflicts shows what that took). Say "acceptLoss": true (--accept-loss).';

export function operatorDecisionRoutes(app: Hono, services: OperatorDecisionServices): void {
  const { commands } = services;
  const mesh = () => ({ mesh: services.membership?.() });
  resource(app, '/api/hosts/evict', {
    POST: async (c) => {
      const { host } = await readJson(c, eviction);
      const outcome = await commands.evict(host);
      if (outcome.kind === 'done') return c.json({ evicted: host, ...mesh() });
      return c.json({ evicting: host, message: outcome.message, ...mesh() }, 202);
    },
  });
  resource(app, '/api/hosts/join', {
    POST: async (c) => {
      const { host, acceptLoss } = await readJson(c, joining);
      if (acceptLoss !== true) throw new MeshError('invalid_request', GIVING_WAY, { field: 'acceptLoss' });
      if (commands.join === undefined) throw keptByEngine();
      await commands.join(host);
      return c.json(mesh());
    },
  });
  resource(app, '/api/hosts/recover', {
    POST: async (c) => {
      const { voters, acceptLoss } = await readJson(c, recovery);
      if (acceptLoss !== true) throw new MeshError('invalid_request', LOSS, { field: 'acceptLoss' });
      if (commands.recover === undefined) throw keptByEngine();
      await commands.recover([...new Set(voters)].sort());
      return c.json(mesh());
    },
  });
}

function keptByEngine(): MeshError {
  return new MeshError(
    'invalid_request',
    'The claims are kept by an engine (MESH_CLAIMS): its own tools decide who belongs to it.',
  );
}
