// Whether a mail, any mail of a thread, or the mail that a draft answers or passes on, has one of some labels: what whoever asks must not learn of is answered as what is not there.
import type { LabelledQuestion } from '../stored-mail.ts';
import type { Connection } from './database.ts';
import { OF_LABELLED } from './draft-reader.ts';

export function isLabelled(
  connection: Connection,
  { inboxId = '', messageId, draftId, threadId = '', labels }: LabelledQuestion,
): boolean {
  const [sql, values] =
    messageId !== undefined
      ? [OF_MESSAGE, [inboxId, messageId]]
      : draftId !== undefined
        ? [OF_DRAFT, [draftId]]
        : [OF_THREAD, [threadId]];
  return connection.get(sql, ...values, JSON.stringify(labels)) !== undefined;
}

const OF_MESSAGE = `SELECT 1 FROM message JOIN inbox ON inbox.row = message.inbox
  JOIN message_label ON message_label.message = message.row
  WHERE inbox.inbox_id = ? AND message.message_id = ? AND label IN (SELECT value FROM json_each(?))`;
const OF_THREAD = `SELECT 1 FROM thread JOIN thread_label ON thread_label.thread = thread.row
  WHERE thread.thread_id = ? AND label IN (SELECT value FROM json_each(?))`;
const OF_DRAFT = `SELECT 1 FROM draft WHERE draft_id = ? AND ${OF_LABELLED}`;
