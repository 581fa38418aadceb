// `mesh webhooks`: who is told of changes.
import { readPrivateFile } from '../machine/private-file.ts';
import type { Asking, CommandLine } from './command-line.ts';
import { deliveryCommand } from './delivery-commands.ts';
import type { NodeClient } from './node-client.ts';
import type { Paint, Report } from './report.ts';
import { table } from './table.ts';

interface WebhookShown {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly scope: string;
  readonly description?: string;
  readonly enabled: boolean;
  readonly disabledReason?: string;
  readonly deliveries: {
    readonly pending: number;
    readonly held: number;
    readonly atLeast?: true;
    readonly dead: number;
    readonly lastSuccessAt: string | null;
    readonly failingSince: string | null;
    readonly pausedUntil: string | null;
  };
}

interface NewWebhook {
  readonly events: readonly string[];
  readonly scope?: string;
  readonly description?: string;
  readonly header?: readonly string[];
  readonly rate?: string;
  readonly secretFile?: string;
}

interface Rotation {
  readonly grace?: string;
  readonly secretFile?: string;
}

const EVENTS = ['agent.email.changed'];

export function addWebhookCommands(commands: CommandLine): void {
  const webhooks = commands.group('webhooks', 'who is told of changes, by signed requests');
  webhooks
    .add('list', 'every subscription, how it is doing and what waits for it')
    .action((asking: Asking) => webhooks.run(asking, (call, paint) => listWebhooks(call, paint)));
  webhooks
    .add('show <webhook>', 'one subscription')
    .action((id: string, asking: Asking) => webhooks.run(asking, (call, paint) => showWebhook(call, paint, id)));
  webhooks
    .add('create <url>', 'tell a receiver of changes; the secret is shown once, unless you give one')
    .option('--events <EVENT...>', 'which events it is told of', EVENTS)
    .option('--scope <SCOPE>', "mesh: every host's changes (the default); host: those of this host")
    .option('--description <TEXT>', 'what it is for')
    .option('--header <NAME:VALUE...>', 'headers to add to each request')
    .option('--rate <PER-SECOND>', 'attempts a second, at most')
    .option('--secret-file <FILE>', 'a file of mode 0600 with the secret to sign by')
    .action((url: string, asking: Asking & NewWebhook) =>
      webhooks.run(asking, (call, paint) => createWebhook(call, paint, url, asking)),
    );
  webhooks
    .add('test <webhook>', 'send one signed event to the receiver now')
    .action((id: string, asking: Asking) => webhooks.run(asking, (call) => testWebhook(call, id)));
  webhooks
    .add('rotate <webhook>', 'sign by a new secret; the former one signs as well for a while')
    .option('--grace <SECONDS>', 'for how long (a day by default)')
    .option('--secret-file <FILE>', 'a file of mode 0600 with the new secret')
    .action((id: string, asking: Asking & Rotation) => webhooks.run(asking, (call) => rotateSecret(call, id, asking)));
  for (const [name, enabled, what] of [
    ['enable', true, 'go on delivering to a subscription that was disabled'],
    ['disable', false, 'deliver nothing for now; what happens meanwhile is held'],
  ] as const)
    webhooks
      .add(`${name} <webhook>`, what)
      .action((id: string, asking: Asking) => webhooks.run(asking, (call, paint) => enable(call, paint, id, enabled)));
  webhooks
    .add('delete <webhook>', 'end a subscription and forget what waits for it')
    .action((id: string, asking: Asking) => webhooks.run(asking, (call) => deleteWebhook(call, id)));
  deliveryCommand(commands);
}

export async function listWebhooks(call: NodeClient, paint: Paint): Promise<Report> {
  const { webhooks } = (await call('GET', '/api/webhooks')) as { webhooks: WebhookShown[] };
  const rows = webhooks.map((webhook) => [webhook.id, ...about(webhook, paint), webhook.url]);
  const lines =
    webhooks.length === 0
      ? ['Nobody is told of changes; npx mesh webhooks create URL subscribes somebody.']
      : table(['ID', 'STATE', 'WAITING', 'DEAD', 'LAST SUCCESS', 'URL'], rows);
  return { text: lines.join('\n'), value: webhooks, ok: webhooks.every(isWell) };
}

export async function showWebhook(call: NodeClient, paint: Paint, id: string): Promise<Report> {
  const webhook = (await call('GET', pathOf(id))) as unknown as WebhookShown;
  return { text: describe(webhook, paint), value: webhook, ok: isWell(webhook) };
}

export async function createWebhook(call: NodeClient, paint: Paint, url: string, made: NewWebhook): Promise<Report> {
  const { events, scope, description, header = [], rate, secretFile } = made;
  const body = {
    url,
    events,
    ...(scope === undefined ? {} : { scope }),
    ...(description === undefined ? {} : { description }),
    ...(header.length === 0 ? {} : { headers: Object.fromEntries(header.map(headerOf)) }),
    ...(rate === undefined ? {} : { ratePerSecond: numberOf('--rate', rate) }),
    ...secretIn(secretFile),
  };
  const answer = await call('POST', '/api/webhooks', { body });
  const text = [describe(answer as unknown as WebhookShown, paint), ...secretShown(answer)].join('\n');
  return { text, value: answer, ok: true };
}

export async function testWebhook(call: NodeClient, id: string): Promise<Report> {
  const answer = await call('POST', `${pathOf(id)}/test`);
  return {
    text: `${String(answer.message)} (${String(answer.durationMs)} ms)`,
    value: answer,
    ok: answer.success === true,
  };
}

export async function rotateSecret(call: NodeClient, id: string, { grace, secretFile }: Rotation): Promise<Report> {
  const body = {
    ...(grace === undefined ? {} : { graceSeconds: numberOf('--grace', grace) }),
    ...secretIn(secretFile),
  };
  const answer = await call('POST', `${pathOf(id)}/rotate-secret`, { body });
  return { text: [`${id} signs by a new secret.`, ...secretShown(answer)].join('\n'), value: answer, ok: true };
}

export async function enable(call: NodeClient, paint: Paint, id: string, enabled: boolean): Promise<Report> {
  const answer = await call('PATCH', pathOf(id), { body: { enabled } });
  return { text: describe(answer as unknown as WebhookShown, paint), value: answer, ok: true };
}

export async function deleteWebhook(call: NodeClient, id: string): Promise<Report> {
  return { text: `${id} is told of nothing any more.`, value: await call('DELETE', pathOf(id)), ok: true };
}

function pathOf(id: string): string {
  return `/api/webhooks/${encodeURIComponent(id)}`;
}

function isWell({ enabled, deliveries }: WebhookShown): boolean {
  return enabled && deliveries.dead === 0 && deliveries.failingSince === null;
}

function about({ enabled, disabledReason, deliveries }: WebhookShown, paint: Paint): readonly string[] {
  const { pending, held, atLeast, dead, lastSuccessAt, failingSince, pausedUntil } = deliveries;
  const alone = pausedUntil === null ? '' : `, left alone until ${pausedUntil}`;
  const failing = failingSince === null ? paint.good('delivers') : paint.bad(`failing since ${failingSince}${alone}`);
  const state = enabled ? failing : paint.bad(`disabled (${disabledReason ?? 'by an operator'})`);
  const waiting = `${pending + held}${atLeast ? ' or more' : ''}`;
  return [state, waiting, dead === 0 ? '0' : paint.bad(`${dead}`), lastSuccessAt ?? 'never'];
}

function describe(webhook: WebhookShown, paint: Paint): string {
  const { id, url, events, scope, description } = webhook;
  const [state = '', waiting = '', dead = '', lastSuccess = ''] = about(webhook, paint);
  const rows = [
    ...[
      ['url', url],
      ['events', events.join(', ')],
      ['scope', scope],
    ],
    ...(description === undefined ? [] : [['for', description]]),
    ...[
      ['state', state],
      ['waiting', waiting],
      ['dead letters', dead],
      ['last success', lastSuccess],
    ],
  ];
  return table([id, ''], rows).join('\n');
}

function secretShown({ secret }: Readonly<Record<string, unknown>>): readonly string[] {
  return typeof secret === 'string' ? ['', `Its secret, which is shown only now: ${secret}`] : [];
}

/** A command line is seen by every user of the machine, so a secret comes in a file. */
function secretIn(file: string | undefined): { readonly secret?: string } {
  return file === undefined ? {} : { secret: readPrivateFile(file, 'The file --secret-file').trim() };
}

function headerOf(text: string): readonly [string, string] {
  const colon = text.indexOf(':');
  if (colon < 1) throw new Error(`--header takes NAME:VALUE, such as X-Team:mail, not '${text}'.`);
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}

function numberOf(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${flag} takes a whole number, not '${text}'.`);
  return Number(text);
}
