// The baseline of the deliveries: what a program writes that has no sender of webhooks at hand. Take the next row from SQLite, sign it, POST
// it, mark it as done; one after the other, each mark durable before the next.
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Agent, request } from 'undici';
import { SECRET } from './webhook-receivers.ts';

const KEY = Buffer.from(SECRET.slice('whsec_'.length), 'base64');

/** Sends so many; resolves when all are marked as done. */
export async function sendBarely(url: string, bodies: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'agent-email-mesh-bare-sender-'));
  const database = new DatabaseSync(join(directory, 'queue.db'));
  const dispatcher = new Agent({ connections: 1 });
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec('CREATE TABLE queue (id INTEGER PRIMARY KEY, body TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0)');
  database.exec('CREATE INDEX waiting ON queue (id) WHERE done = 0');
  const insert = database.prepare('INSERT INTO queue (body) VALUES (?)');
  database.exec('BEGIN');
  for (const body of bodies) insert.run(body);
  database.exec('COMMIT');
  const next = database.prepare('SELECT id, body FROM queue WHERE done = 0 ORDER BY id LIMIT 1');
  const mark = database.prepare('UPDATE queue SET done = 1 WHERE id = ?');
  for (;;) {
    const row = next.get() as { readonly id: number; readonly body: string } | undefined;
    if (row === undefined) break;
    if ((await post(dispatcher, url, { id: `bare_${row.id}`, text: row.body })) === 204) mark.run(row.id);
  }
  await dispatcher.close();
  database.close();
  rmSync(directory, { recursive: true });
}

/** Sends the same POSTs and does nothing else, so many at once: what the machine, the receiver and an HTTP client leave to a sender. */
export async function postBarely(url: string, bodies: readonly string[], atOnce: number): Promise<void> {
  const dispatcher = new Agent({ connections: atOnce, pipelining: 1 });
  const waiting = bodies.entries();
  const work = async () => {
    for (const [at, text] of waiting) await post(dispatcher, url, { id: `floor_${at}`, text });
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  await dispatcher.close();
}

async function post(
  dispatcher: Agent,
  url: string,
  { id, text }: { readonly id: string; readonly text: string },
): Promise<number> {
  const at = Math.floor(Date.now() / 1_000);
  const signature = createHmac('sha256', KEY).update(`${id}.${at}.${text}`).digest('base64');
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` };
  const { statusCode, body } = await request(url, { method: 'POST', dispatcher, body: text, headers });
  await body.dump();
  return statusCode;
}
