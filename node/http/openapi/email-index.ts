// The email index and its history, the change log and its verification, as the document tells of them.
import { z } from 'zod';
import { LOOK_UP_MODES } from '../../../mesh/lookup/fan-out.ts';
import { EMAIL_INDEX_PATH } from '../../../mesh/lookup/index-entry.ts';
import { CHANGE_EVENTS } from '../../changes/change-log.ts';
import { pageQuery } from '../page-query.ts';
import { CHANGES_PATH } from '../paths.ts';
import { question } from '../routes/changes.ts';
import { indexPageSizes } from '../routes/email-index.ts';
import { position } from '../routes/email-index-history.ts';
import { part } from '../routes/log.ts';
import { answer, count, json, moment, type PathGroup } from './operation.ts';

const entry = z
  .object({
    agentId: z.string(),
    agentName: z.string(),
    hostId: z.string(),
    hostUrl: z.string(),
    displayName: z.string().optional(),
    primary: z.boolean(),
    metadata: z.record(z.string(), z.string()).optional(),
    aliasOf: z.string().optional().meta({ description: 'The ASCII form, where the key is the Unicode spelling.' }),
    pending: z.literal(true).optional(),
  })
  .meta({ id: 'IndexEntry' });
const map = z.record(z.string(), entry).meta({
  id: 'IndexMap',
  description: 'By address, lower-cased.',
  example: {
    'titania@x.com': {
      agentId: 'a1',
      agentName: 'titania',
      hostId: 'mac',
      hostUrl: 'http://mac.tailnet:23000',
      primary: true,
    },
  },
});
const meta = z
  .object({
    federated: z.literal(true),
    hostsQueried: count,
    hostsSucceeded: count,
    hostsFailed: z.array(z.string()),
    queryTime: count.meta({ description: 'Milliseconds.' }),
    failures: z.record(z.string(), z.string()).optional(),
    entriesDropped: count.optional(),
    mode: z.enum(LOOK_UP_MODES).optional(),
    source: z.enum(['owner', 'copy']).optional(),
    asOf: moment.nullable().optional(),
    stale: z.array(z.object({ hostId: z.string(), asOf: moment.nullable() })).optional(),
    complete: z.boolean().optional(),
  })
  .meta({ id: 'LookUpMeta' });
const federatedAnswer = z.object({ emails: map, meta }).meta({ id: 'FederatedAnswer' });

const page = z
  .object({ nextCursor: z.string().optional() })
  .catchall(entry)
  .meta({ id: 'IndexPage', description: 'By address, lower-cased; `nextCursor` where more addresses follow.' });
const indexPage = pageQuery(indexPageSizes).shape;

const indexQuery = z.object({
  address: z
    .string()
    .optional()
    .meta({ description: 'The only one that is asked for, in any case; a miss is `{}`.', example: 'titania@x.com' }),
  agentId: z.string().optional().meta({ description: "That agent's alone." }),
  federated: z
    .string()
    .optional()
    .meta({ description: '`true`, and nothing else: the whole mesh is asked.', example: 'true' }),
  mode: z
    .enum(LOOK_UP_MODES)
    .optional()
    .meta({ description: 'With `federated=true`: how the mesh is asked. Absent: every host.' }),
  limit: indexPage.limit.unwrap().optional().meta({
    description: 'Of the whole map of this host: so many addresses, and the rest with `nextCursor`.',
  }),
  cursor: indexPage.cursor.meta({ description: 'The `nextCursor` of the page before.' }),
});

const changes = z.object({
  added: z.array(z.string()),
  removed: z.array(z.string()),
  modified: z.array(z.string()),
  current: z.array(z.string()),
  fields: z.array(z.string()).optional(),
});
const toldAgent = z.object({ id: z.string(), name: z.string(), hostId: z.string() });
const historyItem = z.object({
  address: z.enum(['shown', 'changed', 'gone']).optional(),
  id: z.string(),
  event: z.string(),
  timestamp: moment,
  agent: toldAgent,
  sequence: count,
  changes: z.looseObject(changes.shape),
  place: z.object({ hostId: z.string(), logId: z.string(), n: count }).optional(),
  chain: z.string().optional(),
  heardAt: moment.optional(),
  resync: z.literal(true).optional(),
});
const told = z
  .object({
    event: z.string().meta({ description: CHANGE_EVENTS.join(', ') }),
    timestamp: moment,
    agent: toldAgent,
    changes: changes.optional(),
    email: z.looseObject({ email_id: z.string(), state: z.string() }).optional(),
    message: z
      .object({ inbox_id: z.string(), message_id: z.string(), thread_id: z.string(), event_id: z.string() })
      .optional(),
    domain: z.object({ domain_id: z.string(), event_id: z.string() }).optional(),
    id: z.string(),
    type: z.string(),
    sequence: count,
  })
  .meta({ id: 'Change', description: 'One change, in the bytes that a webhook is sent.' });
const text = z.string();

export const indexPaths: PathGroup = {
  tag: 'Email index',
  about: 'Who owns an address: here, in the whole mesh, and in the past; and each change as it comes.',
  paths: {
    [EMAIL_INDEX_PATH]: {
      GET: {
        id: 'lookUp',
        summary: 'Who owns an address',
        more: 'Without `federated=true` the bare map of this host; with it what the mesh says. Look at `meta.hostsFailed` before you conclude that an address does not exist.',
        query: indexQuery,
        headers: z.object({
          'X-Federated-Query': z
            .string()
            .optional()
            .meta({ description: '`true`: this host alone, whatever the query says.' }),
          'If-None-Match': z.string().optional(),
        }),
        answers: {
          200: answer('The map, or what the mesh says.', z.union([federatedAnswer, map, page]), {
            headers: z.object({ ETag: z.string().optional().meta({ description: 'Of the whole map alone.' }) }),
          }),
          304: { when: 'The whole map is as `If-None-Match` says.' },
        },
        refusals: ['not_found'],
      },
    },
    [`${EMAIL_INDEX_PATH}/history`]: {
      GET: {
        id: 'getHistory',
        summary: 'Who held an address when, and what became of an agent',
        more: 'One of `address` and `agentId` must be there. A page may hold less than `limit`, or nothing, and yet have a `nextCursor`.',
        query: pageQuery().extend({
          address: z.string().optional().meta({ example: 'titania@x.com' }),
          agentId: z.string().optional(),
          ...position.shape,
        }),
        answers: {
          200: answer(
            'Oldest first.',
            z.object({
              history: z.array(historyItem),
              keptSince: moment.nullable(),
              nextCursor: z.string().optional(),
            }),
          ),
        },
        refusals: ['invalid_address', 'overloaded'],
      },
    },
    '/api/log/verification': {
      GET: {
        id: 'verifyLog',
        summary: "Whether a part of this host's change log fits its chain",
        query: part,
        answers: {
          200: answer(
            'Go on with `after` = `to` until it is `head`.',
            z.object({
              logId: z.string(),
              from: count,
              to: count,
              head: count,
              oldest: count,
              fault: z.string().optional(),
            }),
          ),
        },
      },
    },
    [CHANGES_PATH]: {
      GET: {
        id: 'listen',
        summary: 'The change log, told to whoever listens',
        more: 'As Server-Sent Events, each change as it comes; with `Accept: application/x-ndjson` what there is, or comes within `waitMs`, as lines of JSON.',
        query: question,
        headers: z.object({
          'Last-Event-ID': z.string().optional().meta({ description: 'Goes before `since`.' }),
        }),
        answers: {
          200: {
            when: 'Changes, in order.',
            content: {
              'text/event-stream': { schema: text },
              'application/x-ndjson': { schema: text.meta({ description: 'Lines, each of the form `Change`.' }) },
            },
            headers: z.object({
              'Mesh-Cursor': z.string().optional().meta({ description: 'Of lines: the next `since`.' }),
            }),
          },
        },
        refusals: ['gone', 'unknown_event', 'overloaded', 'stopping'],
      },
    },
  },
};

/** What a subscriber is sent: the document's `webhooks`. */
export const toldChange = json(told);
