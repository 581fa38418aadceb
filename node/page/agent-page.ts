// One agent: its addresses, what became of it, and its mail.
import { MeshError } from '../../mesh/errors.ts';
import { type AgentId, parseAgentId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { History } from '../changes/history.ts';
import type { Copy } from '../feed/copy.ts';
import { pathSegment } from '../http/input.ts';
import type { AgentTable } from '../registry/agent-table.ts';
import type { Sending } from '../send/send-service.ts';
import { addressLink } from './addresses-page.ts';
import { type Asker, reading } from './asker.ts';
import { type PageDoor, queryOf } from './door.ts';
import { facts, moment, pager, table } from './fragments.ts';
import type { View } from './frame.ts';
import { historyTable } from './history-table.ts';
import { ROWS_MAX } from './limits.ts';
import { type Markup, markup } from './markup.ts';
import { messageTable } from './message-table.ts';

export interface AgentPageServices {
  readonly table: Pick<AgentTable, 'find'>;
  readonly copy: Pick<Copy, 'ofAgent'>;
  readonly history: Pick<History, 'ask'>;
  readonly sending: Pick<Sending, 'list'>;
  readonly clock: Pick<Clock, 'wallMs'>;
}

export function agentPages(door: PageDoor, services: AgentPageServices): void {
  door.show('/page/agents/:id', {
    section: 'addresses',
    needs: () => reading('agents'),
    view: (c, asker) => {
      const text = pathSegment(c, 'id');
      const id = parseAgentId(text);
      if (id === undefined) throw unknownAgent(text);
      return agentView(services, asker, id, queryOf(c, 'cursor').cursor);
    },
  });
}

async function agentView(services: AgentPageServices, asker: Asker, id: AgentId, cursor: string): Promise<View> {
  const { table: agents, copy, history, clock } = services;
  const nowMs = clock.wallMs();
  const own = agents.find(id);
  const copied = own === undefined ? copy.ofAgent(id) : [];
  const after = /^\d{1,15}$/.test(cursor) ? Number(cursor) : 0;
  const past = await history.ask({ agentId: id }, { after, limit: ROWS_MAX });
  const last = past.history.at(-1)?.agent;
  if (own === undefined && copied.length === 0 && last === undefined) throw unknownAgent(id);
  const hostId = own?.hostId ?? copied[0]?.hostId ?? last?.hostId;
  const addresses = own?.addresses ?? copied;
  const body = markup`${facts([
    ['Id', id],
    ['Label', own?.label ?? undefined],
    ['Host', hostId],
    [
      'Email',
      own === undefined ? undefined : own.emailEnabled ? 'enabled' : 'disabled: the index shows none of its addresses',
    ],
    ['Made', own === undefined ? undefined : moment(own.createdAt, nowMs)],
    ['Changed', own === undefined ? undefined : moment(own.updatedAt, nowMs)],
  ])}
<h2>Addresses</h2>
${table({
  caption: 'At most ten',
  columns: ['Address', 'Shown as', 'Primary', 'Since'],
  empty: 'It has no address.',
  rows: addresses.map((one) => [
    addressLink(one.address),
    one.displayName ?? '–',
    one.primary ? 'primary' : 'further',
    'since' in one ? moment(one.since, nowMs) : markup`<span class="dim">its own host knows</span>`,
  ]),
})}
<h2>Events</h2>
${historyTable(past, nowMs)}
${pager(`/page/agents/${encodeURIComponent(id)}`, { cursor }, past.after === undefined ? undefined : String(past.after))}
${own === undefined ? '' : mailOf(services, asker, id)}`;
  return { title: own?.name ?? copied[0]?.agentName ?? last?.name ?? id, body };
}

function mailOf({ sending, clock }: AgentPageServices, asker: Asker, agentId: AgentId): Markup {
  const refusal = asker.refuses(reading('email', 'log'));
  if (refusal !== undefined) return markup`<h2>Mail</h2><p class="empty">${refusal.message}</p>`;
  if ((asker.agentId ?? agentId) !== agentId)
    return markup`<h2>Mail</h2><p class="empty">The key ${asker.name} shows the mail of its own agent alone.</p>`;
  const { messages } = sending.list({ agentId, limit: ROWS_MAX });
  return markup`<h2>Mail</h2>
${messageTable(messages, clock.wallMs(), 'It has sent no mail.')}`;
}

function unknownAgent(id: string): MeshError {
  return new MeshError('not_found', `No host that this one knows of has an agent '${id.slice(0, 200)}'.`);
}
