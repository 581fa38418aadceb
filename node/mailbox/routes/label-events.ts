// The changes of the labels of an inbox's mails, as AgentMail's clients read them.
import { z } from 'zod';
import { pathSegment } from '../../http/input.ts';
import { deniedTo } from '../http/caller.ts';
import { PAGE_PARAMETERS, readParameters } from '../http/input.ts';
import { pageBody, placeOf } from '../http/page-token.ts';
import type { Routes } from '../http/routes.ts';
import type { Organization } from '../inbox.ts';
import type { LabelEvent } from '../label-event.ts';
import { timeText } from '../mail-bodies.ts';
import type { Inboxes } from '../org/inboxes.ts';
import type { Asks, QueryQuestions } from '../questions.ts';

const listParameters = z.strictObject(PAGE_PARAMETERS);

export interface LabelEventServices {
  readonly inboxes: Pick<Inboxes, 'get'>;
  readonly query: Asks<QueryQuestions>;
  readonly organization: () => Promise<Organization>;
}

export function labelEventRoutes(routes: Routes, { inboxes, query, organization }: LabelEventServices): void {
  routes.add('GET', '/v0/inboxes/:inbox_id/events', 'message_read', async (c) => {
    const { limit, page_token, ascending } = readParameters(c, listParameters);
    const { inboxId, podId } = await inboxes.get(pathSegment(c, 'inbox_id'));
    const asked = ['events', inboxId, ascending];
    const place = placeOf(page_token, asked);
    const listed = await query.ask('labelEvents', {
      inboxId,
      denied: deniedTo(c),
      limit,
      isAscending: ascending,
      place,
    });
    const { organizationId } = await organization();
    const about = { organization_id: organizationId, pod_id: podId, inbox_id: inboxId };
    return c.json({
      ...pageBody(limit, listed, asked),
      events: listed.items.map((event) => ({ ...about, ...labelEventBody(event) })),
    });
  });
}

function labelEventBody({ eventId, isAdded, messageId, label, atMs }: LabelEvent) {
  return {
    ...{ event_id: eventId, event_type: isAdded ? 'label.added' : 'label.removed', message_id: messageId, label },
    ...{ event_at: timeText(atMs), created_at: timeText(atMs) },
  };
}
