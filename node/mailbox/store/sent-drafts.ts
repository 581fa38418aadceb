// Drafts that were sent: what they became, for as long as the key by which the mail went out is known. Of what they said nothing is kept.
import type { SentDraft, SentDraftQuestion } from '../draft.ts';
import type { Connection } from './database.ts';

interface Stored {
  readonly inbox_id: string;
  readonly draft_id: string;
  readonly client_id: string | null;
  readonly revision: number;
  readonly created_at: number;
  readonly sent_at: number;
  readonly message_id: string;
  readonly thread_id: string;
}

/** Within the transaction that puts the mail into its inbox. `draft`, `outgoing`: rows. */
export function rememberSent(
  connection: Connection,
  { draft, outgoing, atMs }: { readonly draft: number; readonly outgoing: number; readonly atMs: number },
): void {
  connection.run(REMEMBER, outgoing, atMs, draft);
}

export function sentDraft(
  connection: Connection,
  { inboxId, draftId, clientId, denied = [] }: SentDraftQuestion,
): SentDraft | undefined {
  const [column, id] = draftId === undefined ? ['client_id', clientId] : ['draft_id', draftId];
  const stored = connection.get<Stored>(
    `${FIND} AND sent_draft.${column} = ?`,
    inboxId,
    JSON.stringify(denied),
    id ?? null,
  );
  if (stored === undefined) return undefined;
  return {
    ...{ inboxId: stored.inbox_id, draftId: stored.draft_id, clientId: stored.client_id ?? undefined },
    ...{ revision: stored.revision, createdAtMs: stored.created_at, sentAtMs: stored.sent_at },
    sent: { messageId: stored.message_id, threadId: stored.thread_id },
  };
}

const REMEMBER = `INSERT INTO sent_draft (outgoing, inbox, draft_id, client_id, revision, created_at, sent_at)
  SELECT ?, inbox, draft_id, client_id, revision, created_at, ? FROM draft WHERE row = ?`;
const FIND = `SELECT inbox_id, draft_id, sent_draft.client_id, revision, sent_draft.created_at, sent_at, message_id, thread_id
  FROM inbox CROSS JOIN sent_draft ON sent_draft.inbox = inbox.row CROSS JOIN outgoing ON outgoing.row = sent_draft.outgoing
  WHERE inbox.inbox_id = ? AND inbox.state = 'active' AND key_hash IS NOT NULL AND message_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM thread JOIN thread_label ON thread_label.thread = thread.row
    WHERE thread.inbox = inbox.row AND thread.thread_id = outgoing.thread_id AND label IN (SELECT value FROM json_each(?)))`;
