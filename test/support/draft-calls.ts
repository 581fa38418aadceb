// What AgentMail's own client can ask of drafts.
import { serialization } from 'agentmail';
import type { MailboxWorld, Method } from './mailbox-calls.ts';

const draftOf = async ({ aside, inboxId }: MailboxWorld) =>
  (await aside.inboxes.drafts.create(inboxId, { to: [inboxId], text: 'Hello' })).draftId;

export const OF_DRAFTS: Readonly<Record<string, Method>> = {
  'drafts.list': {
    ...{ schema: serialization.ListDraftsResponse, own: ['reason'] },
    call: async ({ client }) => {
      await client.drafts.list();
      await client.drafts.list({ limit: 1 });
    },
  },
  'drafts.get': {
    ...{ schema: serialization.Draft, own: ['reason'] },
    call: async ({ client, failedDraftId, draftId }) => {
      await client.drafts.get(draftId);
      await client.drafts.get(failedDraftId);
    },
  },
  'drafts.getAttachment': {
    schema: serialization.AttachmentResponse,
    call: ({ client, draftId, draftFileId }) => client.drafts.getAttachment(draftId, draftFileId),
  },
  'inboxes.drafts.list': {
    ...{ schema: serialization.ListDraftsResponse, own: ['reason'] },
    call: ({ client, inboxId }) => client.inboxes.drafts.list(inboxId),
  },
  'inboxes.drafts.get': {
    schema: serialization.Draft,
    call: ({ client, inboxId, draftId }) => client.inboxes.drafts.get(inboxId, draftId),
  },
  'inboxes.drafts.getAttachment': {
    schema: serialization.AttachmentResponse,
    call: ({ client, inboxId, draftId, draftFileId }) =>
      client.inboxes.drafts.getAttachment(inboxId, draftId, draftFileId),
  },
  'inboxes.drafts.create': {
    schema: serialization.Draft,
    call: async ({ client, inboxId, messageIds }) => {
      await client.inboxes.drafts.create(inboxId, { inReplyTo: messageIds[0], replyAll: true });
      await client.inboxes.drafts.create(inboxId, { forwardOf: messageIds[0], labels: ['one'] });
    },
  },
  'inboxes.drafts.update': {
    schema: serialization.Draft,
    call: ({ client, inboxId, draftId }) => client.inboxes.drafts.update(inboxId, draftId, { addLabels: ['two'] }),
  },
  'inboxes.drafts.delete': {
    call: async (world) => world.client.inboxes.drafts.delete(world.inboxId, await draftOf(world)),
  },
  'inboxes.drafts.send': {
    schema: serialization.SendMessageResponse,
    call: async (world) => world.client.inboxes.drafts.send(world.inboxId, await draftOf(world), {}),
  },
};
