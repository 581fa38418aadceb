// What an operator asks of a running node from a shell: `mesh status`, `hosts`, `conflicts`, `join`, `evict`, `recover`, `log verify`. Each
// reports; a refusal of the node is thrown as its sentence. They decide nothing: the node does.
import type { HostShown } from './host-shown.ts';
import type { Measures } from './measures.ts';
import type { NodeClient } from './node-client.ts';
import { type Paint, PLAIN, type Report } from './report.ts';
import { type AccountShown, statusLines } from './status-lines.ts';
import { table } from './table.ts';

interface MeshShown {
  readonly state: string;
  readonly notes: readonly string[];
}

interface ConflictShown {
  readonly address: string;
  readonly agentName: string;
  readonly since: string;
  readonly claimedBy: { readonly agentName: string; readonly hostId: string; readonly since: string };
}

interface ConflictsShown {
  readonly conflicts: readonly ConflictShown[];
  readonly undecided: readonly { readonly address: string; readonly hostId: string; readonly legacy?: boolean }[];
  readonly nextCursor?: string;
}

/** What `mesh status` asks beside the node's JSON. */
export interface StatusAsking {
  measures(): Promise<Measures>;
  /** By the clock of this machine. */
  readonly nowMs: number;
}

/** How the node and its mesh are, a line each, and the hosts. All is well when each line is. */
export async function status(call: NodeClient, paint: Paint, { measures, nowMs }: StatusAsking): Promise<Report> {
  // First what ends it when nobody answers: that the node is not ready is only told.
  const { hosts: listed, mesh } = await askHosts(call);
  const trouble = await call('GET', '/ready').then(() => undefined, sentenceOf);
  const checks = statusLines({
    ...{ hosts: listed, trouble, deciding: mesh?.state, nowMs },
    doubles: await allConflicts(call).then(countOf, sentenceOf),
    measures: await measures().catch(sentenceOf),
    accounts: await call('GET', '/api/email/providers').then(({ accounts }) => accounts as AccountShown[], sentenceOf),
  });
  const remarks = listed.flatMap(({ id, why, key, remark }) =>
    [key?.state === 'changed' ? key.why : (why ?? key?.why), remark].flatMap((text) =>
      text === undefined ? [] : [`${id}: ${text}`],
    ),
  );
  const lines = [
    trouble === undefined ? paint.good('Ready: addresses can be claimed.') : `${paint.bad('Not ready:')} ${trouble}`,
    '',
    ...table(
      ['', '', ''],
      checks.map(({ name, ok, text }) => [ok ? paint.good('ok') : paint.bad('!!'), name, text]),
    ).slice(1),
    '',
    ...hostTable(listed, paint),
    ...section('Not the same everywhere:', mesh?.notes ?? []),
    ...section('Remarks:', remarks),
  ];
  const ok = checks.every((check) => check.ok);
  const why = trouble === undefined ? {} : { why: trouble };
  return {
    text: lines.join('\n'),
    value: { ok, ready: trouble === undefined, ...why, checks, hosts: listed, mesh },
    ok,
  };
}

function sentenceOf({ message }: Error): string {
  return message;
}

/** The hosts alone; all is well when each that is enabled is there. */
export async function hosts(call: NodeClient, paint: Paint = PLAIN): Promise<Report> {
  const { hosts: listed } = await askHosts(call);
  const ok = listed.every(({ status: state }) => state === 'online' || state === 'disabled');
  return { text: hostTable(listed, paint).join('\n'), value: listed, ok };
}

async function askHosts(call: NodeClient): Promise<{ hosts: HostShown[]; mesh?: MeshShown }> {
  return (await call('GET', '/api/hosts')) as unknown as { hosts: HostShown[]; mesh?: MeshShown };
}

function countOf({ conflicts: conceded, undecided }: ConflictsShown) {
  return { conceded: conceded.length, undecided: undecided.length };
}

/** Addresses that more than one host gave out. All is well when there are none. */
export async function conflicts(call: NodeClient): Promise<Report> {
  const value = await allConflicts(call);
  const { conflicts: conceded, undecided } = value;
  const rows = conceded.map(({ address, agentName, since, claimedBy }) => [
    address,
    `${agentName} (${since})`,
    `${claimedBy.agentName} on ${claimedBy.hostId} (${claimedBy.since})`,
  ]);
  const doubles = undecided.map(
    ({ address, hostId, legacy }) =>
      `${address}, on ${hostId} too${legacy ? ', which serves only the look-up: take it back there' : ': take it back on one of the two'}`,
  );
  if (conceded.length + undecided.length === 0)
    return { text: 'No address of this host is claimed elsewhere.', value, ok: true };
  const lines = [
    ...(rows.length === 0 ? [] : table(['CONCEDED', 'CLAIMED HERE BY', 'STANDS'], rows)),
    ...(rows.length === 0 ? [] : ['', 'Decide with: npx mesh conflicts ADDRESS --keep theirs|mine']),
    ...section('Undecided:', doubles),
  ];
  return { text: lines.join('\n').trimStart(), value, ok: false };
}

/** Reads all pages of the conflicts. */
async function allConflicts(call: NodeClient): Promise<ConflictsShown> {
  const all = { conflicts: [] as ConflictShown[], undecided: [] as ConflictsShown['undecided'][number][] };
  for (let query = ''; ; ) {
    const page = (await call('GET', `/api/conflicts${query}`)) as unknown as ConflictsShown;
    all.conflicts.push(...page.conflicts);
    all.undecided.push(...page.undecided);
    if (page.nextCursor === undefined) return all;
    query = `?cursor=${encodeURIComponent(page.nextCursor)}`;
  }
}

/** Tells the node what an operator decided about one conflict. */
export async function resolveConflict(call: NodeClient, address: string, keep: string): Promise<Report> {
  const value = await call('POST', `/api/conflicts/${encodeURIComponent(address)}`, { body: { keep } });
  const text = keep === 'mine' ? `${address} is claimed here again.` : `${address} stays with the other host.`;
  return { text, value, ok: true };
}

export async function join(call: NodeClient, host: string, acceptLoss: boolean): Promise<Report> {
  const value = await call('POST', '/api/hosts/join', { body: { host, acceptLoss } });
  return { text: `This host is in the mesh of ${host} now. ${(value.mesh as MeshShown).state}`, value, ok: true };
}

export async function evict(call: NodeClient, host: string): Promise<Report> {
  const value = await call('POST', '/api/hosts/evict', { body: { host } });
  if (value.evicted === undefined)
    return { text: `${String(value.message)} npx mesh status shows it.`, value, ok: false };
  return { text: `The addresses of ${host} are free.`, value, ok: true };
}

export async function recover(call: NodeClient, voters: readonly string[], acceptLoss: boolean): Promise<Report> {
  const value = await call('POST', '/api/hosts/recover', { body: { voters, acceptLoss } });
  return { text: (value.mesh as MeshShown).state, value, ok: true };
}

interface CheckedPart {
  readonly logId: string;
  readonly to: number;
  readonly head: number;
  readonly oldest: number;
  readonly fault?: string;
}

/** Whether the log of this host fits its chain, as far as it is kept: asked part by part, to where the log ended at first. */
export async function verifyLog(call: NodeClient): Promise<Report> {
  let end = Number.POSITIVE_INFINITY;
  let oldest = Number.POSITIVE_INFINITY;
  for (let after = 0; ; ) {
    const part = (await call('GET', `/api/log/verification?after=${after}`)) as unknown as CheckedPart;
    if (part.fault !== undefined) return { text: part.fault, value: part, ok: false };
    end = Math.min(end, part.head);
    oldest = Math.min(oldest, part.oldest);
    after = part.to;
    const { logId } = part;
    if (after >= end) return { text: soundLog(logId, oldest, end), value: { logId, oldest, head: end }, ok: true };
  }
}

function soundLog(logId: string, oldest: number, end: number): string {
  if (end < oldest) return `Log ${logId} keeps no entry; ${end} were written.`;
  const kept = oldest === 1 ? 'from the first on' : 'what came before is kept no more';
  return `Log ${logId} fits its chain: entries ${oldest} to ${end}, ${kept}.`;
}

function hostTable(listed: readonly HostShown[], paint: Paint): readonly string[] {
  const rows = listed.map((host) => [host.isSelf ? `${host.id} (this)` : host.id, ...about(host, paint), host.url]);
  return table(['HOST', 'STATUS', 'VOTES', 'KEY', 'URL'], rows);
}

function about({ status: state, votes, isSelf, legacy, key }: HostShown, paint: Paint): readonly string[] {
  const shown = state === 'online' ? paint.good(state) : state === 'disabled' ? paint.faint(state) : paint.bad(state);
  return [shown, votes ? 'yes' : 'no', isSelf ? 'own' : legacy ? 'none (look-up only)' : (key?.state ?? '')];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}
