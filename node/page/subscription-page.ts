// One subscription: its health, what became of each event, and what an operator can do about it.
import type { Clock } from '../../mesh/ports.ts';
import { pathSegment } from '../http/input.ts';
import { DELIVERY_STATUSES, type DeliveryStatus, type DeliveryView } from '../webhooks/delivery/delivery-view.ts';
import type { SubscriptionView } from '../webhooks/subscription-view.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { type Asker, posting, reading } from './asker.ts';
import { type PageDoor, queryOf } from './door.ts';
import {
  action,
  breakable,
  facts,
  link,
  mark,
  moment,
  pager,
  snippet,
  type Tone,
  table,
  wholeNames,
} from './fragments.ts';
import type { View } from './frame.ts';
import { ROWS_MAX } from './limits.ts';
import { type Markup, markup, trusted } from './markup.ts';
import { subscribeCommand, VERIFICATION } from './receiver-snippets.ts';
import { secretForm } from './secret-rotation.ts';
import { subscriptionPath } from './subscription-path.ts';
import { healthOf, waiting } from './subscriptions-page.ts';

export interface SubscriptionPageServices {
  readonly webhooks: Pick<Webhooks, 'get' | 'deliveries'>;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly origin: () => string;
}

const STATUS_TONES: Readonly<Record<DeliveryStatus, Tone>> = {
  pending: 'wait',
  held: 'off',
  dead: 'bad',
  delivered: 'good',
};

/** Why an event was given up. */
const REASONS: Readonly<Record<NonNullable<DeliveryView['reason']>, string>> = {
  expired: 'not taken within 72\u00a0h',
  missing: 'the log has it no more',
};

export function subscriptionPage(door: PageDoor, services: SubscriptionPageServices): void {
  door.show('/page/subscriptions/:id', {
    section: 'subscriptions',
    needs: (c) => reading('webhooks', pathSegment(c, 'id')),
    view: (c, asker) => subscriptionView(services, asker, pathSegment(c, 'id'), queryOf(c, 'status', 'cursor')),
  });
  door.show('/page/subscriptions/:id/deliveries/:deliveryId', {
    section: 'subscriptions',
    needs: (c) => reading('webhooks', pathSegment(c, 'id')),
    view: (c, asker) => deliveryPage(services, asker, pathSegment(c, 'id'), pathSegment(c, 'deliveryId')),
  });
}

async function subscriptionView(
  { webhooks, clock, origin }: SubscriptionPageServices,
  asker: Asker,
  id: string,
  { status: text, cursor }: Record<'status' | 'cursor', string>,
): Promise<View> {
  const webhook = await webhooks.get(id);
  const status =
    DELIVERY_STATUSES.find((one) => one === text) ?? (webhook.deliveries.dead > 0 && text === '' ? 'dead' : undefined);
  const afterSeq = /^\d{1,15}$/.test(cursor) ? Number(cursor) : 0;
  const { deliveries, nextSeq } = await webhooks.deliveries.list(id, { status, afterSeq, limit: ROWS_MAX });
  const nowMs = clock.wallMs();
  const path = subscriptionPath(id);
  const asked = status ?? 'all';
  const body = markup`${about(webhook, nowMs)}
${actions(webhook, asker)}
<h2>Deliveries</h2>
${filter(path, asked)}
${deliveryTable({ id, deliveries, asked, nowMs, asker })}
${pager(path, { status: asked, cursor }, nextSeq === undefined ? undefined : String(nextSeq))}
<h2>Its secret</h2>
${secretForm(id, asker)}
<h2>For its receiver</h2>
${snippet('How this subscription is made', subscribeCommand(webhook, origin()))}
${snippet('How a delivery is verified (other languages: README.md)', VERIFICATION)}`;
  return { title: webhook.description ?? 'Subscription', body };
}

function about(webhook: SubscriptionView, nowMs: number): Markup {
  const { url, id, scope, events, headerNames, ratePerSecond, formerSecretsUntil, replays, deliveries } = webhook;
  return facts([
    ['Receiver', markup`<code>${breakable(url)}</code>`],
    ['State', healthOf(webhook, nowMs)],
    ['Waiting', waiting(webhook)],
    [
      'Dead letters',
      deliveries.deadDropped === undefined
        ? deliveries.dead
        : `${deliveries.dead}, and ${deliveries.deadDropped} that are kept no more`,
    ],
    ['Last success', moment(deliveries.lastSuccessAt, nowMs)],
    ['Events', wholeNames(events)],
    ['Told of', scope === 'mesh' ? 'every host' : 'this host alone'],
    ['Headers', headerNames === undefined ? undefined : headerNames.map((name) => `${name}: [secret]`).join('\n')],
    ['At most', ratePerSecond === undefined ? undefined : `${ratePerSecond} attempts a second`],
    ['Former secrets sign until', formerSecretsUntil?.join('\n')],
    ['Under way', replays?.map(({ status, startedAt }) => `sends ${status} again, since ${startedAt}`).join('\n')],
    ['Id', id],
  ]);
}

function actions({ id, enabled, deliveries }: SubscriptionView, asker: Asker): Markup {
  const path = subscriptionPath(id);
  const [replaying, changing, testing] = [
    posting('webhooks', id, 'replay'),
    { method: 'PATCH', path: posting('webhooks', id).path },
    posting('webhooks', id, 'test'),
  ];
  const replay = (status: string, label: string) =>
    action(asker, { to: `${path}/replay`, label, fields: { status }, needs: replaying });
  return markup`<div class="actions" role="group" aria-label="What can be done">
${action(asker, { to: `${path}/test`, label: 'Send a test', needs: testing })}
${deliveries.dead > 0 && enabled ? replay('dead', `Replay ${deliveries.dead} dead ${deliveries.dead === 1 ? 'letter' : 'letters'}`) : ''}
${enabled && deliveries.pending > 0 ? replay('held', 'Send what waits now') : ''}
${action(asker, { to: `${path}/${enabled ? 'disable' : 'enable'}`, label: enabled ? 'Disable' : 'Enable', needs: changing, isGrave: enabled })}
</div>`;
}

function filter(path: string, asked: string): Markup {
  const items = ['all', ...DELIVERY_STATUSES].map(
    (one) =>
      markup`<li><a href="${link(path, { status: one })}"${one === asked ? trusted(' aria-current="true"') : ''}>${one}</a></li>`,
  );
  return markup`<nav aria-label="Deliveries by state" class="filter"><ul>${items}</ul></nav>`;
}

interface Listed {
  readonly id: string;
  readonly deliveries: readonly DeliveryView[];
  readonly asked: string;
  readonly nowMs: number;
  readonly asker: Asker;
}

function deliveryTable({ id, deliveries, asked, nowMs, asker }: Listed): Markup {
  return table({
    caption: 'Oldest first',
    columns: ['Event', 'State', 'Agent', 'Attempts', 'Last answer', 'Next', 'Once more'],
    empty: asked === 'all' ? 'No event that this subscription wants is in the log.' : `No delivery is ${asked}.`,
    rows: deliveries.map((one) => [
      markup`<a href="${deliveryPath(id, one)}">${one.event === undefined ? 'an entry that is lost' : wholeNames([one.event])}</a><br>${moment(one.timestamp ?? one.diedAt, nowMs)}`,
      markup`${mark(STATUS_TONES[one.status], one.status)}${one.reason === undefined ? '' : markup`<br><span class="dim">${REASONS[one.reason]}</span>`}`,
      one.agent === undefined
        ? '–'
        : markup`<a href="/page/agents/${encodeURIComponent(one.agent.id)}">${one.agent.name}</a>`,
      one.attemptCount ?? '–',
      lastAnswer(one),
      one.nextAttemptAt !== undefined
        ? moment(one.nextAttemptAt, nowMs)
        : one.waitsFor === undefined
          ? '–'
          : `after ${one.waitsFor}`,
      retryOf(id, one, asker),
    ]),
  });
}

function deliveryPath(id: string, { id: deliveryId, seq }: Pick<DeliveryView, 'id' | 'seq'>): string {
  return `${subscriptionPath(id)}/deliveries/${encodeURIComponent(deliveryId ?? String(seq))}`;
}

function lastAnswer({ lastAttempt }: DeliveryView): string {
  if (lastAttempt === undefined) return '–';
  return lastAttempt.error ?? String(lastAttempt.status ?? '–');
}

function retryOf(id: string, delivery: DeliveryView, asker: Asker): Markup {
  if (delivery.status === 'held' || delivery.waitsFor !== undefined || delivery.event === undefined) return markup``;
  const known = delivery.id ?? String(delivery.seq);
  return action(asker, {
    to: `${deliveryPath(id, delivery)}/retry`,
    label: delivery.status === 'delivered' ? 'Send again' : 'Retry',
    about: `${delivery.event} of ${delivery.agent?.name}, ${delivery.seq}`,
    needs: posting('webhooks', id, 'deliveries', known, 'retry'),
  });
}

async function deliveryPage(
  { webhooks, clock }: SubscriptionPageServices,
  asker: Asker,
  id: string,
  deliveryId: string,
): Promise<View> {
  const [webhook, delivery] = await Promise.all([webhooks.get(id), webhooks.deliveries.get(id, deliveryId)]);
  const nowMs = clock.wallMs();
  const body = markup`${facts([
    ['Receiver', markup`<a href="${subscriptionPath(id)}">${breakable(webhook.url)}</a>`],
    ['State', mark(STATUS_TONES[delivery.status], delivery.status)],
    ['Why', delivery.reason === undefined ? undefined : REASONS[delivery.reason]],
    ['Agent', delivery.agent === undefined ? undefined : `${delivery.agent.name} on ${delivery.agent.hostId}`],
    ['Happened', moment(delivery.timestamp, nowMs)],
    ['webhook-id', delivery.id ?? undefined],
    ['Place in the log', delivery.seq],
    ['Next attempt', delivery.nextAttemptAt === undefined ? undefined : moment(delivery.nextAttemptAt, nowMs)],
    [
      'Waits for',
      delivery.waitsFor === undefined ? undefined : `the delivery at place ${delivery.waitsFor}, of the same agent`,
    ],
  ])}
<div class="actions" role="group" aria-label="What can be done">${retryOf(id, delivery, asker)}</div>
<h2>Attempts</h2>
${table({
  caption: 'Those that are kept, oldest first',
  columns: ['Attempt', 'When', 'Answer', 'Took'],
  empty: 'None is kept.',
  rows: delivery.attempts.map(({ attempt, at, status, error, durationMs }) => [
    attempt,
    moment(at, nowMs),
    error ?? String(status ?? '–'),
    `${durationMs} ms`,
  ]),
})}`;
  return { title: delivery.event ?? 'Delivery', body };
}
