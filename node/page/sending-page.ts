// Mail that agents send: the accounts and how they are, the queue, and the life of one message.
import type { Context } from 'hono';
import { MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';
import { pathSegment } from '../http/input.ts';
import { isFinal, MESSAGE_STATES, type Message, type MessageState, reasonOf } from '../send/message.ts';
import type { Sending } from '../send/send-service.ts';
import { type Asker, posting, reading } from './asker.ts';
import { type PageDoor, queryOf } from './door.ts';
import { action, facts, link, mark, moment, pager, table } from './fragments.ts';
import type { View } from './frame.ts';
import { ROWS_MAX } from './limits.ts';
import { type Markup, markup, trusted } from './markup.ts';
import { messageTable, stateMark } from './message-table.ts';

export interface SendingPageServices {
  readonly sending: Pick<Sending, 'list' | 'get' | 'providers' | 'cancel' | 'resend'>;
  readonly clock: Pick<Clock, 'wallMs'>;
}

const PATH = '/page/sending';

export function sendingPages(door: PageDoor, services: SendingPageServices): void {
  const { sending } = services;
  door.show(PATH, {
    section: 'sending',
    needs: () => reading('email', 'log'),
    view: (c, asker) => queueView(services, asker, queryOf(c, 'state', 'cursor')),
  });
  door.show(`${PATH}/:id`, {
    section: 'sending',
    needs: (c) => reading('email', 'status', pathSegment(c, 'id')),
    view: (c, asker) => messageView(found(c, asker, sending), services, asker),
  });
  for (const [word, said] of [
    ['cancel', 'cancelled'],
    ['resend', 'resent'],
  ] as const)
    door.act(`${PATH}/:id/${word}`, {
      needs: (c) => posting('email', pathSegment(c, 'id'), word),
      run: async (c) => {
        const { id } = found(c, door.asker(c), sending);
        await sending[word](id);
        return { to: `${PATH}/${encodeURIComponent(id)}`, said };
      },
    });
}

/** A key that acts for one agent sees that agent's mail alone. */
function found(c: Context, { agentId }: Asker, sending: Pick<Sending, 'get'>): Message {
  const id = pathSegment(c, 'id');
  const message = sending.get(id);
  if (message !== undefined && (agentId ?? message.agentId) === message.agentId) return message;
  throw new MeshError('not_found', `This host has no email '${id.slice(0, 100)}'.`);
}

function queueView(
  { sending, clock }: SendingPageServices,
  asker: Asker,
  { state: text, cursor }: Record<'state' | 'cursor', string>,
): View {
  const state = MESSAGE_STATES.find((one) => one === text);
  const page = { ...(cursor === '' ? {} : { cursor }), limit: ROWS_MAX };
  const { messages, nextCursor } = sending.list({ agentId: asker.agentId, state, ...page });
  const accounts =
    asker.refuses(reading('email', 'providers')) === undefined ? accountTable(sending, clock.wallMs()) : '';
  const body = markup`${accounts}
<h2>Mail</h2>
${filter(state)}
${messageTable(messages, clock.wallMs(), state === undefined ? 'No agent of this host has sent mail.' : `No mail is ${state}.`)}
${pager(PATH, { state: state ?? '', cursor }, nextCursor)}`;
  return { title: 'Sending', body, isLive: true };
}

function filter(asked: MessageState | undefined): Markup {
  const items = ['', ...MESSAGE_STATES].map((one) => {
    const isAsked = one === (asked ?? '');
    return markup`<li><a href="${link(PATH, { state: one })}"${isAsked ? trusted(' aria-current="true"') : ''}>${one === '' ? 'all' : one}</a></li>`;
  });
  return markup`<nav aria-label="Mail by state" class="filter"><ul>${items}</ul></nav>`;
}

/** An account as `GET /api/email/providers` shows it. */
interface Account {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly security: string;
  readonly sentLastHour: number;
  readonly ratePerHour?: number | null;
  readonly health: 'ok' | 'failing' | 'open';
  readonly lastError?: string;
  readonly retryAt?: string;
}

function accountTable(sending: Pick<Sending, 'providers'>, nowMs: number): Markup {
  const { accounts } = sending.providers() as { readonly accounts: readonly Account[] };
  return markup`<h2>Accounts</h2>
${table({
  caption: 'What mail goes out through',
  columns: ['Account', 'State', 'Server', 'Last hour'],
  empty: 'Sending is off: this node has no account. MESH_SEND_ACCOUNTS or MESH_SMTP_URL gives it one.',
  rows: accounts
    .slice(0, ROWS_MAX)
    .map((account) => [
      account.id,
      accountState(account, nowMs),
      `${account.host}:${account.port} (${account.security})`,
      `${account.sentLastHour}${account.ratePerHour ? ` of ${account.ratePerHour}` : ''}`,
    ]),
})}`;
}

function accountState({ health, lastError, retryAt }: Account, nowMs: number): Markup {
  const state = {
    ok: mark('good', 'works'),
    failing: mark('wait', 'failing, still tried'),
    open: mark('bad', 'left alone'),
  };
  const error = lastError === undefined || health === 'ok' ? '' : markup`<br><span class="dim">${lastError}</span>`;
  const again = retryAt === undefined ? '' : markup`<br><span class="dim">until ${moment(retryAt, nowMs)}</span>`;
  return markup`${state[health]}${error}${again}`;
}

function messageView(message: Message, { clock }: SendingPageServices, asker: Asker): View {
  const nowMs = clock.wallMs();
  const path = `${PATH}/${encodeURIComponent(message.id)}`;
  const canCancel = message.state === 'queued' || message.state === 'deferred';
  const canResend =
    ['unknown', 'failed', 'expired', 'partial'].includes(message.state) && message.attachmentsGone !== true;
  const body = markup`${facts([
    ['State', stateMark(message.state)],
    ['Why', reasonOf(message)],
    ['From', message.from],
    ['Agent', markup`<a href="/page/agents/${encodeURIComponent(message.agentId)}">${message.agentName}</a>`],
    ['Account', message.account],
    ['Attempts', message.attempts],
    ['Message-ID', message.messageId],
    ['Id', message.id],
  ])}
<div class="actions" role="group" aria-label="What can be done">
${canCancel ? action(asker, { to: `${path}/cancel`, label: 'Cancel', needs: posting('email', message.id, 'cancel'), isGrave: true }) : ''}
${canResend ? action(asker, { to: `${path}/resend`, label: 'Send again', needs: posting('email', message.id, 'resend') }) : ''}
</div>
<h2>Its life</h2>
${facts([
  ['Accepted', moment(message.createdAt, nowMs)],
  ['First taken by a server', message.sentAt === undefined ? undefined : moment(message.sentAt, nowMs)],
  ['Last changed', moment(message.updatedAt, nowMs)],
  [
    'Next attempt',
    isFinal(message.state) || message.state === 'sending' ? undefined : moment(iso(message.dueMs), nowMs),
  ],
  ['Given up', isFinal(message.state) ? undefined : moment(iso(message.expiresMs), nowMs)],
])}
<h2>Recipients</h2>
${table({
  caption: 'What the servers said of each',
  columns: ['Address', 'As', 'State', 'Code', 'Answer'],
  empty: 'It has none.',
  rows: message.recipients.map(({ address, kind, state, code, enhanced, reply }) => [
    address,
    kind,
    state === 'pending' ? mark('wait', state) : stateMark(state),
    [code, enhanced].filter((one) => one !== undefined).join(' ') || '–',
    reply ?? '–',
  ]),
})}`;
  return { title: message.subject === '' ? '(no subject)' : message.subject, body, isLive: !isFinal(message.state) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
