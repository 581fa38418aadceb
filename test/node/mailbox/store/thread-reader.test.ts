// Threads that are long: what a list shows of them is found without a look at each of their mails.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MailPart } from '../../../../node/mailbox/message.ts';
import { type Connection, openForReading } from '../../../../node/mailbox/store/database.ts';
import { MailReader } from '../../../../node/mailbox/store/mail-reader.ts';
import { ThreadReader } from '../../../../node/mailbox/store/thread-reader.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { receivedMail } from '../../../support/mails.ts';
import { stepsOf } from '../../../support/planned-queries.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const INBOX = 'a@x.com';
const LIST = { labels: [], include: [], from: [], to: [], subject: [], limit: 10, isAscending: false };

let directory: string;
let writer: Writer;
let connection: Connection;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-threads-'));
  const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', chooseThread, baseSubject };
  writer = await Writer.open({ ...made, directory });
  await writer.beginInbox({ inboxId: INBOX, makesAgent: true, atMs: 1 });
  await writer.activateInbox({ inboxId: INBOX, agentId: 'agent', atMs: 2 });
  connection = openForReading(directory);
});

afterEach(() => {
  connection.close();
  writer.close();
  rmSync(directory, { recursive: true });
});

const partNamed = (attachmentId: string): MailPart => ({
  ...{
    attachmentId,
    filename: attachmentId,
    contentType: 'text/plain',
    disposition: 'attachment',
    contentId: undefined,
  },
  ...{ encoding: 'identity', start: 0, end: 4, size: 4 },
});

/** Mails of one thread, with an attachment each where they have a name for it. */
async function receive(...names: readonly (string | undefined)[]): Promise<void> {
  for (const [at, name] of names.entries()) {
    const parts = name === undefined ? [] : [partNamed(name)];
    const references = at === 0 ? {} : { inReplyTo: ['<0@y.com>'] };
    await writer.store(
      receivedMail({
        to: [INBOX],
        raw: `mail ${at}`,
        atMs: at,
        content: { headerId: `<${at}@y.com>`, parts, ...references },
      }),
    );
  }
}

const listed = (from = connection) => new ThreadReader(from, new MailReader(from)).list(LIST).items;

describe('a list of threads', () => {
  it('has the attachments of each, but those of mails that are held back', async () => {
    await receive(undefined, 'one', undefined, 'two', 'three');
    const meant = { inboxId: INBOX, messageId: '<3@y.com>' };
    await writer.changeLabels({ meant, change: { add: ['trash'], remove: [], required: [], excluded: [], atMs: 9 } });
    expect(listed().map(({ parts }) => parts.map(({ attachmentId }) => attachmentId))).toEqual([['one', 'three']]);
  });

  it('reads the rows of mails in those threads alone that have some held back, or attachments', async () => {
    await receive(undefined, 'one');
    const plans = stepsOf(connection, (noted) => listed(noted));
    const reading = plans.filter((steps) => steps.some((step) => /^SEARCH message USING/.test(step)));
    expect(reading.length).toBeGreaterThan(1);
    for (const steps of reading) {
      const read = steps.findIndex((step) => /^SEARCH message USING/.test(step));
      const before = steps.slice(0, read);
      expect(
        before.some((step) => /^(SCAN mixed|SEARCH part USING)/.test(step)),
        steps.join('\n'),
      ).toBe(true);
    }
  });
});
