// GET /api/changes: the change log, told to whoever listens; as Server-Sent Events, or as lines of JSON to programs that ask again and again.
import type { IncomingMessage } from 'node:http';
import type { Context, Hono } from 'hono';
import pLimit from 'p-limit';
import { z } from 'zod';
import { MeshError } from '../../../mesh/errors.ts';
import { parseAgentId } from '../../../mesh/names.ts';
import type { Clock } from '../../../mesh/ports.ts';
import type { ChangeFilter } from '../../changes/change-filter.ts';
import { ChangeReader, type ListenedLog } from '../../changes/change-reader.ts';
import { positionOf } from '../../changes/cursor.ts';
import { parseEvents } from '../../changes/event-names.ts';
import type { Log } from '../../log.ts';
import { clientAddress } from '../client-address.ts';
import { validate } from '../input.ts';
import { resource } from '../methods.ts';
import { CHANGES_PATH } from '../paths.ts';
import { decodeQuery, readQuery, wholeNumber } from '../query.ts';
import { changeLines } from '../streams/change-lines.ts';
import { eventStream } from '../streams/event-stream.ts';
import { LISTENER_BOUNDS, type ListenerBounds, Listeners } from '../streams/listeners.ts';
import { longAnswer } from '../streams/long-answer.ts';

export interface ChangeServices {
  readonly changes: ListenedLog;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when those who listen are to be let go. */
  readonly stopping: AbortSignal;
  readonly bounds?: ListenerBounds;
}

const WAIT_MS_MAX = 25_000;
/** Listeners that read the disk at once: commits wait behind their reads. */
const READS_AT_ONCE_MAX = 4;
const NOW = 'now';
const UNCACHED = { 'Cache-Control': 'no-store' };
/** nginx passes on what it gets at once. */
const EVENTS_HEADERS = { ...UNCACHED, 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' };
const LINES_HEADERS = { ...UNCACHED, 'Content-Type': 'application/x-ndjson' };

const FIELDS = ['scope', 'events', 'agentId', 'since', 'waitMs'] as const;
export const question = z.object({
  scope: z.enum(['mesh', 'host']).default('mesh'),
  events: z.string().optional(),
  agentId: z
    .string()
    .transform(parseAgentId)
    .refine((id) => id !== undefined, "must be an agent's id")
    .optional(),
  since: z.string().default(NOW),
  waitMs: wholeNumber({ max: WAIT_MS_MAX }).default(WAIT_MS_MAX),
});

export function changeRoutes(app: Hono, services: ChangeServices): void {
  const listeners = new Listeners(services.bounds ?? LISTENER_BOUNDS);
  const turn = pLimit(READS_AT_ONCE_MAX);
  resource(app, CHANGES_PATH, {
    GET: async (c) => {
      const { changes, clock, stopping } = services;
      const { since, waitMs, ...filter } = readQuestion(c);
      const reader = new ChangeReader(changes, filter, { after: placeOf(c, changes, since), clock, turn });
      const areLines = asksForLines(c);
      if (c.req.method === 'HEAD') return c.body(null, 200, areLines ? LINES_HEADERS : EVENTS_HEADERS);
      if (stopping.aborted) throw new MeshError('stopping', 'This node is stopping.', { retryAfterSeconds: 1 });
      const leave = listeners.admit(clientAddress(c));
      if (!areLines) return answerEvents(c, reader, leave, services);
      try {
        const signal = AbortSignal.any([c.req.raw.signal, stopping]);
        const lines = await changeLines(reader, { waitMs, clock, signal });
        const refusal = refusedNow(c);
        if (refusal !== undefined) throw refusal;
        return c.body(lines, 200, { ...LINES_HEADERS, 'Mesh-Cursor': reader.cursor });
      } finally {
        leave();
      }
    },
  });
}

function answerEvents(c: Context, reader: ChangeReader, ended: () => void, services: ChangeServices): Response {
  const { clock, log, stopping } = services;
  const { incoming } = (c.env ?? {}) as { readonly incoming?: IncomingMessage };
  const cut = () => {
    log.info('changes.reader_cut', { client: clientAddress(c), cursor: reader.cursor });
    incoming?.socket.destroy();
  };
  /** Whoever listens comes back with a cursor, and is then told what there is to tell. */
  const failed = (error: unknown) => {
    if (error instanceof MeshError) log.info('changes.reader_failed', { error: error.code, cursor: reader.cursor });
    else log.error('request.failed', { path: CHANGES_PATH, error: String(error), stack: (error as Error).stack });
  };
  const pieces = async function* whileAdmitted(signal: AbortSignal) {
    for await (const piece of eventStream(reader, clock, signal)) {
      const refusal = refusedNow(c);
      if (refusal !== undefined) return failed(refusal);
      yield piece;
    }
  };
  return c.body(longAnswer({ pieces, clock, stopping, cut, failed, ended }), 200, EVENTS_HEADERS);
}

/** Why who listens may do so no more: the key was revoked or has expired, or the session is over. */
function refusedNow(c: Context): MeshError | undefined {
  return ((c.env ?? {}) as { readonly refusedNow?: () => MeshError | undefined }).refusedNow?.();
}

/** Throws `invalid_request` or `unknown_event`, naming the field. */
function readQuestion(c: Context): ChangeFilter & { readonly since: string; readonly waitMs: number } {
  const raw = Object.entries(readQuery(c.req.url, FIELDS)).map(([name, value]) => [name, decodeQuery(value)]);
  const { events, ...asked } = validate(question, Object.fromEntries(raw));
  return { ...asked, events: events === undefined ? undefined : parseEvents(events.split(',')) };
}

/** A client that comes back knows better where it was than the address with which it first came. Throws `invalid_request` or `gone`. */
function placeOf(c: Context, changes: ListenedLog, since: string): number {
  const last = c.req.header('last-event-id') ?? '';
  if (last !== '') return positionOf(changes, { text: last, field: 'Last-Event-ID' });
  return since === NOW ? changes.head : positionOf(changes, { text: since, field: 'since' });
}

function asksForLines(c: Context): boolean {
  return /\bapplication\/x-ndjson\b/i.test(c.req.header('accept') ?? '');
}
