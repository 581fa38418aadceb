import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';

let node: MailboxNode;

beforeEach(async () => {
  node = await mailboxNode();
});

afterEach(() => node[Symbol.asyncDispose]());

const makePod = async (client_id: string) => (await node.v0('POST', '/pods', { client_id })).body;
/** A key made at `path`, and what asks with it. */
const makeKey = async (path: string, form: object = {}) => {
  const { body } = await node.v0('POST', path, form);
  const as: MailboxNode['v0'] = (method, to, said) =>
    node.v0(method, to, said, { authorization: `Bearer ${body.api_key}` });
  return { body, as };
};
const idsIn = (body: { inboxes: { inbox_id: string }[] }) => body.inboxes.map(({ inbox_id }) => inbox_id);

describe('/v0/pods', () => {
  it('has the default one, which stays and has every inbox that was put into no other', async () => {
    const [{ pod_id: podId }] = (await node.v0('GET', '/pods')).body.pods;
    const { body: inbox } = await node.v0('POST', '/inboxes', { username: 'a' });
    expect(inbox.pod_id).toBe(podId);
    expect(idsIn((await node.v0('GET', `/pods/${podId}/inboxes`)).body)).toEqual([inbox.inbox_id]);
    expect(await node.v0('DELETE', `/pods/${podId}`)).toMatchObject({ status: 403, body: { code: 'cannot_delete' } });
  });

  it('makes one, once for a client id, finds it by that, and lists the newest first', async () => {
    const acme = await makePod('tenant-acme-123');
    expect(acme).toEqual({
      ...{ pod_id: expect.any(String), name: 'tenant-acme-123', client_id: 'tenant-acme-123' },
      ...{ domain: 'tenant-acme-123.agents.example.com', created_at: expect.any(String), updated_at: acme.created_at },
    });
    expect((await node.v0('POST', '/pods', { client_id: 'tenant-acme-123', name: 'Other' })).body).toEqual(acme);
    expect((await node.v0('GET', '/pods/tenant-acme-123')).body).toEqual(acme);
    expect((await node.v0('GET', `/pods/${acme.pod_id}`)).body).toEqual(acme);
    await node.clock.advance(1_000);
    const { body: named } = await node.v0('POST', '/pods', { name: 'Tenant Acme 123' });
    expect(named).toMatchObject({ name: 'Tenant Acme 123', domain: 'tenant-acme-123-2.agents.example.com' });
    const { body: page } = await node.v0('GET', '/pods?limit=2&ascending=true');
    expect(page.pods).toEqual([acme, named]);
    const { body: next } = await node.v0('GET', `/pods?limit=2&ascending=true&page_token=${page.next_page_token}`);
    // The clock of the thread that has made it is not the test's.
    expect(next.pods).toMatchObject([{ name: 'Default' }]);
    expect((await node.v0('GET', '/pods')).body.pods.slice(1)).toEqual([named, acme]);
    for (const form of [{ name: '' }, { name: 'a\nb' }, { client_id: 'a b' }, { other: 1 }])
      expect((await node.v0('POST', '/pods', form)).status).toBe(400);
    for (const method of ['GET', 'DELETE'])
      expect(await node.v0(method, '/pods/none')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('keeps two inboxes of one name apart, each at the domain of its pod', async () => {
    const pods = [await makePod('acme'), await makePod('globex')];
    for (const { pod_id: podId, client_id: name } of pods) {
      const wish = { username: 'support', client_id: 'first' };
      const { body } = await node.v0('POST', `/pods/${podId}/inboxes`, wish);
      expect(body).toMatchObject({ inbox_id: `support@${name}.agents.example.com`, pod_id: podId });
      expect((await node.v0('POST', `/pods/${podId}/inboxes`, wish)).body).toEqual(body);
      expect(idsIn((await node.v0('GET', `/pods/${name}/inboxes`)).body)).toEqual([body.inbox_id]);
      expect(idsIn((await node.v0('GET', `/pods/${name}/inboxes/search?q=support`)).body)).toEqual([body.inbox_id]);
    }
    expect((await node.v0('GET', '/inboxes')).body.count).toBe(2);
    const elsewhere = '/pods/acme/inboxes/support@globex.agents.example.com';
    for (const [method, body] of [['GET'], ['PATCH', { display_name: 'x' }], ['DELETE']] as const)
      expect(await node.v0(method, elsewhere, body)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    const ofHost = { username: 'sales', domain: 'agents.example.com' };
    expect((await node.v0('POST', '/pods/acme/inboxes', ofHost)).body).toMatchObject({
      ...{ inbox_id: 'sales@agents.example.com', pod_id: pods[0].pod_id },
    });
  });

  it('ends in the order of the guide: the inboxes, then the pod, and with it its keys and webhooks', async () => {
    const { pod_id: podId } = await makePod('acme');
    const { body: inbox } = await node.v0('POST', `/pods/${podId}/inboxes`, {});
    const { as } = await makeKey(`/pods/${podId}/api-keys`);
    const hook = { url: 'http://127.0.0.1:9/hook', event_types: ['message.received'] };
    await node.v0('POST', `/pods/${podId}/webhooks`, hook);
    expect(await node.v0('DELETE', `/pods/${podId}`)).toMatchObject({
      ...{ status: 403, body: { code: 'cannot_delete', fix: expect.stringContaining(`/v0/pods/${podId}/inboxes`) } },
    });
    expect((await as('GET', '/inboxes')).body.count).toBe(1);
    expect((await node.v0('DELETE', `/inboxes/${inbox.inbox_id}`)).status).toBe(204);
    expect((await node.v0('DELETE', `/pods/${podId}`)).status).toBe(204);
    expect((await as('GET', '/inboxes')).status).toBe(401);
    expect((await node.v0('GET', `/pods/${podId}`)).status).toBe(404);
    expect((await node.v0('GET', '/webhooks')).body.count).toBe(0);
    expect((await node.v0('GET', '/api-keys')).body.count).toBe(0);
    expect((await node.v0('POST', `/pods/${podId}/inboxes`, {})).status).toBe(404);
  });
});

describe('the key of a pod', () => {
  it('makes inboxes, keys and webhooks in its pod, and nothing above it', async () => {
    const { pod_id: podId } = await makePod('acme');
    const { body, as } = await makeKey(`/pods/${podId}/api-keys`, { name: 'theirs' });
    expect(body).toMatchObject({ pod_id: podId, name: 'theirs' });
    expect(body).not.toHaveProperty('inbox_id');
    expect((await as('GET', '/auth/me')).body).toMatchObject({ scope_type: 'pod', scope_id: podId, pod_id: podId });
    expect((await as('GET', '/pods')).body.pods).toMatchObject([{ pod_id: podId }]);
    const inboxId = 'support@acme.agents.example.com';
    expect((await as('POST', '/inboxes', { username: 'support' })).body).toMatchObject({ inbox_id: inboxId });
    expect((await as('POST', `/inboxes/${inboxId}/api-keys`, {})).body).toMatchObject({ inbox_id: inboxId });
    expect((await as('POST', `/pods/${podId}/api-keys`, {})).body).toMatchObject({ pod_id: podId });
    expect((await as('GET', '/api-keys')).body.count).toBe(3);
    const hook = { url: 'http://127.0.0.1:9/hook', event_types: ['message.received'] };
    expect((await as('POST', '/pods/acme/webhooks', hook)).body).toMatchObject({ pod_ids: [podId] });
    for (const [path, form] of [
      ['/pods', {}],
      ['/api-keys', {}],
      ['/webhooks', hook],
    ] as const)
      expect(await as('POST', path, form)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await as('DELETE', `/pods/${podId}`)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it('takes no address that its pod has not, be it of the host or of an agent', async () => {
    const { pod_id: podId } = await makePod('acme');
    const { as } = await makeKey(`/pods/${podId}/api-keys`);
    const wish = { username: 'support', domain: 'agents.example.com' };
    expect(await as('POST', '/inboxes', wish)).toMatchObject({ status: 403, body: { code: 'domain_not_verified' } });
    const address = 'mine@acme.agents.example.com';
    await node.ask('POST', '/api/agents', { id: 'ann', name: 'ann', tools: { email: { addresses: [{ address }] } } });
    expect(await as('POST', '/inboxes', { username: 'mine' })).toMatchObject({
      ...{ status: 403, body: { code: 'resource_taken' } },
    });
    expect((await node.v0('POST', `/pods/${podId}/inboxes`, { username: 'mine' })).body.inbox_id).toBe(address);
    const headers = { authorization: `Bearer ${(await makeKey(`/pods/${podId}/api-keys`)).body.api_key}` };
    const asAnn = await node.v0('POST', '/inboxes', {}, { ...headers, 'x-agent-id': 'ann' });
    expect(asAnn).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });
});

describe('the webhooks of a pod', () => {
  it('tell of the pod, or of the inboxes of it that they name', async () => {
    const { pod_id: podId } = await makePod('acme');
    for (const username of ['a', 'b']) await node.v0('POST', '/pods/acme/inboxes', { username });
    await node.v0('POST', '/inboxes', { username: 'c' });
    const [a, b] = ['a', 'b'].map((name) => `${name}@acme.agents.example.com`);
    const hook = { url: 'http://127.0.0.1:9/hook', event_types: ['message.received'] };
    const { body: whole } = await node.v0('POST', '/pods/acme/webhooks', hook);
    expect(whole).toMatchObject({ pod_ids: [podId] });
    const path = `/pods/acme/webhooks/${whole.webhook_id}`;
    const { body: narrowed } = await node.v0('PATCH', path, { add_inbox_ids: [a] });
    expect(narrowed).toMatchObject({ inbox_ids: [a] });
    expect(narrowed).not.toHaveProperty('pod_ids');
    expect((await node.v0('PATCH', path, { add_inbox_ids: [b] })).body.inbox_ids).toEqual([a, b]);
    expect((await node.v0('PATCH', path, { remove_inbox_ids: [a, b] })).status).toBe(400);
    expect((await node.v0('PATCH', path, { add_inbox_ids: ['c@agents.example.com'] })).status).toBe(404);
    expect((await node.v0('POST', '/pods/acme/webhooks', { ...hook, pod_ids: [podId] })).status).toBe(400);
    await node.v0('POST', `/inboxes/${a}/webhooks`, hook);
    await node.v0('POST', '/inboxes/c@agents.example.com/webhooks', hook);
    expect((await node.v0('GET', '/pods/acme/webhooks')).body.count).toBe(2);
    expect((await node.v0('GET', '/webhooks')).body.count).toBe(3);
  });

  it('of the organization name pods as well, ten at most', async () => {
    const { pod_id: podId } = await makePod('acme');
    const hook = { url: 'http://127.0.0.1:9/hook', event_types: ['message.received'] };
    const { body } = await node.v0('POST', '/webhooks', { ...hook, pod_ids: ['acme'] });
    expect(body.pod_ids).toEqual([podId]);
    const { body: other } = await node.v0('PATCH', `/webhooks/${body.webhook_id}`, {
      ...{ add_pod_ids: [(await makePod('globex')).pod_id], remove_pod_ids: [podId] },
    });
    expect(other.pod_ids).toHaveLength(1);
    expect(other.pod_ids).not.toContain(podId);
    expect((await node.v0('POST', '/webhooks', { ...hook, pod_ids: ['none'] })).status).toBe(404);
    const eleven = Array.from({ length: 11 }, () => podId);
    expect((await node.v0('POST', '/webhooks', { ...hook, pod_ids: eleven })).status).toBe(400);
  });
});
