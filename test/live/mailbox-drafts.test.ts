// Drafts of AgentMail's own client: written, approved, sent at their time through a real Postfix, and by a node that is killed meanwhile.
import { AgentMailClient } from 'agentmail';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Postfix, whyNoPostfix } from '../../scripts/postfix.ts';
import { type LiveMailbox, liveMailbox, MISSING_SWAKS, refusal } from '../support/live-mailbox.ts';
import { accountsFile, field, mailAt } from '../support/proof-world.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const missing = whyNoPostfix() ?? MISSING_SWAKS;
const POLL = { timeout: LIVE_MS_MAX, interval: 50 };
const BOB = 'bob@mail.example.com';
const file = (filename: string, text: string) => ({ filename, content: Buffer.from(text).toString('base64') });
const at = (ms: number) => new Date(Date.now() + ms);

/** A node that sends through that Postfix. */
async function sendingMailbox(postfix: Postfix): Promise<LiveMailbox> {
  const stack = new AsyncDisposableStack();
  onTestFinished(() => stack.disposeAsync());
  return await liveMailbox('--send-accounts', accountsFile(stack, postfix));
}

describe(`drafts of an inbox${missing === undefined ? '' : `: skipped, ${missing}`}`, () => {
  it.skipIf(missing !== undefined)(
    'are made, edited, cleared, sent; they answer and pass on with headers and files',
    { timeout: LIVE_MS_MAX },
    async () => {
      await using postfix = await Postfix.start();
      await using live = await sendingMailbox(postfix);
      const { drafts, messages } = live.client.inboxes;
      const { inboxId } = await live.client.inboxes.create({ username: 'support' });

      const made = await drafts.create(inboxId, {
        ...{
          to: [`Bob <${BOB}>`],
          cc: ['catch@mail.example.com'],
          subject: 'Offer',
          text: 'Dear Bob',
          labels: ['offer'],
        },
        ...{ attachments: [file('a.txt', 'first')], clientId: 'offer-1', bcc: ['ann@mail.example.com'] },
      });
      expect(await drafts.create(inboxId, { clientId: 'offer-1' })).toEqual(made);
      expect(await drafts.get(inboxId, made.draftId)).toEqual(made);
      const [first] = made.attachments ?? [];
      const edited = await drafts.update(inboxId, made.draftId, {
        ...{ subject: 'Better offer', cc: null, html: '<p>Dear Bob</p>', addLabels: ['seen'], removeLabels: ['offer'] },
        ...{ addAttachments: [file('b.txt', 'second')], removeAttachments: [String(first?.attachmentId)] },
      });
      expect(edited).toMatchObject({ subject: 'Better offer', labels: ['seen'], text: 'Dear Bob' });
      expect(edited.cc).toBeUndefined();
      const [second] = edited.attachments ?? [];
      const link = await drafts.getAttachment(inboxId, made.draftId, String(second?.attachmentId));
      expect([link.filename, await (await fetch(link.downloadUrl)).text()]).toEqual(['b.txt', 'second']);
      expect((await live.client.drafts.list()).drafts.map(({ draftId }) => draftId)).toEqual([made.draftId]);

      const sent = await drafts.send(inboxId, made.draftId, { addLabels: ['approved'] });
      const mail = await mailAt(postfix, 'bob', sent.messageId);
      expect(field(mail, 'Subject')).toBe('Better offer');
      expect(mail).toContain(Buffer.from('second').toString('base64'));
      expect(mail).not.toContain('ann@mail');
      expect(mail).not.toContain('catch@mail');
      expect(field(await mailAt(postfix, 'ann', sent.messageId), 'To')).toBe(`Bob <${BOB}>`);
      expect((await messages.get(inboxId, sent.messageId)).labels).toEqual(
        expect.arrayContaining(['approved', 'seen']),
      );
      expect(await refusal(drafts.get(inboxId, made.draftId))).toEqual([404, 'not_found']);
      expect(await refusal(drafts.send(inboxId, made.draftId, {}))).toEqual([404, 'not_found']);

      const question = ['From: jane@y.com', `To: ${inboxId}, ${BOB}`, 'Reply-To: catch@mail.example.com'];
      const named = ['Message-ID: <q@y.com>', 'References: <p@y.com>', 'Subject: Question', '', 'What?', ''];
      await live.send(inboxId, [...question, ...named].join('\r\n'));
      const { threadId } = await messages.get(inboxId, '<q@y.com>');
      const answer = await drafts.create(inboxId, { inReplyTo: '<q@y.com>', replyAll: true, text: 'That.' });
      expect(answer.to).toEqual(['catch@mail.example.com', BOB]);
      const answered = await drafts.send(inboxId, answer.draftId, {});
      expect(answered.threadId).toBe(threadId);
      const reply = await mailAt(postfix, 'catch', answered.messageId);
      expect(['In-Reply-To', 'References', 'Subject'].map((name) => field(reply, name))).toEqual([
        '<q@y.com>',
        '<p@y.com> <q@y.com>',
        'Re: Question',
      ]);
      const passing = await drafts.create(inboxId, { forwardOf: sent.messageId, to: ['catch@mail.example.com'] });
      expect(passing).toMatchObject({ subject: 'Fwd: Better offer', forwardOf: sent.messageId });
      const passed = await drafts.send(inboxId, passing.draftId, {});
      const forwarded = await mailAt(postfix, 'catch', passed.messageId);
      expect(forwarded).toContain(Buffer.from('second').toString('base64'));
    },
  );

  it.skipIf(missing !== undefined)(
    'go at their time, moved or not, and through a restart, each once',
    { timeout: LIVE_MS_MAX },
    async () => {
      await using postfix = await Postfix.start();
      await using live = await sendingMailbox(postfix);
      const { drafts } = live.client.inboxes;
      const { inboxId } = await live.client.inboxes.create({ username: 'support' });
      const create = async (subject: string, ms: number) =>
        (await drafts.create(inboxId, { to: [BOB], subject, text: subject, sendAt: at(ms) })).draftId;
      const [moved, unset] = [await create('moved', 3_600_000), await create('unset', 3_600_000)];
      await drafts.update(inboxId, moved, { sendAt: at(500) });
      const { labels, sendStatus } = await drafts.update(inboxId, unset, { sendAt: null });
      expect([labels, sendStatus]).toEqual([[], undefined]);
      const subjects = async () => (await postfix.mailbox('bob')).map((mail) => field(mail, 'Subject')).toSorted();
      await expect.poll(subjects, POLL).toEqual(['moved']);

      await create('while down', 1_500);
      await live.host.kill();
      await live.host.start();
      await create('after', 300);
      await expect.poll(subjects, POLL).toEqual(['after', 'moved', 'while down']);
      // A draft goes once its mail is in the inbox, which may be after a server has it.
      const left = async () => (await drafts.list(inboxId)).drafts.map(({ draftId }) => draftId);
      await expect.poll(left, POLL).toEqual([unset]);
    },
  );

  it.skipIf(missing !== undefined)(
    'that are due while the node is killed again and again go out once, all of them',
    { timeout: LIVE_MS_MAX },
    async () => {
      await using postfix = await Postfix.start();
      await using live = await sendingMailbox(postfix);
      const { inboxId } = await live.client.inboxes.create({ username: 'support' });
      const count = 40;
      const numbers = Array.from({ length: count }, (_, number) => number);
      for (const number of numbers)
        await live.client.inboxes.drafts.create(inboxId, {
          ...{ to: [BOB], subject: `${number}`, text: 'x', sendAt: at(1_000 + number * 20) },
          attachments: [file('a.txt', `file ${number}`)],
        });
      const some = async () => (await postfix.mailbox('bob')).length;
      for (const wanted of [1, 10, 20]) {
        await expect.poll(some, POLL).toBeGreaterThanOrEqual(wanted);
        await live.host.kill();
        await live.host.start();
      }
      const { drafts, messages } = live.client.inboxes;
      await expect.poll(async () => (await drafts.list(inboxId)).count, POLL).toBe(0);
      const sent = async () => (await messages.list(inboxId, { limit: 100 })).messages.map(({ subject }) => subject);
      expect((await sent()).toSorted()).toEqual(numbers.map(String).toSorted());
      const ids = (await postfix.mailbox('bob')).map((mail) => field(mail, 'Message-ID'));
      // What was on its way to the server when the node died may be there, and the send module does not send it again.
      expect(new Set(ids).size, 'none twice').toBe(ids.length);
    },
  );
});

describe('approval', () => {
  it('is a draft of one key that another one sends', { timeout: LIVE_MS_MAX }, async () => {
    await using live = await liveMailbox();
    const { inboxId } = await live.client.inboxes.create({ username: 'agent' });
    const { inboxId: reader } = await live.client.inboxes.create({ username: 'reader' });
    const key = await live.client.inboxes.apiKeys.create(inboxId, {
      name: 'agent',
      permissions: { draftCreate: true, draftRead: true, draftUpdate: true },
    });
    if (!('apiKey' in key)) throw new Error('A key was asked for, and what came has no text.');
    const agent = new AgentMailClient({ apiKey: key.apiKey, baseUrl: live.host.url }).inboxes;
    const draft = await agent.drafts.create(inboxId, { to: [reader], subject: 'May I?', text: 'Hello' });
    for (const call of [
      agent.drafts.send(inboxId, draft.draftId, {}),
      agent.messages.send(inboxId, { to: reader, text: 'Hello' }),
      agent.drafts.create(inboxId, { to: [reader], sendAt: at(1_000) }),
      agent.drafts.update(inboxId, draft.draftId, { sendAt: at(1_000) }),
    ])
      expect(await refusal(call)).toEqual([403, 'missing_permission']);
    const { drafts } = live.client.inboxes;
    await drafts.update(inboxId, draft.draftId, { sendAt: at(3_600_000) });
    expect(await refusal(agent.drafts.update(inboxId, draft.draftId, { text: 'Else' }))).toEqual([403, 'forbidden']);
    const sent = await drafts.send(inboxId, draft.draftId, {});
    const got = async () =>
      (await live.client.inboxes.messages.list(reader)).messages.map(({ messageId }) => messageId);
    await expect.poll(got, POLL).toEqual([sent.messageId]);
  });
});
