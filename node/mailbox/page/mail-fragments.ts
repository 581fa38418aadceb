// What several of these pages are made of: the way from one to the other, a mail's labels, people, sizes.
import { link, mark, moment } from '../../page/fragments.ts';
import { type Markup, markup, trusted } from '../../page/markup.ts';
import type { BoundedCount } from '../overview.ts';
import type { HiddenLabel } from '../stored-mail.ts';
import { PATH, pathTo } from './places.ts';
import type { MailboxPageServices } from './services.ts';

export const HIDING: readonly HiddenLabel[] = ['spam', 'blocked', 'unauthenticated', 'trash'];
const LABELS_SHOWN_MAX = 10;
const NAMES_SHOWN_MAX = 3;
const KIB = 1_024;

const TABS = [
  ['inboxes', PATH, 'Inboxes'],
  ['threads', pathTo('threads'), 'Threads'],
  ['drafts', pathTo('drafts'), 'Drafts'],
  ['quarantine', pathTo('quarantine'), 'Quarantine'],
  ['lists', pathTo('lists'), 'Lists'],
  ['domains', pathTo('domains'), 'Domains'],
  ['pods', pathTo('pods'), 'Pods'],
] as const;
export type Tab = (typeof TABS)[number][0];

/** The way to the other pages of the mailbox, with how much waits for somebody there. */
export async function tabs({ query }: Pick<MailboxPageServices, 'query'>, tab: Tab): Promise<Markup> {
  const { drafts, heldBack } = await query.ask('waitingForPeople', null);
  const waits: Partial<Readonly<Record<Tab, BoundedCount>>> = { drafts, quarantine: heldBack };
  const items = TABS.map(([name, path, label]) => {
    const { count, isMore } = waits[name] ?? { count: 0, isMore: false };
    const words = count === 0 ? '' : ` (${counted({ count, isMore })})`;
    return markup`<li><a href="${path}"${name === tab ? trusted(' aria-current="true"') : ''}>${label}${words}</a></li>`;
  });
  return markup`<nav aria-label="Mailbox" class="filter"><ul>${items}</ul></nav>`;
}

export interface Choice {
  readonly label: string;
  readonly query: Readonly<Record<string, string>>;
  readonly isChosen: boolean;
}

/** One list in several forms. `name`: what is chosen. */
export function choices(name: string, path: string, all: readonly Choice[]): Markup {
  const items = all.map(
    ({ label, query, isChosen }) =>
      markup`<li><a href="${link(path, query)}"${isChosen ? trusted(' aria-current="true"') : ''}>${label}</a></li>`,
  );
  return markup`<nav aria-label="${name}" class="filter"><ul>${items}</ul></nav>`;
}

export interface SearchBox {
  readonly path: string;
  readonly label: string;
  readonly text: string;
  /** What stays of the query. */
  readonly kept?: Readonly<Record<string, string>>;
}

export function searchBox({ path, label, text, kept = {} }: SearchBox): Markup {
  const hidden = Object.entries(kept)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => markup`<input type="hidden" name="${name}" value="${value}">`);
  return markup`<form method="get" action="${path}" class="search" role="search">${hidden}
<div><label for="q">${label}</label><input id="q" name="q" type="search" value="${text}" maxlength="1000" autocomplete="off"></div>
<button>Search</button></form>`;
}

export function counted({ count, isMore }: BoundedCount): string {
  return `${count.toLocaleString('en')}${isMore ? '+' : ''}`;
}

/** `path`: of the list in which a label shows those that have it. */
export function labelMarks(labels: readonly string[], path: string): Markup {
  const shown = labels.slice(0, LABELS_SHOWN_MAX).map((label, position) => {
    const isHiding = HIDING.some((one) => one === label);
    const query = { label, ...(isHiding ? { show: 'all' } : {}) };
    const words = isHiding ? mark('wait', label) : label;
    return markup`${position === 0 ? '' : ', '}<a href="${link(path, query)}">${words}</a>`;
  });
  if (labels.length === 0) return markup`–`;
  return markup`${shown}${labels.length > LABELS_SHOWN_MAX ? `, and ${labels.length - LABELS_SHOWN_MAX} more` : ''}`;
}

export function named(people: readonly string[]): string {
  const more = people.length - NAMES_SHOWN_MAX;
  return `${people.slice(0, NAMES_SHOWN_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

export function titleOf(subject: string | undefined): string {
  return subject === undefined || subject.trim() === '' ? '(no subject)' : subject;
}

export function sizeOf(bytes: number): string {
  if (bytes < KIB) return `${bytes} B`;
  return bytes < KIB * KIB ? `${Math.round(bytes / KIB)} KiB` : `${(bytes / KIB / KIB).toFixed(1)} MiB`;
}

export function at(ms: number, { clock }: Pick<MailboxPageServices, 'clock'>): Markup {
  return moment(new Date(ms).toISOString(), clock.wallMs());
}

/** By its name, as everywhere; by its id when it is gone. */
export function agentLink(id: string, { agentName }: Pick<MailboxPageServices, 'agentName'>): Markup {
  return markup`<a href="/page/agents/${encodeURIComponent(id)}">${agentName(id) ?? id}</a>`;
}
