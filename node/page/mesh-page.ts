// The first page: who is in the mesh, who votes, how far away they are, what is wrong and what helps.
import type { Clock } from '../../mesh/ports.ts';
import type { HealthRoutesOptions } from '../http/routes/health.ts';
import { reading } from './asker.ts';
import { type PageDoor, queryOf } from './door.ts';
import { breakable, facts, mark, moment, pager, table } from './fragments.ts';
import type { View } from './frame.ts';
import { type HostView, hostViews } from './host-view.ts';
import { ROWS_MAX } from './limits.ts';
import { type Markup, markup } from './markup.ts';
import { meshPicture } from './mesh-picture.ts';

/** Troubles that the page begins with; the others open at a click. */
const TROUBLES_SHOWN_MAX = 8;

export interface MeshPageServices {
  readonly mesh: HealthRoutesOptions;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Addresses that a host shows. */
  readonly addressesOf: (host: HostView) => number;
}

export function meshPage(door: PageDoor, services: MeshPageServices): void {
  door.show('/', {
    section: 'mesh',
    needs: () => reading('hosts'),
    view: (c) => meshView(services, queryOf(c, 'cursor').cursor),
  });
}

/** The hosts behind the one that `cursor` names. */
function meshView(services: MeshPageServices, cursor: string): View {
  const { mesh } = services;
  const hosts = hostViews(mesh);
  const from = hosts.findIndex(({ id }) => id === cursor) + 1;
  const shown = hosts.slice(from, from + ROWS_MAX);
  const next = hosts.length > from + ROWS_MAX ? shown.at(-1)?.id : undefined;
  const troubled = hosts.filter(({ trouble }) => trouble !== undefined);
  const body = markup`${claimsState(mesh)}
${troubled.length === 0 ? '' : troubles(troubled)}
${meshPicture(hosts)}
<h2>Hosts</h2>
${hostTable(shown, services)}
${pager('/', { cursor }, next)}
${notes(mesh)}`;
  return { title: 'Mesh', body, isLive: true };
}

function claimsState({ claims, obstacle }: HealthRoutesOptions): Markup {
  const status = claims.store.status();
  const why = status.ready ? obstacle()?.message : (status.why ?? 'No claim can be made now.');
  const missing = status.hosts ?? [];
  const mend = missing.length === 0 ? '' : markup` Missing: ${missing.join(', ')}.`;
  const state = claims.membership?.().state;
  const tone = why === undefined ? 'good' : 'bad';
  const word = why === undefined ? 'Addresses can be claimed' : 'No address can be claimed';
  const isSaid = state === undefined || why?.startsWith(state);
  return markup`<section class="state ${tone}" aria-label="Claims"><p class="headline">${mark(tone, word)}</p>
${why === undefined ? '' : markup`<p>${why}${mend}</p>`}
${isSaid ? '' : markup`<p class="dim">${state}</p>`}
${facts([
  ['Kept by', status.kind === 'quorum' ? 'the hosts themselves' : status.kind],
  ['Voters', status.voters.join(', ')],
  ['Votes needed', status.required],
  ['Claims without an end yet', status.unsettled],
])}</section>`;
}

function troubles(hosts: readonly HostView[]): Markup {
  const items = hosts.map(
    ({ id, trouble }) =>
      markup`<li><strong>${breakable(id)}</strong>: ${trouble?.what} <span class="mend"><span aria-hidden="true">→</span> ${trouble?.mend}</span></li>`,
  );
  const [first, rest] = [items.slice(0, TROUBLES_SHOWN_MAX), items.slice(TROUBLES_SHOWN_MAX, ROWS_MAX)];
  const unnamed = items.length - first.length - rest.length;
  return markup`<section class="troubles" aria-label="What is wrong"><h2>What is wrong, and what helps</h2><ul>${first}</ul>
${rest.length > 0 ? markup`<details><summary>${rest.length} more</summary><ul>${rest}</ul></details>` : ''}
${unnamed > 0 ? markup`<p>Another ${unnamed} hosts are not well; the table shows them.</p>` : ''}</section>`;
}

function hostTable(hosts: readonly HostView[], { clock, addressesOf }: MeshPageServices): Markup {
  return table({
    caption: 'The hosts of hosts.json, as this host sees them',
    columns: ['Host', 'State', 'Votes', 'Round trip', 'Last heard', 'Addresses'],
    empty: 'hosts.json lists no host.',
    rows: hosts.map((host) => [
      markup`<a href="${host.url}/">${host.id}</a>${host.name === host.id ? '' : markup` <span class="dim">${host.name}</span>`}`,
      mark(host.tone, host.word),
      host.votes ? 'votes' : 'no vote',
      host.rttMs === undefined ? '–' : `${host.rttMs} ms`,
      host.isSelf || host.tone === 'off' ? '–' : moment(host.lastSeenAt, clock.wallMs()),
      addressesOf(host).toLocaleString('en'),
    ]),
  });
}

function notes({ claims }: HealthRoutesOptions): Markup {
  const said = claims.membership?.().notes ?? [];
  if (said.length === 0) return markup``;
  return markup`<h2>Not the same everywhere</h2><ul>${said.slice(0, ROWS_MAX).map((note) => markup`<li>${note}</li>`)}</ul>`;
}
