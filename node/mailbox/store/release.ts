// A mail that leaves quarantine is threaded as if it came now: in quarantine it joined no thread and bound no id. It is the one time that
// the thread of a mail changes. Runs within a transaction.
import type { AppendEvent } from '../event.ts';
import type { ChooseThread, MailContent } from '../message.ts';
import type { Connection } from './database.ts';
import { idsOf, type MessageHead } from './message-row.ts';
import { bindReferences, knownThreads } from './references.ts';
import { moveToThread, refreshThread } from './thread-rows.ts';

export interface ReleaseParts {
  readonly connection: Connection;
  readonly chooseThread: ChooseThread;
  /** The subject without its reply prefixes; `undefined`: too short to find a thread by. */
  readonly baseSubject: (subject: string) => string | undefined;
  readonly appendEvent: AppendEvent;
}

interface Released {
  readonly inbox: number;
  readonly thread: number;
  readonly message_id: string;
  readonly at: number;
  readonly from_text: string;
  readonly from_address: string | null;
  readonly subject: string | null;
  readonly head: string;
}

/** `message`: the row of a mail whose labels of quarantine were taken away just now. */
export function releaseMail(parts: ReleaseParts, message: number, atMs: number): void {
  const { connection, chooseThread, baseSubject, appendEvent } = parts;
  const mail = connection.get<Released>('SELECT * FROM message WHERE row = ?', message);
  if (mail === undefined) throw new Error(`The mail in row ${message} is gone within its own transaction.`);
  const { inbox, thread } = mail;
  // Whoever marked it as spam later has left it in the thread that it had, and everybody has heard of it.
  if (wasShown(connection, message)) return;
  const content = contentOf(mail);
  const isAutomated = hasLabel(connection, message, 'automated');
  const threadId = chooseThread(
    // A person says that it may be read, and not that it is from whom it says.
    { content, mailClass: 'received', isAuthenticated: false, isAutomated, receivedAtMs: mail.at },
    knownThreads(connection, inbox),
  );
  const sql = 'SELECT row FROM thread WHERE thread_id = ? AND inbox = ?';
  const chosen = threadId === undefined ? undefined : connection.get<{ row: number }>(sql, threadId, inbox)?.row;
  // An answer that was sent to it from quarantine lies in its own thread.
  if (chosen !== undefined && chosen !== thread) moveToThread(connection, message, { from: thread, to: chosen, atMs });
  else {
    const base = mail.subject === null ? undefined : baseSubject(mail.subject);
    connection.run('UPDATE thread SET base_subject = ? WHERE row = ?', base ?? null, thread);
    refreshThread(connection, thread, atMs);
  }
  bindReferences(connection, inbox, chosen ?? thread, idsOf(mail.message_id, content));
  appendEvent(message, { type: 'message.received' }, atMs);
}

/** The part of it by which threads are chosen. */
function contentOf({ head, from_text: from, from_address: fromAddress, subject }: Released): MailContent {
  return {
    ...(JSON.parse(head) as MessageHead),
    ...{ from, fromAddress: fromAddress ?? undefined, subject: subject ?? undefined, parts: [] },
  };
}

function hasLabel(connection: Connection, message: number, label: string): boolean {
  return connection.get('SELECT 1 FROM message_label WHERE message = ? AND label = ?', message, label) !== undefined;
}

/** Whether it was in no quarantine at any time before its labels were changed just now, by what each change since then undoes. */
function wasShown(connection: Connection, message: number): boolean {
  const changes = connection.all<{ label: string; is_added: number }>(CHANGES, message);
  const held = new Set<string>();
  let isBefore = false;
  for (const { label, is_added: isAdded } of changes) {
    if (isAdded === 1) held.delete(label);
    else held.add(label);
    if (held.size > 0) isBefore = true;
    else if (isBefore) return true;
  }
  return false;
}

const CHANGES = `SELECT label, is_added FROM label_event WHERE message = ? AND label IN ('spam', 'blocked', 'unauthenticated')
  ORDER BY row DESC`;
