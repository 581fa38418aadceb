// AgentMail's own client finds mail by its words: mail that came by SMTP and LMTP, and mail that was sent.
import type { AgentMail } from 'agentmail';
import { serialization } from 'agentmail';
import { describe, expect, it } from 'vitest';
import { liveMailbox, MISSING_SWAKS, mailOf, refusal, UNLESS_SWAKS } from '../support/live-mailbox.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

describe.skipIf(MISSING_SWAKS !== undefined)(`mail that is looked for${UNLESS_SWAKS}`, () => {
  it(
    'is found by words, parts, other scripts and signs, with what was found marked, and no more once it is hidden or gone',
    async () => {
      await using mailbox = await liveMailbox();
      const { client, byLmtp } = mailbox;
      const { messages } = client.inboxes;
      const { inboxId } = await client.inboxes.create({ username: 'support' });
      const utf8 = ['MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'];
      await mailbox.send(
        inboxId,
        mailOf('<1@y.com>', 'Your invoice 4711', ...utf8, '', 'Payment of the café bill is late.'),
      );
      await mailbox.send(inboxId, mailOf('<2@y.com>', 'Meeting', ...utf8, '', 'これは重要な連絡です。'));
      await mailbox.send(inboxId, mailOf('<3@y.com>', 'Held back', '', 'An invoice of a stranger'), ...byLmtp);
      await messages.send(inboxId, { to: inboxId, subject: 'Note to myself', text: 'Pay the invoice "today".' });

      const search = (q: string, more: Partial<AgentMail.inboxes.SearchMessagesRequest> = {}) =>
        messages.search(inboxId, { q, ...more });
      const ids = async (q: string) => (await search(q)).messages.map(({ messageId }) => messageId);
      expect((await ids('invoice')).length).toBe(2);
      expect(await ids('CAFE late')).toEqual(['<1@y.com>']);
      expect(await ids('voice 471')).toEqual(['<1@y.com>']);
      expect(await ids('重要')).toEqual(['<2@y.com>']);
      expect(await ids('jane@y')).toEqual(expect.arrayContaining(['<1@y.com>', '<2@y.com>']));
      expect((await ids('"today" OR')).length).toBe(0);
      expect((await ids('invoice "today"')).length).toBe(1);
      const [found] = (await search('invoice bill')).messages;
      expect(found?.highlights).toEqual({
        subject: ['Your **invoice** 4711'],
        text: ['Payment of the café **bill** is late.'],
      });
      expect(await refusal(search('???'))).toEqual([400, 'validation_error']);

      const [thread] = (await client.threads.search({ q: 'invoice bill' })).threads;
      expect(thread).toMatchObject({ inboxId, subject: 'Your invoice 4711', highlights: { text: expect.anything() } });
      const first = await search('invoice', { limit: 1 });
      const second = await search('invoice', { limit: 1, pageToken: String(first.nextPageToken) });
      expect(new Set([...first.messages, ...second.messages].map(({ messageId }) => messageId)).size).toBe(2);
      expect((await search('invoice', { before: new Date(0) })).count).toBe(0);
      const raw = serialization.SearchMessagesResponse.json(first, { unrecognizedObjectKeys: 'passthrough' });
      expect(raw.ok).toBe(true);

      await messages.update(inboxId, '<1@y.com>', { addLabels: ['trash'] });
      expect(await ids('bill')).toEqual([]);
      await messages.update(inboxId, '<3@y.com>', { removeLabels: ['unauthenticated'] });
      expect(await ids('stranger')).toEqual(['<3@y.com>']);
      await messages.delete(inboxId, '<3@y.com>');
      expect(await ids('stranger')).toEqual([]);
    },
    LIVE_MS_MAX,
  );
});
