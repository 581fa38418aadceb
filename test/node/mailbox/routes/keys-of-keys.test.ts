// Keys that a key has made: what they open follows what that one opens, and they go with it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEY_LINE_MAX } from '../../../../node/mailbox/api-key.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';

const A = 'a@agents.example.com';
const KEEPER = { api_key_read: true, api_key_create: true, api_key_update: true, api_key_delete: true };
const READS = { ...KEEPER, inbox_read: true, message_read: true, message_send: true };
const REFUSED = { status: 403, body: { code: 'missing_permission' } };

let node: MailboxNode;

beforeEach(async () => {
  node = await mailboxNode();
  await node.v0('POST', '/inboxes', { username: 'a' });
});

afterEach(async () => {
  await node[Symbol.asyncDispose]();
});

interface Key {
  readonly id: string;
  readonly as: MailboxNode['v0'];
}

/** A key that `maker` makes, of the organization or of what lies at `below`. */
const makeKey = async (maker: MailboxNode['v0'], permissions?: object, below = ''): Promise<Key> => {
  const { status, body } = await maker('POST', `${below}/api-keys`, { permissions });
  expect(status).toBe(200);
  const as: MailboxNode['v0'] = (method, path, form) =>
    node.v0(method, path, form, { authorization: `Bearer ${body.api_key}` });
  return { id: body.api_key_id, as };
};
const change = (id: string, permissions: object) => node.v0('PATCH', `/api-keys/${id}`, { permissions });
const canSend = async ({ as }: Key) => (await as('POST', `/inboxes/${A}/messages/send`, { to: A })).status !== 403;

describe('a key that a key has made', () => {
  it('may at once do no more than that one, and those that it has made neither', async () => {
    const parent = await makeKey(node.v0, READS);
    const child = await makeKey(parent.as, READS);
    const grandchild = await makeKey(child.as, READS, `/inboxes/${A}`);
    expect(await Promise.all([child, grandchild].map(canSend))).toEqual([true, true]);

    await change(parent.id, { ...READS, message_send: false });
    for (const { as } of [child, grandchild]) {
      expect(await as('POST', `/inboxes/${A}/messages/send`, { to: A })).toMatchObject(REFUSED);
      expect((await as('GET', `/inboxes/${A}/messages`)).status).toBe(200);
    }
    expect((await node.v0('GET', `/api-keys/${grandchild.id}`)).body.permissions).toEqual({
      ...READS,
      message_send: false,
    });
    expect((await node.v0('GET', `/inboxes/${A}/api-keys`)).body.api_keys).toMatchObject([
      { permissions: { message_read: true, message_send: false } },
    ]);

    await change(parent.id, READS);
    expect(await Promise.all([child, grandchild].map(canSend))).toEqual([true, true]);
  });

  it('that may do everything may do what that one still may', async () => {
    const parent = await makeKey(node.v0);
    const child = await makeKey(parent.as);
    expect((await child.as('GET', '/pods')).status).toBe(200);
    await change(parent.id, { inbox_read: true });
    expect(await child.as('GET', '/pods')).toMatchObject(REFUSED);
    expect((await child.as('GET', '/inboxes')).status).toBe(200);
    expect((await child.as('POST', '/api-keys', {})).status).toBe(403);
  });

  it('gets from nobody what that one has not', async () => {
    const parent = await makeKey(node.v0, READS);
    const child = await makeKey(parent.as, KEEPER);
    expect(await change(child.id, { ...KEEPER, pod_read: true })).toMatchObject({
      status: 403,
      body: { code: 'permission_escalation', fix: expect.any(String) },
    });
    expect((await node.v0('GET', `/api-keys/${child.id}`)).body.permissions).toEqual(KEEPER);
    expect((await change(child.id, { ...KEEPER, message_read: true })).status).toBe(200);
    await change(parent.id, KEEPER);
    expect(await child.as('PATCH', `/api-keys/${parent.id}`, { permissions: READS })).toMatchObject({ status: 403 });
  });

  it('goes with that one, as do those that it has made, and no other', async () => {
    const parent = await makeKey(node.v0, READS);
    const child = await makeKey(parent.as, READS);
    const grandchild = await makeKey(child.as, READS, `/inboxes/${A}`);
    const other = await makeKey(node.v0, READS);
    expect((await node.v0('DELETE', `/api-keys/${parent.id}`)).status).toBe(204);
    for (const { as } of [parent, child, grandchild])
      expect(await as('GET', '/auth/me')).toMatchObject({ status: 401, body: { code: 'unknown_api_key' } });
    expect((await node.v0('GET', '/api-keys')).body.api_keys).toMatchObject([{ api_key_id: other.id }]);
    expect((await other.as('GET', '/auth/me')).status).toBe(200);
  });

  it('makes others, until so many stand in one line', async () => {
    const line = [await makeKey(node.v0)];
    while (line.length < KEY_LINE_MAX) line.push(await makeKey((line.at(-1) as Key).as));
    const [first, last] = [line.at(0), line.at(-1)] as [Key, Key];
    expect(await last.as('POST', '/api-keys', {})).toMatchObject({ status: 403, body: { code: 'limit_exceeded' } });
    await change(first.id, { inbox_read: true });
    expect(await last.as('GET', '/pods')).toMatchObject(REFUSED);
    await node.v0('DELETE', `/api-keys/${first.id}`);
    expect((await last.as('GET', '/auth/me')).status).toBe(401);
  });
});
