// Addresses across the mesh: searched for, and one of them with who has it, since when, and its past.
import { MeshError } from '../../mesh/errors.ts';
import type { IndexRow, ParseAddress } from '../../mesh/lookup/index-entry.ts';
import { type HostId, parseHostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { History } from '../changes/history.ts';
import type { AgentTable } from '../registry/agent-table.ts';
import type { AddressSearch } from './address-search.ts';
import { reading } from './asker.ts';
import { type PageDoor, queryOf } from './door.ts';
import { breakable, facts, link, moment, pager, table } from './fragments.ts';
import type { View } from './frame.ts';
import { historyTable } from './history-table.ts';
import { ROWS_MAX } from './limits.ts';
import { type Markup, markup, trusted } from './markup.ts';

/** Characters of what somebody searches for. */
const SEARCH_CHARACTERS_MAX = 320;

export interface AddressPageServices {
  readonly search: AddressSearch;
  readonly table: Pick<AgentTable, 'holderOf'>;
  readonly history: Pick<History, 'ask'>;
  readonly hosts: () => readonly HostId[];
  readonly parseAddress: ParseAddress;
  readonly clock: Pick<Clock, 'wallMs'>;
}

export function addressPages(door: PageDoor, services: AddressPageServices): void {
  const needs = () => reading('agents', 'email-index');
  door.show('/page/addresses', {
    section: 'addresses',
    needs,
    view: (c) => searchView(services, queryOf(c, 'q', 'host', 'cursor')),
  });
  door.show('/page/address', {
    section: 'addresses',
    needs,
    view: (c) => addressView(services, queryOf(c, 'address', 'cursor')),
  });
}

async function searchView(
  { search, hosts }: AddressPageServices,
  { q, host, cursor }: Record<'q' | 'host' | 'cursor', string>,
): Promise<View> {
  const text = q.trim().slice(0, SEARCH_CHARACTERS_MAX);
  const asked = {
    text,
    host: host === '' ? undefined : (parseHostId(host) ?? ('' as HostId)),
    after: cursor,
    limit: ROWS_MAX,
  };
  const { rows, next } = await search.find(asked);
  const body = markup`${searchForm({ text, host }, hosts())}
${table({
  caption:
    text === ''
      ? `Of ${search.size.toLocaleString('en')} addresses that this host knows`
      : `Addresses with “${text}” in them`,
  columns: ['Address', 'Agent', 'Host', 'Shown as', 'Primary'],
  empty:
    text === '' && host === '' && cursor === ''
      ? 'This host knows no address yet.'
      : 'No address that this host knows fits.',
  rows: rows.map((row) => [
    addressLink(row.address),
    agentLink(row),
    row.hostId,
    row.displayName ?? '–',
    row.primary ? 'primary' : 'further',
  ]),
})}
${pager('/page/addresses', { q: text, host, cursor }, next)}`;
  return { title: 'Addresses', body };
}

function searchForm(
  { text, host }: { readonly text: string; readonly host: string },
  hosts: readonly HostId[],
): Markup {
  const option = (id: string, label: string) =>
    markup`<option value="${id}"${id === host ? trusted(' selected') : ''}>${label}</option>`;
  return markup`<form method="get" action="/page/addresses" class="search" role="search">
<div><label for="q">Part of an address</label><input id="q" name="q" type="search" value="${text}" maxlength="${SEARCH_CHARACTERS_MAX}" spellcheck="false" autocapitalize="none"></div>
<div><label for="host">Host</label><select id="host" name="host">${option('', 'every host')}${hosts.map((id) => option(id, id))}</select></div>
<button>Search</button>
</form>`;
}

export function addressLink(address: string): Markup {
  return markup`<a href="${link('/page/address', { address })}">${breakable(address)}</a>`;
}

function agentLink({ agentId, agentName }: Pick<IndexRow, 'agentId' | 'agentName'>): Markup {
  return markup`<a href="/page/agents/${encodeURIComponent(agentId)}">${agentName}</a>`;
}

async function addressView(
  { search, table: agents, history, parseAddress, clock }: AddressPageServices,
  { address, cursor }: Record<'address' | 'cursor', string>,
): Promise<View> {
  const parsed = parseAddress(address);
  if (!parsed.valid)
    throw new MeshError('invalid_address', `'${address.slice(0, SEARCH_CHARACTERS_MAX)}' is no email address.`);
  const { key } = parsed;
  const rows = search.rowsOf(key);
  const own = agents.holderOf(key)?.addresses.find((one) => one.key === key);
  const after = /^\d{1,15}$/.test(cursor) ? Number(cursor) : 0;
  const past = await history.ask({ key }, { after, limit: ROWS_MAX });
  const holders = rows.map((row) =>
    facts([
      ['Agent', agentLink(row)],
      ['Host', row.hostId],
      ['Since', own !== undefined && row === rows[0] ? moment(own.since, clock.wallMs()) : undefined],
      ['Claim', own !== undefined && row === rows[0] ? own.claimId : undefined],
      ['Shown as', row.displayName],
      ['Primary', row.primary ? 'yes' : 'no'],
      [
        'Metadata',
        row.metadata === undefined
          ? undefined
          : Object.entries(row.metadata)
              .map(([name, value]) => `${name}: ${value}`)
              .join('\n'),
      ],
    ]),
  );
  const body = markup`${holders.length === 0 ? markup`<p class="empty">Nobody has this address, as far as this host knows.</p>` : holders}
${holders.length > 1 ? markup`<p class="refusal">More than one host shows this address: see <a href="/page/conflicts">Conflicts</a>.</p>` : ''}
<h2>Its past</h2>
${historyTable(past, clock.wallMs())}
${pager('/page/address', { address, cursor }, past.after === undefined ? undefined : String(past.after))}`;
  return { title: parsed.address, body };
}
