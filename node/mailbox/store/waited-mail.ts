// The mail that somebody waits for: the oldest that a claim would get, among those that are from and about what he says.
import type { WaitQuestion } from '../lease-question.ts';
import type { WholeMail } from '../stored-mail.ts';
import { claimableCondition } from './claimable.ts';
import type { Connection } from './database.ts';
import { type Condition, containing } from './mail-filter.ts';
import type { MailReader } from './mail-reader.ts';

/** `undefined`: there is none, or no such inbox. */
export function waitedMail(connection: Connection, mails: MailReader, question: WaitQuestion): WholeMail | undefined {
  const { inboxId, labels, from, subject, afterMs, nowMs } = question;
  const [first = '', ...others] = labels;
  const { sql, values } = claimableCondition({ others, perThread: false, nowMs });
  const more: readonly Condition[] = [
    ...(from === undefined ? [] : [containing('message.from_text', from)]),
    ...(subject === undefined ? [] : [containing('message.subject', subject)]),
    ...(afterMs === undefined ? [] : [{ sql: 'first.at > ?', values: [afterMs] }]),
  ];
  const found = connection.get<{ row: number }>(
    `SELECT message.row FROM message_label AS first CROSS JOIN message ON message.row = first.message
     WHERE first.inbox = (SELECT row FROM inbox WHERE inbox_id = ? AND state = 'active') AND first.label = ? AND ${sql}
     ${more.map((one) => `AND ${one.sql}`).join(' ')} ORDER BY first.at, first.message LIMIT 1`,
    ...[inboxId, first, ...values, ...more.flatMap((one) => one.values)],
  );
  return found === undefined ? undefined : mails.atRow(found.row);
}
