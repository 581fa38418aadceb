// What AgentMail's own client can ask of pods, each method once or in all its forms, as in mailbox-calls.ts.
import { serialization } from 'agentmail';
import type { Method } from './mailbox-calls.ts';

const { inboxes, pods, webhooks } = serialization;
const WEBHOOK = { url: 'http://127.0.0.1:9/hook', eventTypes: ['message.received' as const] };

const OF_PODS: Readonly<Record<string, Method>> = {
  'pods.list': { ...{ schema: pods.ListPodsResponse, own: ['domain'] }, call: ({ client }) => client.pods.list() },
  'pods.get': { ...{ schema: pods.Pod, own: ['domain'] }, call: ({ client, podId }) => client.pods.get(podId) },
  'pods.create': {
    ...{ schema: pods.Pod, own: ['domain'] },
    call: ({ client }) => client.pods.create({ name: 'Other', clientId: 'other' }),
  },
  'pods.delete': {
    call: async ({ client, aside }) => client.pods.delete((await aside.pods.create({ name: 'Gone' })).podId),
  },
  'pods.apiKeys.list': {
    ...{ schema: serialization.ListApiKeysResponse, own: ['limit'] },
    call: ({ client, podId }) => client.pods.apiKeys.list(podId),
  },
  'pods.apiKeys.create': {
    schema: serialization.CreateApiKeyResponse,
    call: ({ client, podId }) => client.pods.apiKeys.create(podId, { permissions: { inboxRead: true } }),
  },
  'pods.apiKeys.update': {
    schema: serialization.BearerApiKey,
    call: ({ client, podId, podKeyId }) =>
      client.pods.apiKeys.update(podId, podKeyId, { name: 'other', permissions: { messageRead: true } }),
  },
  'pods.apiKeys.delete': {
    call: async ({ client, aside, podId }) =>
      client.pods.apiKeys.delete(podId, (await aside.pods.apiKeys.create(podId, {})).apiKeyId),
  },
  'pods.inboxes.list': {
    ...{ schema: inboxes.ListInboxesResponse, own: ['id'] },
    call: ({ client, podId }) => client.pods.inboxes.list(podId),
  },
  'pods.inboxes.search': {
    ...{ schema: inboxes.SearchInboxesResponse, own: ['id'] },
    call: ({ client, podId }) => client.pods.inboxes.search(podId, { q: 'cid' }),
  },
  'pods.inboxes.get': {
    ...{ schema: inboxes.Inbox, own: ['id'] },
    call: ({ client, podId, podInboxId }) => client.pods.inboxes.get(podId, podInboxId),
  },
  'pods.inboxes.create': {
    ...{ schema: inboxes.Inbox, own: ['id'] },
    call: ({ client, podId }) => client.pods.inboxes.create(podId, { displayName: 'New' }),
  },
  'pods.inboxes.update': {
    ...{ schema: inboxes.Inbox, own: ['id'] },
    call: ({ client, podId, podInboxId }) => client.pods.inboxes.update(podId, podInboxId, { displayName: 'Cid' }),
  },
  'pods.inboxes.delete': {
    call: async ({ client, aside, podId }) =>
      client.pods.inboxes.delete(podId, (await aside.pods.inboxes.create(podId, {})).inboxId),
  },
};

const OF_POD_MAIL: Readonly<Record<string, Method>> = {
  'pods.drafts.list': {
    schema: serialization.ListDraftsResponse,
    call: ({ client, podId }) => client.pods.drafts.list(podId),
  },
  'pods.drafts.get': {
    schema: serialization.Draft,
    call: ({ client, podId, podDraftId }) => client.pods.drafts.get(podId, podDraftId),
  },
  'pods.drafts.getAttachment': {
    schema: serialization.AttachmentResponse,
    call: ({ client, podId, podDraftId, podDraftFileId }) =>
      client.pods.drafts.getAttachment(podId, podDraftId, podDraftFileId),
  },
  'pods.threads.list': {
    schema: serialization.ListThreadsResponse,
    call: ({ client, podId }) => client.pods.threads.list(podId, { includeTrash: true }),
  },
  'pods.threads.search': {
    schema: serialization.SearchThreadsResponse,
    call: ({ client, podId }) => client.pods.threads.search(podId, { q: 'hello' }),
  },
  'pods.threads.get': {
    schema: serialization.Thread,
    call: ({ client, podId, podThreadId }) => client.pods.threads.get(podId, podThreadId),
  },
  'pods.threads.getAttachment': {
    schema: serialization.AttachmentResponse,
    call: ({ client, podId, podThreadId, podAttachmentId }) =>
      client.pods.threads.getAttachment(podId, podThreadId, podAttachmentId),
  },
  'pods.threads.update': {
    schema: serialization.UpdateThreadResponse,
    call: ({ client, podId, podThreadId }) => client.pods.threads.update(podId, podThreadId, { addLabels: ['seen'] }),
  },
  'pods.threads.delete': {
    call: async ({ client, aside, podId, podInboxId }) => {
      const { threadId } = await aside.inboxes.messages.send(podInboxId, { to: podInboxId, text: 'Hello' });
      await client.pods.threads.delete(podId, threadId);
    },
  },
  'pods.webhooks.list': {
    schema: webhooks.ListWebhooksResponse,
    call: ({ client, podId }) => client.pods.webhooks.list(podId),
  },
  'pods.webhooks.get': {
    schema: webhooks.Webhook,
    call: ({ client, podId, podWebhookId }) => client.pods.webhooks.get(podId, podWebhookId),
  },
  'pods.webhooks.getHeaders': {
    schema: webhooks.WebhookHeaderNamesResponse,
    call: ({ client, podId, podWebhookId }) => client.pods.webhooks.getHeaders(podId, podWebhookId),
  },
  'pods.webhooks.create': {
    schema: webhooks.Webhook,
    call: ({ client, podId }) => client.pods.webhooks.create(podId, WEBHOOK),
  },
  'pods.webhooks.update': {
    schema: webhooks.Webhook,
    call: ({ client, podId, podWebhookId }) =>
      client.pods.webhooks.update(podId, podWebhookId, { eventTypes: ['message.received'] }),
  },
  'pods.webhooks.updateHeaders': {
    call: ({ client, podId, podWebhookId }) =>
      client.pods.webhooks.updateHeaders(podId, podWebhookId, { headers: { 'X-Key': 'k' } }),
  },
  'pods.webhooks.delete': {
    call: async ({ client, aside, podId }) =>
      client.pods.webhooks.delete(podId, (await aside.pods.webhooks.create(podId, WEBHOOK)).webhookId),
  },
};

const OF_POD_LISTS: Readonly<Record<string, Method>> = {
  'pods.lists.create': {
    schema: serialization.PodListEntry,
    call: ({ client, podId }) => client.pods.lists.create(podId, 'receive', 'block', { entry: 'z.example' }),
  },
  'pods.lists.list': {
    schema: serialization.PodListListEntriesResponse,
    call: ({ client, podId }) => client.pods.lists.list(podId, 'receive', 'block'),
  },
  'pods.lists.get': {
    schema: serialization.PodListEntry,
    call: ({ client, podId, entry }) => client.pods.lists.get(podId, 'receive', 'block', entry),
  },
  'pods.lists.delete': {
    call: async ({ client, aside, podId }) => {
      await aside.pods.lists.create(podId, 'receive', 'block', { entry: 'y.example' });
      await client.pods.lists.delete(podId, 'receive', 'block', 'y.example');
    },
  },
};

export const POD_METHODS: Readonly<Record<string, Method>> = { ...OF_PODS, ...OF_POD_MAIL, ...OF_POD_LISTS };
