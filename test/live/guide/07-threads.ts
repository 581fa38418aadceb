// Chapters 7 and 8: threads, and labels as a state of work.
import { expect } from 'vitest';
import type { GuideWorld, SamplesOf } from '../../support/guide.ts';
import { refusal } from '../../support/live-mailbox.ts';

/** A question that came in, and the answer to it. */
async function conversation({ inbox, receive, client }: GuideWorld) {
  const inboxId = await inbox('conversations');
  const { messageId } = await receive(inboxId, 'A ticket', 'Reply-To: catch@mail.example.com', '', 'It is broken.');
  const { threadId } = await client.inboxes.messages.reply(inboxId, messageId, { text: 'We look at it.' });
  return { inboxId, threadId, messageId };
}

export const threads: SamplesOf<7> = {
  'Retrieving threads': async (world) => {
    const { threadId, messageId } = await conversation(world);
    const thread = await world.client.threads.get(threadId);
    expect([thread.threadId, thread.messages.length, thread.messages[0]?.messageId]).toEqual([threadId, 2, messageId]);
    expect(thread.messages.map(({ text }) => text?.trim())).toEqual(['It is broken.', 'We look at it.']);
  },

  'Retrieving threads: of an inbox': async (world) => {
    const { inboxId, threadId } = await conversation(world);
    const thread = await world.client.inboxes.threads.get(inboxId, threadId);
    expect(thread).toEqual(await world.client.threads.get(threadId));
    const other = await world.inbox('other');
    expect(await refusal(world.client.inboxes.threads.get(other, threadId))).toEqual([404, 'not_found']);
  },

  'Deleting threads': async (world) => {
    const { inboxId, threadId, messageId } = await conversation(world);
    await world.client.inboxes.threads.delete(inboxId, threadId);
    expect(await refusal(world.client.threads.get(threadId))).toEqual([404, 'not_found']);
    expect(await refusal(world.client.inboxes.messages.get(inboxId, messageId))).toEqual([404, 'not_found']);
  },

  'Thread state via labels': async ({ client, inbox }) => {
    const inboxId = await inbox('outbound-agent');
    const send = async (...labels: string[]) => {
      const mail = { to: 'catch@mail.example.com', subject: labels.join(' '), text: 'Hello', labels };
      return (await client.inboxes.messages.send(inboxId, mail)).threadId;
    };
    await send('q4-campaign');
    await send('follow_up');
    const wanted = await send('q4-campaign', 'follow_up');
    const filtered = await client.inboxes.threads.list(inboxId, { labels: ['q4-campaign', 'follow_up'] });
    expect([filtered.count, filtered.threads[0]?.threadId]).toEqual([1, wanted]);
  },
};

export const labels: SamplesOf<8> = {
  // `client.messages`, which the guide has here and nowhere else, is not in the client: messages are those of an inbox.
  'How labels work': async ({ client, inbox }) => {
    expect(client).not.toHaveProperty('messages');
    const inboxId = await inbox('outbound');
    const mail = { to: 'catch@mail.example.com', subject: 'A ticket', text: 'Hello', labels: ['unresolved'] };
    const { messageId } = await client.inboxes.messages.send(inboxId, mail);
    const changed = await client.inboxes.messages.update(inboxId, messageId, {
      addLabels: ['resolved'],
      removeLabels: ['unresolved'],
    });
    expect(changed).toEqual({ messageId, labels: ['resolved', 'sent'] });
  },

  'Labels as workflow states': async ({ client, inbox, receive }) => {
    const inboxId = await inbox('agent');
    const { messageId } = await receive(inboxId, 'To be read', '', 'Hello.');
    const { messages, events } = client.inboxes;
    await messages.update(inboxId, messageId, { addLabels: ['read'], removeLabels: ['unread'] });
    expect((await messages.get(inboxId, messageId)).labels).toEqual(['read', 'received']);
    const told = (await events.list(inboxId)).events.filter((one) => one.messageId === messageId);
    expect(told.map(({ eventType, label }) => `${eventType} ${label}`)).toEqual(
      expect.arrayContaining(['label.added read', 'label.removed unread']),
    );
  },

  'Labels as workflow states: a query': async ({ client, inbox, receive }) => {
    const inboxId = await inbox('queried');
    const [read, left] = [await receive(inboxId, 'Read', '', 'a'), await receive(inboxId, 'Left', '', 'b')];
    await client.inboxes.messages.update(inboxId, read.messageId, { addLabels: ['read'], removeLabels: ['unread'] });
    const unread = await client.inboxes.messages.list(inboxId, { labels: ['unread'] });
    expect(unread.messages.map(({ messageId }) => messageId)).toEqual([left.messageId]);
  },
};
