// Who is told of changes, and how that goes.
import type { Clock } from '../../mesh/ports.ts';
import type { SubscriptionView } from '../webhooks/subscription-view.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { reading } from './asker.ts';
import { type PageDoor, queryOf } from './door.ts';
import { breakable, mark, moment, pager, snippet, table, wholeNames } from './fragments.ts';
import type { View } from './frame.ts';
import { ROWS_MAX } from './limits.ts';
import { type Markup, markup } from './markup.ts';
import { subscribeCommand } from './receiver-snippets.ts';
import { subscriptionPath } from './subscription-path.ts';

export interface SubscriptionsPageServices {
  readonly webhooks: Pick<Webhooks, 'list'>;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Where this node is reached. */
  readonly origin: () => string;
}

export function subscriptionsPage(door: PageDoor, services: SubscriptionsPageServices): void {
  door.show('/page/subscriptions', {
    section: 'subscriptions',
    needs: () => reading('webhooks'),
    view: (c) => listView(services, queryOf(c, 'cursor').cursor),
  });
}

async function listView({ webhooks, clock, origin }: SubscriptionsPageServices, cursor: string): Promise<View> {
  const all = await webhooks.list();
  const from = all.findIndex(({ id }) => id === cursor) + 1;
  const shown = all.slice(from, from + ROWS_MAX);
  const next = all.length > from + ROWS_MAX ? shown.at(-1)?.id : undefined;
  const example = {
    url: 'http://127.0.0.1:8080/hooks',
    events: ['agent.email.changed' as const],
    scope: 'mesh' as const,
  };
  const body = markup`${table({
    caption: `${all.length} of at most 100`,
    columns: ['Receiver', 'State', 'Waiting', 'Dead', 'Last success', 'Events'],
    empty: 'Nobody is subscribed. A gateway subscribes as below.',
    rows: shown.map((one) => [
      markup`<a href="${subscriptionPath(one.id)}">${breakable(one.url)}</a>${one.description === undefined ? '' : markup`<br><span class="dim">${one.description}</span>`}`,
      healthOf(one, clock.wallMs()),
      waiting(one),
      one.deliveries.dead.toLocaleString('en'),
      moment(one.deliveries.lastSuccessAt, clock.wallMs()),
      wholeNames(one.events),
    ]),
  })}
${pager('/page/subscriptions', { cursor }, next)}
<h2>Subscribe from a shell</h2>
${snippet('The answer holds the secret, this once', subscribeCommand(example, origin()))}`;
  return { title: 'Subscriptions', body, isLive: true };
}

export function healthOf({ enabled, disabledReason, deliveries }: SubscriptionView, nowMs: number): Markup {
  const { failingSince, pausedUntil, dead, lastSuccessAt } = deliveries;
  if (!enabled) return mark('off', disabledReason === undefined ? 'disabled' : `disabled: ${disabledReason}`);
  if (failingSince !== null)
    return markup`${mark('bad', 'failing')}<br><span class="dim">since ${moment(failingSince, nowMs)}</span>${pausedUntil === null ? '' : markup`<br><span class="dim">left alone until ${moment(pausedUntil, nowMs)}</span>`}`;
  if (dead > 0) return mark('wait', 'delivers, but has dead letters');
  return lastSuccessAt === null ? mark('wait', 'nothing to tell yet') : mark('good', 'delivers');
}

export function waiting({ deliveries: { pending, held, atLeast } }: SubscriptionView): string {
  const count = (pending + held).toLocaleString('en');
  return `${atLeast ? 'at least ' : ''}${count}${held > 0 ? ' held' : ''}`;
}
