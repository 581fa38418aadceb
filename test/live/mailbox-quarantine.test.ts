// Mail that nobody answers for, of which AgentMail's own client is shown nothing until it asks for it.
import { describe, expect, it } from 'vitest';
import { liveMailbox, MISSING_SWAKS, mailOf, UNLESS_SWAKS } from '../support/live-mailbox.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

describe.skipIf(MISSING_SWAKS !== undefined)(`mail that lies in quarantine${UNLESS_SWAKS}`, () => {
  it(
    'by LMTP from nobody who is known is hidden until it is asked for, or released, also many at once',
    async () => {
      await using mailbox = await liveMailbox();
      const { client, byLmtp } = mailbox;
      const { inboxId } = await client.inboxes.create({ username: 'support' });
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
