// Chapters 2 and 3, which have no code: a thread as memory and record, and an inbox for one code.
import { expect } from 'vitest';
import type { Promises } from '../../support/guide.ts';
import { refusal } from '../../support/live-mailbox.ts';

export const why: Promises = {
  'Memory, and the audit trail': async ({ client, inbox, receive }) => {
    const inboxId = await inbox('memory');
    const { messages, events } = client.inboxes;
    const asked = await receive(inboxId, 'An invoice', 'Reply-To: catch@mail.example.com', '', 'It is too high.');
    const said = await messages.reply(inboxId, asked.messageId, { text: 'We look at it.' });
    await receive(inboxId, 'Re: An invoice', `In-Reply-To: ${said.messageId}`, '', 'Thank you.');
    const labels = ['billing', 'escalated', 'priority-high'];
    await messages.update(inboxId, asked.messageId, { addLabels: labels });

    const thread = await client.threads.get(said.threadId);
    expect(thread.messages.map(({ from, to, subject, text }) => [from, to[0], subject, text?.trim()])).toEqual([
      ['Jane <jane@y.com>', 'support@agents.example.com', 'An invoice', 'It is too high.'],
      [inboxId, 'catch@mail.example.com', 'Re: An invoice', 'We look at it.'],
      ['Jane <jane@y.com>', 'support@agents.example.com', 'Re: An invoice', 'Thank you.'],
    ]);
    const times = thread.messages.map(({ timestamp }) => timestamp.getTime());
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    expect(thread.messages[0]?.labels).toEqual(expect.arrayContaining(labels));
    const told = (await events.list(inboxId)).events.map(({ eventType, label }) => `${eventType} ${label}`);
    expect(told).toEqual(expect.arrayContaining(labels.map((label) => `label.added ${label}`)));
  },
};

export const difference: Promises = {
  'An inbox for a single verification code': async ({ client, host, apiKey, receive }) => {
    const { inboxId } = await client.inboxes.create();
    const waiting = fetch(`${host.url}/api/mailbox/inboxes/${inboxId}/wait`, {
      ...{ method: 'POST', headers: { authorization: `Bearer ${apiKey}` } },
      body: JSON.stringify({ subject: 'code', timeout_seconds: 60 }),
    });
    await receive(inboxId, 'Your verification code', '', 'The code is 123456.');
    const { message } = (await (await waiting).json()) as { readonly message: { readonly text: string } };
    expect(/\d{6}/.exec(message.text)?.[0]).toBe('123456');
    await client.inboxes.delete(inboxId);
    expect(await refusal(client.inboxes.get(inboxId))).toEqual([404, 'not_found']);
  },
};
