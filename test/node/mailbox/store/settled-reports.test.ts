// A report that says that a mail has reached somebody: told of once, about those alone whom the mail went to.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openForReading } from '../../../../node/mailbox/store/database.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@x.com';
const ABOUT = '<1@x.com>';

let directory: string;
let writer: Writer;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-settled-'));
  const threads = { chooseThread: () => undefined, baseSubject: () => undefined };
  writer = await Writer.open({ directory, random: seededRandom(1), nowMs: 500, hostId: 'mac', ...threads });
  await writer.beginInbox({ inboxId: A, makesAgent: true, atMs: 1 });
  await writer.activateInbox({ inboxId: A, agentId: 'agent', atMs: 2 });
  const to = ['Jane <jane@y.com>', 'bob@y.com'];
  await writer.store({ ...receivedMail({ content: { headerId: ABOUT, to } }), labels: ['sent'] });
});

afterEach(() => {
  writer.close();
  rmSync(directory, { recursive: true });
});

const report = async (raw: string) => {
  const mail = receivedMail({ raw, content: { headerId: `<${raw}@y.com>` } });
  await writer.store({ ...mail, report: { kind: 'bounce', aboutId: ABOUT } });
  return writer.leftReports().at(-1)?.message ?? 0;
};
const settle = (message: number, delivered: readonly string[], aboutId = ABOUT) =>
  writer.write(() => writer.outcomes.settleReport({ message, delivered, aboutId, atMs: 3_000 }));
const told = () => {
  const reading = openForReading(directory);
  const sql = "SELECT payload FROM event WHERE event_type = 'message.delivered' ORDER BY row";
  const found = reading.all<{ payload: string }>(sql).map(({ payload }) => JSON.parse(payload).delivery.recipients);
  const labels = reading.all('SELECT 1 FROM message_label WHERE label = ?', 'delivered').length;
  reading.close();
  return { found, labels };
};

describe('a report of a delivery', () => {
  it('is told, with the label, once', async () => {
    const message = await report('first');
    for (const _ of [1, 2]) await settle(message, ['JANE@y.com', 'eve@y.com']);
    expect(told()).toEqual({ found: [['jane@y.com']], labels: 1 });
    await settle(await report('second'), ['bob@y.com']);
    expect(told()).toEqual({ found: [['jane@y.com'], ['bob@y.com']], labels: 1 });
    expect(writer.leftReports()).toEqual([]);
  });

  it.each([
    ['of nobody whom the mail went to', ['eve@y.com'], ABOUT],
    ['of nobody at all', [], ABOUT],
    ['of another mail', ['jane@y.com'], '<other@x.com>'],
  ])('that speaks %s tells nothing', async (_, delivered, about) => {
    await settle(await report('first'), delivered, about);
    expect(told()).toEqual({ found: [], labels: 0 });
  });
});

describe('an inbox', () => {
  it('knows how many mails it has', async () => {
    const full = () => writer.findInbox(A);
    expect(full()?.mails).toBe(1);
    await report('first');
    expect(full()?.mails).toBe(2);
  });
});
