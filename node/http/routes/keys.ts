// `/api/keys`: what clients show, made and revoked by who may do everything.
import type { Hono } from 'hono';
import { z } from 'zod';
import { MeshError } from '../../../mesh/errors.ts';
import { parseAgentId } from '../../../mesh/names.ts';
import type { Clock } from '../../../mesh/ports.ts';
import type { KeyRecord } from '../../keys/key-records.ts';
import type { Keys } from '../../keys/keys.ts';
import { AGENT_SCOPES, SCOPES } from '../../keys/scopes.ts';
import { pathSegment, readJson } from '../input.ts';
import { resource } from '../methods.ts';

const KEY_NAME_CHARACTERS_MAX = 100;

export interface KeyRouteServices {
  readonly keys: Pick<Keys, 'list' | 'create' | 'revoke'>;
  readonly clock: Pick<Clock, 'wallMs'>;
}

export const newKey = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(KEY_NAME_CHARACTERS_MAX)
    .regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'must be text without control characters'),
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
  agentId: z.string().optional(),
  expiresAt: z.iso
    .datetime({ offset: true, error: 'must be a moment such as 2027-01-27T12:00:00Z' })
    .transform((text) => Date.parse(text))
    .optional(),
});

export function keyRoutes(app: Hono, { keys, clock }: KeyRouteServices): void {
  resource(app, '/api/keys', {
    GET: (c) => c.json({ keys: keys.list().map((record) => keyForm(record, clock.wallMs())) }),
    POST: async (c) => {
      const { record, text } = await keys.create(readWish(await readJson(c, newKey), clock.wallMs()));
      return c.json({ key: keyForm(record, clock.wallMs()), secret: text }, 201);
    },
  });
  resource(app, '/api/keys/:id', {
    DELETE: async (c) => {
      await keys.revoke(pathSegment(c, 'id'));
      return c.json({ success: true });
    },
  });
}

function readWish({ agentId: named, expiresAt, name, scopes }: z.output<typeof newKey>, nowMs: number) {
  const agentId = named === undefined ? undefined : parseAgentId(named);
  if (named !== undefined && agentId === undefined)
    throw new MeshError('invalid_request', "'agentId' is no id of an agent.", { field: 'agentId' });
  const tooWide = agentId === undefined ? undefined : scopes.find((scope) => !AGENT_SCOPES.includes(scope));
  if (tooWide !== undefined)
    throw new MeshError(
      'invalid_request',
      `A key of scope '${tooWide}' concerns every agent of the host, so it can't be bound to one. Leave out 'agentId', or take of ${AGENT_SCOPES.join(', ')}.`,
      { field: 'scopes' },
    );
  if (expiresAt !== undefined && expiresAt <= nowMs)
    throw new MeshError('invalid_request', "'expiresAt' lies in the past.", { field: 'expiresAt' });
  return { name, scopes, agentId, expiresMs: expiresAt };
}

/** Without the text and its digest. Moments are ISO 8601, UTC. */
function keyForm({ id, name, scopes, agentId, createdMs, expiresMs, lastUsedMs }: KeyRecord, nowMs: number) {
  return {
    ...{ id, name, scopes },
    ...(agentId === undefined ? {} : { agentId }),
    createdAt: moment(createdMs),
    ...(expiresMs === undefined ? {} : { expiresAt: moment(expiresMs), expired: expiresMs <= nowMs }),
    lastUsedAt: lastUsedMs === undefined ? null : moment(lastUsedMs),
  };
}

function moment(ms: number): string {
  return new Date(ms).toISOString();
}
