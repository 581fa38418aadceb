// Chapter 4: inboxes are made by one call, kept, and taken away.
import { expect } from 'vitest';
import type { SamplesOf } from '../../support/guide.ts';
import { refusal } from '../../support/live-mailbox.ts';

export const inboxes: SamplesOf<4> = {
  'Creating inboxes': async ({ client }) => {
    const newInbox = await client.inboxes.create();
    expect(newInbox.inboxId).toMatch(/^agent-[a-z2-7]{8}@agents\.example\.com$/);
    expect(newInbox.email).toBe(newInbox.inboxId);
  },

  'Custom usernames': async ({ client }) => {
    const inbox = await client.inboxes.create({ username: 'webhook-demo', clientId: 'webhook-demo-inbox' });
    expect(inbox).toMatchObject({ inboxId: 'webhook-demo@agents.example.com', clientId: 'webhook-demo-inbox' });
  },

  // `id`, which the client of today has under the name `inbox_id`, is answered all the same.
  'Idempotent creation': async ({ client }) => {
    const wish = { username: 'idempotent-test', clientId: 'user-123-inbox-primary' };
    const inbox = await client.inboxes.create(wish);
    const inboxAgain = await client.inboxes.create(wish);
    expect(inbox).toHaveProperty('id', 'idempotent-test@agents.example.com');
    expect(inboxAgain).toEqual(inbox);
    expect((await client.inboxes.search({ q: 'idempotent-test' })).count).toBe(1);
  },

  'Listing and retrieving': async ({ client, inbox }) => {
    const inboxId = await inbox('my_name');
    const allInboxes = await client.inboxes.list();
    expect(allInboxes.count).toBe(allInboxes.inboxes.length);
    expect(allInboxes.inboxes.map((one) => one.inboxId)).toContain(inboxId);
    const retrieved = await client.inboxes.get('my_name@agents.example.com');
    expect(retrieved.inboxId).toBe(inboxId);
  },

  'Deleting inboxes': async ({ client, receive, recipient }) => {
    const { inboxId } = await client.inboxes.create({ username: 'ephemeral' });
    const { messageId } = await receive(inboxId, 'Your code', '', '123456');
    expect((await client.inboxes.messages.get(inboxId, messageId)).text).toContain('123456');
    await client.inboxes.delete(inboxId);
    expect(await refusal(client.inboxes.get(inboxId))).toEqual([404, 'not_found']);
    expect(await refusal(client.inboxes.messages.get(inboxId, messageId))).toEqual([404, 'not_found']);
    expect(await recipient(inboxId)).toMatch(/^550 5\.1\.1 /);
    await client.inboxes.create({ username: 'ephemeral' });
    expect((await client.inboxes.messages.list(inboxId, { includeTrash: true })).count).toBe(0);
  },

  'Inbox API keys': async ({ client, inbox, withKey }) => {
    const [own, other] = [await inbox('support'), await inbox('other')];
    const key = await client.inboxes.apiKeys.create(own, { name: 'support-agent-key' });
    const { apiKey } = key as { apiKey: string };
    const service = withKey(apiKey);
    expect((await service.inboxes.list()).inboxes.map(({ inboxId }) => inboxId)).toEqual([own]);
    expect(await refusal(service.inboxes.get(other))).toEqual([404, 'not_found']);
    const listed = await client.inboxes.apiKeys.list(own);
    expect(listed.apiKeys.map(({ name }) => name)).toContain('support-agent-key');
    expect(JSON.stringify(listed), 'the full key is only returned once').not.toContain(apiKey);
  },
};
