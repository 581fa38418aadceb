// A filter that is misspelt must not be answered with everything: a parameter that a list does not know is refused, by its name.
import { describe, expect, it } from 'vitest';
import { mailboxNode } from '../../../support/mailbox-node.ts';

const INBOX = '/inboxes/a@agents.example.com';

const LISTS = [
  ...['/inboxes', '/inboxes/search?q=agents', '/api-keys', '/webhooks', '/threads', '/threads/search?q=agents'],
  ...['/pods', '/domains', '/drafts', '/lists/send/block', '/metrics/events', '/metrics/usage'],
  ...['/messages', '/threads', '/events', '/api-keys', '/webhooks', '/drafts'].map((list) => `${INBOX}${list}`),
];

describe('a parameter that nobody knows', () => {
  it('is refused by every list, which names it and those that it knows', async () => {
    await using node = await mailboxNode();
    await node.v0('POST', '/inboxes', { username: 'a' });
    for (const path of LISTS) {
      expect((await node.v0('GET', path)).status, path).toBe(200);
      const refused = await node.v0('GET', `${path}${path.includes('?') ? '&' : '?'}limt=1`);
      const errors = [{ path: ['limt'], message: expect.stringMatching(/is not known here, but .*limit/) }];
      expect(refused, path).toMatchObject({ status: 400, body: { code: 'validation_error', errors } });
    }
  });
});
