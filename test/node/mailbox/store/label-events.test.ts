import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Connection, openForReading, openForWriting } from '../../../../node/mailbox/store/database.ts';
import { LabelEvents, listLabelEvents } from '../../../../node/mailbox/store/label-events.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const DAY_MS = 24 * 3_600_000;
const A = 'a@x.com';

let directory: string;
let writer: Writer;
let reading: Connection;
let made: number;

beforeEach(async () => {
  made = 0;
  directory = mkdtempSync(join(tmpdir(), 'mailbox-labels-'));
  const threads = { chooseThread: () => undefined, baseSubject: () => undefined };
  writer = await Writer.open({ directory, random: seededRandom(1), nowMs: 500, hostId: 'mac', ...threads });
  await writer.beginInbox({ inboxId: A, makesAgent: true, atMs: 1 });
  await writer.activateInbox({ inboxId: A, agentId: 'agent', atMs: 2 });
  reading = openForReading(directory);
});

afterEach(() => {
  reading.close();
  writer.close();
  rmSync(directory, { recursive: true });
});

const receive = async () => {
  made += 1;
  const [stored] = await writer.store(receivedMail({ raw: `mail ${made}`, content: { headerId: `<${made}@y.com>` } }));
  return { inboxId: A, messageId: String(stored?.messageId) };
};

describe('a change of a label', () => {
  const list = (more: object = {}) => listLabelEvents(reading, { inboxId: A, limit: 10, isAscending: true, ...more });
  const change = (meant: { inboxId: string; messageId: string }, add: string[], remove: string[], atMs: number) =>
    writer.changeLabels({ meant, change: { add, remove, required: [], excluded: [], atMs } });

  it('is a row, and labels that a mail comes with are none', async () => {
    const mail = await receive();
    await change(mail, ['billing'], ['unread'], 2_000);
    await change(mail, ['billing'], ['unread'], 3_000);
    expect(list().items.map(({ label, isAdded, messageId, atMs }) => [label, isAdded, messageId, atMs])).toEqual([
      ['billing', true, '<1@y.com>', 2_000],
      ['unread', false, '<1@y.com>', 2_000],
    ]);
  });

  it('is a row, too, where a mail comes back to who sent it, or is complained of', async () => {
    const mail = await receive();
    await change(mail, ['sent'], ['received', 'unread'], 2_000);
    const same = receivedMail({ atMs: 3_000, raw: 'mail 1', content: { headerId: '<1@y.com>' } });
    for (const _ of [1, 2]) expect(await writer.store(same)).toMatchObject([{ status: 'duplicate' }]);
    const report = { kind: 'complaint', aboutId: mail.messageId } as const;
    for (const raw of ['first', 'second'])
      await writer.store({ ...receivedMail({ atMs: 4_000, raw, content: { headerId: `<${raw}@y.com>` } }), report });
    expect(
      list()
        .items.slice(3)
        .map(({ label, isAdded, atMs }) => [label, isAdded, atMs]),
    ).toEqual([
      ['received', true, 3_000],
      ['complained', true, 4_000],
    ]);
  });

  it('is read in pages, both ways, and goes with its mail', async () => {
    const [mail, other] = [await receive(), await receive()];
    for (const [at, label] of ['one', 'two', 'three'].entries()) await change(mail, [label], [], 2_000 + at);
    await change(other, ['four'], [], 3_000);
    const first = list({ limit: 2, isAscending: false });
    const second = list({ limit: 2, isAscending: false, place: first.next });
    expect([...first.items, ...second.items].map(({ label }) => label)).toEqual(['four', 'three', 'two', 'one']);
    expect(second.next).toBeUndefined();
    await writer.removeMails({ meant: mail, atMs: 4_000 });
    expect(list().items.map(({ label }) => label)).toEqual(['four']);
  });

  it('is kept for 90 days, and so many of them are', async () => {
    const mail = await receive();
    for (const label of ['one', 'two', 'three']) await change(mail, [label], [], label === 'one' ? 0 : 10 * DAY_MS);
    await writer.write(() => writer.labelEvents.trim({ nowMs: 91 * DAY_MS }));
    expect(list().items.map(({ label }) => label)).toEqual(['two', 'three']);
    const connection = openForWriting(directory);
    new LabelEvents(connection, () => 'id', 1).trim({ nowMs: 0 });
    connection.close();
    expect(list().items.map(({ label }) => label)).toEqual(['three']);
  });
});
