// Chapter 5: what is sent, as a real Postfix gets it. The guide's people are at mail.example.com here.
import { expect } from 'vitest';
import type { SamplesOf } from '../../support/guide.ts';
import { field, mailAt } from '../../support/proof-world.ts';

export const sending: SamplesOf<5> = {
  'Basic sending': async ({ client, inbox, postfix }) => {
    const inboxId = await inbox('hello');
    const { messageId } = await client.inboxes.messages.send(inboxId, {
      to: 'bob@mail.example.com',
      subject: 'Hello from AgentMail!',
      text: 'This is my first email sent with the AgentMail API.',
    });
    const mail = await mailAt(postfix, 'bob', messageId);
    expect(field(mail, 'From')).toContain(inboxId);
    expect(field(mail, 'Subject')).toBe('Hello from AgentMail!');
    expect(mail).toContain('This is my first email sent with the AgentMail API.');
  },

  'HTML content': async ({ client, inbox, postfix }) => {
    const inboxId = await inbox('outreach');
    const html = '<p>Hi Jane,</p><p>This is a <strong>rich HTML</strong> version of our email.</p>';
    const { messageId } = await client.inboxes.messages.send(inboxId, {
      ...{ to: ['bob@mail.example.com'], subject: 'Following up', html },
      text: 'Hi Jane,\n\nThis is a plain-text version of our email.',
      labels: ['outreach-campaign'],
    });
    const mail = await mailAt(postfix, 'bob', messageId);
    expect(field(mail, 'Content-Type')).toContain('multipart/alternative');
    // Lines of quoted-printable that go on (RFC 2045 §6.7).
    const unfolded = mail.replaceAll(/=\r?\n/g, '');
    for (const text of ['This is a plain-text version', html]) expect(unfolded).toContain(text);
    const { messages } = await client.inboxes.messages.list(inboxId, { labels: ['outreach-campaign'] });
    expect(messages.map((one) => one.messageId)).toContain(messageId);
  },

  'Multiple recipients': async ({ client, inbox, postfix }) => {
    const customers = ['bob@mail.example.com', 'ann@mail.example.com'];
    const { messageId } = await client.inboxes.messages.send(await inbox('outreach'), {
      to: customers,
      subject: 'Quarterly update',
      text: "Here's our Q4 update for you both.",
    });
    for (const user of ['bob', 'ann'])
      expect(field(await mailAt(postfix, user, messageId), 'To')).toBe(customers.join(', '));
  },

  'Labels on send': async ({ client, inbox }) => {
    const inboxId = await inbox('outbound');
    const sentMessage = await client.inboxes.messages.send(inboxId, {
      to: ['catch@mail.example.com'],
      subject: 'Following up on our conversation',
      text: 'Here is the information you requested.',
      labels: ['follow-up', 'q4-campaign'],
    });
    const { labels } = await client.inboxes.messages.get(inboxId, sentMessage.messageId);
    expect(labels).toEqual(['follow-up', 'q4-campaign', 'sent']);
  },

  Threading: async ({ client, inbox, receive, postfix }) => {
    const inboxId = await inbox('support');
    const from = 'Reply-To: catch@mail.example.com';
    const { messageId } = await receive(inboxId, 'How do I begin?', from, 'References: <before@y.com>', '', 'Tell me.');
    const text = "This is our agent's helpful reply!";
    const reply = await client.inboxes.messages.reply(inboxId, messageId, { text });
    const mail = await mailAt(postfix, 'catch', reply.messageId);
    expect(['In-Reply-To', 'References'].map((name) => field(mail, name))).toEqual([
      messageId,
      `<before@y.com> ${messageId}`,
    ]);
    const asked = await client.inboxes.messages.get(inboxId, messageId);
    expect(reply.threadId).toBe(asked.threadId);
    const other = await client.inboxes.messages.send(inboxId, { to: 'catch@mail.example.com', subject: 'Else', text });
    expect(other.threadId, 'a new subject is a new thread').not.toBe(asked.threadId);
  },
};
