// Lists of whom inboxes write to and hear from, of the organization and of each inbox.
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { Clock } from '../../../mesh/ports.ts';
import { pathSegment } from '../../http/input.ts';
import { MailboxError, noSuch, wrongField } from '../errors.ts';
import { noRoute } from '../http/caller.ts';
import { PAGE_PARAMETERS, readForm, readParameters } from '../http/input.ts';
import { nameOf, namesPageBody } from '../http/page-token.ts';
import type { Organization } from '../inbox.ts';
import {
  entryNameOf,
  LIST_DIRECTIONS,
  LIST_ENTRIES_MAX,
  LIST_TYPES,
  type ListEntry,
  type ListNamed,
  type ListScope,
  type ListType,
} from '../list-entry.ts';
import { timeText } from '../mail-bodies.ts';
import type { Inboxes } from '../org/inboxes.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../questions.ts';

const FORM_BYTES_MAX = 16 * 1_024;
const ENTRY_CHARACTERS_MAX = 1_024;
const REASON_CHARACTERS_MAX = 500;

const READ_ONLY = 'This host has made the entry, for mail to that address came back for good or it complained.';

const form = z.strictObject({
  entry: z.string().min(1).max(ENTRY_CHARACTERS_MAX),
  reason: z
    .string()
    .max(REASON_CHARACTERS_MAX)
    .regex(/^[^\p{Cc}]*$/u, 'must have no control characters')
    .optional(),
});

const pageParameters = z.object({ limit: PAGE_PARAMETERS.limit, page_token: PAGE_PARAMETERS.page_token });

export interface ListServices {
  readonly inboxes: Pick<Inboxes, 'get'>;
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
  readonly organization: () => Promise<Organization>;
  readonly clock: Pick<Clock, 'wallMs'>;
}

export function listRoutes(app: Hono, services: ListServices): void {
  const { inboxes } = services;
  addLists(app, '/v0/lists', async () => ({ kind: 'organization' }), services);
  const ofInbox = async (c: Context): Promise<ListScope> => {
    const { inboxId } = await inboxes.get(pathSegment(c, 'inbox_id'));
    return { kind: 'inbox', inboxId };
  };
  addLists(app, '/v0/inboxes/:inbox_id/lists', ofInbox, services);
}

/** The six lists of a scope. */
function addLists(app: Hono, path: string, scopeOf: (c: Context) => Promise<ListScope>, services: ListServices): void {
  const { intake, query, organization, clock } = services;
  const list = `${path}/:direction/:type`;
  const named = async (c: Context): Promise<ListNamed> => {
    const direction = LIST_DIRECTIONS.find((one) => one === pathSegment(c, 'direction'));
    const listType = LIST_TYPES.find((one) => one === pathSegment(c, 'type'));
    if (direction === undefined || listType === undefined) throw noRoute(c);
    return { scope: await scopeOf(c), direction, listType };
  };
  const meant = async (c: Context) => {
    const name = entryNameOf(pathSegment(c, 'entry'));
    if ('fault' in name) throw noSuch('entry');
    return { ...(await named(c)), key: name.key };
  };

  app.get(list, async (c) => {
    const asked = await named(c);
    const { limit, page_token } = readParameters(c, pageParameters);
    const found = await query.ask('listEntries', { ...asked, limit, after: nameOf(page_token, asked) });
    const of = await organization();
    return c.json({ ...namesPageBody(limit, found, asked), entries: found.items.map((one) => entryBody(one, of)) });
  });

  app.post(list, async (c) => {
    const asked = await named(c);
    const wished = wishedEntry(await readForm(c, form, FORM_BYTES_MAX), asked.listType);
    const added = await intake.ask('addListEntry', { ...asked, ...wished, atMs: clock.wallMs() });
    if (added.outcome === 'gone') throw noSuch(asked.scope.kind);
    if (added.outcome === 'full') {
      const message = `The lists of one ${asked.scope.kind} have at most ${LIST_ENTRIES_MAX} entries.`;
      throw new MailboxError('limit_exceeded', message, { fix: 'Delete some, or name a domain in their place.' });
    }
    return c.json(entryBody(added.entry, await organization()));
  });

  app.get(`${list}/:entry`, async (c) => {
    const found = await query.ask('listEntry', await meant(c));
    if (found === undefined) throw noSuch('entry');
    return c.json(entryBody(found, await organization()));
  });

  app.delete(`${list}/:entry`, async (c) => {
    const outcome = await intake.ask('removeListEntry', await meant(c));
    if (outcome === 'gone') throw noSuch('entry');
    if (outcome === 'read-only') throw new MailboxError('cannot_delete', READ_ONLY);
    return c.body(null, 204);
  });
}

/** Throws `validation_error`. */
function wishedEntry({ entry, reason }: z.output<typeof form>, listType: ListType) {
  const name = entryNameOf(entry);
  if ('fault' in name)
    throw wrongField('entry', `must be an address or a domain, like jane@example.com or example.com: ${name.fault}`);
  if (reason !== undefined && listType === 'allow') throw wrongField('reason', 'is for lists that block alone');
  return { ...name, reason };
}

function entryBody(entry: ListEntry, { organizationId, podId }: Organization) {
  const { scope, isReadOnly } = entry;
  return {
    ...{ entry: entry.entry, organization_id: organizationId },
    ...(scope.kind === 'organization' ? {} : { pod_id: scope.kind === 'pod' ? scope.podId : podId }),
    ...(scope.kind === 'inbox' ? { inbox_id: scope.inboxId } : {}),
    ...{ reason: entry.reason, direction: entry.direction, list_type: entry.listType, entry_type: entry.entryType },
    ...(isReadOnly ? { read_only: true } : {}),
    created_at: timeText(entry.createdAtMs),
  };
}
