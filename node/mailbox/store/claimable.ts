// Which mails of an inbox may be taken: they came in, nobody works on them, nobody keeps them back, and they lie in no quarantine. For who takes them, and
// for who only waits until there are some.
import type { SQLInputValue } from 'node:sqlite';

export interface Claimable {
  /** Labels that the mail must have, beside the one by which it is found. */
  readonly others: readonly string[];
  /** No mail of a thread in which somebody is at work. */
  readonly perThread: boolean;
  readonly nowMs: number;
}

/** Holds for a row of `message`. */
export function claimableCondition({ others, perThread, nowMs }: Claimable): {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
} {
  const hasLabel = 'EXISTS (SELECT 1 FROM message_label WHERE message_label.message = message.row AND label = ?)';
  const isAtWork =
    "EXISTS (SELECT 1 FROM thread_label WHERE thread_label.thread = message.thread AND label = 'processing')";
  const conditions = [
    'message.hidden = 0',
    ...others.map(() => hasLabel),
    // What the inbox has sent itself is nobody's work, though a label of its whole thread is on it too.
    hasLabel,
    `NOT ${hasLabel}`,
    `NOT ${hasLabel}`,
    "NOT EXISTS (SELECT 1 FROM lease WHERE lease.message = message.row AND state = 'waiting' AND until_at > ?)",
    // What is done is work again only when it is made unread, whatever labels it is found by.
    `NOT EXISTS (SELECT 1 FROM lease WHERE lease.message = message.row AND state = 'done' AND NOT ${hasLabel})`,
    ...(perThread ? [`NOT ${isAtWork}`] : []),
  ];
  return { sql: conditions.join(' AND '), values: [...others, 'received', 'processing', 'failed', nowMs, 'unread'] };
}
