// Steps 9 to 13: mail that is answered, passed on and sent, as a real Postfix gets it.
import { expect, it } from 'vitest';
import { mailOf } from '../../support/live-mailbox.ts';
import { field, mailAt, type ProofSteps, WITHOUT_POSTFIX, WITHOUT_SWAKS } from '../../support/proof-world.ts';

const FILE = { filename: 'ä.txt', content: Buffer.from('the file').toString('base64') };

/** An inbox with a question of which answers go to catch@mail.example.com. */
async function asked({ newInbox, send, client }: ReturnType<Parameters<ProofSteps>[0]>) {
  const inboxId = await newInbox();
  const question = ['From: jane@y.com', `To: ${inboxId}, bob@mail.example.com`, 'Reply-To: catch@mail.example.com'];
  const named = ['Message-ID: <q@y.com>', 'References: <p@y.com>', 'Subject: Question', '', 'What?', ''];
  await send(inboxId, [...question, ...named].join('\r\n'));
  const { threadId } = await client.inboxes.messages.get(inboxId, '<q@y.com>');
  return { inboxId, threadId };
}

export const answers: ProofSteps = (world) => {
  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '9 messages.reply: In-Reply-To and References in Postfix’s Maildir, in the same thread',
    async () => {
      const { client, postfix } = world();
      const { inboxId, threadId } = await asked(world());
      const answer = await client.inboxes.messages.reply(inboxId, '<q@y.com>', { text: 'That.' });
      expect(answer.threadId).toBe(threadId);
      const mail = await mailAt(postfix, 'catch', answer.messageId);
      expect(['In-Reply-To', 'References', 'Subject', 'Message-ID'].map((name) => field(mail, name))).toEqual([
        ...['<q@y.com>', '<p@y.com> <q@y.com>', 'Re: Question', answer.messageId],
      ]);
      expect(mail).toContain('That.');
    },
  );

  it.skipIf(WITHOUT_POSTFIX !== undefined)('10 an answer to what was sent joins its thread', async () => {
    const { client, send } = world();
    const { inboxId, threadId } = await asked(world());
    const { messageId } = await client.inboxes.messages.reply(inboxId, '<q@y.com>', { text: 'That.' });
    const thanks = ['From: jane@y.com', `To: ${inboxId}`, 'Message-ID: <late@y.com>', `In-Reply-To: ${messageId}`];
    await send(inboxId, [...thanks, '', 'Thanks', ''].join('\r\n'));
    expect((await client.inboxes.messages.get(inboxId, '<late@y.com>')).threadId).toBe(threadId);
  });

  it.skipIf(WITHOUT_SWAKS !== undefined)('10 a late parent joins, and equal subjects without ids do not', async () => {
    const { client, newInbox, send: sendMail } = world();
    const inboxId = await newInbox();
    const send = (id: string, subject: string, ...more: readonly string[]) =>
      sendMail(inboxId, mailOf(id, subject, ...more, '', id));
    await send('<answer@y.com>', 'Re: Report', 'In-Reply-To: <parent@y.com>');
    await send('<deeper@y.com>', 'Re: Report', 'References: <parent@y.com> <lost@y.com>');
    await send('<parent@y.com>', 'Report');
    await send('<other@y.com>', 'Report');
    await send('<reply@y.com>', 'Re: Report');
    const threadOf = async (id: string) => (await client.inboxes.messages.get(inboxId, id)).threadId;
    const thread = await threadOf('<parent@y.com>');
    expect(await threadOf('<answer@y.com>')).toBe(thread);
    expect(await threadOf('<deeper@y.com>')).toBe(thread);
    expect(new Set([thread, await threadOf('<other@y.com>'), await threadOf('<reply@y.com>')]).size).toBe(3);
    const whole = await client.inboxes.threads.get(inboxId, thread);
    const ids = ['<answer@y.com>', '<deeper@y.com>', '<parent@y.com>'];
    expect(whole.messages.map(({ messageId }) => messageId)).toEqual(ids);
    expect(whole).toMatchObject({ messageCount: 3, lastMessageId: '<parent@y.com>' });
  });

  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '11 reply to one’s own mail, reply-all without oneself, forward with files',
    async () => {
      const { client, postfix } = world();
      const { messages, threads } = client.inboxes;
      const { inboxId, threadId } = await asked(world());
      const answer = await messages.reply(inboxId, '<q@y.com>', { text: 'That.' });
      const own = await messages.reply(inboxId, answer.messageId, { text: 'And this.' });
      expect(field(await mailAt(postfix, 'catch', own.messageId), 'In-Reply-To')).toBe(answer.messageId);
      const thread = await threads.get(inboxId, threadId);
      expect(thread.messages.map(({ messageId }) => messageId)).toContain(own.messageId);

      const all = await messages.replyAll(inboxId, '<q@y.com>', { html: '<p>To all</p>' });
      const both = ['catch@mail.example.com', 'bob@mail.example.com'];
      expect((await messages.get(inboxId, all.messageId)).to).toEqual(both);
      expect(field(await mailAt(postfix, 'bob', all.messageId), 'To')).not.toContain(inboxId);

      const to = 'bob@mail.example.com';
      const sent = await messages.send(inboxId, { to, subject: 'Files', text: 'See it', attachments: [FILE] });
      const passed = await messages.forward(inboxId, sent.messageId, { to, text: 'FYI' });
      const forwarded = await messages.get(inboxId, passed.messageId);
      expect([forwarded.subject, forwarded.attachments?.[0]?.size]).toEqual(['Fwd: Files', 8]);
      expect(await mailAt(postfix, 'bob', passed.messageId)).toContain(FILE.content);
    },
  );

  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '12 messages.send: HTML, two recipients, a blind copy that no header names, labels',
    async () => {
      const { client, postfix, newInbox } = world();
      const { messages } = client.inboxes;
      const inboxId = await newInbox();
      const sent = await messages.send(inboxId, {
        ...{ to: ['Bob <bob@mail.example.com>', 'catch@mail.example.com'], bcc: 'ann@mail.example.com' },
        ...{ subject: 'Files', text: 'See it', html: '<p>See it</p>', attachments: [FILE], labels: ['mine'] },
      });
      const kept = await messages.get(inboxId, sent.messageId);
      expect([kept.bcc, kept.labels.includes('mine'), kept.attachments?.[0]?.filename]).toEqual([
        ...[['ann@mail.example.com'], true, 'ä.txt'],
      ]);
      for (const user of ['bob', 'catch', 'ann']) {
        const mail = await mailAt(postfix, user, sent.messageId);
        expect(field(mail, 'To')).toBe('Bob <bob@mail.example.com>, catch@mail.example.com');
        expect(mail.slice(mail.indexOf('\nFrom:')), 'but for what Postfix adds').not.toContain('ann@');
        expect(mail).toContain('<p>See it</p>');
      }
    },
  );

  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '13 Idempotency-Key: the same request is the same mail, another is 409, an empty key 400',
    async () => {
      const { client, host, apiKey, postfix, newInbox } = world();
      const { messages } = client.inboxes;
      const inboxId = await newInbox();
      const key = { idempotencyKey: 'once' };
      const once = { to: 'bob@mail.example.com', subject: 'Once', text: 'x' };
      const first = await messages.send(inboxId, once, key);
      expect(await messages.send(inboxId, once, key)).toEqual(first);
      await expect(messages.send(inboxId, { ...once, text: 'y' }, key)).rejects.toMatchObject({ statusCode: 409 });
      const empty = await fetch(`${host.url}/v0/inboxes/${inboxId}/messages/send`, {
        ...{ method: 'POST', body: JSON.stringify(once) },
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', 'idempotency-key': '' },
      });
      const errors = [{ path: ['Idempotency-Key'], message: expect.any(String) }];
      expect([empty.status, await empty.json()]).toMatchObject([400, { code: 'validation_error', errors }]);
      await expect(messages.send(inboxId, {})).rejects.toMatchObject({ statusCode: 422 });
      expect((await messages.list(inboxId)).count).toBe(1);
      await mailAt(postfix, 'bob', first.messageId);
      const mails = (await postfix.mailbox('bob')).filter((mail) => field(mail, 'Subject') === 'Once');
      expect(mails).toHaveLength(1);
    },
  );
};
