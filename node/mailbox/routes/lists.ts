// Lists of whom inboxes write to and hear from, of the organization, of each pod and of each inbox.
import type { Context } from 'hono';
import { z } from 'zod';
import type { Clock } from '../../../mesh/ports.ts';
import { pathSegment } from '../../http/input.ts';
import type { Sending } from '../../send/send-service.ts';
import { noSuch } from '../errors.ts';
import { noRoute, refuseScopedKey } from '../http/caller.ts';
import { PAGE_PARAMETERS, readForm, readParameters } from '../http/input.ts';
import { listForm, refuseKeptEntry, settledEntry, wishedEntry } from '../http/list-form.ts';
import { nameOf, namesPageBody } from '../http/page-token.ts';
import type { Routes, ScopedRoutes } from '../http/routes.ts';
import type { Organization } from '../inbox.ts';
import {
  entryNameOf,
  LIST_DIRECTIONS,
  LIST_TYPES,
  type ListEntry,
  type ListEntryMeant,
  type ListNamed,
} from '../list-entry.ts';
import { timeText } from '../mail-bodies.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../questions.ts';
import { LEVELS, type Scope } from '../scope.ts';

const FORM_BYTES_MAX = 16 * 1_024;
const pageParameters = z.strictObject({ limit: PAGE_PARAMETERS.limit, page_token: PAGE_PARAMETERS.page_token });

export interface ListServices {
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
  readonly organization: () => Promise<Organization>;
  /** Whom this host writes to no more. */
  readonly suppressions: Pick<Sending['suppressions'], 'against' | 'remove'>;
  readonly clock: Pick<Clock, 'wallMs'>;
}

export function listRoutes(routes: Routes, services: ListServices): void {
  routes.below(LEVELS, '/lists/:direction/:type', (at) => {
    wholeListRoutes(at, services);
    entryRoutes(at, services);
  });
  routes.below(['inbox'], '/lists/:direction/:type', (at) => operatorRoute(at, services), '/api/mailbox');
}

function wholeListRoutes(at: ScopedRoutes, { intake, query, organization, clock }: ListServices): void {
  at.add('GET', '', 'list_entry_read', async (c, scope) => {
    const asked = namedBy(c, scope);
    const { limit, page_token } = readParameters(c, pageParameters);
    const found = await query.ask('listEntries', { ...asked, limit, after: nameOf(page_token, asked) });
    const of = { ...(await organization()), podId: scope.podId };
    return c.json({ ...namesPageBody(limit, found, asked), entries: found.items.map((one) => entryBody(one, of)) });
  });

  at.add('POST', '', 'list_entry_create', async (c, scope) => {
    if (at.level === 'organization') refuseScopedKey(c, 'A list of the organization');
    const asked = namedBy(c, scope);
    const wished = wishedEntry(await readForm(c, listForm, FORM_BYTES_MAX), asked.listType);
    const added = await intake.ask('addListEntry', { ...asked, ...wished, atMs: clock.wallMs() });
    const entry = settledEntry(added, asked.scope);
    return c.json(entryBody(entry, { ...(await organization()), podId: scope.podId }));
  });
}

/** Throws `not_found` for what names neither an address nor a domain. */
function meant(c: Context, scope: Scope): ListEntryMeant {
  const name = entryNameOf(pathSegment(c, 'entry'));
  if ('fault' in name) throw noSuch('entry');
  return { ...namedBy(c, scope), key: name.key };
}

/** An entry that this host has made is taken away with what else keeps mail from that address, so that it can be written to again. */
function operatorRoute(at: ScopedRoutes, { intake, query, suppressions }: ListServices): void {
  at.add('DELETE', '/:entry', 'organization_key', async (c, scope) => {
    const entry = await query.ask('listEntry', meant(c, scope));
    if (entry === undefined) throw noSuch('entry');
    // Before the entry goes: who asks again after a crash finds it still there.
    if (entry.isReadOnly && suppressions.against(entry.entry) !== undefined) await suppressions.remove(entry.entry);
    await intake.ask('removeListEntry', { ...meant(c, scope), isOperator: true });
    return c.body(null, 204);
  });
}

function entryRoutes(at: ScopedRoutes, { intake, query, organization }: ListServices): void {
  at.add('GET', '/:entry', 'list_entry_read', async (c, scope) => {
    const found = await query.ask('listEntry', meant(c, scope));
    if (found === undefined) throw noSuch('entry');
    return c.json(entryBody(found, { ...(await organization()), podId: scope.podId }));
  });

  at.add('DELETE', '/:entry', 'list_entry_delete', async (c, scope) => {
    const entry = meant(c, scope);
    refuseKeptEntry(await intake.ask('removeListEntry', entry), entry);
    return c.body(null, 204);
  });
}

/** One of the six lists of a scope. */
function namedBy(c: Context, { podId, inboxId }: Scope): ListNamed {
  const direction = LIST_DIRECTIONS.find((one) => one === pathSegment(c, 'direction'));
  const listType = LIST_TYPES.find((one) => one === pathSegment(c, 'type'));
  if (direction === undefined || listType === undefined) throw noRoute(c);
  if (inboxId !== undefined) return { scope: { kind: 'inbox', inboxId }, direction, listType };
  return { scope: podId === undefined ? { kind: 'organization' } : { kind: 'pod', podId }, direction, listType };
}

function entryBody(
  entry: ListEntry,
  { organizationId, podId }: Pick<Organization, 'organizationId'> & Pick<Scope, 'podId'>,
) {
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
