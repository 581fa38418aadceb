// What people are shown of all inboxes at once.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ListPlace } from '../../../../node/mailbox/list.ts';
import { type Connection, openForReading } from '../../../../node/mailbox/store/database.ts';
import { OverviewReader } from '../../../../node/mailbox/store/overview-reader.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { type MailWish, receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const [A, B] = ['a@x.com', 'b@x.com'];
const SPOOFED: MailWish['delivery'] = { mailClass: 'unauthenticated', isAuthenticated: false };

let directory: string;
let writer: Writer;
let connection: Connection;
let overview: OverviewReader;
let stored: number;

beforeEach(async () => {
  stored = 0;
  directory = mkdtempSync(join(tmpdir(), 'mailbox-'));
  const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', chooseThread, baseSubject };
  writer = await Writer.open({ ...made, directory });
  for (const inboxId of [A, B]) {
    await writer.beginInbox({ inboxId, makesAgent: true, atMs: 1 });
    await writer.activateInbox({ inboxId, agentId: 'agent', atMs: 2 });
  }
  connection = openForReading(directory);
  overview = new OverviewReader(connection);
});

afterEach(() => {
  connection.close();
  writer.close();
  rmSync(directory, { recursive: true });
});

const store = async (to: string, wish: MailWish = {}) => {
  stored += 1;
  await writer.store(receivedMail({ to: [to], atMs: stored, content: { headerId: `<${stored}@y.com>` }, ...wish }));
};
const label = (messageId: string, add: readonly string[], remove: readonly string[] = []) =>
  writer.changeLabels({
    meant: { inboxId: A, messageId },
    change: { add, remove, required: [], excluded: [], atMs: 9 },
  });
const heldBack = (place?: ListPlace) => overview.heldBackMails({ limit: 2, place });

describe('mails that are held back', () => {
  it('are those of all inboxes, the newest first, each once, a page at a time', async () => {
    for (const to of [A, B, A, A]) await store(to, { delivery: SPOOFED });
    await store(A);
    await label('<1@y.com>', ['spam', 'blocked']);
    await label('<5@y.com>', ['trash']);
    const first = heldBack();
    const second = heldBack(first.next);
    expect([...first.items, ...second.items].map(({ messageId }) => messageId)).toEqual(
      [4, 3, 2, 1].map((id) => `<${id}@y.com>`),
    );
    expect(second.next).toBeUndefined();
    expect(second.items[1]).toMatchObject({
      inboxId: A,
      labels: ['blocked', 'received', 'spam', 'unauthenticated', 'unread'],
    });
    expect(overview.heldBackMails({ limit: 9, label: 'spam' }).items).toHaveLength(1);
  });

  it('are there no more when they are released, or their inbox is deleted', async () => {
    await store(A, { delivery: SPOOFED });
    await store(B, { delivery: SPOOFED });
    await label('<1@y.com>', [], ['unauthenticated']);
    expect(heldBack().items.map(({ inboxId }) => inboxId)).toEqual([B]);
    await writer.deleteInbox({ inboxId: B, atMs: 9 });
    expect(heldBack().items).toEqual([]);
  });
});

describe('counts', () => {
  it('tell how much waits, without what is hidden', async () => {
    await store(A);
    await store(A, { delivery: SPOOFED });
    await label('<2@y.com>', ['spam']);
    expect(overview.unreadIn([A, B, 'c@x.com'])).toEqual([1, 0, 0].map((count) => ({ count, isMore: false })));
    expect(overview.waitingForPeople()).toEqual({
      drafts: { count: 0, isMore: false },
      heldBack: { count: 1, isMore: false },
    });
  });

  it('end at a bound, and say that there may be more', async () => {
    for (let count = 0; count < 200; count += 1) await store(A);
    expect(overview.unreadIn([A])).toEqual([{ count: 200, isMore: true }]);
  });
});
