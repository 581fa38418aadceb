// Mails that were kept long enough, by the indexes of their times, and those that somebody was deleting when the process ended: nothing else
// is looked at.
import { DAY_MS, HIDDEN_MS_MAX, OUTDATED_AT_ONCE_MAX, type OutdatedQuestion } from '../retention.ts';
import type { Connection } from './database.ts';

/** Rows of such mails, some at a time. */
export function outdatedMails(connection: Connection, { nowMs, retentionDays }: OutdatedQuestion): readonly number[] {
  const left = rowsOf(connection, LEFT, OUTDATED_AT_ONCE_MAX);
  if (left.length > 0) return left;
  const hidden = rowsOf(connection, HIDDEN, nowMs - HIDDEN_MS_MAX, OUTDATED_AT_ONCE_MAX);
  if (hidden.length > 0) return hidden;
  return rowsOf(connection, OLD, nowMs, DAY_MS, retentionDays ?? null, OUTDATED_AT_ONCE_MAX);
}

/** Those of the rows that still are: meanwhile somebody may have taken a mail out of the trash, or an inbox may keep its mail longer. */
export function stillOutdated(
  connection: Connection,
  rows: readonly number[],
  { nowMs, retentionDays }: OutdatedQuestion,
): readonly number[] {
  const values = [JSON.stringify(rows), nowMs - HIDDEN_MS_MAX, nowMs, DAY_MS, retentionDays ?? null];
  return connection.all<{ row: number }>(STILL, ...values).map(({ row }) => row);
}

function rowsOf(connection: Connection, sql: string, ...values: readonly (number | null)[]): readonly number[] {
  return connection.all<{ row: number }>(sql, ...values).map(({ row }) => row);
}

const LEFT = 'SELECT message AS row FROM erasing ORDER BY message LIMIT ?';
const HIDDEN = 'SELECT row FROM message WHERE hidden = 1 AND updated_at < ? ORDER BY updated_at LIMIT ?';
const OLD = `SELECT message.row FROM inbox JOIN message ON message.inbox = inbox.row AND message.hidden IN (0, 1)
  AND message.at < ? - ? * coalesce(inbox.retention_days, ?) WHERE inbox.state = 'active' LIMIT ?`;
const STILL = `SELECT message.row FROM message JOIN inbox ON inbox.row = message.inbox
  WHERE message.row IN (SELECT value FROM json_each(?)) AND (
    EXISTS (SELECT 1 FROM erasing WHERE erasing.message = message.row) OR (hidden = 1 AND message.updated_at < ?)
    OR (inbox.state = 'active' AND message.at < ? - ? * coalesce(inbox.retention_days, ?)))`;
