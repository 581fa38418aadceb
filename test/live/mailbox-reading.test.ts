// What AgentMail's own client reads and changes of mail that came by SMTP and LMTP into the inbox of a real node.
import type { AgentMail } from 'agentmail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type LiveMailbox,
  liveMailbox,
  MISSING_SWAKS,
  mailOf,
  refusal,
  UNLESS_SWAKS,
} from '../support/live-mailbox.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const REPORT = Buffer.from('the report\n');
const PICTURE = Buffer.from([0, 255, 13, 10, 46, 13, 10]);
const QUOTED = ['It is fixed.', '', 'On Fri, Nov 27, 2026 at 9:00 AM Joe <joe@x.com> wrote:', '> Is it?', ''];

describe.skipIf(MISSING_SWAKS !== undefined)(`mail that is read${UNLESS_SWAKS}`, () => {
  let mailbox: LiveMailbox;
  let inboxes = 0;

  beforeAll(async () => {
    mailbox = await liveMailbox();
  }, LIVE_MS_MAX);
  afterAll(async () => {
    await mailbox[Symbol.asyncDispose]();
  }, LIVE_MS_MAX);

  /** An inbox that no other test has. */
  const newInbox = async () => {
    inboxes += 1;
    return (await mailbox.client.inboxes.create({ username: `inbox-${inboxes}` })).inboxId;
  };
  const idsIn = ({ messages }: AgentMail.ListMessagesResponse) => messages.map(({ messageId }) => messageId);
  const download = async (url: string) => {
    const response = await fetch(url);
    expect(response.status).toBe(200);
    return Buffer.from(await response.arrayBuffer());
  };

  it(
    'is in the list as unread, and shows its text, what is new in it, who answers for it, and its octets',
    async () => {
      const [{ client }, inboxId] = [mailbox, await newInbox()];
      const mail = mailOf(
        '<1@y.com>',
        'Fixed',
        'Content-Type: text/plain; charset=utf-8',
        '',
        ...QUOTED,
        '.',
        '..two',
        'é',
      );
      await mailbox.send(inboxId, mail);

      expect(idsIn(await client.inboxes.messages.list(inboxId, { labels: ['unread'] }))).toEqual(['<1@y.com>']);
      const message = await client.inboxes.messages.get(inboxId, '<1@y.com>');
      expect(message).toMatchObject({
        inboxId,
        from: 'Jane <jane@y.com>',
        subject: 'Fixed',
        preview: expect.any(String),
      });
      expect(message.text).toContain('> Is it?');
      const withQuote = await mailbox.send(inboxId, mailOf('<2@y.com>', 'Again', '', ...QUOTED));
      expect(withQuote).toContain('250 2.6.0');
      const answer = await client.inboxes.messages.get(inboxId, '<2@y.com>');
      expect([answer.text, answer.extractedText]).toEqual([expect.stringContaining('> Is it?'), 'It is fixed.']);
      expect(answer).toHaveProperty('authentication_results', { spf: 'pass', dkim: 'none', dmarc: 'pass' });

      const raw = await client.inboxes.messages.getRaw(inboxId, '<1@y.com>');
      const octets = await download(raw.downloadUrl);
      expect(octets.length).toBe(raw.size);
      const traceLength = octets.indexOf('Message-ID: <1@y.com>');
      expect(octets.subarray(traceLength).toString('latin1')).toBe(Buffer.from(mail).toString('latin1'));
      expect(octets.subarray(0, traceLength).toString()).toMatch(/^Return-Path: <jane@y\.com>\r\n(.+\r\n)+$/);
    },
    LIVE_MS_MAX,
  );

  it(
    'gives its attachments by mail and by thread, also where it is nothing else',
    async () => {
      const [{ client }, inboxId] = [mailbox, await newInbox()];
      const mixed = [
        ...['Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Type: text/plain', '', 'See it.', '--b'],
        ...['Content-Type: text/csv; name=report.csv', 'Content-Disposition: attachment; filename=report.csv'],
        ...['Content-Transfer-Encoding: base64', '', REPORT.toString('base64'), '--b--'],
      ];
      await mailbox.send(inboxId, mailOf('<1@y.com>', 'Report', ...mixed));
      const only = ['Content-Type: image/png; name=one.png', 'Content-Transfer-Encoding: base64'];
      await mailbox.send(inboxId, mailOf('<2@y.com>', 'Picture', ...only, '', PICTURE.toString('base64')));

      for (const [messageId, filename, contentType, octets] of [
        ['<1@y.com>', 'report.csv', 'text/csv', REPORT],
        ['<2@y.com>', 'one.png', 'image/png', PICTURE],
      ] as const) {
        const { threadId, attachments = [] } = await client.inboxes.messages.get(inboxId, messageId);
        expect(attachments).toMatchObject([{ filename, contentType, size: octets.length }]);
        const id = String(attachments[0]?.attachmentId);
        for (const attachment of [
          await client.inboxes.messages.getAttachment(inboxId, messageId, id),
          await client.inboxes.threads.getAttachment(inboxId, threadId, id),
          await client.threads.getAttachment(threadId, id),
        ])
          expect(await download(attachment.downloadUrl)).toEqual(octets);
      }
      expect((await client.inboxes.messages.get(inboxId, '<2@y.com>')).text).toBeUndefined();
      expect(await refusal(client.inboxes.messages.getAttachment(inboxId, '<2@y.com>', '9-00000000'))).toEqual([
        404,
        'not_found',
      ]);
    },
    LIVE_MS_MAX,
  );

  it(
    'is in one thread with what it answers, though that comes later, and not with what has the same subject alone',
    async () => {
      const [{ client }, inboxId] = [mailbox, await newInbox()];
      const send = (id: string, subject: string, ...more: readonly string[]) =>
        mailbox.send(inboxId, mailOf(id, subject, ...more, '', id));
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
      expect(whole.messages.map(({ messageId }) => messageId)).toEqual([
        '<answer@y.com>',
        '<deeper@y.com>',
        '<parent@y.com>',
      ]);
      expect(whole).toMatchObject({ messageCount: 3, lastMessageId: '<parent@y.com>' });
    },
    LIVE_MS_MAX,
  );

  it(
    'has labels, which lists ask for together, which change only as required, and which its thread collects',
    async () => {
      const [{ client, host, apiKey }, inboxId] = [mailbox, await newInbox()];
      await mailbox.send(inboxId, mailOf('<1@y.com>', 'One', '', '1'));
      await mailbox.send(inboxId, mailOf('<2@y.com>', 'Re: One', 'In-Reply-To: <1@y.com>', '', '2'));
      const { messages } = client.inboxes;
      await messages.update(inboxId, '<1@y.com>', { addLabels: ['billing', 'urgent'], removeLabels: ['unread'] });
      const changed = await messages.update(inboxId, '<2@y.com>', { addLabels: 'billing' });
      expect(changed).toEqual({ messageId: '<2@y.com>', labels: ['billing', 'received', 'unread'] });
      const found = async (...labels: string[]) => idsIn(await messages.list(inboxId, { labels }));
      expect(await found('billing')).toEqual(['<2@y.com>', '<1@y.com>']);
      expect(await found('billing', 'urgent')).toEqual(['<1@y.com>']);
      expect(await found('unread', 'urgent')).toEqual([]);

      const [thread] = (await client.inboxes.threads.list(inboxId, { labels: ['billing', 'urgent', 'unread'] }))
        .threads;
      expect(thread?.labels).toEqual(['billing', 'received', 'unread', 'urgent']);
      const threadId = String(thread?.threadId);
      expect(await refusal(client.threads.update(threadId, { addLabels: ['sent'] }))).toEqual([422, 'unprocessable']);
      expect(await refusal(messages.update(inboxId, '<1@y.com>', { addLabels: ['sent'] }))).toEqual([
        400,
        'validation_error',
      ]);
      expect((await client.threads.update(threadId, { removeLabels: ['billing', 'unread'] })).labels).toEqual([
        'received',
        'urgent',
      ]);

      const claims = ['a', 'b', 'c', 'd'].map((worker) =>
        fetch(`${host.url}/v0/inboxes/${inboxId}/messages/${encodeURIComponent('<2@y.com>')}`, {
          method: 'PATCH',
          headers: { authorization: `Bearer ${apiKey}`, 'x-require-labels': '!taken' },
          body: JSON.stringify({ add_labels: ['taken', worker] }),
        }),
      );
      const statuses = (await Promise.all(claims)).map(({ status }) => status);
      expect(statuses.sort()).toEqual([200, 409, 409, 409]);
    },
    LIVE_MS_MAX,
  );

  it(
    'goes into the trash and comes back, and is deleted by itself or with its thread',
    async () => {
      const [{ client }, inboxId] = [mailbox, await newInbox()];
      for (const id of ['<1@y.com>', '<2@y.com>']) await mailbox.send(inboxId, mailOf(id, id, '', 'x'));
      await mailbox.send(inboxId, mailOf('<3@y.com>', 'Re', 'In-Reply-To: <1@y.com>', '', 'x'));
      const { messages, threads } = client.inboxes;
      const all = async (asked: AgentMail.inboxes.ListMessagesRequest = {}) =>
        idsIn(await messages.list(inboxId, asked));
      await messages.update(inboxId, '<2@y.com>', { addLabels: ['trash'] });
      expect(await all()).toEqual(['<3@y.com>', '<1@y.com>']);
      expect(await all({ includeTrash: true })).toEqual(['<3@y.com>', '<2@y.com>', '<1@y.com>']);
      expect((await threads.list(inboxId)).count).toBe(1);
      await messages.update(inboxId, '<2@y.com>', { removeLabels: ['trash'] });
      expect((await all()).length).toBe(3);

      await messages.delete(inboxId, '<2@y.com>');
      expect(await refusal(messages.get(inboxId, '<2@y.com>'))).toEqual([404, 'not_found']);
      expect(await refusal(messages.delete(inboxId, '<2@y.com>'))).toEqual([404, 'not_found']);
      const { threadId } = await messages.get(inboxId, '<1@y.com>');
      await client.threads.delete(threadId);
      expect(await all({ includeTrash: true })).toEqual([]);
      expect(await refusal(client.threads.get(threadId))).toEqual([404, 'not_found']);
    },
    LIVE_MS_MAX,
  );

  it(
    'by LMTP from nobody who is known is hidden until it is asked for, or released, also many at once',
    async () => {
      const [{ client, byLmtp }, inboxId] = [mailbox, await newInbox()];
      await mailbox.send(inboxId, mailOf('<1@y.com>', 'Hello', '', 'Hi'), ...byLmtp);
      expect((await client.inboxes.messages.list(inboxId)).count).toBe(0);
      const { messages } = await client.inboxes.messages.list(inboxId, { includeUnauthenticated: true });
      expect(messages[0]?.labels).toEqual(['received', 'unauthenticated', 'unread']);
      await mailbox.send(inboxId, mailOf('<2@y.com>', 'Re: Hello', 'In-Reply-To: <1@y.com>', '', 'Yes?'));
      const messageIds = ['<2@y.com>', '<1@y.com>', '<never@y.com>'];
      const changed = await client.inboxes.messages.batchUpdate(inboxId, {
        messageIds,
        removeLabels: ['unauthenticated'],
      });
      expect(changed).toEqual({
        ...{ limit: 3, count: 2 },
        updates: messageIds.slice(0, 2).map((messageId) => ({ messageId, labels: ['received', 'unread'] })),
      });
      const both = (await client.inboxes.messages.batchGet(inboxId, { messageIds })).messages;
      expect(both.map(({ messageId, text }) => [messageId, text])).toEqual([
        ['<2@y.com>', undefined],
        ['<1@y.com>', undefined],
      ]);
      expect((await client.inboxes.threads.list(inboxId)).threads).toMatchObject([{ messageCount: 2 }]);
    },
    LIVE_MS_MAX,
  );
});
