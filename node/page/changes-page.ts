// The newest changes of the log, and those that come while somebody looks.
import type { Clock } from '../../mesh/ports.ts';
import type { ChangeEntry } from '../changes/change-log.ts';
import { type CursorLog, cursorAt } from '../changes/cursor.ts';
import { CHANGES_PATH } from '../http/paths.ts';
import type { PageDoor } from './door.ts';
import { breakable } from './fragments.ts';
import type { View } from './frame.ts';
import { told } from './history-table.ts';
import { type Markup, markup } from './markup.ts';

/** Changes that are shown before the next one comes, and that a browser keeps. */
const CHANGES_SHOWN_MAX = 50;

export interface ChangesPageServices {
  readonly changes: CursorLog & { read(after: number, limit: number): Promise<readonly ChangeEntry[]> };
  readonly clock: Pick<Clock, 'wallMs'>;
}

export function changesPage(door: PageDoor, services: ChangesPageServices): void {
  door.show('/page/changes', {
    section: 'changes',
    needs: () => ({ method: 'GET', path: CHANGES_PATH }),
    view: () => changesView(services),
  });
}

async function changesView({ changes }: ChangesPageServices): Promise<View> {
  const { head } = changes;
  const after = Math.max(changes.oldestSeq - 1, head - CHANGES_SHOWN_MAX);
  const entries = (await changes.read(after, head - after)).toReversed();
  const none = entries.length > 0 ? '' : markup`<p class="empty" data-none>Nothing has changed yet.</p>`;
  const body = markup`<p data-listening role="status">The newest ${CHANGES_SHOWN_MAX}; load the page anew for more.</p>
${none}
<table role="table"><caption>Newest first</caption>
<thead role="rowgroup"><tr role="row">${['When', 'Event', 'Agent', 'Host', 'What'].map((name) => markup`<th scope="col" role="columnheader">${name}</th>`)}</tr></thead>
<tbody role="rowgroup" data-changes="${cursorAt(changes, head)}">${entries.map(rowOf)}</tbody></table>
<template data-change>${row({ when: '', event: '', agentId: '', agent: '', host: '', what: '' })}</template>`;
  return { title: 'Changes', body };
}

function rowOf(entry: ChangeEntry): Markup {
  const { timestamp, event, agent } = entry;
  const what = whatOf(entry);
  // Of a domain, the entry names the organization, which has no page.
  const agentId = 'domain' in entry ? undefined : agent.id;
  const when = `${timestamp.slice(0, 10)}\u00a0${timestamp.slice(11, 19)}`;
  return row({ when, event, agentId, agent: agent.name, host: agent.hostId, what });
}

function whatOf(entry: ChangeEntry): string {
  if ('email' in entry) return `${entry.email.state}: ${entry.email.subject}`;
  if ('domain' in entry) return entry.domain.domain_id;
  return 'message' in entry ? `${entry.message.inbox_id}: ${entry.message.message_id}` : told(entry.changes);
}

interface Row extends Readonly<Record<'when' | 'event' | 'agent' | 'host' | 'what', string>> {
  /** Absent: no agent is meant. */
  readonly agentId: string | undefined;
}

/** The script fills the same with what comes later. */
function row({ when, event, agentId, agent, host, what }: Row): Markup {
  return markup`<tr role="row"><th scope="row" role="rowheader" data-label="When"><div class="whole" data-is="when">${when}</div></th>
<td role="cell" data-label="Event"><div class="whole" data-is="event">${event}</div></td>
<td role="cell" data-label="Agent"><div>${agentId === undefined ? '–' : markup`<a data-is="agent" href="/page/agents/${encodeURIComponent(agentId)}">${agent}</a>`}</div></td>
<td role="cell" data-label="Host"><div data-is="host">${host}</div></td>
<td role="cell" data-label="What"><div data-is="what">${breakable(what)}</div></td></tr>`;
}
