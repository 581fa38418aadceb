// Threads of which an earlier program counted mails along that are held back.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { form21 } from '../../../../node/mailbox/store/migrations/form-21.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@x.com';

let directory: string;
let writer: Writer;
let made: number;

beforeEach(async () => {
  made = 0;
  directory = mkdtempSync(join(tmpdir(), 'mailbox-threads-'));
  writer = await Writer.open({
    ...{ directory, random: seededRandom(1), nowMs: 500, hostId: 'mac', chooseThread, baseSubject },
  });
  await writer.beginInbox({ inboxId: A, makesAgent: true, atMs: 1 });
  await writer.activateInbox({ inboxId: A, agentId: 'agent', atMs: 2 });
});

afterEach(() => rmSync(directory, { recursive: true }));

async function receive(inReplyTo: readonly string[], from: string, cc: readonly string[] = []): Promise<void> {
  made += 1;
  const headerId = `<${made}@y.com>`;
  const content = { headerId, inReplyTo, from, cc, preview: `About ${made}` };
  await writer.store(receivedMail({ raw: `mail ${made}`, atMs: made * 1_000, content }));
}

const label = (id: number, add: readonly string[]) =>
  writer.changeLabels({
    meant: { inboxId: A, messageId: `<${id}@y.com>` },
    change: { add, remove: [], required: [], excluded: [], atMs: 50_000 },
  });

it('say what they show, and those that show nothing else, or all, stay as they are', async () => {
  await receive([], 'Jane <jane@y.com>', ['bob@y.com', 'ann@y.com']);
  await receive(['<1@y.com>'], 'Spam <spam@y.com>', ['zoe@y.com']);
  await receive(['<1@y.com>'], 'Bob <bob@y.com>', ['ann@y.com', 'zoe@y.com']);
  await receive(['<1@y.com>'], 'Jane <jane@y.com>');
  await receive([], 'Whole <whole@y.com>');
  await receive([], 'Hidden <hidden@y.com>');
  for (const id of [2, 4, 6]) await label(id, ['trash']);
  writer.close();
  const database = new DatabaseSync(join(directory, 'mailbox.db'));
  const rows = () => database.prepare('SELECT * FROM thread ORDER BY row').all();
  const right = rows();
  expect(right).toMatchObject([
    { message_count: 2, last_message_id: '<3@y.com>', hidden: 0 },
    { message_count: 1, hidden: 0 },
    { message_count: 1, hidden: 1 },
  ]);
  database.exec(`UPDATE thread SET message_count = 4, size = 9, last_message_id = '<4@y.com>', last_at = 4000, preview = 'About 4',
    senders = '["Spam"]', recipients = '[]', received_at = 4000, sent_at = 5000 WHERE row = 1`);
  form21(database);
  expect(rows()).toEqual(right);
  form21(database);
  expect(rows()).toEqual(right);
  database.close();
});
