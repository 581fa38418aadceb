import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';

let node: MailboxNode;

beforeEach(async () => {
  node = await mailboxNode();
});

afterEach(() => node[Symbol.asyncDispose]());

describe('a body that is packed', () => {
  it.each([
    ['POST', '/v0/inboxes'],
    ['DELETE', '/v0/inboxes/never@agents.example.com'],
    ['POST', '/api/mailbox/ingest'],
    ['POST', '/v0/unsubscribe/one'],
  ])('is refused in the form that clients of the mailbox read: %s %s', async (method, path) => {
    const headers = { authorization: `Bearer ${node.key}`, 'content-encoding': 'gzip' };
    const { status, body } = await node.ask(method, path, method === 'POST' ? {} : undefined, headers);
    expect([status, body]).toMatchObject([
      400,
      { name: 'ValidationError', code: 'validation_error', message: expect.stringContaining('gzip') },
    ]);
  });
});
