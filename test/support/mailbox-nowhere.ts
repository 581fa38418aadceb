// A mailbox of which every id is that of nothing.
import { NOWHERE } from './domain-calls.ts';
import type { MailboxWorld } from './mailbox-calls.ts';

/** The ids of nothing; what is asked aside is asked of what there is. */
export const nowhere = (world: MailboxWorld): MailboxWorld => ({
  ...world,
  ...{ inboxId: 'never@agents.example.com', messageIds: ['<nobody@y.com>', '<neither@y.com>'], threadId: 'never' },
  ...{ draftId: 'never', draftFileId: 'never', failedDraftId: 'never' },
  ...{ attachmentId: '9-00000000', webhookId: 'never', inboxWebhookId: 'never', keyId: 'never', inboxKeyId: 'never' },
  ...{ podId: 'never', podInboxId: 'never@agents.example.com', podThreadId: 'never', podAttachmentId: '9-00000000' },
  ...{ podKeyId: 'never', podWebhookId: 'never', podDraftId: 'never', podDraftFileId: 'never' },
  ...{ domainId: NOWHERE, podDomainId: NOWHERE },
});
