// Databases of the mailbox as programs of earlier forms have left them.
import { DatabaseSync } from 'node:sqlite';
import { MIGRATIONS } from '../../node/mailbox/store/migrations/all.ts';
import { prepareSchema } from '../../node/mailbox/store/schema.ts';

/** Makes a database of form 1 at `path` in which the inbox a@x.com has the unread mail <1@y.com>. */
export function makeFormOne(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL');
  prepareSchema(database, MIGRATIONS.slice(0, 1));
  database.exec(`
    INSERT INTO organization VALUES ('organization', 'pod', x'${'ab'.repeat(32)}', 1);
    INSERT INTO inbox (row, inbox_id, state, agent_id, makes_agent, used_bytes, created_at, updated_at)
      VALUES (1, 'a@x.com', 'active', 'agent', 1, 30, 1, 2);
    INSERT INTO thread (row, thread_id, inbox, hidden, subject, senders, recipients, message_count, size, last_message_id, last_at,
      received_at, created_at, updated_at)
      VALUES (1, 'thread', 1, 0, 'Hello', '["Jane <jane@y.com>"]', '["a@x.com"]', 1, 30, '<1@y.com>', 1000, 1000, 1000, 1000);
    INSERT INTO raw VALUES ('${'0'.repeat(64)}', 10, x'00112233445566778899', 1);
    INSERT INTO message (row, inbox, thread, message_id, digest, hidden, at, from_text, from_address, to_text, subject, head, text, raw,
      trace, size, created_at, updated_at)
      VALUES (1, 1, 1, '<1@y.com>', 'digest', 0, 1000, 'Jane <jane@y.com>', 'jane@y.com', 'a@x.com', 'Hello',
      '{"to":["a@x.com"],"cc":[],"bcc":[],"replyTo":[],"hiddenText":false,"inReplyTo":[],"references":[],"headers":{}}', 'Hello Bob',
      '${'0'.repeat(64)}', 'Delivered-To: a@x.com', 30, 1000, 1000);
    INSERT INTO message_label VALUES (1, 'received', 1, 1000), (1, 'unread', 1, 1000);
    INSERT INTO thread_label VALUES (1, 'received', 1), (1, 'unread', 1);
    INSERT INTO reference VALUES (1, x'00', 1);
  `);
  database.close();
}
