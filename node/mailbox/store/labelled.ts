// Whether a mail, or any mail of a thread, has one of some labels: what whoever asks must not learn of is answered as what is not there.
import type { LabelledQuestion } from '../stored-mail.ts';
import type { Connection } from './database.ts';

export function isLabelled(
  connection: Connection,
  { inboxId = '', messageId, threadId = '', labels }: LabelledQuestion,
): boolean {
  const [sql, values] = messageId === undefined ? [OF_THREAD, [threadId]] : [OF_MESSAGE, [inboxId, messageId]];
  return connection.get(sql, ...values, JSON.stringify(labels)) !== undefined;
}

const OF_MESSAGE = `SELECT 1 FROM message JOIN inbox ON inbox.row = message.inbox
  JOIN message_label ON message_label.message = message.row
  WHERE inbox.inbox_id = ? AND message.message_id = ? AND label IN (SELECT value FROM json_each(?))`;
const OF_THREAD = `SELECT 1 FROM thread JOIN thread_label ON thread_label.thread = thread.row
  WHERE thread.thread_id = ? AND label IN (SELECT value FROM json_each(?))`;
