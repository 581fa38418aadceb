// `/api/email`: sending, and what became of it (node/send/README.md).
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { MeshError } from '../../../mesh/errors.ts';
import { parseAgentId } from '../../../mesh/names.ts';
import { LOG_PAGE_MAX } from '../../send/log-page.ts';
import { isFinal, MESSAGE_STATES, type Message } from '../../send/message.ts';
import type { SendContext, Sending } from '../../send/send-service.ts';
import { actorIn } from '../actor.ts';
import { clientAddress } from '../client-address.ts';
import { emailForm, statusForm } from '../email-form.ts';
import { pathSegment, validate } from '../input.ts';
import { resource } from '../methods.ts';
import { decodeQuery, readQuery, wholeNumber } from '../query.ts';
import type { BodyPlaces } from '../send/body-places.ts';
import type { ReadSendBody } from '../send/send-body.ts';

export interface EmailServices {
  readonly sending: Sending;
  /** The JSON of a send, its attachments already on disk: they are larger than a body may be in memory. */
  readonly readBody: ReadSendBody;
  /** For attachments and bounces. */
  readonly places: BodyPlaces;
}

const LOG_PAGE = 50;
export const logQuery = z.object({
  agentId: z.string().optional(),
  state: z.enum(MESSAGE_STATES).optional(),
  cursor: z.string().max(200).optional(),
  limit: wholeNumber({ min: 1, max: LOG_PAGE_MAX }).default(LOG_PAGE),
});

export function emailRoutes(app: Hono, { sending, readBody }: EmailServices): void {
  resource(app, '/api/email/send', {
    POST: async (c) => {
      // Before the body is read: whoever can't be served need not send 25 MiB.
      sending.refuseUnconfigured();
      const context = contextOf(c);
      const { message, isNew, waited } = await sending.send(await readBody(c.req.raw, clientAddress(c)), context);
      if (!isNew) c.header('Idempotent-Replayed', 'true');
      c.header('Location', `/api/email/status/${message.id}`);
      return c.json(emailForm(message), waited && isFinal(message.state) ? 200 : 202);
    },
  });
  resource(app, '/api/email/explain', {
    POST: async (c) => c.json(await sending.explain(await readBody(c.req.raw, clientAddress(c)), contextOf(c))),
  });
  resource(app, '/api/email/status/:id', { GET: (c) => c.json(statusForm(find(c, sending))) });
  resource(app, '/api/email/log', { GET: (c) => c.json(logPage(c, sending)) });
  resource(app, '/api/email/providers', { GET: (c) => c.json(sending.providers()) });
  resource(app, '/api/email/:id/cancel', {
    POST: async (c) => c.json(statusForm(await sending.cancel(find(c, sending).id))),
  });
  resource(app, '/api/email/:id/attachments', {
    DELETE: async (c) => c.json(statusForm(await sending.letGo(find(c, sending).id))),
  });
  resource(app, '/api/email/:id/resend', {
    POST: async (c) => c.json(statusForm(await sending.resend(find(c, sending).id)), 202),
  });
}

/** `wait` of the query; the body may say it too, and who reads the body adds it. */
function contextOf(c: Context): SendContext {
  const { wait } = readQuery(c.req.url, ['wait']);
  if (wait !== undefined && wait !== 'true' && wait !== 'false')
    throw new MeshError('invalid_request', `'wait' in the query must be true or false.`, { field: 'wait' });
  return {
    agentId: c.req.header('x-agent-id'),
    actingFor: actorIn(c)?.agentId,
    idempotencyKey: c.req.header('idempotency-key'),
    wait: wait === 'true',
    signal: c.req.raw.signal,
  };
}

function find(c: Context, sending: Sending): Message {
  const id = pathSegment(c, 'id');
  const message = sending.get(id);
  const actingFor = actorIn(c)?.agentId;
  if (message !== undefined && (actingFor ?? message.agentId) === message.agentId) return message;
  throw new MeshError('not_found', `This host has no email '${id.slice(0, 100)}'.`, {
    extra: { email_id: id.slice(0, 100), found: false },
  });
}

function logPage(c: Context, sending: Sending): Readonly<Record<string, unknown>> {
  const raw = readQuery(c.req.url, ['agentId', 'state', 'cursor', 'limit']);
  const sent = Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, decodeQuery(value)]));
  const { agentId, ...query } = validate(logQuery, sent);
  const actingFor = actorIn(c)?.agentId;
  if (actingFor !== undefined && (agentId ?? actingFor) !== actingFor) return { emails: [] };
  const id = agentId === undefined ? actingFor : parseAgentId(agentId);
  if (agentId !== undefined && id === undefined) return { emails: [] };
  const { messages, nextCursor } = sending.list({ ...query, agentId: id });
  return { emails: messages.map(statusForm), ...(nextCursor === undefined ? {} : { nextCursor }) };
}
