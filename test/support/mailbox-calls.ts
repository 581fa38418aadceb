// What AgentMail's own client can ask of the mailbox, each method once or in all its forms, with the schema of that client for what is answered.
import { type AgentMailClient, serialization } from 'agentmail';
import { OF_DRAFTS } from './draft-calls.ts';
import { OF_KEYS } from './key-calls.ts';
import { OF_LISTS } from './list-calls.ts';

const { inboxes, webhooks } = serialization;

type Parsed =
  | { readonly ok: true }
  | { readonly ok: false; readonly errors: readonly { readonly path: readonly string[]; readonly message: string }[] };

/** As far as a schema of that client is used. */
export interface AnswerSchema {
  parse(raw: unknown, options: { readonly unrecognizedObjectKeys: 'fail' }): Parsed;
}

/** Clients of one node, and what there is in it. */
export interface MailboxWorld {
  readonly client: AgentMailClient;
  /** Another client, whose answers nobody looks at. */
  readonly aside: AgentMailClient;
  /** Has sent and got mail that has everything that a mail can have. */
  readonly inboxId: string;
  /** The text of a key of that inbox alone. */
  readonly ofInbox: AgentMailClient;
  readonly messageIds: readonly [got: string, sent: string];
  readonly threadId: string;
  readonly attachmentId: string;
  /** Has all that a draft can have. */
  readonly draftId: string;
  readonly draftFileId: string;
  readonly failedDraftId: string;
  readonly webhookId: string;
  readonly inboxWebhookId: string;
  readonly keyId: string;
  readonly inboxKeyId: string;
  /** An entry of the lists of who is blocked, of the organization and of that inbox. */
  readonly entry: string;
  readonly domainId: string;
  readonly podDomainId: string;
  readonly podId: string;
  readonly podInboxId: string;
  readonly podThreadId: string;
  readonly podAttachmentId: string;
  readonly podKeyId: string;
  readonly podWebhookId: string;
  readonly podDraftId: string;
  readonly podDraftFileId: string;
}

export interface Method {
  /** Absent: an answer without a body. */
  readonly schema?: AnswerSchema;
  /** Members of ours that the client does not know. */
  readonly own?: readonly string[];
  readonly call: (world: MailboxWorld) => Promise<unknown>;
}

const OF_MESSAGE = ['authentication_results', 'hidden_text', 'payload'];
const WEBHOOK = { url: 'http://127.0.0.1:9/hook', eventTypes: ['message.received' as const] };
const LABELS = { addLabels: ['seen'], removeLabels: ['unread'] };
const EITHER = { includeTrash: true, includeSpam: true, includeBlocked: true, includeUnauthenticated: true };

const mailTo = async ({ aside, inboxId }: MailboxWorld) =>
  await aside.inboxes.messages.send(inboxId, { to: inboxId, text: 'Hello' });

const OF_INBOXES: Readonly<Record<string, Method>> = {
  'inboxes.list': {
    ...{ schema: inboxes.ListInboxesResponse, own: ['id'] },
    call: ({ client }) => client.inboxes.list({ limit: 1, ascending: true }),
  },
  'inboxes.search': {
    ...{ schema: inboxes.SearchInboxesResponse, own: ['id'] },
    call: ({ client }) => client.inboxes.search({ q: 'ann' }),
  },
  'inboxes.get': {
    ...{ schema: inboxes.Inbox, own: ['id'] },
    call: ({ client, inboxId }) => client.inboxes.get(inboxId),
  },
  'inboxes.create': { schema: inboxes.Inbox, own: ['id'], call: ({ client }) => client.inboxes.create() },
  'inboxes.update': {
    ...{ schema: inboxes.Inbox, own: ['id'] },
    call: ({ client, inboxId }) => client.inboxes.update(inboxId, { displayName: 'Ann', metadata: { seats: 3 } }),
  },
  'inboxes.delete': {
    call: async ({ client, aside }) => client.inboxes.delete((await aside.inboxes.create()).inboxId),
  },
  'inboxes.events.list': {
    schema: serialization.ListInboxEventsResponse,
    call: ({ client, inboxId }) => client.inboxes.events.list(inboxId, { limit: 1 }),
  },
};

const OF_MESSAGES: Readonly<Record<string, Method>> = {
  'inboxes.messages.list': {
    ...{ schema: serialization.ListMessagesResponse, own: ['extracted_text', 'text'] },
    call: async ({ client, inboxId }) => {
      await client.inboxes.messages.list(inboxId, { limit: 1 });
      await client.inboxes.messages.list(inboxId, EITHER);
    },
  },
  'inboxes.messages.search': {
    ...{ schema: serialization.SearchMessagesResponse, own: ['extracted_text', 'text'] },
    call: ({ client, inboxId }) => client.inboxes.messages.search(inboxId, { q: 'ann', limit: 10 }),
  },
  'inboxes.messages.get': {
    ...{ schema: serialization.Message, own: OF_MESSAGE },
    call: async ({ client, inboxId, messageIds }) => {
      for (const messageId of messageIds) await client.inboxes.messages.get(inboxId, messageId);
    },
  },
  'inboxes.messages.batchGet': {
    ...{ schema: serialization.BatchGetMessagesResponse, own: ['authentication_results', 'hidden_text'] },
    call: ({ client, inboxId, messageIds }) =>
      client.inboxes.messages.batchGet(inboxId, { messageIds: [...messageIds, '<never@y.com>'] }),
  },
  'inboxes.messages.batchUpdate': {
    schema: serialization.BatchUpdateMessagesResponse,
    call: ({ client, inboxId, messageIds }) =>
      client.inboxes.messages.batchUpdate(inboxId, { messageIds: [...messageIds], addLabels: 'both' }),
  },
  'inboxes.messages.getAttachment': {
    schema: serialization.AttachmentResponse,
    call: ({ client, inboxId, messageIds, attachmentId }) =>
      client.inboxes.messages.getAttachment(inboxId, messageIds[0], attachmentId),
  },
  'inboxes.messages.getRaw': {
    schema: serialization.RawMessageResponse,
    call: ({ client, inboxId, messageIds }) => client.inboxes.messages.getRaw(inboxId, messageIds[0]),
  },
  'inboxes.messages.update': {
    schema: serialization.UpdateMessageResponse,
    call: ({ client, inboxId, messageIds }) => client.inboxes.messages.update(inboxId, messageIds[0], LABELS),
  },
  'inboxes.messages.delete': {
    call: async (world) => world.client.inboxes.messages.delete(world.inboxId, (await mailTo(world)).messageId),
  },
  'inboxes.messages.send': {
    schema: serialization.SendMessageResponse,
    call: ({ client, inboxId }) => client.inboxes.messages.send(inboxId, { to: [inboxId], subject: 'Hello' }),
  },
  'inboxes.messages.reply': {
    schema: serialization.SendMessageResponse,
    call: ({ client, inboxId, messageIds }) => client.inboxes.messages.reply(inboxId, messageIds[1], { text: 'Yes.' }),
  },
  'inboxes.messages.replyAll': {
    schema: serialization.SendMessageResponse,
    call: ({ client, inboxId, messageIds }) =>
      client.inboxes.messages.replyAll(inboxId, messageIds[1], { html: '<p>Yes.' }),
  },
  'inboxes.messages.forward': {
    schema: serialization.SendMessageResponse,
    call: ({ client, inboxId, messageIds }) => client.inboxes.messages.forward(inboxId, messageIds[0], { to: inboxId }),
  },
};

const OF_THREADS: Readonly<Record<string, Method>> = {
  'inboxes.threads.list': {
    schema: serialization.ListThreadsResponse,
    call: ({ client, inboxId }) => client.inboxes.threads.list(inboxId, EITHER),
  },
  'inboxes.threads.search': {
    schema: serialization.SearchThreadsResponse,
    call: ({ client, inboxId }) => client.inboxes.threads.search(inboxId, { q: 'hello' }),
  },
  'inboxes.threads.get': {
    ...{ schema: serialization.Thread, own: OF_MESSAGE },
    call: ({ client, inboxId, threadId }) => client.inboxes.threads.get(inboxId, threadId),
  },
  'inboxes.threads.getAttachment': {
    schema: serialization.AttachmentResponse,
    call: ({ client, inboxId, threadId, attachmentId }) =>
      client.inboxes.threads.getAttachment(inboxId, threadId, attachmentId),
  },
  'inboxes.threads.update': {
    schema: serialization.UpdateThreadResponse,
    call: ({ client, inboxId, threadId }) => client.inboxes.threads.update(inboxId, threadId, LABELS),
  },
  'inboxes.threads.delete': {
    call: async (world) => world.client.inboxes.threads.delete(world.inboxId, (await mailTo(world)).threadId),
  },
  'threads.list': {
    schema: serialization.ListThreadsResponse,
    call: ({ client }) => client.threads.list({ limit: 1 }),
  },
  'threads.search': {
    schema: serialization.SearchThreadsResponse,
    call: ({ client }) => client.threads.search({ q: 'hello', limit: 1 }),
  },
  'threads.get': {
    ...{ schema: serialization.Thread, own: OF_MESSAGE },
    call: ({ client, threadId }) => client.threads.get(threadId),
  },
  'threads.getAttachment': {
    schema: serialization.AttachmentResponse,
    call: ({ client, threadId, attachmentId }) => client.threads.getAttachment(threadId, attachmentId),
  },
  'threads.update': {
    schema: serialization.UpdateThreadResponse,
    call: ({ client, threadId }) => client.threads.update(threadId, LABELS),
  },
  'threads.delete': {
    call: async (world) => world.client.threads.delete((await mailTo(world)).threadId),
  },
};

const OF_WEBHOOKS: Readonly<Record<string, Method>> = {
  'webhooks.list': { schema: webhooks.ListWebhooksResponse, call: ({ client }) => client.webhooks.list({ limit: 1 }) },
  'webhooks.get': { schema: webhooks.Webhook, call: ({ client, webhookId }) => client.webhooks.get(webhookId) },
  'webhooks.getHeaders': {
    schema: webhooks.WebhookHeaderNamesResponse,
    call: ({ client, webhookId }) => client.webhooks.getHeaders(webhookId),
  },
  'webhooks.create': {
    schema: webhooks.Webhook,
    call: ({ client }) => client.webhooks.create({ ...WEBHOOK, clientId: 'other', headers: { 'X-Key': 'k' } }),
  },
  'webhooks.update': {
    schema: webhooks.Webhook,
    call: ({ client, webhookId }) => client.webhooks.update(webhookId, { eventTypes: ['message.sent'] }),
  },
  'webhooks.updateHeaders': {
    call: ({ client, webhookId }) => client.webhooks.updateHeaders(webhookId, { headers: { 'X-Key': 'k' } }),
  },
  'webhooks.delete': {
    call: async ({ client, aside }) => client.webhooks.delete((await aside.webhooks.create(WEBHOOK)).webhookId),
  },
  'inboxes.webhooks.list': {
    schema: webhooks.ListWebhooksResponse,
    call: ({ client, inboxId }) => client.inboxes.webhooks.list(inboxId),
  },
  'inboxes.webhooks.get': {
    schema: webhooks.Webhook,
    call: ({ client, inboxId, inboxWebhookId }) => client.inboxes.webhooks.get(inboxId, inboxWebhookId),
  },
  'inboxes.webhooks.getHeaders': {
    schema: webhooks.WebhookHeaderNamesResponse,
    call: ({ client, inboxId, inboxWebhookId }) => client.inboxes.webhooks.getHeaders(inboxId, inboxWebhookId),
  },
  'inboxes.webhooks.create': {
    schema: webhooks.Webhook,
    call: ({ client, inboxId }) => client.inboxes.webhooks.create(inboxId, WEBHOOK),
  },
  'inboxes.webhooks.update': {
    schema: webhooks.Webhook,
    call: ({ client, inboxId, inboxWebhookId }) =>
      client.inboxes.webhooks.update(inboxId, inboxWebhookId, { eventTypes: ['message.sent'] }),
  },
  'inboxes.webhooks.updateHeaders': {
    call: ({ client, inboxId, inboxWebhookId }) =>
      client.inboxes.webhooks.updateHeaders(inboxId, inboxWebhookId, { headers: { 'X-Key': 'k' } }),
  },
  'inboxes.webhooks.delete': {
    call: async ({ client, aside, inboxId }) =>
      client.inboxes.webhooks.delete(inboxId, (await aside.inboxes.webhooks.create(inboxId, WEBHOOK)).webhookId),
  },
};

export const METHODS: Readonly<Record<string, Method>> = {
  ...OF_KEYS,
  ...OF_INBOXES,
  ...OF_MESSAGES,
  ...OF_THREADS,
  ...OF_WEBHOOKS,
  ...OF_LISTS,
  ...OF_DRAFTS,
};
