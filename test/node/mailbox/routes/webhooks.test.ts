import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';

const A = 'a@agents.example.com';
const B = 'b@agents.example.com';
const URL = 'http://127.0.0.1:9/hook';

let node: MailboxNode;

beforeEach(async () => {
  node = await mailboxNode();
  for (const username of ['a', 'b']) await node.v0('POST', '/inboxes', { username });
});

afterEach(() => node[Symbol.asyncDispose]());

const create = async (more: object = {}, path = '/webhooks') =>
  (await node.v0('POST', path, { url: URL, event_types: ['message.received'], ...more })).body;

describe('/v0/webhooks', () => {
  it('makes one, and shows it with its secret', async () => {
    const made = await create({ inbox_ids: [A.toUpperCase()], client_id: 'mine', headers: { 'x-key': 'k' } });
    expect(made).toEqual({
      ...{ webhook_id: expect.any(String), url: URL, event_types: ['message.received'], inbox_ids: [A], enabled: true },
      ...{ secret: expect.stringMatching(/^whsec_/), client_id: 'mine' },
      ...{ created_at: expect.any(String), updated_at: expect.any(String) },
    });
    expect((await node.v0('GET', `/webhooks/${made.webhook_id}`)).body).toEqual(made);
    expect(await create({ client_id: 'mine', event_types: ['message.sent'] })).toEqual(made);
  });

  it('answers with the one of that client id, though what was named is gone, and makes another one in another scope', async () => {
    const made = await create({ inbox_ids: [B], client_id: 'mine' });
    await node.v0('DELETE', `/inboxes/${B}`);
    expect(await create({ inbox_ids: [B], client_id: 'mine' })).toEqual(made);
    expect(await create({ client_id: 'mine', url: 'http://169.254.169.254/' })).toEqual(made);
    const ofInbox = await create({ client_id: 'mine' }, `/inboxes/${A}/webhooks`);
    expect(ofInbox.webhook_id).toEqual(expect.not.stringContaining(made.webhook_id));
    expect(await create({ client_id: 'mine' }, `/inboxes/${A}/webhooks`)).toEqual(ofInbox);
  });

  it('changes events and inboxes', async () => {
    const { webhook_id: id } = await create();
    const patch = (body: object) => node.v0('PATCH', `/webhooks/${id}`, body);
    expect((await patch({ event_types: ['message.sent'], add_inbox_ids: [A, B] })).body).toMatchObject({
      ...{ event_types: ['message.sent'], inbox_ids: [A, B] },
    });
    expect((await patch({ event_types: [], remove_inbox_ids: [A] })).body).toMatchObject({
      ...{ event_types: ['message.sent'], inbox_ids: [B] },
    });
    expect((await patch({ remove_inbox_ids: [B] })).status).toBe(400);
    expect((await node.v0('GET', `/webhooks/${id}`)).body.inbox_ids).toEqual([B]);
  });

  it('refuses a change that changes nothing, of whomever the webhook is', async () => {
    for (const path of ['', `/inboxes/${A}`]) {
      const { webhook_id: id } = await create({}, `${path}/webhooks`);
      for (const form of [{}, { event_types: [] }]) {
        const { status, body } = await node.v0('PATCH', `${path}/webhooks/${id}`, form);
        expect({ status, body }).toMatchObject({ status: 400, body: { code: 'validation_error' } });
        expect(body.message).toMatch(/changes nothing: name events in event_types/);
      }
    }
    const { webhook_id: id } = await create();
    const form = { event_types: [], add_inbox_ids: [], remove_inbox_ids: [], add_pod_ids: [], remove_pod_ids: [] };
    expect((await node.v0('PATCH', `/webhooks/${id}`, form)).status).toBe(400);
  });

  it('keeps headers, whose values nobody is shown', async () => {
    const { webhook_id: id } = await create({ headers: { 'x-one': '1' } });
    const path = `/webhooks/${id}/headers`;
    expect((await node.v0('PATCH', path, { headers: { 'x-two': '2' }, remove_headers: ['X-One'] })).status).toBe(204);
    expect((await node.v0('GET', path)).body).toEqual({ header_names: ['x-two'] });
    for (const body of [{}, { headers: { 'x-two': '3' }, remove_headers: ['X-Two'] }, { headers: { 'svix-id': '1' } }])
      expect((await node.v0('PATCH', path, body)).status).toBe(400);
  });

  it('lists them in pages, the newest first, and deletes one', async () => {
    const ids: string[] = [];
    for (let at = 0; at < 5; at += 1) {
      ids.unshift((await create()).webhook_id);
      if (at % 2 === 0) await node.clock.advance(1_000);
    }
    const pages: string[] = [];
    let token: string | undefined = '';
    for (let turn = 0; token !== undefined && turn < 9; turn += 1) {
      const { body } = await node.v0('GET', `/webhooks?limit=2${token && `&page_token=${token}`}`);
      pages.push(...body.webhooks.map((one: { webhook_id: string }) => one.webhook_id));
      token = body.next_page_token;
    }
    expect(pages.toSorted()).toEqual(ids.toSorted());
    expect(pages[4]).toBe(ids[4]);
    expect((await node.v0('DELETE', `/webhooks/${ids[0]}`)).status).toBe(204);
    expect((await node.v0('GET', `/webhooks/${ids[0]}`)).status).toBe(404);
  });

  it.each([
    ['no event', { event_types: [] }],
    ['an unknown event', { event_types: ['message.lost'] }],
    ['an event of no inbox', { event_types: ['agent.created'] }],
    ['no URL', { url: 'nowhere' }],
    ['a URL that may not be called', { url: 'http://169.254.169.254/' }],
    ['eleven inboxes', { inbox_ids: Array.from({ length: 11 }, () => A) }],
    ['an unknown member', { pods: [] }],
    ['a header of the node', { headers: { 'webhook-id': 'x' } }],
    ['a client id that is none', { client_id: 'a b' }],
  ])('refuses %s, and makes nothing then', async (_, more) => {
    const { status, body } = await node.v0('POST', '/webhooks', {
      url: URL,
      event_types: ['message.received'],
      ...more,
    });
    expect([status, body.code]).toEqual([400, 'validation_error']);
    expect((await node.v0('GET', '/webhooks')).body.count).toBe(0);
  });

  it('shows nothing of subscriptions of another form', async () => {
    const { body } = await node.ask('POST', '/api/webhooks', { url: URL, events: ['message.received'] });
    const { id } = body as { id: string };
    expect((await node.v0('GET', '/webhooks')).body.webhooks).toEqual([]);
    for (const method of ['GET', 'DELETE']) expect((await node.v0(method, `/webhooks/${id}`)).status).toBe(404);
    expect((await node.ask('GET', `/api/webhooks/${id}`)).status).toBe(200);
  });
});

describe('/v0/inboxes/:inbox_id/webhooks', () => {
  const OF_A = `/inboxes/${A}/webhooks`;

  it('are of that inbox alone, and end with it', async () => {
    const ofA = await create({}, OF_A);
    const ofB = await create({}, `/inboxes/${B}/webhooks`);
    expect(ofA.inbox_ids).toEqual([A]);
    expect((await node.v0('GET', OF_A)).body.webhooks).toEqual([ofA]);
    expect((await node.v0('GET', `${OF_A}/${ofB.webhook_id}`)).status).toBe(404);
    for (const body of [{ inbox_ids: [B] }, { add_inbox_ids: [B] }])
      expect((await node.v0('PATCH', `${OF_A}/${ofA.webhook_id}`, body)).status).toBe(400);
    await node.v0('DELETE', `/inboxes/${A}`);
    expect((await node.v0('GET', '/webhooks')).body.webhooks).toEqual([ofB]);
  });

  it('are all that the key of an inbox finds', async () => {
    const { api_key: key } = (await node.v0('POST', `/inboxes/${A}/api-keys`)).body;
    const byKey = { authorization: `Bearer ${key}` };
    await create();
    const ofB = await create({}, `/inboxes/${B}/webhooks`);
    const made = await node.v0('POST', OF_A, { url: URL, event_types: ['message.received'] }, byKey);
    expect((await node.v0('GET', OF_A, undefined, byKey)).body.webhooks).toEqual([made.body]);
    expect((await node.v0('GET', '/webhooks', undefined, byKey)).body.webhooks).toEqual([made.body]);
    for (const path of [`${OF_A}/${ofB.webhook_id}`, `/inboxes/${B}/webhooks`])
      expect((await node.v0('GET', path, undefined, byKey)).status).toBe(404);
  });
});

describe('/v0/inboxes/:inbox_id/events', () => {
  it('refuses an inbox that is not there, and lists nothing of one without a change', async () => {
    expect((await node.v0('GET', `/inboxes/none@agents.example.com/events`)).status).toBe(404);
    expect((await node.v0('GET', `/inboxes/${A}/events`)).body).toEqual({ count: 0, limit: 50, events: [] });
  });
});
