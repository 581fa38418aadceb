// Which thread of an inbox a message id belongs to: the mail that has it lies there, or is named there by another.
import { createHash } from 'node:crypto';
import type { KnownThreads } from '../message.ts';
import type { Connection } from './database.ts';

/** Octets of a hash: enough that nobody finds two ids with the same one. */
const HASH_BYTES = 16;

/** Binds each id that the inbox does not know to the thread. */
export function bindReferences(connection: Connection, inbox: number, thread: number, ids: readonly string[]): void {
  const sql = 'INSERT OR IGNORE INTO reference (inbox, hash, thread) VALUES (?, ?, ?)';
  for (const id of ids) connection.run(sql, inbox, hashOf(id), thread);
}

/** What one inbox knows of its threads. */
export function knownThreads(connection: Connection, inbox: number): KnownThreads {
  return {
    threadOf: (messageId) =>
      connection.get<{ thread_id: string }>(
        'SELECT thread_id FROM reference JOIN thread ON thread.row = reference.thread WHERE reference.inbox = ? AND hash = ?',
        inbox,
        hashOf(messageId),
      )?.thread_id,
    withSubject: (base, sender) =>
      connection
        .all<{ thread_id: string; last_at: number; sent_at: number | null }>(
          `SELECT thread_id, last_at, sent_at FROM thread WHERE inbox = ? AND base_subject = ? AND hidden = 0
           AND EXISTS (SELECT 1 FROM message WHERE message.thread = thread.row AND from_address = ?)
           ORDER BY last_at DESC LIMIT 2`,
          inbox,
          base,
          sender,
        )
        .map((row) => ({ threadId: row.thread_id, lastAtMs: row.last_at, hasSent: row.sent_at !== null })),
    messageCount: (threadId) =>
      connection.get<{ count: number }>(
        'SELECT count(*) AS count FROM message WHERE thread = (SELECT row FROM thread WHERE thread_id = ?)',
        threadId,
      )?.count ?? 0,
  };
}

/** Case matters in what stands before the @ (RFC 5322 section 3.6.4), and software keeps the whole as it is. */
function hashOf(id: string): Uint8Array {
  return createHash('sha256').update(id).digest().subarray(0, HASH_BYTES);
}
