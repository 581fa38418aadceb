// Calls that each method of AgentMail's client is refused for, by the status of the error that it declares.
import type { AgentMailClient } from 'agentmail';
import type { Call } from './deleting-calls.ts';
import type { MailboxWorld } from './mailbox-calls.ts';
import type { Zone } from './zone.ts';

type Calls = Readonly<Record<string, Call>>;

const BACKWARDS = { start: new Date(Date.now() - 1_000), end: new Date(Date.now() - 60_000) };
const HOOK = { url: 'nowhere', eventTypes: ['message.sent' as const] };
/** More of them than there may be: the client itself refuses one that is none. */
const TOO_MANY = { eventTypes: Array.from({ length: 101 }, () => 'message.sent' as const) };
const OF_HOST = { addLabels: ['sent'] };
const OUTSIDE = 'jane@example.net';

/** What is wrong with a request of 400. */
export const INVALID: Calls = {
  'apiKeys.create': ({ client }) => client.apiKeys.create({ name: '' }),
  'apiKeys.update': ({ client, keyId }) => client.apiKeys.update(keyId, {}),
  'domains.create': ({ client }) => client.domains.create({ domain: 'localhost' }),
  'inboxes.search': ({ client }) => client.inboxes.search({ q: 'a' }),
  'inboxes.create': ({ client }) => client.inboxes.create({ username: 'a b' }),
  'inboxes.update': ({ client, inboxId }) => client.inboxes.update(inboxId, {}),
  'inboxes.apiKeys.create': ({ client, inboxId }) => client.inboxes.apiKeys.create(inboxId, { name: '' }),
  'inboxes.apiKeys.update': ({ client, inboxId, inboxKeyId }) => client.inboxes.apiKeys.update(inboxId, inboxKeyId, {}),
  'inboxes.drafts.create': ({ client, inboxId }) =>
    client.inboxes.drafts.create(inboxId, { sendAt: new Date(Date.now() + 60_000) }),
  'inboxes.drafts.update': ({ client, inboxId, draftId }) => client.inboxes.drafts.update(inboxId, draftId, {}),
  'inboxes.drafts.send': ({ client, inboxId, draftId }) => client.inboxes.drafts.send(inboxId, draftId, OF_HOST),
  'inboxes.lists.create': ({ client, inboxId }) =>
    client.inboxes.lists.create(inboxId, 'receive', 'block', { entry: '@' }),
  'inboxes.messages.search': ({ client, inboxId }) => client.inboxes.messages.search(inboxId, { q: '?' }),
  'inboxes.messages.batchGet': ({ client, inboxId }) => client.inboxes.messages.batchGet(inboxId, { messageIds: [] }),
  'inboxes.messages.batchUpdate': ({ client, inboxId, messageIds }) =>
    client.inboxes.messages.batchUpdate(inboxId, { messageIds: [...messageIds] }),
  'inboxes.messages.update': ({ client, inboxId, messageIds }) =>
    client.inboxes.messages.update(inboxId, messageIds[0], OF_HOST),
  'inboxes.messages.send': ({ client, inboxId }) => client.inboxes.messages.send(inboxId, { to: 'nobody' }),
  'inboxes.messages.reply': ({ client, inboxId, messageIds }) =>
    client.inboxes.messages.reply(inboxId, messageIds[0], { to: 'nobody' }),
  'inboxes.messages.replyAll': ({ client, inboxId, messageIds }) =>
    client.inboxes.messages.replyAll(inboxId, messageIds[0], { labels: ['sent'] }),
  'inboxes.messages.forward': ({ client, inboxId, messageIds }) =>
    client.inboxes.messages.forward(inboxId, messageIds[0], { to: 'nobody' }),
  'inboxes.metrics.queryEvents': ({ client, inboxId }) => client.inboxes.metrics.queryEvents(inboxId, BACKWARDS),
  'inboxes.metrics.queryUsage': ({ client, inboxId }) => client.inboxes.metrics.queryUsage(inboxId, BACKWARDS),
  'inboxes.threads.search': ({ client, inboxId }) => client.inboxes.threads.search(inboxId, { q: '?' }),
  'inboxes.threads.update': ({ client, inboxId, threadId }) => client.inboxes.threads.update(inboxId, threadId, {}),
  'inboxes.webhooks.create': ({ client, inboxId }) => client.inboxes.webhooks.create(inboxId, HOOK),
  'inboxes.webhooks.update': ({ client, inboxId, inboxWebhookId }) =>
    client.inboxes.webhooks.update(inboxId, inboxWebhookId, TOO_MANY),
  'inboxes.webhooks.updateHeaders': ({ client, inboxId, inboxWebhookId }) =>
    client.inboxes.webhooks.updateHeaders(inboxId, inboxWebhookId, {}),
  'lists.create': ({ client }) => client.lists.create('receive', 'block', { entry: '@' }),
  'metrics.queryEvents': ({ client }) => client.metrics.queryEvents(BACKWARDS),
  'metrics.queryUsage': ({ client }) => client.metrics.queryUsage(BACKWARDS),
  'pods.create': ({ client }) => client.pods.create({ name: '' }),
  'pods.apiKeys.create': ({ client, podId }) => client.pods.apiKeys.create(podId, { name: '' }),
  'pods.apiKeys.update': ({ client, podId, podKeyId }) => client.pods.apiKeys.update(podId, podKeyId, {}),
  'pods.domains.create': ({ client, podId }) => client.pods.domains.create(podId, { domain: 'localhost' }),
  'pods.inboxes.search': ({ client, podId }) => client.pods.inboxes.search(podId, { q: 'a' }),
  'pods.inboxes.create': ({ client, podId }) => client.pods.inboxes.create(podId, { username: 'a b' }),
  'pods.lists.create': ({ client, podId }) => client.pods.lists.create(podId, 'receive', 'block', { entry: '@' }),
  'pods.metrics.queryEvents': ({ client, podId }) => client.pods.metrics.queryEvents(podId, BACKWARDS),
  'pods.metrics.queryUsage': ({ client, podId }) => client.pods.metrics.queryUsage(podId, BACKWARDS),
  'pods.threads.search': ({ client, podId }) => client.pods.threads.search(podId, { q: '?' }),
  'pods.threads.update': ({ client, podId, podThreadId }) => client.pods.threads.update(podId, podThreadId, {}),
  'pods.webhooks.create': ({ client, podId }) => client.pods.webhooks.create(podId, HOOK),
  'pods.webhooks.update': ({ client, podId, podWebhookId }) =>
    client.pods.webhooks.update(podId, podWebhookId, TOO_MANY),
  'pods.webhooks.updateHeaders': ({ client, podId, podWebhookId }) =>
    client.pods.webhooks.updateHeaders(podId, podWebhookId, {}),
  'threads.search': ({ client }) => client.threads.search({ q: '?' }),
  'threads.update': ({ client, threadId }) => client.threads.update(threadId, {}),
  'webhooks.create': ({ client }) => client.webhooks.create(HOOK),
  'webhooks.update': ({ client, webhookId }) => client.webhooks.update(webhookId, TOO_MANY),
  'webhooks.updateHeaders': ({ client, webhookId }) => client.webhooks.updateHeaders(webhookId, {}),
};

/** Mail that nobody here may send: this host has no account, and one whom it would go to is kept out. */
export const REJECTED: Calls = {
  'inboxes.messages.send': ({ client, inboxId }) => client.inboxes.messages.send(inboxId, { to: OUTSIDE }),
  'inboxes.messages.reply': ({ client, inboxId, messageIds }) =>
    client.inboxes.messages.reply(inboxId, messageIds[0], { to: OUTSIDE }),
  'inboxes.messages.replyAll': (world) =>
    keptOut(world, () => world.client.inboxes.messages.replyAll(world.inboxId, world.messageIds[0], { text: 'x' })),
  'inboxes.messages.forward': ({ client, inboxId, messageIds }) =>
    client.inboxes.messages.forward(inboxId, messageIds[0], { to: OUTSIDE }),
  'inboxes.drafts.send': async ({ client, aside, inboxId }) => {
    const { draftId } = await aside.inboxes.drafts.create(inboxId, { to: [OUTSIDE] });
    await client.inboxes.drafts.send(inboxId, draftId, {});
  },
};

async function keptOut({ aside, inboxId }: MailboxWorld, call: () => PromiseLike<unknown>): Promise<unknown> {
  const entry = 'agents.example.com';
  await aside.inboxes.lists.create(inboxId, 'send', 'block', { entry });
  try {
    return await call();
  } finally {
    await aside.inboxes.lists.delete(inboxId, 'send', 'block', entry);
  }
}

let keys = 0;

/** Two requests with one key, which are not the same. */
async function twice(
  { aside, client }: MailboxWorld,
  send: (by: AgentMailClient, text: string, key: { readonly idempotencyKey: string }) => PromiseLike<unknown>,
): Promise<unknown> {
  keys += 1;
  const key = { idempotencyKey: `twice ${keys}` };
  await send(aside, 'One', key);
  return await send(client, 'Two', key);
}

/** What is done already, or was changed since. */
export const CONFLICTING: Calls = {
  'domains.verify': async ({ client, aside, domainId }) => {
    await aside.domains.verify(domainId).catch(() => undefined);
    await client.domains.verify(domainId);
  },
  'inboxes.drafts.update': ({ client, inboxId, draftId }) =>
    client.inboxes.drafts.update(inboxId, draftId, { addLabels: ['x'] }, { headers: { 'If-Match': '"999"' } }),
  'inboxes.drafts.send': ({ client, inboxId, draftId }) =>
    client.inboxes.drafts.send(inboxId, draftId, {}, { headers: { 'If-Match': '"999"' } }),
  'inboxes.messages.send': (world) =>
    twice(world, (by, text, key) => by.inboxes.messages.send(world.inboxId, { to: world.inboxId, text }, key)),
  'inboxes.messages.reply': (world) =>
    twice(world, (by, text, key) => by.inboxes.messages.reply(world.inboxId, world.messageIds[0], { text }, key)),
  'inboxes.messages.replyAll': (world) =>
    twice(world, (by, text, key) => by.inboxes.messages.replyAll(world.inboxId, world.messageIds[0], { text }, key)),
  'inboxes.messages.forward': (world) =>
    twice(world, (by, text, key) =>
      by.inboxes.messages.forward(world.inboxId, world.messageIds[0], { to: world.inboxId, text }, key),
    ),
};

/** What can't be done to a thread, and domains whose mail goes elsewhere: `zone` says so. */
export const unprocessable = (zone: Zone): Calls => {
  const busy = (name: string) => {
    zone.set(`MX ${name}`, ['1 mx.other.example']);
    return { domain: name };
  };
  return {
    'domains.create': ({ client }) => client.domains.create(busy('busy.example.net')),
    'pods.domains.create': ({ client, podId }) => client.pods.domains.create(podId, busy('theirs-busy.example.net')),
    'inboxes.threads.update': ({ client, inboxId, threadId }) =>
      client.inboxes.threads.update(inboxId, threadId, OF_HOST),
    'pods.threads.update': ({ client, podId, podThreadId }) => client.pods.threads.update(podId, podThreadId, OF_HOST),
    'threads.update': ({ client, threadId }) => client.threads.update(threadId, OF_HOST),
  };
};

/** Declared errors that nobody gets here, and why. */
export const NEVER_HERE: Readonly<Record<string, string>> = {
  '409 apiKeys.create': 'there are no public keys here, two of which could be the same',
  '409 domains.getSetupLink': 'nobody is sent to a registrar from here: supported is false',
  '422 domains.getSetupLink': 'nobody is sent to a registrar from here: supported is false',
  '422 domains.verify': 'a domain is brought only where this host has a name for its MX record',
  '422 inboxes.create': 'what is wrong with a wish is told as 400, and whose domain is not verified as 403',
  '422 pods.inboxes.create': 'what is wrong with a wish is told as 400, and whose domain is not verified as 403',
  '404 drafts.list': 'it names nothing that could be missing',
  '404 threads.list': 'it names nothing that could be missing',
  '404 threads.search': 'it names nothing that could be missing',
};
