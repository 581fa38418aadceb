// Inboxes whose address was taken away by other routes: their mail stays, who asks is told what is wrong, and how to have the address again.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';

const A = 'a@agents.example.com';
const INBOX = `/inboxes/${A}`;

let node: MailboxNode;

beforeEach(async () => {
  node = await mailboxNode();
  await node.v0('POST', '/inboxes', { username: 'a', client_id: 'mine' });
  await node.v0('POST', `${INBOX}/messages/send`, { to: A, subject: 'Kept', text: 'x' });
});

afterEach(() => node[Symbol.asyncDispose]());

const agents = async () => ((await node.ask('GET', '/api/agents')).body as { agents: { id: string }[] }).agents;
const agentId = async () => String((await agents())[0]?.id);
const removeAgent = async () => node.ask('DELETE', `/api/agents/${await agentId()}`);
const create = (more: object = {}, headers = {}) =>
  node.v0('POST', '/inboxes', { client_id: 'mine', ...more }, headers);
const unavailable = async () => (await node.v0('GET', INBOX)).body.unavailable;
const send = () => node.v0('POST', `${INBOX}/messages/send`, { to: A, text: 'y' });

/** Each way to take the address away, and what is said of it then. */
const WAYS: readonly (readonly [what: string, work: () => Promise<unknown>, code: string, why: RegExp])[] = [
  ['its agent was deleted', removeAgent, 'address_lost', /no agent of this host has that address any more/],
  [
    'its address was taken from its agent',
    async () => node.ask('DELETE', `/api/agents/${await agentId()}/email/addresses/${encodeURIComponent(A)}`),
    'address_lost',
    /no agent of this host has that address any more/,
  ],
  [
    'email of its agent was disabled',
    async () => node.ask('PATCH', `/api/agents/${await agentId()}`, { tools: { email: { enabled: false } } }),
    'address_disabled',
    /email of its agent is disabled/,
  ],
];

describe.each(WAYS)('an inbox when %s', (_, takeAway, code, why) => {
  it('says so wherever it is shown, keeps its mail, sends none, and is deleted as any other', async () => {
    expect(await unavailable()).toBeUndefined();
    await takeAway();
    const fault = { code, message: expect.stringMatching(why), fix: expect.any(String) };
    expect(await unavailable()).toEqual(fault);
    expect((await node.v0('GET', '/inboxes')).body.inboxes).toMatchObject([{ inbox_id: A, unavailable: fault }]);
    expect((await node.v0('GET', '/inboxes/search?q=a@')).body.inboxes).toMatchObject([{ unavailable: fault }]);
    expect((await node.v0('PATCH', INBOX, { display_name: 'A' })).body).toMatchObject({ unavailable: fault });
    expect((await node.v0('GET', `${INBOX}/messages`)).body.messages).toMatchObject([{ subject: 'Kept' }]);
    const refused = { name: 'ForbiddenError', code: 'forbidden', message: expect.stringMatching(why) };
    expect(await send()).toMatchObject({ status: 403, body: { ...refused, fix: fault.fix } });
    expect((await node.v0('DELETE', INBOX)).status).toBe(204);
    expect((await node.v0('GET', INBOX)).status).toBe(404);
    expect(await create({ username: 'a' })).toMatchObject({ status: 200, body: { inbox_id: A } });
    expect((await node.v0('GET', `${INBOX}/messages`)).body.count).toBe(0);
  });
});

describe('an inbox without its address, when it is created again', () => {
  it('with its client id has it again, of a new agent, with the mail that it had', async () => {
    const before = await agentId();
    await removeAgent();
    const again = await create();
    expect(again).toMatchObject({ status: 200, body: { inbox_id: A, client_id: 'mine' } });
    expect(again.body.unavailable).toBeUndefined();
    expect(await agentId()).not.toBe(before);
    expect((await send()).status).toBe(200);
    expect((await node.v0('GET', `${INBOX}/messages`)).body.count).toBe(2);
    expect((await node.v0('DELETE', INBOX)).status).toBe(204);
    expect(await agents(), 'what was made for it goes with it').toEqual([]);
  });

  it('has it again of the agent that lost it, when that is still there, and of the one that is named', async () => {
    const before = await agentId();
    const takeAway = () => node.ask('DELETE', `/api/agents/${before}/email/addresses/${encodeURIComponent(A)}`);
    await takeAway();
    expect((await create()).status).toBe(200);
    expect((await agents()).map(({ id }) => id)).toEqual([before]);
    await takeAway();
    await node.ask('POST', '/api/agents', { id: 'iac', name: 'iac' });
    expect(await create({}, { 'x-agent-id': 'nobody' })).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await create({}, { 'x-agent-id': 'iac' })).status).toBe(200);
    expect((await send()).status).toBe(200);
    await node.v0('DELETE', INBOX);
    expect((await agents()).map(({ id }) => id).sort(), 'it made neither').toEqual([before, 'iac'].sort());
  });

  it('by several at once has it once', async () => {
    await removeAgent();
    const made = await Promise.all([1, 2, 3].map(() => create()));
    expect(made.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await agents()).toHaveLength(1);
  });

  it('without a client id is refused, with what can be done', async () => {
    await removeAgent();
    expect(await node.v0('POST', '/inboxes', { username: 'a' })).toMatchObject({
      status: 403,
      body: { code: 'resource_taken', fix: expect.stringMatching(/client_id 'mine'.*\/api\/agents/) },
    });
    await node.ask('POST', '/api/agents', { id: 'iac', name: 'iac' });
    await node.ask('POST', '/api/agents/iac/email/addresses', { address: A });
    expect(await unavailable(), 'another agent may have it').toBeUndefined();
    expect((await send()).status).toBe(200);
  });
});

describe('a mail to an inbox of this host without its address', () => {
  it('is refused, and nobody gets it', async () => {
    await removeAgent();
    await node.v0('POST', '/inboxes', { username: 'b' });
    const refused = await node.v0('POST', '/inboxes/b@agents.example.com/messages/send', { to: A, text: 'x' });
    expect(refused).toMatchObject({ status: 403, body: { code: 'message_rejected' } });
  });
});
