// How long a list of threads takes in an inbox of a million mails, the first page and one half-way down, beside the same question asked of
// the database alone; and what such an inbox costs a start and in memory, beside an empty one.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { type Connection, openForReading, openForWriting } from '../../node/mailbox/store/database.ts';
import { MailReader } from '../../node/mailbox/store/mail-reader.ts';
import { ThreadReader } from '../../node/mailbox/store/thread-reader.ts';
import { systemClock } from '../../node/system/clock.ts';
import { type HostProcess, ProcessMesh } from '../host-process.ts';
import { type Benchmark, type Figure, median } from './figure.ts';
import { residentMbOf } from './grown-host.ts';

const MAILS = 1_000_000;
const MAILS_PER_THREAD = 4;
const TOKEN = 'token-of-the-benchmark';
const INBOX = 'a@bench.example.com';
const FLAGS = ['--mailbox', '--mailbox-domain', 'bench.example.com', '--log-level', 'error'];
/** A key may ask 50 times a second. */
const KEYS = 20;
const REQUESTS_PER_ROUND = 40;
/** After its ready line a node compacts its heap, once. */
const SETTLED_MS = 2_000;
/** What we promise. */
const THREADS_MS_MAX = 5;
const START_MORE_MS_MAX = 500;
const MEMORY_MORE_MB_MAX = 150;

/** The time of the mail of a number: a second apart. */
const timeOf = (number: number) => Date.UTC(2026, 0, 1) + number * 1_000;

export const mailboxReadBenchmark: Benchmark = {
  name: 'mailbox-read',
  async run(rounds) {
    await using empty = await meshWithInbox();
    await using full = await meshWithInbox();
    await fill(join(full.host('mac').dataDirectory, 'mailbox'));
    return [...(await startFigures(empty.host('mac'), full.host('mac'), rounds)), ...(await listFigures(full, rounds))];
  },
};

async function meshWithInbox(): Promise<ProcessMesh> {
  const environment = { MESH_TOKEN: TOKEN };
  const mesh = await ProcessMesh.create([{ id: 'mac' }], { flags: FLAGS, environment });
  const host = mesh.host('mac');
  await mkdir(host.dataDirectory, { recursive: true, mode: 0o700 });
  await host.start();
  await asked(`${host.url}/v0/inboxes`, TOKEN, JSON.stringify({ username: 'a' }));
  await host.stop();
  return mesh;
}

/** Mails as the intake would have stored them, by the same tables, without a sync for each. */
async function fill(directory: string): Promise<void> {
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
  const threads = MAILS / MAILS_PER_THREAD;
  const lastAt = `(${timeOf(0)} + (i + ${MAILS - threads}) * 1000)`;
  database.exec(`${numbers(threads)} INSERT INTO thread (row, thread_id, inbox, hidden, subject, senders, recipients, message_count, size,
    last_message_id, last_at, received_at, created_at, updated_at)
    SELECT i + 1, 'thread-' || i, ${inbox}, 0, 'Subject ' || i, '["Jane <jane@y.com>"]', '["${INBOX}"]', ${MAILS_PER_THREAD}, 4000,
    '<' || (i + ${MAILS - threads}) || '@y.com>', ${lastAt}, ${lastAt}, ${at}, ${at} FROM n`);
  database.exec(`${numbers(MAILS)} INSERT INTO raw (digest, size, content, uses)
    SELECT printf('%064x', i), 500, zeroblob(500), 1 FROM n`);
  database.exec(`${numbers(MAILS)} INSERT INTO message (row, inbox, thread, message_id, digest, hidden, at, from_text, from_address, to_text,
    subject, head, text, extracted_text, raw, trace, size, created_at, updated_at)
    SELECT i + 1, ${inbox}, i % ${threads} + 1, '<' || i || '@y.com>', printf('%064x', i), 0, ${at}, 'Jane <jane@y.com>', 'jane@y.com',
    '${INBOX}', 'Subject ' || i, '${head}', 'Hello, this is mail ' || i, 'Hello', printf('%064x', i), 'Delivered-To: ${INBOX}', 1000,
    ${at}, ${at} FROM n`);
  for (const label of ['received', 'unread']) {
    database.exec(
      `${numbers(MAILS)} INSERT INTO message_label (message, label, inbox, at) SELECT i + 1, '${label}', ${inbox}, ${at} FROM n`,
    );
    database.exec(`${numbers(threads)} INSERT INTO thread_label (thread, label, messages)
      SELECT i + 1, '${label}', ${MAILS_PER_THREAD} FROM n`);
  }
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  connection.close();
}

async function startFigures(empty: HostProcess, full: HostProcess, rounds: number): Promise<readonly Figure[]> {
  const seen = { emptyMs: [], fullMs: [], emptyMb: [], fullMb: [] } as Record<string, number[]>;
  for (let round = 0; round < rounds; round += 1)
    for (const [host, name] of [
      [empty, 'empty'],
      [full, 'full'],
    ] as const) {
      const sinceMs = performance.now();
      await host.start();
      seen[`${name}Ms`]?.push(performance.now() - sinceMs);
      await asked(`${host.url}/v0/threads`, TOKEN);
      await systemClock.sleep(SETTLED_MS);
      seen[`${name}Mb`]?.push(await residentMbOf(host.pid));
      await host.stop();
    }
  const figure = (name: string, unit: string, of: string, moreMax: number): Figure => {
    const [value, baseline] = [median(seen[`full${of}`] ?? []), median(seen[`empty${of}`] ?? [])];
    return {
      ...{ name: `${name}, a million mails`, value, unit, baseline: { name: 'with none', value: baseline } },
      ...{ target: `≤ ${moreMax} ${unit} more`, kept: value - baseline <= moreMax },
    };
  };
  return [figure('start', 'ms', 'Ms', START_MORE_MS_MAX), figure('resident memory', 'MB', 'Mb', MEMORY_MORE_MB_MAX)];
}

async function listFigures(mesh: ProcessMesh, rounds: number): Promise<readonly Figure[]> {
  const host = mesh.host('mac');
  await host.start();
  const keys: string[] = [];
  for (let made = 0; made < KEYS; made += 1)
    keys.push(JSON.parse(await asked(`${host.url}/v0/api-keys`, TOKEN, '{}')).api_key);
  const connection = openForReading(join(host.dataDirectory, 'mailbox'));
  const figures: Figure[] = [];
  for (const [name, before] of [
    ['the first page', undefined],
    ['half-way down', timeOf(MAILS - MAILS / MAILS_PER_THREAD / 2)],
  ] as const) {
    const query = before === undefined ? '' : `?before=${new Date(before).toISOString()}`;
    const [tookMs, aloneMs]: [number[], number[]] = [[], []];
    for (let at = 0; at < rounds * REQUESTS_PER_ROUND; at += 1) {
      const sinceMs = performance.now();
      await asked(`${host.url}/v0/inboxes/${INBOX}/threads${query}`, keys[at % KEYS] ?? '');
      tookMs.push(performance.now() - sinceMs);
      aloneMs.push(aloneMsOf(connection, before));
    }
    const value = median(tookMs);
    figures.push({
      ...{ name: `50 threads of a million mails over HTTP, ${name}, p50`, value, unit: 'ms' },
      baseline: { name: 'asked of the database alone', value: median(aloneMs) },
      ...{ target: `≤ ${THREADS_MS_MAX} ms`, kept: value <= THREADS_MS_MAX },
    });
  }
  connection.close();
  await host.stop();
  return figures;
}

function aloneMsOf(connection: Connection, before: number | undefined): number {
  const reader = new ThreadReader(connection, new MailReader(connection));
  const filter = { labels: [], include: [], from: [], to: [], subject: [], before };
  const sinceMs = performance.now();
  const { items } = reader.list({ ...filter, inboxId: INBOX, limit: 50, isAscending: false });
  if (items.length !== 50) throw new Error(`A page has ${items.length} threads.`);
  return performance.now() - sinceMs;
}

const dispatcher = new Agent({ connections: 1 });

/** The answer to a request of whoever has the key. `form`: what it sends. */
async function asked(url: string, key: string, form?: string): Promise<string> {
  const sent = form === undefined ? {} : ({ method: 'POST', body: form } as const);
  const { statusCode, body } = await request(url, { dispatcher, headers: { authorization: `Bearer ${key}` }, ...sent });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}: ${text}`);
  return text;
}
