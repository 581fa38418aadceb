// A node with one inbox of a million mails, or some other number, which would take an hour to come in: they are put there by the same tables.
import { mkdir } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { openForWriting } from '../../node/mailbox/store/database.ts';
import { SearchRows } from '../../node/mailbox/store/search-rows.ts';
import { ProcessMesh } from '../host-process.ts';

export const MAILS = 1_000_000;
export const MAILS_PER_THREAD = 4;
/** Mails that are put into the index of words in one go. */
const INDEXED_AT_ONCE = 10_000;
export const TOKEN = 'token-of-the-benchmark';
export const INBOX = 'a@bench.example.com';
const FLAGS = ['--mailbox', '--mailbox-domain', 'bench.example.com', '--log-level', 'error'];

/** The time of the mail of a number: a second apart. */
export const timeOf = (number: number) => Date.UTC(2026, 0, 1) + number * 1_000;

/** A node that is stopped. `flags`: further ones. */
export async function meshWithInbox(...flags: readonly string[]): Promise<ProcessMesh> {
  const environment = { MESH_TOKEN: TOKEN };
  const mesh = await ProcessMesh.create([{ id: 'mac' }], { flags: [...FLAGS, ...flags], environment });
  const host = mesh.host('mac');
  await mkdir(host.dataDirectory, { recursive: true, mode: 0o700 });
  await host.start();
  await asked(`${host.url}/v0/inboxes`, TOKEN, JSON.stringify({ username: 'a' }));
  await host.stop();
  return mesh;
}

export interface Filling {
  readonly mails?: number;
  /** The text of the mail of a number; absent: a short one. Present: it is put into the index of words, too. */
  readonly textOf?: (number: number) => string;
}

/**
 * Mails as the intake would have stored them, by the same tables, without a sync for each. Resolves with the milliseconds that it took to put
 * them into the index of words, if they were.
 */
export async function fillInbox(directory: string, { mails = MAILS, textOf }: Filling = {}): Promise<number> {
  const connection = openForWriting(directory);
  const { database } = connection;
  const inbox = connection.get<{ row: number }>('SELECT row FROM inbox WHERE inbox_id = ?', INBOX)?.row ?? 0;
  const head = JSON.stringify({
    to: [INBOX],
    cc: [],
    bcc: [],
    replyTo: [],
    preview: 'Hello',
    inReplyTo: [],
    references: [],
    headers: {},
  });
  database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN');
  const numbers = (count: number) =>
    `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count})`;
  const at = `(${timeOf(0)} + i * 1000)`;
  database.function('text_of', (number) => textOf?.(Number(number)) ?? `Hello, this is mail ${number}`);
  const threads = mails / MAILS_PER_THREAD;
  const lastAt = `(${timeOf(0)} + (i + ${mails - threads}) * 1000)`;
  database.exec(`${numbers(threads)} INSERT INTO thread (row, thread_id, inbox, hidden, subject, senders, recipients, message_count, size,
    last_message_id, last_at, received_at, created_at, updated_at)
    SELECT i + 1, 'thread-' || i, ${inbox}, 0, 'Subject ' || i, '["Jane <jane@y.com>"]', '["${INBOX}"]', ${MAILS_PER_THREAD}, 4000,
    '<' || (i + ${mails - threads}) || '@y.com>', ${lastAt}, ${lastAt}, ${at}, ${at} FROM n`);
  database.exec(`${numbers(mails)} INSERT INTO raw (digest, size, content, uses)
    SELECT printf('%064x', i), 500, zeroblob(500), 1 FROM n`);
  database.exec(`${numbers(mails)} INSERT INTO message (row, inbox, thread, message_id, digest, hidden, at, from_text, from_address, to_text,
    subject, head, text, extracted_text, raw, trace, size, created_at, updated_at)
    SELECT i + 1, ${inbox}, i % ${threads} + 1, '<' || i || '@y.com>', printf('%064x', i), 0, ${at}, 'Jane <jane@y.com>', 'jane@y.com',
    '${INBOX}', 'Subject ' || i, '${head}', text_of(i), 'Hello', printf('%064x', i), 'Delivered-To: ${INBOX}', 1000,
    ${at}, ${at} FROM n`);
  for (const label of ['received', 'unread']) {
    database.exec(
      `${numbers(mails)} INSERT INTO message_label (message, label, inbox, at) SELECT i + 1, '${label}', ${inbox}, ${at} FROM n`,
    );
    database.exec(`${numbers(threads)} INSERT INTO thread_label (thread, label, messages)
      SELECT i + 1, '${label}', ${MAILS_PER_THREAD} FROM n`);
  }
  // Where nothing looks for words: a million mails take minutes to be put into their index, which a start would begin with.
  if (textOf === undefined) database.exec('DELETE FROM search_waiting');
  const sinceMs = performance.now();
  const rows = new SearchRows(connection);
  while (rows.indexSome(INDEXED_AT_ONCE) !== undefined);
  const tookMs = performance.now() - sinceMs;
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  connection.close();
  return tookMs;
}

const dispatcher = new Agent({ connections: 1 });

/** The answer to a request of whoever has the key. `form`: what it sends. */
export async function asked(url: string, key: string, form?: string): Promise<string> {
  const sent = form === undefined ? {} : ({ method: 'POST', body: form } as const);
  const { statusCode, body } = await request(url, { dispatcher, headers: { authorization: `Bearer ${key}` }, ...sent });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}: ${text}`);
  return text;
}
