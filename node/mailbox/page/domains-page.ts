// Domains that somebody has brought: what is to be published of each, and what the DNS says of it.
import type { Context } from 'hono';
import { pathSegment } from '../../http/input.ts';
import type { Asker } from '../../page/asker.ts';
import { queryOf, SAFE_HEADERS } from '../../page/door.ts';
import { action, breakable, facts, link, mark, pager, snippet, type Tone, table } from '../../page/fragments.ts';
import type { View } from '../../page/frame.ts';
import { ROWS_MAX } from '../../page/limits.ts';
import { type Markup, markup, trusted } from '../../page/markup.ts';
import type { Domain, DomainStatus, FoundRecord } from '../domain.ts';
import { type DomainRecord, recordsOf } from '../domain-records.ts';
import { at, tabs } from './mail-fragments.ts';
import { acting, type MailboxDoor } from './mailbox-door.ts';
import { PATH as INBOXES, pathTo } from './places.ts';
import { podNamed } from './pods-page.ts';
import type { MailboxPageServices } from './services.ts';

const PATH = pathTo('domains');
const ROUTE = `${PATH}/:domain`;

const STATES: Readonly<Record<DomainStatus, readonly [tone: Tone, words: string]>> = {
  NOT_STARTED: ['off', 'not looked up yet'],
  PENDING: ['wait', 'records are missing'],
  INVALID: ['bad', 'records are wrong'],
  FAILED: ['bad', 'given up after a week; look it up again'],
  VERIFYING: ['wait', 'being looked up'],
  VERIFIED: ['good', 'verified'],
};
const REASONS = { duplicate_records: 'there, but not alone', value_mismatch: 'says something else' } as const;

export function domainPages(door: MailboxDoor, services: MailboxPageServices): void {
  const { domains } = services;
  const named = (c: Context) => ({ name: pathSegment(c, 'domain'), podId: undefined });
  door.show(PATH, (c, asker) => domainsView(services, queryOf(c, 'cursor').cursor, asker));
  // Before the page of one domain, which would take it for a name.
  door.act(`${PATH}/add`, async (_, form) => {
    const pod = (form.get('pod') ?? '').trim();
    const podId = pod === '' ? undefined : (await podNamed(services, pod)).podId;
    const { name } = await domains.add({
      ...{ name: (form.get('domain') ?? '').trim(), podId, mayGoElsewhere: form.has('elsewhere') },
      ...{
        isFeedbackEnabled: true,
        areSubdomainsEnabled: form.has('subdomains'),
        isTrackingEnabled: form.has('tracking'),
      },
    });
    return { to: pathTo('domains', name), said: 'domainAdded' };
  });
  door.show(ROUTE, async (c, asker) => domainView(services, await domains.get(named(c)), asker));
  door.give(`${ROUTE}/zone-file`, async (c) => {
    const domain = await domains.get(named(c));
    const disposition = `attachment; filename="${domain.name}.zone"`;
    const headers = {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Disposition': disposition,
      ...SAFE_HEADERS,
    };
    return new Response(domains.zoneFile(domain), { headers });
  });
  door.act(`${ROUTE}/verify`, async (c) => {
    await domains.verify(named(c));
    return { to: pathTo('domains', pathSegment(c, 'domain')), said: 'domainLooked' };
  });
  door.act(`${ROUTE}/remove`, async (c) => {
    await domains.remove(named(c));
    return { to: PATH, said: 'domainRemoved' };
  });
}

async function domainsView(services: MailboxPageServices, cursor: string, asker: Asker): Promise<View> {
  const all = await services.domains.list(undefined);
  const from = all.findIndex(({ name }) => name === cursor) + 1;
  const shown = all.slice(from, from + ROWS_MAX);
  const next = all.length > from + ROWS_MAX ? shown.at(-1)?.name : undefined;
  const body = markup`${await tabs(services, 'domains')}
${table({
  caption: 'Domains that somebody has brought, the newest first',
  columns: ['Domain', 'State', 'Of', 'Last found right', 'Since'],
  empty: 'Nobody has brought a domain.',
  rows: await Promise.all(shown.map((domain) => domainRow(domain, services))),
})}
${pager(PATH, { cursor }, next)}
${domainForm(asker)}`;
  return { title: 'Domains', body };
}

async function domainRow(domain: Domain, services: MailboxPageServices) {
  const { name, verifiedAtMs, createdAtMs } = domain;
  return [
    markup`<a href="${pathTo('domains', name)}">${breakable(name)}</a>`,
    mark(...STATES[domain.status]),
    await ownerOf(domain, services),
    verifiedAtMs === undefined ? '–' : at(verifiedAtMs, services),
    at(createdAtMs, services),
  ];
}

async function ownerOf({ podId }: Domain, { pods }: MailboxPageServices): Promise<Markup | string> {
  if (podId === undefined) return 'the organization';
  return markup`<a href="${link(INBOXES, { pod: podId })}">the pod ${(await pods.find(podId))?.name ?? podId}</a>`;
}

function domainForm(asker: Asker): Markup {
  const why = asker.refuses(acting);
  const dead = why === undefined ? '' : trusted(' disabled');
  const field = (id: string, label: string) =>
    markup`<div><label for="${id}">${label}</label><input id="${id}" name="${id}" autocomplete="off" spellcheck="false"${dead}></div>`;
  const box = (id: string, label: string) =>
    markup`<label class="box"><input type="checkbox" name="${id}"${dead}> ${label}</label>`;
  return markup`<h2>Bring a domain</h2>
<form method="post" action="${PATH}/add" class="edit">
${field('domain', 'Domain, like acme.com')}
${field('pod', 'Id of the pod that has it; empty: the organization')}
${box('subdomains', 'inboxes at its subdomains, too')}
${box('tracking', 'pictures of opened mails at link.… of it')}
${box('elsewhere', 'though its mail goes to another server now')}
<input type="hidden" name="formToken" value="${asker.formToken}"><button${dead}>Bring it</button>
</form>
${why === undefined ? '' : markup`<p class="dim">${why.message}</p>`}`;
}

async function domainView(services: MailboxPageServices, domain: Domain, asker: Asker): Promise<View> {
  const { name, status, verifiedAtMs, createdAtMs, areSubdomainsEnabled, isTrackingEnabled } = domain;
  const records = recordsOf(domain, services.domains.shown(domain).host);
  const path = pathTo('domains', name);
  const body = markup`${await tabs(services, 'domains')}
${facts([
  ['State', mark(...STATES[status])],
  ['Of', await ownerOf(domain, services)],
  ['Last found right', verifiedAtMs === undefined ? undefined : at(verifiedAtMs, services)],
  ['Subdomains', areSubdomainsEnabled ? 'have inboxes, too' : undefined],
  ['Pictures of opened mails', isTrackingEnabled ? 'at a name of it' : undefined],
  ['Since', at(createdAtMs, services)],
])}
<div class="actions" role="group" aria-label="What can be done">
${action(asker, { to: `${path}/verify`, label: 'Look it up now', needs: acting })}
${action(asker, { to: `${path}/remove`, label: 'Take it away', needs: acting, isGrave: true })}
</div>
<h2>What is to be published</h2>
${table({
  caption: 'Looked up every hour, and when somebody asks for it',
  columns: ['Record', 'Name', 'The DNS says'],
  empty: 'Nothing is to be published.',
  rows: records.map((record) => [record.type, record.name, foundMark(record.found)]),
})}
${records.map(recordSnippets)}
<h2>As a zone file</h2>
<p><a href="${path}/zone-file" download>${name}.zone</a>, for BIND and others</p>
${snippet('The zone', services.domains.zoneFile(domain).replaceAll('\t', ' '))}`;
  return { title: name, body };
}

function recordSnippets({ type, name, value, priority }: DomainRecord): Markup {
  return snippet(`${type} of ${name}`, priority === undefined ? value : `${priority} ${value}`);
}

function foundMark({ status, reason }: FoundRecord): Markup {
  if (status === 'VALID') return mark('good', 'right');
  if (status === 'MISSING') return mark('wait', 'not there');
  return mark('bad', reason === undefined ? 'wrong' : REASONS[reason]);
}
