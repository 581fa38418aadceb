// `mesh hosts check`: asks each host of the mesh from here, who it is and whom it sees. The node that is asked says which hosts there are; no token of
// its is shown to any of them.

import type { HostShown } from './host-shown.ts';
import { type NodeClient, NodeRefusal } from './node-client.ts';
import type { Paint, Report } from './report.ts';
import { table } from './table.ts';

/** A client of the node at that URL that gives up after a while. */
export type Reach = (url: string) => NodeClient;

interface Identity {
  readonly id: string;
  readonly version: string;
  readonly publicKey: string;
}

interface Checked {
  readonly id: string;
  readonly url: string;
  readonly ok: boolean;
  /** Milliseconds until it had said who it is. */
  readonly tookMs?: number;
  readonly version?: string;
  /** Hosts that do not answer it. */
  readonly missing?: readonly string[];
  /** What is wrong, and what to do. */
  readonly why?: string;
}

/** What each host that is listed and enabled says. All is well when each is itself and sees all others. */
export async function checkHosts(call: NodeClient, paint: Paint, reach: Reach): Promise<Report> {
  const { hosts } = (await call('GET', '/api/hosts')) as unknown as { hosts: readonly HostShown[] };
  const asked = hosts.filter(({ status }) => status !== 'disabled');
  const all = await Promise.all(asked.map((host) => check(host, reach(host.url))));
  const silent = new Set(all.flatMap(({ id, tookMs }) => (tookMs === undefined ? [id] : [])));
  const checked = all.map((one) => ({ ...one, ...unseen(one, silent) }));
  const rows = checked.map(({ id, url, ok, tookMs, version = '', missing }) => [
    ok ? paint.good('ok') : paint.bad('!!'),
    id,
    tookMs === undefined ? 'not reached' : `${tookMs} ms`,
    version,
    missing === undefined ? '' : missing.length === 0 ? 'all' : `not ${missing.join(', ')}`,
    url,
  ]);
  const remarks = checked.flatMap(({ id, why }) => (why === undefined ? [] : [`${id}: ${why}`]));
  const lines = [
    ...table(['', 'HOST', 'ANSWERS', 'VERSION', 'SEES', 'URL'], rows),
    ...(remarks.length > 0 ? ['', ...remarks] : []),
  ];
  return { text: lines.join('\n'), value: checked, ok: checked.every(({ ok }) => ok) };
}

async function check(host: HostShown, ask: NodeClient, since = performance.now()): Promise<Checked> {
  const { id, url } = host;
  try {
    const answer = (await ask('GET', '/api/hosts/identity')) as { host?: Identity };
    const tookMs = Math.round(performance.now() - since);
    if (answer.host === undefined)
      return { id, url, tookMs, ok: host.legacy === true, why: 'it is no node of this program' };
    const { version, id: saidId, publicKey } = answer.host;
    const said = { id, url, tookMs, version };
    if (saidId !== id) return { ...said, ok: false, why: isAnother(saidId) };
    if (host.key?.publicKey !== undefined && host.key.publicKey !== publicKey)
      return {
        ...said,
        ok: false,
        why: 'it answers with another key than the mesh knows of it: it lost its data, or somebody else answers there',
      };
    const missing = await unseenBy(id, ask);
    return { ...said, missing, ok: missing.length === 0 };
  } catch (error) {
    if (error instanceof NodeRefusal && error.status === 401) return guarded(host, ask, since);
    return { id, url, ok: false, why: (error as Error).message };
  }
}

/** What a host tells anybody that keeps the rest to whoever has a token of it, and none is shown to it from here. */
async function guarded({ id, url }: HostShown, ask: NodeClient, since: number): Promise<Checked> {
  try {
    const { host, version } = (await ask('GET', '/health')) as { readonly host: string; readonly version: string };
    const said = { id, url, tookMs: Math.round(performance.now() - since), version };
    if (host !== id) return { ...said, ok: false, why: isAnother(host) };
    const why = `it tells whom it sees to nobody without a token (MESH_READ_TOKEN): npx mesh status there shows it`;
    return { ...said, ok: true, why };
  } catch (error) {
    return { id, url, ok: false, why: (error as Error).message };
  }
}

function isAnother(id: string): string {
  return `host '${id}' answers there: one of the two has the wrong URL in hosts.json`;
}

/** The remark about hosts that this one does not see; those that do not answer here either have one of their own. */
function unseen({ missing = [] }: Checked, silent: ReadonlySet<string>): Pick<Checked, 'why'> {
  const hosts = missing.filter((id) => !silent.has(id));
  if (hosts.length === 0) return {};
  return {
    why: `${hosts.join(', ')} ${hosts.length === 1 ? 'answers' : 'answer'} here and not there: look at the firewall between them`,
  };
}

async function unseenBy(id: string, ask: NodeClient): Promise<readonly string[]> {
  const { hosts } = (await ask('GET', '/api/hosts')) as unknown as { hosts: readonly HostShown[] };
  return hosts.flatMap((host) => (host.id === id || ['online', 'disabled'].includes(host.status) ? [] : [host.id]));
}
