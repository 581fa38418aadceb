// What AgentMail's own client sends and answers, in the mailboxes of a real Postfix, and after the node was killed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Postfix, whyNoPostfix } from '../../scripts/postfix.ts';
import { type LiveMailbox, liveMailbox, MISSING_SWAKS } from '../support/live-mailbox.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const missing = whyNoPostfix() ?? MISSING_SWAKS;

/** A node that sends through that Postfix. */
async function sending(postfix: Postfix): Promise<LiveMailbox> {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-accounts-'));
  const file = join(directory, 'accounts.json');
  const account = { id: 'local', host: '127.0.0.1', port: postfix.port, security: 'none', ratePerHour: 1_000_000 };
  writeFileSync(file, JSON.stringify({ accounts: [account], agentRatePerHour: 1_000_000 }), { mode: 0o600 });
  // A node that is started again reads it again.
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return await liveMailbox('--send-accounts', file);
}

const field = (mail: string, name: string) =>
  new RegExp(`^${name}: ?((?:.*)(?:\\n[ \\t].*)*)`, 'im')
    .exec(mail.replaceAll('\r\n', '\n'))?.[1]
    ?.replaceAll(/\s+/g, ' ');

describe(`answers of an inbox${missing === undefined ? '' : `: skipped, ${missing}`}`, () => {
  it.skipIf(missing !== undefined)(
    'lie in Postfix’s mailboxes, each once, with the headers of their thread',
    { timeout: LIVE_MS_MAX },
    async () => {
      await using postfix = await Postfix.start();
      await using live = await sending(postfix);
      const { messages, threads } = live.client.inboxes;
      const { inboxId } = await live.client.inboxes.create({ username: 'support' });
      // Mails to one mailbox may lie there in another order than they were sent.
      const mailOf = async (user: string, messageId: string) =>
        await vi.waitFor(
          async () => {
            const mails = await postfix.mailbox(user);
            return mails.find((mail) => field(mail, 'Message-ID') === messageId) ?? expect.fail(`no ${messageId} yet`);
          },
          { timeout: LIVE_MS_MAX },
        );

      const question = ['From: jane@y.com', `To: ${inboxId}, bob@mail.example.com`, 'Reply-To: catch@mail.example.com'];
      const named = ['Message-ID: <q@y.com>', 'References: <p@y.com>', 'Subject: Question', '', 'What?', ''];
      await live.send(inboxId, [...question, ...named].join('\r\n'));
      const asked = await messages.get(inboxId, '<q@y.com>');

      const answer = await messages.reply(inboxId, '<q@y.com>', { text: 'That.' });
      expect(answer.threadId).toBe(asked.threadId);
      const mail = await mailOf('catch', answer.messageId);
      expect(['In-Reply-To', 'References', 'Subject', 'Message-ID'].map((name) => field(mail, name))).toEqual([
        '<q@y.com>',
        '<p@y.com> <q@y.com>',
        'Re: Question',
        answer.messageId,
      ]);

      await live.send(
        inboxId,
        `From: jane@y.com\r\nTo: ${inboxId}\r\nMessage-ID: <late@y.com>\r\nIn-Reply-To: ${answer.messageId}\r\n\r\nThanks\r\n`,
      );
      expect((await messages.get(inboxId, '<late@y.com>')).threadId, 'an answer joins').toBe(asked.threadId);

      const all = await messages.replyAll(inboxId, '<q@y.com>', { html: '<p>To all</p>' });
      expect((await messages.get(inboxId, all.messageId)).to).toEqual([
        'catch@mail.example.com',
        'bob@mail.example.com',
      ]);
      expect(field(await mailOf('bob', all.messageId), 'To')).not.toContain(inboxId);

      const own = await messages.reply(inboxId, answer.messageId, { text: 'And this.' });
      expect(field(await mailOf('catch', own.messageId), 'In-Reply-To')).toBe(answer.messageId);
      const thread = await threads.get(inboxId, asked.threadId);
      expect(thread.messages.map(({ messageId }) => messageId)).toContain(own.messageId);

      const attachments = [{ filename: 'ä.txt', content: Buffer.from('the file').toString('base64') }];
      const sent = await messages.send(inboxId, {
        ...{
          to: ['Bob <bob@mail.example.com>', 'catch@mail.example.com'],
          bcc: 'eve@mail.example.com',
          subject: 'Files',
        },
        ...{ text: 'See it', html: '<p>See it</p>', attachments, labels: ['mine'] },
      });
      const kept = await messages.get(inboxId, sent.messageId);
      expect([kept.bcc, kept.labels.includes('mine'), kept.attachments?.[0]?.filename]).toEqual([
        ['eve@mail.example.com'],
        true,
        'ä.txt',
      ]);
      expect(await mailOf('bob', sent.messageId)).not.toContain('eve@');

      const passed = await messages.forward(inboxId, sent.messageId, { to: 'bob@mail.example.com', text: 'FYI' });
      const forwarded = await messages.get(inboxId, passed.messageId);
      expect([forwarded.subject, forwarded.attachments?.[0]?.size]).toEqual(['Fwd: Files', 8]);
      expect(await mailOf('bob', passed.messageId)).toContain(Buffer.from('the file').toString('base64'));

      const key = { idempotencyKey: 'once' };
      const once = { to: 'bob@mail.example.com', subject: 'Once', text: 'x' };
      const first = await messages.send(inboxId, once, key);
      expect(await messages.send(inboxId, once, key)).toEqual(first);
      await expect(messages.send(inboxId, { ...once, text: 'y' }, key)).rejects.toMatchObject({ statusCode: 409 });
      await expect(messages.send(inboxId, {})).rejects.toMatchObject({ statusCode: 422 });
    },
  );

  it.skipIf(missing !== undefined)(
    'go out once each, though the node is killed while it sends',
    { timeout: LIVE_MS_MAX },
    async () => {
      await using postfix = await Postfix.start();
      await using live = await sending(postfix);
      const { inboxId } = await live.client.inboxes.create({ username: 'support' });
      const sent = new Set<string>();
      const send = async (at: number) => {
        const wish = { to: 'bob@mail.example.com', subject: `Number ${at}`, text: 'x' };
        const request = { idempotencyKey: `key ${at}`, maxRetries: 0 };
        for (;;) {
          const answer = await live.client.inboxes.messages.send(inboxId, wish, request).catch(() => undefined);
          if (answer !== undefined) return sent.add(answer.messageId);
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const working = Promise.all(Array.from({ length: 40 }, (_, at) => send(at)));
      for (const count of [5, 15]) {
        await expect.poll(() => sent.size, { timeout: LIVE_MS_MAX }).toBeGreaterThanOrEqual(count);
        await live.host.kill();
        await live.mesh.start();
      }
      await working;
      expect(sent.size).toBe(40);
      const states = async () =>
        (await live.client.inboxes.messages.list(inboxId, { limit: 100 })).messages.map(({ messageId }) => messageId);
      expect(new Set(await states())).toEqual(sent);
      const numbers = async () => {
        const mails = await postfix.mailbox('bob');
        return mails.map((mail) => field(mail, 'Subject'));
      };
      // One that was leaving when the node died is `unknown`, and is not sent again by itself: it may lie there or not.
      await expect.poll(async () => (await numbers()).length, { timeout: LIVE_MS_MAX }).toBeGreaterThanOrEqual(30);
      const found = await numbers();
      expect(found.length).toBe(new Set(found).size);
    },
  );
});
