import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';

const A = 'a@agents.example.com';
const B = 'b@agents.example.com';

let node: MailboxNode;

beforeEach(async () => {
  node = await mailboxNode();
  for (const username of ['a', 'b']) await node.v0('POST', '/inboxes', { username });
});

afterEach(async () => {
  await node[Symbol.asyncDispose]();
});

/** A key of an inbox, or of the organization; `as`: what asks with it. */
const makeKey = async (inboxId?: string, name?: string, permissions?: Readonly<Record<string, boolean>>) => {
  const { body } = await node.v0('POST', inboxId === undefined ? '/api-keys' : `/inboxes/${inboxId}/api-keys`, {
    ...{ name, permissions },
  });
  const as: MailboxNode['v0'] = (method, path, form) =>
    node.v0(method, path, form, { authorization: `Bearer ${body.api_key}` });
  return { id: body.api_key_id as string, text: body.api_key as string, body, as };
};

describe('POST /v0/api-keys', () => {
  it('makes a key that opens what the organization’s opens, and whose text is in no file', async () => {
    const { body, text, as, id } = await makeKey(undefined, 'billing');
    expect(body).toEqual({
      ...{ api_key_id: id, api_key: text, prefix: text.slice(0, 8), name: 'billing', created_at: expect.any(String) },
    });
    expect(text).toMatch(/^am_[0-9A-Za-z]{43}$/);
    expect((await as('GET', '/inboxes')).body.count).toBe(2);
    expect((await as('GET', '/auth/me')).body).toMatchObject({ scope_type: 'organization', api_key_id: id });
    const kept = readdirSync(node.directory, { recursive: true, encoding: 'utf8' }).map((name) =>
      join(node.directory, name),
    );
    const files = kept.filter((path) => statSync(path).isFile());
    expect(files.filter((path) => readFileSync(path).includes(text))).toEqual([]);
  });

  it('makes a key of one inbox, which says so', async () => {
    const { body, as } = await makeKey(A);
    expect(body).toMatchObject({ name: 'API key', inbox_id: A, pod_id: expect.any(String) });
    const { body: me } = await as('GET', '/auth/me');
    expect(me).toMatchObject({ scope_type: 'inbox', scope_id: A, inbox_id: A, pod_id: body.pod_id });
    expect((await as('GET', '/inboxes')).body.inboxes).toMatchObject([{ inbox_id: A }]);
    expect((await as('PATCH', `/inboxes/${A}`, { display_name: 'Mine' })).status).toBe(200);
  });

  it('refuses what it does not know, above all rights that it would not keep to', async () => {
    for (const form of [
      { permissions: { inbox_read: 'yes' } },
      { permissions: { inbox_fly: true } },
      { public_key: {} },
      { name: '' },
      { name: 'a\nb' },
      { name: 7 },
    ])
      expect(await node.v0('POST', '/api-keys', form)).toMatchObject({
        status: 400,
        body: { code: 'validation_error' },
      });
    expect((await node.v0('POST', '/inboxes/none@agents.example.com/api-keys', {})).status).toBe(404);
    expect((await node.v0('GET', '/api-keys')).body.count).toBe(0);
  });
});

describe('a key that may change and delete keys', () => {
  const KEEPER = { api_key_read: true, api_key_update: true, api_key_delete: true };

  it.each([
    ['a permission that it has not', { message_read: true }, 'permission_escalation'],
    ['all permissions', undefined, 'unrestricted_key_required'],
  ])('neither renames, weakens nor deletes one with %s', async (_, permissions, code) => {
    const keeper = await makeKey(undefined, 'keeper', KEEPER);
    const stronger = await makeKey(A, 'stronger', permissions);
    const before = (await node.v0('GET', `/api-keys/${stronger.id}`)).body;
    const refused = { status: 403, body: { code, message: expect.any(String), fix: expect.any(String) } };
    for (const path of [`/api-keys/${stronger.id}`, `/inboxes/${A}/api-keys/${stronger.id}`]) {
      expect(await keeper.as('PATCH', path, { name: 'mine' })).toMatchObject(refused);
      expect(await keeper.as('PATCH', path, { permissions: {} })).toMatchObject(refused);
      expect(await keeper.as('DELETE', path)).toMatchObject(refused);
    }
    expect((await node.v0('GET', `/api-keys/${stronger.id}`)).body).toEqual(before);
    expect((await stronger.as('GET', '/auth/me')).status).toBe(200);
  });

  it('does so with one that may do no more than itself, and with itself', async () => {
    const keeper = await makeKey(undefined, 'keeper', { ...KEEPER, message_read: true });
    const weaker = await makeKey(A, 'weaker', { message_read: true, message_send: false });
    expect((await keeper.as('PATCH', `/api-keys/${weaker.id}`, { name: 'other' })).body).toMatchObject({
      name: 'other',
    });
    expect((await keeper.as('PATCH', `/api-keys/${weaker.id}`, { permissions: {} })).status).toBe(200);
    expect((await keeper.as('DELETE', `/api-keys/${weaker.id}`)).status).toBe(204);
    expect((await keeper.as('PATCH', `/api-keys/${keeper.id}`, { permissions: KEEPER })).status).toBe(200);
    expect((await keeper.as('DELETE', `/api-keys/${keeper.id}`)).status).toBe(204);
    expect((await keeper.as('GET', '/auth/me')).status).toBe(401);
  });

  it('finds none outside of its scope, whatever that may do', async () => {
    const keeper = await makeKey(A, 'keeper');
    for (const inboxId of [undefined, B]) {
      const { id, as } = await makeKey(inboxId, 'other', {});
      expect((await keeper.as('PATCH', `/api-keys/${id}`, { name: 'mine' })).status).toBe(404);
      expect((await keeper.as('DELETE', `/api-keys/${id}`)).status).toBe(404);
      expect((await as('GET', '/auth/me')).status).toBe(200);
    }
  });
});

describe('/v0/api-keys', () => {
  it('lists the newest first, in pages, without the text, and those of an inbox by themselves', async () => {
    const all: string[] = [];
    for (const inboxId of [undefined, A, B, A]) all.unshift((await makeKey(inboxId)).id);
    const idsIn = (body: { api_keys: { api_key_id: string }[] }) => body.api_keys.map(({ api_key_id }) => api_key_id);
    const first = (await node.v0('GET', '/api-keys?limit=3&type=bearer')).body;
    const second = (await node.v0('GET', `/api-keys?limit=3&type=bearer&page_token=${first.next_page_token}`)).body;
    expect([...idsIn(first), ...idsIn(second)]).toEqual(all);
    expect(first.api_keys[0]).toMatchObject({ type: 'bearer', name: 'API key', updated_at: expect.any(String) });
    expect(first.api_keys[0]).not.toHaveProperty('api_key');
    expect(idsIn((await node.v0('GET', `/inboxes/${A}/api-keys`)).body)).toEqual([all[0], all[2]]);
    expect((await node.v0('GET', '/api-keys?type=public_key')).body).toMatchObject({ count: 0, api_keys: [] });
    expect((await node.v0('GET', '/api-keys?type=other')).status).toBe(400);
  });

  it('renames a key, and tells when it was used', async () => {
    const { id, as } = await makeKey();
    expect((await node.v0('GET', `/api-keys/${id}`)).body).not.toHaveProperty('used_at');
    await as('GET', '/auth/me');
    await expect.poll(async () => (await node.v0('GET', `/api-keys/${id}`)).body.used_at).toEqual(expect.any(String));
    expect((await node.v0('PATCH', `/api-keys/${id}`, { name: 'other' })).body).toMatchObject({ name: 'other' });
    expect((await node.v0('PATCH', `/api-keys/${id}`, {})).status).toBe(400);
    expect((await node.v0('PATCH', '/api-keys/none', { name: 'x' })).status).toBe(404);
  });

  it('deletes a key, which opens nothing from then on', async () => {
    const { id, as } = await makeKey();
    expect((await node.v0('DELETE', `/inboxes/${A}/api-keys/${id}`)).status).toBe(404);
    expect((await node.v0('DELETE', `/api-keys/${id}`)).status).toBe(204);
    expect(await as('GET', '/inboxes')).toMatchObject({ status: 401, body: { code: 'unknown_api_key' } });
    expect((await node.v0('DELETE', `/api-keys/${id}`)).status).toBe(404);
  });

  it('ends with its inbox, and a new inbox of that address does not bring it back', async () => {
    const { as } = await makeKey(A);
    await node.v0('DELETE', `/inboxes/${A}`);
    expect((await as('GET', '/auth/me')).status).toBe(401);
    await node.v0('POST', '/inboxes', { username: 'a' });
    expect((await as('GET', '/auth/me')).status).toBe(401);
  });

  it('counts what each key asks by itself', async () => {
    const [one, other] = [await makeKey(), await makeKey(A)];
    for (let asked = 0; asked < 200; asked += 1) await one.as('GET', '/auth/me');
    expect(await one.as('GET', '/auth/me')).toMatchObject({ status: 429 });
    expect((await other.as('GET', '/auth/me')).status).toBe(200);
  });
});
