// Chapter 11, which has no code: whom an inbox hears from and writes to.
import { expect } from 'vitest';
import type { Promises } from '../../support/guide.ts';
import { refusal } from '../../support/live-mailbox.ts';

const mailFrom = (address: string, id: string) =>
  [`From: ${address}`, `Message-ID: <${id}@y.com>`, `Subject: ${id}`, '', 'Hello.', ''].join('\r\n');

export const lists: Promises = {
  'Unsubscribe handling': async ({ client, inbox }) => {
    const inboxId = await inbox('opted-out');
    await client.inboxes.lists.create(inboxId, 'send', 'block', { entry: 'ann@mail.example.com', reason: 'opted out' });
    const { messages } = client.inboxes;
    const sending = messages.send(inboxId, { to: ['bob@mail.example.com', 'ann@mail.example.com'], text: 'News' });
    expect(await refusal(sending)).toEqual([403, 'message_rejected']);
    expect((await messages.list(inboxId)).count, 'nobody got it').toBe(0);
    await messages.send(inboxId, { to: 'bob@mail.example.com', text: 'News' });
  },

  'Spam prevention, of the organization': async ({ client, inbox, hand }) => {
    const inboxId = await inbox('spammed');
    await client.lists.create('receive', 'block', { entry: 'spam.y.com', reason: 'spam' });
    expect(await hand(inboxId, mailFrom('joe@spam.y.com', 'cheap'))).toMatch(/^250 /);
    expect((await client.inboxes.messages.list(inboxId)).count).toBe(0);
    const kept = await client.inboxes.messages.list(inboxId, { includeBlocked: true });
    expect(kept.messages.map(({ subject, labels }) => [subject, labels.includes('blocked')])).toEqual([
      ['cheap', true],
    ]);
  },

  Compliance: async ({ client, inbox }) => {
    const inboxId = await inbox('buyer');
    await client.inboxes.lists.create(inboxId, 'send', 'allow', { entry: 'mail.example.com' });
    const { messages } = client.inboxes;
    const elsewhere = messages.send(inboxId, { to: 'joe@vendor.example', text: 'An offer, please' });
    expect(await refusal(elsewhere)).toEqual([403, 'message_rejected']);
    await messages.send(inboxId, { to: 'bob@mail.example.com', text: 'An offer, please' });
  },

  Security: async ({ client, inbox, hand, receive }) => {
    const inboxId = await inbox('sensitive');
    await client.inboxes.lists.create(inboxId, 'receive', 'allow', { entry: 'jane@y.com' });
    const { messageId } = await receive(inboxId, 'Of a partner', '', 'Hello.');
    expect(await hand(inboxId, mailFrom('other@y.com', 'stranger'))).toMatch(/^250 /);
    const { messages } = await client.inboxes.messages.list(inboxId);
    expect(messages.map((one) => one.messageId)).toEqual([messageId]);
  },
};
