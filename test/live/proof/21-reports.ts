// Steps 21 and 22: what comes back about mail that an inbox has sent: the report of a real Postfix that could not deliver it, and a complaint.
import { expect, it } from 'vitest';
import { refusal } from '../../support/live-mailbox.ts';
import { orgHook } from '../../support/proof-events.ts';
import { complaintAbout, deliveryOf, handOver } from '../../support/proof-mail.ts';
import { mailAt, type ProofSteps, type ProofWorld, WITHOUT_POSTFIX } from '../../support/proof-world.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';

const POLL = { timeout: LIVE_MS_MAX / 2, interval: 100 };
const BOB = 'bob@mail.example.com';
const EVENTS = ['message.sent', 'message.received', 'message.bounced', 'message.complained'] as const;

/** Addresses to which the whole host writes no more, and why. */
async function suppressed({ host }: ProofWorld): Promise<readonly string[]> {
  const response = await fetch(`${host.url}/api/email/suppressions`);
  const { suppressions } = (await response.json()) as { suppressions: { address: string; reason: string }[] };
  return suppressions.map(({ address, reason }) => `${address} ${reason}`);
}

/** The send block list of an inbox has the address for good, and nothing more goes there. */
async function expectBlocked({ client }: ProofWorld, inboxId: string, address: string, reason: string): Promise<void> {
  const { lists, messages } = client.inboxes;
  await expect.poll(() => refusal(lists.get(inboxId, 'send', 'block', address)), POLL).toBe('nothing was refused');
  expect(await lists.get(inboxId, 'send', 'block', address)).toMatchObject({
    ...{ entry: address, entryType: 'email', direction: 'send', listType: 'block', inboxId, reason, readOnly: true },
  });
  expect(await refusal(lists.delete(inboxId, 'send', 'block', address))).toEqual([403, 'cannot_delete']);
  expect(await refusal(messages.send(inboxId, { to: address, text: 'Again.' }))).toEqual([403, 'message_rejected']);
}

export const reports: ProofSteps = (world) => {
  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '21 a report of a real Postfix: message.bounced, in the thread of what was sent, and a block entry that is read-only',
    async () => {
      const { client, newInbox } = world();
      const { messages, threads } = client.inboxes;
      const inboxId = await newInbox();
      await using hook = await orgHook(client, { inboxIds: [inboxId], eventTypes: [...EVENTS] });
      const gone = 'gone@mail.example.com';
      const sent = await messages.send(inboxId, { to: gone, subject: 'Hi', text: 'Words.' });
      const labels = async () =>
        (await threads.get(inboxId, sent.threadId)).messages.map((one) =>
          one.labels.filter((label) => label !== 'automated'),
        );
      await expect.poll(labels, POLL).toEqual([
        ['bounced', 'sent'],
        ['bounce', 'received'],
      ]);
      const unread = await messages.list(inboxId, { labels: ['unread'], includeUnauthenticated: true });
      expect(unread.messages, 'a report is nothing to be read').toEqual([]);
      await expect
        .poll(() => hook.told().map(({ event_type }) => event_type), POLL)
        .toEqual([...['message.sent', 'message.bounced']]);
      const about = { inbox_id: inboxId, thread_id: sent.threadId, message_id: sent.messageId };
      const recipients = [{ address: gone, status: '5.1.1' }];
      expect(hook.told()[1]?.bounce).toMatchObject({ ...about, type: 'Permanent', recipients });
      await expectBlocked(world(), inboxId, gone, 'bounced');
      await expect.poll(() => suppressed(world()), POLL).toContain(`${gone} bounce`);
    },
  );

  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '21 a report that says that a mail was delivered: message.delivered, and no bounce',
    async () => {
      const { client, postfix, newInbox } = world();
      const { messages, threads } = client.inboxes;
      const inboxId = await newInbox();
      const eventTypes = [...EVENTS, 'message.delivered' as const];
      await using hook = await orgHook(client, { inboxIds: [inboxId], eventTypes });
      const sent = await messages.send(inboxId, { to: BOB, subject: 'Hi', text: 'Words.' });
      await mailAt(postfix, 'bob', sent.messageId);
      const types = () => hook.told().map(({ event_type }) => event_type);
      await expect.poll(types, POLL).toEqual(['message.sent']);
      await handOver(world(), '', inboxId, deliveryOf(sent.messageId, BOB));
      await expect.poll(types, POLL).toEqual(['message.sent', 'message.delivered']);
      const about = { inbox_id: inboxId, thread_id: sent.threadId, message_id: sent.messageId };
      expect(hook.told()[1]?.delivery).toMatchObject({ ...about, recipients: [BOB] });
      const labels = (await threads.get(inboxId, sent.threadId)).messages.map((one) => one.labels);
      expect(labels[0]).toEqual(['delivered', 'sent']);
      expect(labels[1]).not.toEqual(expect.arrayContaining(['bounce']));
      expect(labels[1]).not.toEqual(expect.arrayContaining(['unread']));
      expect(await refusal(client.inboxes.lists.get(inboxId, 'send', 'block', BOB))).toEqual([404, 'not_found']);
    },
  );

  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '22 a complaint: message.complained, in the thread of what was sent, and the same entry; a forged one is none',
    async () => {
      const { client, postfix, newInbox } = world();
      const { messages, threads } = client.inboxes;
      const inboxId = await newInbox();
      await using hook = await orgHook(client, { inboxIds: [inboxId], eventTypes: [...EVENTS] });
      const fred = 'fred@mail.example.com';
      const sent = await messages.send(inboxId, { to: fred, subject: 'Hi', text: 'Words.' });
      await mailAt(postfix, 'fred', sent.messageId);

      await handOver(world(), 'joe@z.com', inboxId, complaintAbout(sent.messageId, '<forged-complaint@y.com>'));
      const forged = await messages.get(inboxId, '<forged-complaint@y.com>');
      expect(forged.labels).toContain('unauthenticated');
      expect((await messages.get(inboxId, sent.messageId)).labels).not.toContain('complained');

      await handOver(world(), 'fbl@y.com', inboxId, complaintAbout(sent.messageId, '<complaint@y.com>'));
      expect((await messages.get(inboxId, sent.messageId)).labels).toContain('complained');
      const thread = await threads.get(inboxId, sent.threadId);
      expect(thread.messages.map(({ messageId }) => messageId)).toEqual([sent.messageId, '<complaint@y.com>']);
      const report = await messages.get(inboxId, '<complaint@y.com>');
      expect(report.labels).not.toContain('unread');
      await expect
        .poll(
          () =>
            hook
              .told()
              .map(({ event_type }) => event_type)
              .toSorted(),
          POLL,
        )
        .toEqual([...['message.complained', 'message.sent']]);
      const told = hook.told().find(({ event_type }) => event_type === 'message.complained');
      const about = { inbox_id: inboxId, thread_id: sent.threadId, message_id: sent.messageId };
      expect(told?.complaint).toMatchObject({ ...about, type: 'abuse', recipients: [fred] });
      await expectBlocked(world(), inboxId, fred, 'complained');
      await expect.poll(() => suppressed(world()), POLL).toContain(`${fred} complaint`);
    },
  );
};
