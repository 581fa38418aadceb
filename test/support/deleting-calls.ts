// What a client asks of what is not there, where the call of the method by itself would make it first.
import type { MailboxWorld } from './mailbox-calls.ts';

export type Call = (world: MailboxWorld) => PromiseLike<unknown>;

export const DELETED: Readonly<Record<string, Call>> = {
  'apiKeys.delete': ({ client, keyId }) => client.apiKeys.delete(keyId),
  'inboxes.apiKeys.delete': ({ client, inboxId, inboxKeyId }) => client.inboxes.apiKeys.delete(inboxId, inboxKeyId),
  'lists.get': ({ client }) => client.lists.get('receive', 'block', 'nowhere.example'),
  'lists.delete': ({ client }) => client.lists.delete('receive', 'block', 'nowhere.example'),
  'pods.lists.delete': ({ client, podId, entry }) => client.pods.lists.delete(podId, 'receive', 'block', entry),
  'inboxes.lists.delete': ({ client, inboxId, entry }) =>
    client.inboxes.lists.delete(inboxId, 'receive', 'block', entry),
  'inboxes.delete': ({ client, inboxId }) => client.inboxes.delete(inboxId),
  'inboxes.drafts.send': ({ client, inboxId, draftId }) => client.inboxes.drafts.send(inboxId, draftId, {}),
  'inboxes.drafts.delete': ({ client, inboxId, draftId }) => client.inboxes.drafts.delete(inboxId, draftId),
  'inboxes.messages.delete': ({ client, inboxId, messageIds }) =>
    client.inboxes.messages.delete(inboxId, messageIds[0]),
  'inboxes.threads.delete': ({ client, inboxId, threadId }) => client.inboxes.threads.delete(inboxId, threadId),
  'threads.delete': ({ client, threadId }) => client.threads.delete(threadId),
  'pods.delete': ({ client, podId }) => client.pods.delete(podId),
  'pods.apiKeys.delete': ({ client, podId, podKeyId }) => client.pods.apiKeys.delete(podId, podKeyId),
  'pods.inboxes.delete': ({ client, podId, podInboxId }) => client.pods.inboxes.delete(podId, podInboxId),
  'domains.delete': ({ client, domainId }) => client.domains.delete(domainId),
  'pods.domains.delete': ({ client, podId, podDomainId }) => client.pods.domains.delete(podId, podDomainId),
  'pods.threads.delete': ({ client, podId, podThreadId }) => client.pods.threads.delete(podId, podThreadId),
  'pods.webhooks.delete': ({ client, podId, podWebhookId }) => client.pods.webhooks.delete(podId, podWebhookId),
  'webhooks.delete': ({ client, webhookId }) => client.webhooks.delete(webhookId),
  'inboxes.webhooks.delete': ({ client, inboxId, inboxWebhookId }) =>
    client.inboxes.webhooks.delete(inboxId, inboxWebhookId),
};
