// A node with something on each of its pages: mail that left and mail that did not, a receiver that took nothing for three days, a conflict;
// and whatever a stranger may have named things. It listens on loopback, and time goes on as the test says.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { closeServer, createHttpServer, listenOn } from '../../node/http/server/server.ts';
import { readConfig } from '../../node/settings.ts';
import { systemClock } from '../../node/system/clock.ts';
import { send, type World, withTitania } from './mail-routes.ts';
import { notSent } from './mail-world.ts';

const HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)<script>';
/** Older than an event is when it is given up. */
const AGED_MS = 80 * 3_600_000;
const TURNS_MAX = 5_000;
/** What the page of settings shows, beside the defaults. */
const ENVIRONMENT = {
  MESH_TOKEN: 'a-token-that-nobody-sees',
  MESH_ALIASES: 'mesh.example.com,mesh-of-the-whole-house.internal.example.com',
  MESH_WEBHOOK_ALLOW: '10.77.0.9/32:8080,192.168.0.0/16,fd00::/8',
};

/** The claim of `lost@mail.example.com` that this host conceded to another. */
const CONFLICT = {
  key: 'lost@mail.example.com',
  address: 'lost@mail.example.com',
  agentId: 't1',
  agentName: 'titania',
  claimId: '0d0b7f6e-5d0c-4e53-8f3c-3a1b6e7d9c01',
  since: '2026-01-20T08:00:00.000Z',
  primary: false,
  owner: {
    hostId: 'cloud',
    agentId: 'p1',
    agentName: `puck ${HOSTILE}`.slice(0, 60),
    claimId: '0d0b7f6e-5d0c-4e53-8f3c-3a1b6e7d9c02',
    since: '2026-01-19T08:00:00.000Z',
  },
  foundAt: '2026-01-26T09:30:00.000Z',
};

export interface PageWorld extends World, AsyncDisposable {
  readonly url: string;
  readonly webhookId: string;
  /** Bodies that the receiver has taken since it takes any. */
  readonly received: readonly string[];
  /** Resolves with the next body that the receiver takes. */
  next(): Promise<string>;
  /** Of the messages that were sent: one that left, one that was refused, one that waits. */
  readonly mail: { readonly sent: string; readonly failed: string; readonly waiting: string };
}

export async function pageWorld(): Promise<PageWorld> {
  await using stack = new AsyncDisposableStack();
  const { shown } = readConfig({ 'log-days': '30' }, ENVIRONMENT).config;
  const disk = new Map([[`conflict/${CONFLICT.key}`, JSON.stringify(CONFLICT)]]);
  const world = await withTitania({}, { disk, shown });
  stack.use(world.node);
  const receiver = stack.use(await openReceiver());
  const { body } = await world.ask('POST', '/api/webhooks', {
    url: `${receiver.url}/hooks?a=<b>`,
    events: ['agent.created', 'agent.email.changed'],
    description: `The gateway ${HOSTILE}`,
    headers: { 'X-Tenant': HOSTILE },
  });
  const webhookId = (body as { id: string }).id;
  await world.ask('POST', '/api/agents', {
    id: 'h1',
    name: 'bottom',
    label: HOSTILE,
    tools: {
      email: {
        addresses: [
          { address: 'bottom@mail.example.com', displayName: HOSTILE.replaceAll('/', ''), metadata: { team: HOSTILE } },
          { address: `${'a-very-long-name'.repeat(3)}@${'of-a-very-long-domain.'.repeat(5)}example.com` },
        ],
      },
    },
  });
  await attempted(world, webhookId);
  world.clock.setWall(AGED_MS);
  await untilDead(world, webhookId);
  const mail = await sendMail(world);
  receiver.takes = true;
  const server = createHttpServer(world.node.fetch, { clock: systemClock });
  const { port } = await listenOn(server, { ip: '127.0.0.1', port: 0 });
  stack.defer(() => closeServer(server, systemClock));
  const owned = stack.move();
  return Object.assign(world, {
    ...{ url: `http://127.0.0.1:${port}`, webhookId, mail, received: receiver.received, next: () => receiver.next() },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  });
}

interface Webhook {
  readonly deliveries: { readonly dead: number; readonly failingSince: string | null };
}

async function until(world: World, webhookId: string, holds: (webhook: Webhook) => boolean): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    const { body } = await world.ask('GET', `/api/webhooks/${webhookId}`);
    if (holds(body)) return;
    await world.clock.advance(200);
  }
  throw new Error('The receiver was not asked as often as it should have been.');
}

const attempted = (world: World, id: string) => until(world, id, ({ deliveries }) => deliveries.failingSince !== null);
const untilDead = (world: World, id: string) => until(world, id, ({ deliveries }) => deliveries.dead >= 1);

async function sendMail(world: World): Promise<PageWorld['mail']> {
  const idOf = async (parts: Record<string, unknown>) =>
    ((await send(world, parts)).body as { email_id: string }).email_id;
  const sent = await idOf({ subject: 'Minutes of the meeting' });
  await world.clock.advance(1_000);
  world.script = () => notSent('recipient_refused' as never, 'permanent', 'message');
  const failed = await idOf({ subject: HOSTILE, to: ['bob@mail.example.com', 'eve@mail.example.com'] });
  await world.clock.advance(1_000);
  world.script = () => notSent('connect_failed' as never, 'transient', 'message');
  const waiting = await idOf({ subject: 'A reminder that waits' });
  await world.clock.advance(1_000);
  return { sent, failed, waiting };
}

/** A receiver that answers 500 until it takes what comes. */
async function openReceiver() {
  const received: string[] = [];
  const waiting: ((body: string) => void)[] = [];
  const receiver = {
    takes: false,
    received,
    url: '',
    next: () => new Promise<string>((resolve) => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      await closeServer(server, systemClock);
    },
  };
  const server = createServer(async (request, response) => {
    const body = (await buffer(request)).toString();
    response.writeHead(receiver.takes ? 204 : 500).end();
    if (!receiver.takes) return;
    received.push(body);
    for (const wake of waiting.splice(0)) wake(body);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return receiver;
}
