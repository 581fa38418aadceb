// A draft as AgentMail's clients read it. What there is nothing of is left out; `reason` is ours.
import type { Mailbox } from '../../send/message.ts';
import type { Draft, DraftItem, SentDraft } from '../draft.ts';
import { shownAs } from '../intake/mail-addresses.ts';
import { partBody, some, timeText } from '../mail-bodies.ts';

export function draftItemBody(draft: DraftItem) {
  const { inboxId, draftId, labels, to, cc, bcc, subject, textPreview, htmlPreview, origin, status, sendAtMs } = draft;
  return {
    ...{ inbox_id: inboxId, draft_id: draftId, labels: status === undefined ? labels : [...labels, status].sort() },
    ...{ to: shown(to), cc: shown(cc), bcc: shown(bcc), subject, preview: textPreview ?? htmlPreview },
    attachments: some(draft.files.map(partBody)),
    in_reply_to: origin?.kind === 'reply' ? origin.messageId : undefined,
    forward_of: origin?.kind === 'forward' ? origin.messageId : undefined,
    send_status: status,
    send_at: sendAtMs === undefined ? undefined : timeText(sendAtMs),
    ...{ reason: draft.reason, updated_at: timeText(draft.updatedAtMs) },
  };
}

export function draftBody(draft: Draft) {
  return {
    ...draftItemBody(draft),
    ...{ client_id: draft.clientId, reply_to: shown(draft.replyTo), text: draft.text, html: draft.html },
    references: some(draft.origin?.references ?? []),
    created_at: timeText(draft.createdAtMs),
  };
}

/** What is left of a draft that was sent; its ids of the mail are ours. */
export function sentDraftBody({ inboxId, draftId, clientId, createdAtMs, sentAtMs, sent }: SentDraft) {
  return {
    ...{ inbox_id: inboxId, draft_id: draftId, client_id: clientId, labels: ['sent'] },
    ...{ message_id: sent.messageId, thread_id: sent.threadId },
    ...{ updated_at: timeText(sentAtMs), created_at: timeText(createdAtMs) },
  };
}

function shown(mailboxes: readonly Mailbox[]): readonly string[] | undefined {
  return some(mailboxes.map(({ name, address }) => shownAs(name, address)));
}
