// Steps 14 and 15: labels as a state of work, and mail that is thrown away.
import type { AgentMail } from 'agentmail';
import { expect, it } from 'vitest';
import { mailOf, refusal } from '../../support/live-mailbox.ts';
import { idsIn, type ProofSteps, WITHOUT_SWAKS } from '../../support/proof-world.ts';

export const labels: ProofSteps = (world) => {
  it.skipIf(WITHOUT_SWAKS !== undefined)(
    '14 labels: lists ask for them together, they change only as required, their thread collects them, the host’s own are 422',
    async () => {
      const { client, host, apiKey, send, newInbox } = world();
      const inboxId = await newInbox();
      await send(inboxId, mailOf('<1@y.com>', 'One', '', '1'));
      await send(inboxId, mailOf('<2@y.com>', 'Re: One', 'In-Reply-To: <1@y.com>', '', '2'));
      const { messages } = client.inboxes;
      await messages.update(inboxId, '<1@y.com>', { addLabels: ['billing', 'urgent'], removeLabels: ['unread'] });
      const changed = await messages.update(inboxId, '<2@y.com>', { addLabels: 'billing' });
      expect(changed).toEqual({ messageId: '<2@y.com>', labels: ['billing', 'received', 'unread'] });
      const found = async (...wanted: string[]) => idsIn(await messages.list(inboxId, { labels: wanted }));
      expect(await found('billing')).toEqual(['<2@y.com>', '<1@y.com>']);
      expect(await found('billing', 'urgent')).toEqual(['<1@y.com>']);
      expect(await found('unread', 'urgent')).toEqual([]);

      const all = { labels: ['billing', 'urgent', 'unread'] };
      const [thread] = (await client.inboxes.threads.list(inboxId, all)).threads;
      expect(thread?.labels).toEqual(['billing', 'received', 'unread', 'urgent']);
      const threadId = String(thread?.threadId);
      expect(await refusal(client.threads.update(threadId, { addLabels: ['sent'] }))).toEqual([422, 'unprocessable']);
      const ofMail = messages.update(inboxId, '<1@y.com>', { addLabels: ['sent'] });
      expect(await refusal(ofMail)).toEqual([400, 'validation_error']);
      const less = await client.threads.update(threadId, { removeLabels: ['billing', 'unread'] });
      expect(less.labels).toEqual(['received', 'urgent']);

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
  );

  it.skipIf(WITHOUT_SWAKS !== undefined)(
    '15 a mail goes into the trash and comes back, and is deleted by itself and with its thread',
    async () => {
      const { client, send, newInbox } = world();
      const inboxId = await newInbox();
      for (const id of ['<1@y.com>', '<2@y.com>']) await send(inboxId, mailOf(id, id, '', 'x'));
      await send(inboxId, mailOf('<3@y.com>', 'Re', 'In-Reply-To: <1@y.com>', '', 'x'));
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
  );
};
