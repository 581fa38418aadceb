// Who hears of events in the steps of the mailbox's proof: webhooks and sockets of AgentMail's own client, each with what it was told.
import type { AgentMail, AgentMailClient } from 'agentmail';
import { expect } from 'vitest';
import { type HookReceiver, receiver } from './hook-receiver.ts';
import { LIVE_MS_MAX } from './time-bounds.ts';

const POLL = { timeout: LIVE_MS_MAX / 2, interval: 50 };

/** An event as it stands in the body of a webhook. */
export interface ToldBody {
  readonly event_type: string;
  readonly event_id: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the event has.
  readonly [member: string]: any;
}

/** What a receiver was told, each event once: an attempt may be repeated. */
function toldTo({ requests }: HookReceiver): readonly ToldBody[] {
  const told = requests.map(({ body }) => JSON.parse(body) as ToldBody);
  return [...new Map(told.map((event) => [event.event_id, event])).values()];
}

export interface Hook extends AsyncDisposable {
  readonly webhook: AgentMail.webhooks.Webhook;
  readonly receiver: HookReceiver;
  readonly told: () => readonly ToldBody[];
}

type Creating = (url: string) => PromiseLike<AgentMail.webhooks.Webhook>;

/** A webhook, made with the URL of a receiver of its own. */
export async function hookOf(create: Creating, remove: (webhookId: string) => PromiseLike<unknown>): Promise<Hook> {
  await using stack = new AsyncDisposableStack();
  const heard = stack.use(await receiver(204));
  const webhook = await create(heard.url);
  stack.defer(async () => void (await remove(webhook.webhookId)));
  const owned = stack.move();
  return {
    ...{ webhook, receiver: heard, told: () => toldTo(heard) },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A webhook of the organization. */
export function orgHook(
  { webhooks }: Pick<AgentMailClient, 'webhooks'>,
  wish: Omit<AgentMail.webhooks.CreateWebhookRequest, 'url'>,
): Promise<Hook> {
  return hookOf(
    (url) => webhooks.create({ ...wish, url }),
    (id) => webhooks.delete(id),
  );
}

type Frame = Readonly<Record<string, unknown>>;

export interface Listening extends Disposable {
  readonly socket: Awaited<ReturnType<AgentMailClient['websockets']['connect']>>;
  /** Events, as the client reads them. */
  readonly events: () => readonly Frame[];
  /** What the node answered to subscriptions. */
  readonly answers: () => readonly Frame[];
  /** Codes with which connections ended. */
  readonly closed: readonly (number | undefined)[];
  /** Resolves when the node has said that it is subscribed. */
  subscribe(wish: Omit<AgentMail.Subscribe, 'type'>): Promise<void>;
}

/** A socket of the client. `reconnectAttempts`: how often the client comes back by itself. */
export async function listening(
  { websockets }: Pick<AgentMailClient, 'websockets'>,
  wish: Omit<AgentMail.Subscribe, 'type'> = {},
  {
    queryParams = {},
    reconnectAttempts = 0,
  }: { queryParams?: Record<string, string>; reconnectAttempts?: number } = {},
): Promise<Listening> {
  const socket = await websockets.connect({
    queryParams,
    reconnectAttempts,
    connectionTimeoutInSeconds: LIVE_MS_MAX / 1_000,
  });
  const frames: Frame[] = [];
  const closed: (number | undefined)[] = [];
  socket.on('message', (frame) => frames.push(frame as unknown as Frame));
  socket.on('close', ({ code }) => closed.push(code));
  const answers = () => frames.filter(({ type }) => type !== 'event');
  const subscribe: Listening['subscribe'] = async (wished) => {
    const before = answers().length;
    socket.sendSubscribe({ type: 'subscribe', ...wished });
    await expect.poll(() => answers().length, POLL).toBe(before + 1);
    expect(answers().at(-1)).toMatchObject({ type: 'subscribed' });
  };
  await socket.waitForOpen();
  await subscribe(wish);
  return {
    ...{ socket, answers, closed, subscribe, events: () => frames.filter(({ type }) => type === 'event') },
    [Symbol.dispose]: () => socket.close(),
  };
}
