// The event of a mail that came in is made of what was put into its row; an event that is made of the row afterwards says the same.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openForWriting } from '../../../../node/mailbox/store/database.ts';
import { EventReader, EventRows } from '../../../../node/mailbox/store/event-rows.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { type MailWish, receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@x.com';

let directory: string;
let writer: Writer;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-stored-'));
  const made = { directory, random: seededRandom(1), nowMs: 500, hostId: 'mac' };
  writer = await Writer.open({ ...made, chooseThread, baseSubject });
  await writer.beginInbox({ inboxId: A, makesAgent: true, atMs: 1 });
  await writer.activateInbox({ inboxId: A, agentId: 'agent', atMs: 2 });
});

afterEach(() => {
  writer.close();
  rmSync(directory, { recursive: true });
});

const PART = { attachmentId: '1-0', filename: 'a.txt', encoding: 'identity', start: 0, end: 1, size: 1 } as const;
const RICH: NonNullable<MailWish['content']> = {
  ...{ from: 'Jane \ud83d <jane@y.com>', subject: 'Cut \ud83d', text: 'Hello\n> ', extractedText: 'Hello' },
  ...{ html: '<p>', extractedHtml: '<p>', payload: '{"a":1}', hiddenText: true, replyTo: ['jane@z.com'] },
  ...{ to: [A, A], cc: ['joe@z.com', 'Joe \ud83d <joe@z.com>'], bcc: [A], references: ['<0@y.com>'] },
  ...{ parts: [PART, { ...PART, contentId: 'x', disposition: 'inline' }], headers: { 9: 'x', Subject: 'y', 1: 'z' } },
};
const AUTHENTICATED = { authentication: { spf: 'pass', dkim: 'none', dmarc: 'pass' } };

/** What a payload tells, but for the event's own name. */
const toldIn = (payload: string) => payload.replace(/^\{.*?"message":/, '');

describe('the event of a mail that came in', () => {
  const more = { ...RICH, from: 'joe@z.com', inReplyTo: ['<1@y.com>'] };
  it.each<[string, readonly MailWish[]]>([
    ['begins a thread', [{ content: RICH, delivery: AUTHENTICATED, labels: ['automated', 'Zoo'] }]],
    ['joins a thread', [{ content: RICH }, { content: more, delivery: AUTHENTICATED, labels: ['automated'] }]],
    ['is nobody’s', [{ content: { from: '', headers: {} }, delivery: { mailClass: 'spam', isAuthenticated: false } }]],
    [
      'has more recipients than a thread shows',
      [{ content: { cc: Array.from({ length: 150 }, (_, at) => `${at}@z.com`) } }],
    ],
  ])('tells of it as a reader finds it when it %s', async (_, wishes) => {
    for (const [at, wish] of wishes.entries()) {
      const content = { headerId: `<${at + 1}@y.com>`, ...wish.content };
      await writer.store(receivedMail({ raw: `mail ${at}`, ...wish, content }));
    }
    const connection = openForWriting(directory);
    new EventRows(connection, () => 'again').append(wishes.length, { type: 'message.received' }, 9);
    const told = new EventReader(connection).told({ after: 0, limit: 9, bytes: 1e9 }).slice(-2);
    connection.close();
    const [first, again] = told.map(({ payload, extras }) => [toldIn(payload), extras]);
    expect(first).toEqual(again);
  });
});
