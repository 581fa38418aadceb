// The mail that somebody waits for: the oldest that a claim would get, among those that are from and about what he says.
import type { SQLInputValue } from 'node:sqlite';
import type { WaitQuestion } from '../lease-question.ts';
import type { WholeMail } from '../stored-mail.ts';
import { claimableCondition } from './claimable.ts';
import type { Connection } from './database.ts';
import type { MailReader } from './mail-reader.ts';

/** `undefined`: there is none, or no such inbox. */
export function waitedMail(connection: Connection, mails: MailReader, question: WaitQuestion): WholeMail | undefined {
  const { inboxId, labels, from, subject, afterMs, nowMs } = question;
  const [first = '', ...others] = labels;
  const { sql, values } = claimableCondition({ others, perThread: false, nowMs });
  const within = (column: string, text: string | undefined) =>
    text === undefined ? [] : [[`${column} LIKE ? ESCAPE '\\'`, `%${text.replace(/[\\%_]/g, '\\$&')}%`] as const];
  const more: readonly (readonly [sql: string, value: SQLInputValue])[] = [
    ...within('message.from_text', from),
    ...within('message.subject', subject),
    ...(afterMs === undefined ? [] : [['first.at > ?', afterMs] as const]),
  ];
  const found = connection.get<{ row: number }>(
    `SELECT message.row FROM message_label AS first CROSS JOIN message ON message.row = first.message
     WHERE first.inbox = (SELECT row FROM inbox WHERE inbox_id = ? AND state = 'active') AND first.label = ? AND ${sql}
     ${more.map(([condition]) => `AND ${condition}`).join(' ')} ORDER BY first.at, first.message LIMIT 1`,
    ...[inboxId, first, ...values, ...more.map(([, value]) => value)],
  );
  return found === undefined ? undefined : mails.atRow(found.row);
}
