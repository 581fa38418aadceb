// `mesh keys`: what clients show the node, each with the scopes that it needs and no more.
import type { Asking, CommandLine } from './command-line.ts';
import type { NodeClient } from './node-client.ts';
import type { Paint, Report } from './report.ts';
import { table } from './table.ts';

interface KeyShown {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly agentId?: string;
  readonly createdAt: string;
  readonly expiresAt?: string;
  readonly expired?: boolean;
  readonly lastUsedAt: string | null;
}

interface NewKey {
  readonly name: string;
  readonly scope: string;
  readonly agent?: string;
  readonly expires?: string;
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

export function addKeyCommands(commands: CommandLine): void {
  const keys = commands.group('keys', 'keys that clients show the node, each for what it needs');
  keys
    .add('list', 'every key, what it may do, and when it was used last')
    .action((asking: Asking) => keys.run(asking, (call, paint) => listKeys(call, paint)));
  keys
    .add('create', 'make a key, which is shown once')
    .requiredOption('--name <NAME>', 'who uses it')
    .requiredOption('--scope <LIST>', 'read, agents:write, webhooks, send, mailbox, admin; several with commas')
    .option('--agent <ID>', 'the id of the one agent that it acts for')
    .option('--expires <DURATION>', 'after which it opens nothing: 30m, 12h, 90d')
    .action((asking: Asking & NewKey) => keys.run(asking, (call) => createKey(call, asking, Date.now())));
  keys
    .add('revoke <key>', 'let a key open nothing any more; it is named by its id')
    .action((id: string, asking: Asking) => keys.run(asking, (call) => revokeKey(call, id)));
}

export async function listKeys(call: NodeClient, paint: Paint): Promise<Report> {
  const { keys } = (await call('GET', '/api/keys')) as { keys: KeyShown[] };
  const rows = keys.map(({ id, name, scopes, agentId, expiresAt, expired, lastUsedAt }) => [
    ...[name, scopes.join(','), agentId ?? 'all'],
    expiresAt === undefined ? 'never' : expired ? paint.bad(`expired ${expiresAt}`) : expiresAt,
    lastUsedAt ?? 'never',
    paint.faint(id),
  ]);
  const lines =
    keys.length === 0
      ? ['There is no key; npx mesh keys create makes one.']
      : table(['NAME', 'SCOPES', 'AGENT', 'EXPIRES', 'LAST USED', 'ID'], rows);
  return { text: lines.join('\n'), value: keys, ok: true };
}

/** `nowMs`: milliseconds since 1970, from which `expires` counts. */
export async function createKey(call: NodeClient, wish: NewKey, nowMs: number): Promise<Report> {
  const { name, scope, agent, expires } = wish;
  const body = {
    name,
    scopes: scope.split(',').map((one) => one.trim()),
    ...(agent === undefined ? {} : { agentId: agent }),
    ...(expires === undefined ? {} : { expiresAt: new Date(nowMs + durationMs(expires)).toISOString() }),
  };
  const answer = await call('POST', '/api/keys', { body });
  const { id } = answer.key as KeyShown;
  const text = `${String(answer.secret)}\n\nThis is the key of '${name}' (${id}). It is shown only now; npx mesh keys revoke ${id} ends it.`;
  return { text, value: answer, ok: true };
}

export async function revokeKey(call: NodeClient, id: string): Promise<Report> {
  const answer = await call('DELETE', `/api/keys/${encodeURIComponent(id)}`);
  return { text: `${id} opens nothing any more.`, value: answer, ok: true };
}

function durationMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS[unit] ?? 0);
  if (ms === 0) throw new Error(`--expires takes a duration such as 30m, 12h or 90d, not '${text}'.`);
  return ms;
}
