// `mesh deliveries`: what became of each event for a subscription, and how it is sent again.
import { Option } from 'commander';
import type { Asking, CommandLine } from './command-line.ts';
import type { NodeClient } from './node-client.ts';
import type { Paint, Report } from './report.ts';
import { table } from './table.ts';
import { readWholeList } from './whole-list.ts';

interface DeliveryShown {
  readonly id: string | null;
  readonly seq: number;
  readonly event?: string;
  readonly agent?: { readonly name: string; readonly hostId: string };
  readonly timestamp?: string;
  readonly status: string;
  readonly attemptCount?: number;
  readonly lastAttempt?: AttemptShown;
  readonly nextAttemptAt?: string;
  readonly reason?: string;
  readonly attempts?: readonly AttemptShown[];
}

interface AttemptShown {
  readonly attempt: number;
  readonly at: string;
  readonly durationMs: number;
  readonly status?: number;
  readonly error?: string;
}

interface Replay {
  readonly status: string;
  readonly since?: string;
  readonly until?: string;
  readonly dryRun?: true;
}

const STATUSES = ['pending', 'held', 'dead', 'delivered'];

export function deliveryCommand(commands: CommandLine): void {
  const deliveries = commands.group('deliveries', 'what became of each event for a subscription');
  deliveries
    .add('list <webhook>', 'each delivery, the oldest first')
    .addOption(new Option('--status <STATUS>', 'only those').choices(STATUSES))
    .action((webhook: string, asking: Asking & { status?: string }) =>
      deliveries.run(asking, (call, paint) => listDeliveries(call, paint, webhook, asking.status)),
    );
  deliveries
    .add('show <webhook> <delivery>', 'one delivery with its attempts, by its webhook-id or its seq')
    .action((webhook: string, id: string, asking: Asking) =>
      deliveries.run(asking, (call, paint) => showDelivery(call, paint, webhook, id)),
    );
  deliveries
    .add('retry <webhook> <delivery>', 'attempt it again now')
    .action((webhook: string, id: string, asking: Asking) =>
      deliveries.run(asking, (call) => retryDelivery(call, webhook, id)),
    );
  deliveries
    .add('replay <webhook>', 'send again what was given up or held, or everything that the log still has')
    .addOption(
      new Option('--status <STATUS>', 'dead: dead letters; held: what is held; all: everything')
        .choices(['dead', 'held', 'all'])
        .default('dead'),
    )
    .option('--since <MOMENT>', 'only what happened from then on, such as 2026-01-27T12:00:00Z')
    .option('--until <MOMENT>', 'only what happened until then')
    .option('--dry-run', 'only count')
    .action((webhook: string, asking: Asking & Replay) =>
      deliveries.run(asking, (call) => replayDeliveries(call, webhook, asking)),
    );
}

export async function listDeliveries(
  call: NodeClient,
  paint: Paint,
  webhook: string,
  status: string | undefined,
): Promise<Report> {
  const path = `${pathOf(webhook)}/deliveries${status === undefined ? '' : `?status=${status}`}`;
  const all = await readWholeList<DeliveryShown>(call, path, 'deliveries');
  const rows = all.map(({ seq, id, event = '', agent, status: state, attemptCount, lastAttempt, timestamp = '' }) => [
    ...[`${seq}`, timestamp, event, agent === undefined ? '' : `${agent.name} on ${agent.hostId}`],
    ...[paintedStatus(state, paint), `${attemptCount ?? ''}`, lastAttempt === undefined ? '' : outcomeOf(lastAttempt)],
    paint.faint(id ?? ''),
  ]);
  const head = ['SEQ', 'HAPPENED', 'EVENT', 'AGENT', 'STATUS', 'ATTEMPTS', 'LAST', 'WEBHOOK-ID'];
  const lines = all.length === 0 ? [`There is no ${status ?? ''} delivery.`.replace('  ', ' ')] : table(head, rows);
  return { text: lines.join('\n'), value: all, ok: true };
}

export async function showDelivery(call: NodeClient, paint: Paint, webhook: string, id: string): Promise<Report> {
  const { delivery } = (await call('GET', deliveryPath(webhook, id))) as { delivery: DeliveryShown };
  const { seq, event = '', agent, status, reason, nextAttemptAt, attempts = [] } = delivery;
  const rows = [
    ...[
      ['event', event],
      ['agent', agent === undefined ? '' : `${agent.name} on ${agent.hostId}`],
    ],
    ['status', paintedStatus(status, paint) + (reason === undefined ? '' : ` (${reason})`)],
    ...(nextAttemptAt === undefined ? [] : [['next attempt', nextAttemptAt]]),
  ];
  const tried = attempts.map((one) => [`${one.attempt}`, one.at, `${one.durationMs} ms`, outcomeOf(one)]);
  const lines = [
    ...table([`${delivery.id ?? ''}`, `seq ${seq}`], rows),
    ...(tried.length === 0 ? [] : ['', ...table(['ATTEMPT', 'AT', 'TOOK', 'OUTCOME'], tried)]),
  ];
  return { text: lines.join('\n'), value: delivery, ok: status !== 'dead' };
}

export async function retryDelivery(call: NodeClient, webhook: string, id: string): Promise<Report> {
  const answer = await call('POST', `${deliveryPath(webhook, id)}/retry`);
  return { text: `${id} is attempted again now.`, value: answer, ok: true };
}

export async function replayDeliveries(call: NodeClient, webhook: string, replay: Replay): Promise<Report> {
  const { status, since, until, dryRun } = replay;
  const body = {
    status,
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(dryRun ? { dryRun } : {}),
  };
  const answer = await call('POST', `${pathOf(webhook)}/replay`, { body });
  const isOne = answer.matched === 1 && answer.atLeast === undefined;
  const count = `${String(answer.matched)}${answer.atLeast ? ' or more' : ''} ${isOne ? 'delivery' : 'deliveries'}`;
  if (dryRun) return { text: `${count} would be sent again.`, value: answer, ok: true };
  // What waits is sent now, also to a receiver that is left alone.
  const pausedUntil = status === 'held' ? null : await pauseOf(call, webhook);
  const sent = `${count} ${isOne ? 'is' : 'are'} sent again`;
  const later = `once the receiver is asked again, at ${pausedUntil}: it failed, and is left alone until then. npx mesh deliveries retry ${webhook} DELIVERY asks it now.`;
  return { text: pausedUntil === null ? `${sent}.` : `${sent} ${later}`, value: answer, ok: true };
}

/** The moment until which the receiver of a subscription is left alone. */
async function pauseOf(call: NodeClient, webhook: string): Promise<string | null> {
  const { deliveries } = (await call('GET', pathOf(webhook))) as {
    readonly deliveries: { readonly pausedUntil: string | null };
  };
  return deliveries.pausedUntil;
}

function pathOf(webhook: string): string {
  return `/api/webhooks/${encodeURIComponent(webhook)}`;
}

function deliveryPath(webhook: string, id: string): string {
  return `${pathOf(webhook)}/deliveries/${encodeURIComponent(id)}`;
}

function paintedStatus(status: string, paint: Paint): string {
  if (status === 'delivered') return paint.good(status);
  return status === 'dead' ? paint.bad(status) : status;
}

function outcomeOf({ status, error }: AttemptShown): string {
  return [status, error].filter((part) => part !== undefined).join(' ');
}
