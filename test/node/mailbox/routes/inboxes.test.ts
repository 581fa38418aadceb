import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';

let node: MailboxNode;

beforeEach(async () => {
  node = await mailboxNode();
});

afterEach(() => node[Symbol.asyncDispose]());

const owners = async () => Object.keys((await node.ask('GET', '/api/agents/email-index')).body);
const agents = async () =>
  ((await node.ask('GET', '/api/agents')).body as { agents: { name: string }[] }).agents.map(({ name }) => name);

describe('POST /v0/inboxes', () => {
  it('makes an inbox whose address is an agent’s of the mesh', async () => {
    const { status, body } = await node.v0('POST', '/inboxes', {
      username: 'Support',
      display_name: 'Acme Support',
      metadata: { plan: 'free', seats: 3, paid: false },
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      pod_id: expect.any(String),
      ...{
        inbox_id: 'support@agents.example.com',
        id: 'support@agents.example.com',
        email: 'support@agents.example.com',
      },
      display_name: 'Acme Support',
      metadata: { plan: 'free', seats: 3, paid: false },
      ...{ created_at: '2026-01-27T12:00:00.000Z', updated_at: '2026-01-27T12:00:00.000Z' },
    });
    expect(await owners()).toEqual(['support@agents.example.com']);
    expect(await agents()).toEqual([expect.stringMatching(/^inbox-[0-9a-f]{8}$/)]);
  });

  it('draws a name where none is asked for, of a body that there need not be', async () => {
    const { body } = await node.v0('POST', '/inboxes');
    expect(body.inbox_id).toMatch(/^agent-[a-z2-7]{8}@agents\.example\.com$/);
  });

  it('makes one inbox of two requests with a client id, whatever else they say, and of two at once', async () => {
    const made = await Promise.all([1, 2, 3].map(() => node.v0('POST', '/inboxes', { client_id: 'mine' })));
    const again = await node.v0('POST', '/inboxes', { client_id: 'mine', username: 'other' });
    expect(new Set([...made, again].map(({ status, body }) => `${status} ${body.inbox_id}`)).size).toBe(1);
    expect(await owners()).toHaveLength(1);
  });

  it('answers a client id with its inbox, though the domain is nobody’s any more, in its own pod alone', async () => {
    await node.ask('POST', '/api/agents', {
      ...{ id: 'iac', name: 'iac' },
      tools: { email: { addresses: [{ address: 'titania@x.com' }] } },
    });
    const wish = { username: 'titania', domain: 'x.com', client_id: 'mine' };
    const made = await node.v0('POST', '/inboxes', wish);
    expect(made.status).toBe(200);
    expect(await node.v0('POST', '/inboxes', { ...wish, username: 'oberon' })).toMatchObject({
      ...{ status: 200, body: made.body },
    });
    const pod = (await node.v0('POST', '/pods', { name: 'A' })).body.pod_id;
    expect((await node.v0('POST', `/pods/${pod}/inboxes`, { ...wish, username: 'oberon' })).status).toBe(403);
  });

  it('refuses an address that another inbox has, and leaves nothing behind', async () => {
    await node.v0('POST', '/inboxes', { username: 'a' });
    expect(await node.v0('POST', '/inboxes', { username: 'a', client_id: 'mine' })).toMatchObject({
      status: 403,
      body: { name: 'IsTakenError', code: 'resource_taken' },
    });
    // The client id was not used up.
    expect((await node.v0('POST', '/inboxes', { username: 'b', client_id: 'mine' })).status).toBe(200);
  });

  it('gives an inbox to the agent that has the address, or that is named', async () => {
    await node.ask('POST', '/api/agents', {
      ...{ id: 'iac', name: 'iac' },
      tools: { email: { addresses: [{ address: 'titania@x.com' }] } },
    });
    expect((await node.v0('POST', '/inboxes', { username: 'titania', domain: 'x.com' })).status).toBe(200);
    const named = await node.v0('POST', '/inboxes', { username: 'oberon' }, { 'x-agent-id': 'iac' });
    expect(named.status).toBe(200);
    expect(await agents()).toEqual(['iac']);
    expect((await owners()).sort()).toEqual(['oberon@agents.example.com', 'titania@x.com']);
  });

  it('refuses an agent that is not there, and another than the one that has the address', async () => {
    expect((await node.v0('POST', '/inboxes', {}, { 'x-agent-id': 'nobody' })).status).toBe(404);
    for (const id of ['iac', 'puck']) await node.ask('POST', '/api/agents', { id, name: id });
    await node.ask('POST', '/api/agents/iac/email/addresses', { address: 'titania@x.com' });
    const asked = { username: 'titania', domain: 'x.com' };
    expect((await node.v0('POST', '/inboxes', asked, { 'x-agent-id': 'puck' })).status).toBe(403);
    expect((await node.v0('GET', '/inboxes')).body.count).toBe(0);
  });

  it('refuses what is no inbox of this host', async () => {
    const refused: readonly (readonly [asked: unknown, status: number, code: string])[] = [
      [{ domain: 'y.com' }, 403, 'domain_not_verified'],
      [{ username: 'two words' }, 400, 'validation_error'],
      [{ username: '' }, 400, 'validation_error'],
      [{ client_id: 'no spaces' }, 400, 'validation_error'],
      [{ display_name: 'a\nb' }, 400, 'validation_error'],
      [{ display_name: 'a\ud800' }, 400, 'validation_error'],
      [{ display_name: 'a\u2028b' }, 400, 'validation_error'],
      [{ metadata: { nested: {} } }, 400, 'validation_error'],
      [{ user_name: 'a' }, 400, 'validation_error'],
      [[], 400, 'validation_error'],
    ];
    for (const [asked, status, code] of refused)
      expect(await node.v0('POST', '/inboxes', asked)).toMatchObject({ status, body: { code } });
    expect(await owners()).toEqual([]);
  });

  it('refuses octets that are no text, which would come back as other letters', async () => {
    const body = Buffer.concat([Buffer.from('{"display_name":"Caf'), Buffer.from([0xe9]), Buffer.from('"}')]);
    const headers = { host: 'localhost', authorization: `Bearer ${node.key}`, 'content-type': 'application/json' };
    const request = new Request('http://localhost/v0/inboxes', { method: 'POST', headers, body });
    const answer = await node.node.fetch(request, {});
    expect([answer.status, await answer.json()]).toMatchObject([400, { message: expect.stringContaining('UTF-8') }]);
    expect(await owners()).toEqual([]);
  });

  it('names every field that is wrong', async () => {
    const { body } = await node.v0('POST', '/inboxes', { username: 7, client_id: ' ' });
    expect(body.errors.map(({ path }: { path: string[] }) => path)).toEqual([['username'], ['client_id']]);
  });
});

describe('GET /v0/inboxes', () => {
  it('shows the newest first in pages, and the same in the other direction', async () => {
    const made: string[] = [];
    for (const username of ['a', 'b', 'c', 'd', 'e']) {
      made.push((await node.v0('POST', '/inboxes', { username })).body.inbox_id);
      await node.clock.advance(1);
    }
    const all = async (query: string) => {
      const seen: string[] = [];
      let token: string | undefined;
      do {
        const page = await node.v0('GET', `/inboxes?limit=2${query}${token ? `&page_token=${token}` : ''}`);
        expect(page.body.count).toBe(page.body.inboxes.length);
        seen.push(...page.body.inboxes.map(({ inbox_id }: { inbox_id: string }) => inbox_id));
        token = page.body.next_page_token;
      } while (token !== undefined);
      return seen;
    };
    expect(await all('')).toEqual(made.toReversed());
    expect(await all('&ascending=true')).toEqual(made);
  });

  it('refuses a token of another list, and a limit that is no number', async () => {
    for (const username of ['a', 'b']) await node.v0('POST', '/inboxes', { username });
    const { next_page_token: token } = (await node.v0('GET', '/inboxes?limit=1')).body;
    for (const query of [`ascending=true&page_token=${token}`, 'page_token=x', 'limit=0', 'limit=a', 'ascending=1'])
      expect(await node.v0('GET', `/inboxes?${query}`)).toMatchObject({
        status: 400,
        body: { code: 'validation_error' },
      });
    expect((await node.v0('GET', '/inboxes?limit=5000')).body.limit).toBe(100);
  });

  it('finds inboxes by the beginnings of words of their address and name, the exact address first', async () => {
    for (const [username, display_name] of [
      ['support', 'Acme Support'],
      ['sales', 'Acme Sales'],
      ['x-support', 'Other'],
    ])
      await node.v0('POST', '/inboxes', { username, display_name });
    const found = async (q: string) =>
      (await node.v0('GET', `/inboxes/search?q=${encodeURIComponent(q)}`)).body.inboxes.map(
        ({ inbox_id }: { inbox_id: string }) => inbox_id.split('@')[0],
      );
    expect((await found('acme')).sort()).toEqual(['sales', 'support']);
    expect(await found('ACME sup')).toEqual(['support']);
    expect(await found('support@agents.example.com')).toEqual(['support']);
    expect((await found('supp')).sort()).toEqual(['support', 'x-support']);
    expect(await found('pport')).toEqual([]);
    expect(await found('%%')).toEqual([]);
  });

  it('finds a name whatever the case and the accents of its letters, and those of what is asked', async () => {
    for (const [username, display_name] of [
      ['vienna', 'Österreich Süd'],
      ['athens', 'ΑΘΗΝΑ'],
      ['plain', 'Osten'],
    ])
      await node.v0('POST', '/inboxes', { username, display_name });
    const found = async (q: string) =>
      (await node.v0('GET', `/inboxes/search?q=${encodeURIComponent(q)}`)).body.inboxes
        .map(({ inbox_id }: { inbox_id: string }) => inbox_id.split('@')[0])
        .sort();
    for (const q of ['Österreich', 'österreich', 'OSTERREICH süd', 'Su\u0308d'])
      expect(await found(q), q).toEqual(['vienna']);
    expect(await found('αθήνα')).toEqual(['athens']);
    expect(await found('ost')).toEqual(['plain', 'vienna']);
    expect(await found('vienna@agents')).toEqual(['vienna']);
  });

  it.each([
    ['a', 'must have at least 2 characters'],
    ['ab&q=cd', 'is sent more than once'],
    ['%20%20', 'must have a word'],
    ['%CC%81%CC%81', 'must have a word'],
    ['%00%00', 'must have a word'],
  ])('refuses q=%s, and names it', async (q, message) => {
    const { status, body } = await node.v0('GET', `/inboxes/search?q=${q}`);
    expect([status, body.errors]).toEqual([400, [{ path: ['q'], message }]]);
  });

  it('says of a q that is missing what it must be', async () => {
    const { status, body } = await node.v0('GET', '/inboxes/search');
    const message = 'must be a text, and is missing';
    expect([status, body.message, body.errors]).toEqual([400, `'q' ${message}.`, [{ path: ['q'], message }]]);
  });

  it('pages through what it finds while more are made, and shows each once, the exact address first', async () => {
    for (const username of ['one', 'two', 'three', 'four']) await node.v0('POST', '/inboxes', { username });
    const seen: string[] = [];
    const q = encodeURIComponent('one@agents.example.com');
    const all = async (query: string, limit: number) => {
      let token = '';
      do {
        const { body } = await node.v0('GET', `/inboxes/search?q=${query}&limit=${limit}${token}`);
        seen.push(...body.inboxes.map(({ inbox_id }: { inbox_id: string }) => inbox_id.split('@')[0]));
        token = body.next_page_token === undefined ? '' : `&page_token=${body.next_page_token}`;
        if (limit === 2) await node.v0('POST', '/inboxes', { username: `later-${seen.length}` });
      } while (token !== '');
      return seen.splice(0);
    };
    expect(await all('agents', 2)).toEqual(['four', 'three', 'two', 'one']);
    await node.v0('POST', '/inboxes', { username: 'x', display_name: 'one@agents.example.com' });
    expect(await all(q, 1)).toEqual(['one', 'x']);
  });
});

describe('/v0/inboxes/:inbox_id', () => {
  beforeEach(async () => {
    await node.v0('POST', '/inboxes', { username: 'a', metadata: { one: 1, two: 2 } });
  });
  const path = `/inboxes/${encodeURIComponent('A@agents.example.com')}`;

  it('shows it by any spelling of its address', async () => {
    expect((await node.v0('GET', path)).body.inbox_id).toBe('a@agents.example.com');
  });

  it('merges metadata, removes what is null, and clears all of it', async () => {
    const patched = await node.v0('PATCH', path, { metadata: { one: null, three: 3 }, display_name: 'A' });
    expect(patched.body).toMatchObject({ metadata: { two: 2, three: 3 }, display_name: 'A' });
    const cleared = await node.v0('PATCH', path, { metadata: null });
    expect(cleared.body.metadata).toBeUndefined();
    expect(cleared.body.display_name).toBe('A');
    for (const body of [{}, { metadata: {} }]) expect((await node.v0('PATCH', path, body)).status).toBe(400);
  });

  it('keeps what two change of its metadata at once', async () => {
    const keys = Array.from({ length: 20 }, (_, at) => `key-${at}`);
    await Promise.all(keys.map((key) => node.v0('PATCH', path, { metadata: { [key]: 1 } })));
    expect(Object.keys((await node.v0('GET', path)).body.metadata).sort()).toEqual(['one', 'two', ...keys].sort());
  });

  it('has at most 256 keys of metadata, however few each request brings', async () => {
    const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`key-${at}`, 1]));
    expect((await node.v0('PATCH', path, { metadata: keys(254) })).status).toBe(200);
    const more = await node.v0('PATCH', path, { metadata: { more: 1 }, display_name: 'More' });
    expect(more).toMatchObject({ status: 400, body: { code: 'validation_error', errors: [{ path: ['metadata'] }] } });
    const { metadata, display_name } = (await node.v0('GET', path)).body;
    expect([Object.keys(metadata).length, display_name]).toEqual([256, undefined]);
    expect((await node.v0('PATCH', path, { metadata: { more: 1, one: null } })).status).toBe(200);
  });

  it('is gone when it was deleted, with its agent, and its address can be taken again', async () => {
    expect((await node.v0('DELETE', path)).status).toBe(204);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const body = method === 'PATCH' ? { display_name: 'x' } : undefined;
      expect(await node.v0(method, path, body)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
    expect(await owners()).toEqual([]);
    expect(await agents()).toEqual([]);
    expect((await node.v0('POST', '/inboxes', { username: 'a' })).status).toBe(200);
  });

  it('leaves an agent that has another address where it is', async () => {
    const [agent] = ((await node.ask('GET', '/api/agents')).body as { agents: { id: string }[] }).agents;
    await node.ask('POST', `/api/agents/${agent?.id}/email/addresses`, { address: 'other@x.com' });
    await node.v0('DELETE', path);
    expect(await owners()).toEqual(['other@x.com']);
  });
});
