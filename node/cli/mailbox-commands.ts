// `mesh mailbox`: the inboxes of a node, their keys, their figures, and their mail as files.
import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Asking, CommandLine } from './command-line.ts';
import { exportInbox, importMails } from './mailbox-archive.ts';
import type { NodeClient } from './node-client.ts';
import type { Paint, Report } from './report.ts';
import { table } from './table.ts';
import { readWholeList } from './whole-list.ts';

interface InboxShown {
  readonly inbox_id: string;
  readonly display_name?: string;
  readonly created_at: string;
}

interface KeyShown {
  readonly api_key_id: string;
  readonly prefix: string;
  readonly name: string;
  readonly inbox_id?: string;
  readonly pod_id?: string;
  readonly used_at?: string;
}

interface Span {
  readonly start?: string;
  readonly end?: string;
}

interface NewKey {
  readonly name: string;
  readonly inbox?: string;
  readonly pod?: string;
}

interface WishedSettings {
  readonly retention?: string;
  readonly quota?: string;
  readonly dmarc?: string;
}

interface Wanted {
  readonly to: string;
  readonly format: 'mbox' | 'maildir';
}

const INBOX_KEY = 'inboxes' as const;

export function addMailboxCommands(commands: CommandLine): void {
  const mailbox = commands.group(
    'mailbox',
    'inboxes of agents: their keys and their mail (MESH_INBOX_KEY, else the key of the data directory)',
  );
  mailbox
    .add('inboxes', 'every inbox')
    .action((asking: Asking) => mailbox.run(asking, (call) => listInboxes(call), INBOX_KEY));
  const keys = mailbox.group('key', 'keys that programs show the inboxes');
  keys
    .add('list', 'every key, what it opens, and when it was used last')
    .action((asking: Asking) => keys.run(asking, (call, paint) => listKeys(call, paint), INBOX_KEY));
  keys
    .add('create', 'make a key, which is shown once')
    .requiredOption('--name <NAME>', 'who uses it')
    .addOption(new Option('--inbox <ADDRESS>', 'the one inbox that it opens; without it, all of them').conflicts('pod'))
    .option('--pod <POD>', 'the pod whose inboxes it opens, by its id or client id')
    .action((asking: Asking & NewKey) => keys.run(asking, (call) => createKey(call, asking), INBOX_KEY));
  keys
    .add('revoke <key>', 'let a key open nothing any more; it is named by its id')
    .action((id: string, asking: Asking) => keys.run(asking, (call) => revokeKey(call, id), INBOX_KEY));
  mailbox
    .add('stats [inbox]', 'how the inboxes, or one, do: what came and went, was answered, came back and waits')
    .option('--start <TIME>', 'from when on, like 2026-01-27T12:00:00Z; without it, the last day')
    .option('--end <TIME>', 'until when')
    .action((inbox: string | undefined, asking: Asking & Span) =>
      mailbox.run(asking, (call) => showStats(call, inbox, asking), INBOX_KEY),
    );
  addInboxCommands(mailbox);
  addArchiveCommands(mailbox);
}

function addInboxCommands(mailbox: CommandLine): void {
  mailbox
    .add(
      'settings <inbox>',
      'how long an inbox keeps mail and how much, and what it refuses; shown, and changed by the flags',
    )
    .option('--retention <DAYS>', "days for which it keeps mail, or 'host': as the host has it")
    .option('--quota <BYTES>', "octets of mail that it keeps, or 'host'")
    .addOption(
      new Option('--dmarc <SETTING>', 'what becomes of mail that its domain wants refused').choices([
        'label',
        'reject',
      ]),
    )
    .action((inbox: string, asking: Asking & WishedSettings) =>
      mailbox.run(asking, (call) => settings(call, inbox, asking), INBOX_KEY),
    );
  mailbox
    .add('unblock <inbox> <address>', 'let an inbox write again to an address whose mail came back or who complained')
    .action((inbox: string, address: string, asking: Asking) =>
      mailbox.run(asking, (call) => unblock(call, inbox, address), INBOX_KEY),
    );
}

function addArchiveCommands(mailbox: CommandLine): void {
  mailbox
    .add('export <inbox>', 'all mail of an inbox, with its labels, into a file or a directory that is not there yet')
    .requiredOption('--to <PATH>', 'the file, or the directory of a Maildir')
    .addOption(new Option('--format <FORMAT>', 'one file, or a file each').choices(['mbox', 'maildir']).default('mbox'))
    .action((inbox: string, asking: Asking & Wanted) =>
      mailbox.run(
        asking,
        (_, __, { node }) => exportInbox(node, { ...asking, inbox, to: resolve(asking.to) }),
        INBOX_KEY,
      ),
    );
  mailbox
    .add('import <inbox> <file>', 'the mails of an mbox file into an inbox, each once; nobody is told of them')
    .option('--unread', 'what the file does not call read has still to be')
    .action((inbox: string, file: string, asking: Asking & { unread?: true }) =>
      mailbox.run(
        asking,
        (_, __, { node }) => importMails(node, { inbox, file: resolve(file), isUnread: asking.unread === true }),
        INBOX_KEY,
      ),
    );
}

async function listInboxes(call: NodeClient): Promise<Report> {
  const inboxes = await readWholeList<InboxShown>(call, '/v0/inboxes?limit=100', 'inboxes', OF_V0);
  const rows = inboxes.map(({ inbox_id, display_name = '', created_at }) => [inbox_id, display_name, created_at]);
  const text =
    inboxes.length === 0
      ? 'There is no inbox; POST /v0/inboxes makes one.'
      : table(['ADDRESS', 'NAME', 'MADE'], rows).join('\n');
  return { text, value: inboxes, ok: true };
}

async function listKeys(call: NodeClient, paint: Paint): Promise<Report> {
  const keys = await readWholeList<KeyShown>(call, '/v0/api-keys?limit=100', 'api_keys', OF_V0);
  const rows = keys.map(({ api_key_id, prefix, name, inbox_id, pod_id, used_at = 'never' }) => [
    ...[name, inbox_id ?? (pod_id === undefined ? 'all inboxes' : `pod ${pod_id}`), used_at, `${prefix}…`],
    paint.faint(api_key_id),
  ]);
  const text =
    keys.length === 0
      ? "There is no key beside the organization's own; npx mesh mailbox key create makes one."
      : table(['NAME', 'OPENS', 'LAST USED', 'BEGINS', 'ID'], rows).join('\n');
  return { text, value: keys, ok: true };
}

async function createKey(call: NodeClient, { name, inbox, pod }: NewKey): Promise<Report> {
  const ofInbox = inbox === undefined ? '' : `/inboxes/${encodeURIComponent(inbox)}`;
  const ofPod = pod === undefined ? '' : `/pods/${encodeURIComponent(pod)}`;
  const path = `/v0${ofPod}${ofInbox}/api-keys`;
  const answer = await call('POST', path, { body: { name } });
  const id = String(answer.api_key_id);
  const text = `${String(answer.api_key)}\n\nThis is the key of '${name}' (${id}). It is shown only now; npx mesh mailbox key revoke ${id} ends it.`;
  return { text, value: answer, ok: true };
}

async function revokeKey(call: NodeClient, id: string): Promise<Report> {
  await call('DELETE', `/v0/api-keys/${encodeURIComponent(id)}`);
  return { text: `${id} opens nothing any more.`, value: { api_key_id: id, revoked: true }, ok: true };
}

async function showStats(call: NodeClient, inbox: string | undefined, { start, end }: Span): Promise<Report> {
  const below = inbox === undefined ? '' : `/inboxes/${encodeURIComponent(inbox)}`;
  const span = new URLSearchParams({ ...(start && { start }), ...(end && { end }) });
  const stats = await call('GET', `/api/mailbox${below}/stats?${span}`);
  const rows = Object.entries(stats).map(([name, value]) => [name.replaceAll('_', ' '), shownFigure(name, value)]);
  return { text: table(['WHAT', 'HOW MUCH'], rows).join('\n'), value: stats, ok: true };
}

async function settings(call: NodeClient, inbox: string, wished: WishedSettings): Promise<Report> {
  const { retention, quota, dmarc } = wished;
  const path = `/api/mailbox/inboxes/${encodeURIComponent(inbox)}/settings`;
  const body = {
    ...(retention && { retention_days: numberOf(retention) }),
    ...(quota && { quota_bytes: numberOf(quota) }),
    ...(dmarc && { dmarc }),
  };
  const shown = Object.keys(body).length === 0 ? await call('GET', path) : await call('PUT', path, { body });
  const rows = Object.entries(shown).map(([name, value]) => [name.replaceAll('_', ' '), String(value ?? 'for good')]);
  return { text: table(['WHAT', 'HOW MUCH'], rows).join('\n'), value: shown, ok: true };
}

/** A number, or none: as the host has it. What is no number is refused by the node, which says why. */
function numberOf(text: string): number | string | null {
  if (text === 'host') return null;
  return /^\d+$/.test(text) ? Number(text) : text;
}

async function unblock(call: NodeClient, inbox: string, address: string): Promise<Report> {
  const [ofInbox, entry] = [encodeURIComponent(inbox), encodeURIComponent(address)];
  await call('DELETE', `/api/mailbox/inboxes/${ofInbox}/lists/send/block/${entry}`);
  return { text: `${inbox} may write to ${address} again.`, value: { inbox_id: inbox, entry: address }, ok: true };
}

/** A figure by its name: a part of 1, seconds, or a count. */
function shownFigure(name: string, value: unknown): string {
  if (name.endsWith('_rate')) return `${(Number(value) * 100).toFixed(1)} %`;
  return name.endsWith('_seconds') ? `${Number(value)} s` : String(value);
}

/** How lists of `/v0` go on. */
const OF_V0 = { token: 'next_page_token', parameter: 'page_token' };
