// Pods: inboxes that are kept apart from all others, and the way to what is in each.
import { queryOf } from '../../page/door.ts';
import { link, pager, table } from '../../page/fragments.ts';
import { ROWS_MAX } from '../../page/limits.ts';
import { markup } from '../../page/markup.ts';
import { noSuch } from '../errors.ts';
import type { Pod } from '../pod.ts';
import { at, counted, tabs } from './mail-fragments.ts';
import type { MailboxDoor } from './mailbox-door.ts';
import { cursorOf, PATH, pathTo, placeAt } from './places.ts';
import type { MailboxPageServices } from './services.ts';

const NONE = { inboxes: { count: 0, isMore: false }, domains: 0 };

export function podPages(door: MailboxDoor, services: MailboxPageServices): void {
  const path = pathTo('pods');
  const { pods, query } = services;
  door.show(path, async (c) => {
    const { cursor } = queryOf(c, 'cursor');
    const { items, next } = await pods.list({ limit: ROWS_MAX, isAscending: false, place: placeAt(cursor) });
    const counts = await query.ask(
      'countedPods',
      items.map(({ podId }) => podId),
    );
    const body = markup`${await tabs(services, 'pods')}
${table({
  caption: 'The newest first; the default pod has every inbox that was put into no other',
  columns: ['Pod', 'Its inboxes are at', 'Inboxes', 'Domains', 'More of it', 'Since'],
  empty: 'There is no pod.',
  rows: items.map((pod, position) => {
    const { inboxes, domains } = counts[position] ?? NONE;
    return [
      markup`${pod.name}${pod.slug === undefined ? markup` <span class="dim">(the default one)</span>` : ''}`,
      pods.domainOf(pod) ?? '–',
      markup`<a href="${link(PATH, { pod: pod.podId })}">${counted(inboxes)}<span class="unseen"> inboxes of ${pod.name}</span></a>`,
      domains,
      waysOf(pod),
      at(pod.createdAtMs, services),
    ];
  }),
})}
${pager(path, { cursor }, cursorOf(next))}`;
    return { title: 'Pods', body, isLive: true };
  });
}

function waysOf({ podId, name }: Pod) {
  const ways = [
    ['threads', link(pathTo('threads'), { pod: podId })],
    ['drafts', link(pathTo('drafts'), { pod: podId })],
    ['lists', link(pathTo('lists'), { of: podId })],
  ] as const;
  return markup`${ways.map(([label, path], position) => markup`${position === 0 ? '' : ', '}<a href="${path}">${label}<span class="unseen"> of ${name}</span></a>`)}`;
}

/** Throws `not_found`. */
export async function podNamed({ pods }: Pick<MailboxPageServices, 'pods'>, text: string): Promise<Pod> {
  const pod = await pods.find(text);
  if (pod === undefined) throw noSuch('pod');
  return pod;
}
