// The baseline of the deliveries: what a program writes that has no sender of webhooks at hand. Take the next row from SQLite, sign it, POST
// it, mark it as done; one after the other, each mark durable before the next.
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Agent, request } from 'undici';
import { SECRET } from './webhook-receivers.ts';

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
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
  for (;;) {
    const row = next.get() as { readonly id: number; readonly body: string } | undefined;
    if (row === undefined) break;
    const [id, at] = [`bare_${row.id}`, Math.floor(Date.now() / 1_000)];
    const signature = createHmac('sha256', key).update(`${id}.${at}.${row.body}`).digest('base64');
    const { statusCode, body } = await request(url, {
      method: 'POST',
      dispatcher,
      body: row.body,
      headers: { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` },
    });
    await body.dump();
    if (statusCode === 204) mark.run(row.id);
  }
  await dispatcher.close();
  database.close();
  rmSync(directory, { recursive: true });
}
