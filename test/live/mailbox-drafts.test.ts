// Drafts of AgentMail's own client: written, sent at their time through a real Postfix, and by a node that is killed meanwhile.
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
      const left = await drafts.list(inboxId);
      expect(left.drafts.map(({ draftId }) => draftId)).toEqual([unset]);
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
      const ids = async () => (await postfix.mailbox('bob')).map((mail) => field(mail, 'Message-ID'));
      // What was on its way to the server when the node died may be there, and the send module does not send it again.
      expect(new Set(await ids()).size, 'none twice').toBe((await ids()).length);
    },
  );
});
