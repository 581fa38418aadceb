// What AgentMail's own client can ask of the lists of whom an inbox hears from and writes to.
import { serialization } from 'agentmail';
import type { MailboxWorld, Method } from './mailbox-calls.ts';

const ENTRY = { entry: 'z.example', reason: 'spam' };
const madeEntry = async ({ aside }: MailboxWorld) => await aside.lists.create('receive', 'block', ENTRY);
const madeOwnEntry = async ({ aside, inboxId }: MailboxWorld) =>
  await aside.inboxes.lists.create(inboxId, 'receive', 'block', ENTRY);

export const OF_LISTS: Readonly<Record<string, Method>> = {
  'lists.create': {
    schema: serialization.ListEntry,
    call: ({ client }) => client.lists.create('receive', 'block', ENTRY),
  },
  'lists.list': {
    schema: serialization.ListListEntriesResponse,
    call: async (world) => {
      await madeEntry(world);
      await world.client.lists.list('receive', 'block', { limit: 1 });
    },
  },
  'lists.get': {
    schema: serialization.ListEntry,
    call: ({ client, entry }) => client.lists.get('receive', 'block', entry),
  },
  'lists.delete': {
    call: async (world) => world.client.lists.delete('receive', 'block', (await madeEntry(world)).entry),
  },
  'inboxes.lists.create': {
    schema: serialization.PodListEntry,
    call: ({ client, inboxId }) => client.inboxes.lists.create(inboxId, 'receive', 'block', ENTRY),
  },
  'inboxes.lists.list': {
    schema: serialization.PodListListEntriesResponse,
    call: ({ client, inboxId }) => client.inboxes.lists.list(inboxId, 'receive', 'block'),
  },
  'inboxes.lists.get': {
    schema: serialization.PodListEntry,
    call: ({ client, inboxId, entry }) => client.inboxes.lists.get(inboxId, 'receive', 'block', entry),
  },
  'inboxes.lists.delete': {
    call: async (world) =>
      world.client.inboxes.lists.delete(world.inboxId, 'receive', 'block', (await madeOwnEntry(world)).entry),
  },
};
