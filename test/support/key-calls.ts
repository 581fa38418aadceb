// What AgentMail's own client can ask of keys.
import { serialization } from 'agentmail';
import type { Method } from './mailbox-calls.ts';

export const OF_KEYS: Readonly<Record<string, Method>> = {
  'auth.me': { schema: serialization.Identity, call: ({ ofInbox }) => ofInbox.auth.me() },
  'apiKeys.list': {
    ...{ schema: serialization.ListApiKeysResponse, own: ['limit'] },
    call: ({ client }) => client.apiKeys.list({ limit: 1 }),
  },
  'apiKeys.get': {
    schema: serialization.BearerApiKey,
    call: ({ client, inboxKeyId }) => client.apiKeys.get(inboxKeyId),
  },
  'apiKeys.create': {
    schema: serialization.CreateApiKeyResponse,
    call: ({ client }) => client.apiKeys.create({ name: 'one' }),
  },
  'apiKeys.update': {
    schema: serialization.BearerApiKey,
    call: ({ client, keyId }) => client.apiKeys.update(keyId, { name: 'other' }),
  },
  'apiKeys.delete': {
    call: async ({ client, aside }) => client.apiKeys.delete((await aside.apiKeys.create({})).apiKeyId),
  },
  'inboxes.apiKeys.list': {
    ...{ schema: serialization.ListApiKeysResponse, own: ['limit'] },
    call: ({ client, inboxId }) => client.inboxes.apiKeys.list(inboxId),
  },
  'inboxes.apiKeys.create': {
    schema: serialization.CreateApiKeyResponse,
    call: ({ client, inboxId }) => client.inboxes.apiKeys.create(inboxId, {}),
  },
  'inboxes.apiKeys.update': {
    schema: serialization.BearerApiKey,
    call: ({ client, inboxId, inboxKeyId }) => client.inboxes.apiKeys.update(inboxId, inboxKeyId, { name: 'other' }),
  },
  'inboxes.apiKeys.delete': {
    call: async ({ client, aside, inboxId }) =>
      client.inboxes.apiKeys.delete(inboxId, (await aside.inboxes.apiKeys.create(inboxId, {})).apiKeyId),
  },
};
