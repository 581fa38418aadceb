import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Connection, openForReading } from '../../../../node/mailbox/store/database.ts';
import { MailReader } from '../../../../node/mailbox/store/mail-reader.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@x.com';
const ALL = { labels: [], include: [], from: [], to: [], subject: [], limit: 50, isAscending: true };

let directory: string;
let writer: Writer;
let reading: Connection;
let mails: MailReader;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-texts-'));
  const choices = { chooseThread, baseSubject };
  writer = await Writer.open({ directory, random: seededRandom(1), nowMs: 500, hostId: 'mac', ...choices });
  await writer.beginInbox({ inboxId: A, makesAgent: true, atMs: 1 });
  await writer.activateInbox({ inboxId: A, agentId: 'agent', atMs: 2 });
  reading = openForReading(directory);
  mails = new MailReader(reading);
});

afterEach(() => {
  reading.close();
  writer.close();
  rmSync(directory, { recursive: true });
});

describe('what a mail says by itself', () => {
  const cases = [
    ['is all that it says', { text: 'Hello', extractedText: 'Hello' }],
    ['is less', { text: 'Hello\n> quoted', extractedText: 'Hello' }],
    ['is nothing, as the mail has no text', { text: undefined, extractedText: undefined }],
    ['is unknown', { text: 'Hello', extractedText: undefined }],
  ] as const;

  it.each(cases)('is read as it was found when it %s', async (_, { text, extractedText }) => {
    await writer.store(receivedMail({ content: { headerId: '<1@y.com>', text, extractedText } }));
    const texts = { text, extractedText };
    expect(mails.find({ inboxId: A, messageId: '<1@y.com>' })).toMatchObject(texts);
    expect(mails.list({ ...ALL, inboxId: A }).items[0]).toMatchObject(texts);
  });

  it('stands there once when it is all that it says', async () => {
    const text = 'sesquipedalian';
    await writer.store(receivedMail({ content: { headerId: '<1@y.com>', text, extractedText: text } }));
    expect(reading.get('SELECT extracted_text FROM message')).toEqual({ extracted_text: '' });
  });

  it('counts for the octets of a page though it stands there once', async () => {
    const text = 'x'.repeat(1_500_000);
    for (const at of [1, 2]) {
      const content = { headerId: `<${at}@y.com>`, inReplyTo: ['<1@y.com>'], text, extractedText: text };
      await writer.store(receivedMail({ content, raw: `mail ${at}`, atMs: at }));
    }
    expect(mails.ofThread(1, { limit: 50 }).items.map(({ messageId }) => messageId)).toEqual(['<2@y.com>']);
  });
});
