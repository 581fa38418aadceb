// Who may see and do what on the pages of inboxes: whoever logs in with the token, or with a key of scope `mailbox` that is no agent's.
import { describe, expect, it } from 'vitest';
import { ANN, inboxAt, type MailboxPageWorld, mailboxPageWorld, TOKEN } from '../../../support/mailbox-page-world.ts';
import { PageVisitor } from '../../../support/page-visitor.ts';
import { testNode } from '../../../support/test-node.ts';

const DRAFT = inboxAt(ANN, 'drafts', 'one');
const MESSAGE = inboxAt(ANN, 'messages', '<1@y.com>');
const SEEN = [
  ...['', '/threads', '/drafts', '/quarantine', '/lists', '/domains', '/pods'].map((path) => `/page/mailbox${path}`),
  ...[inboxAt(ANN), inboxAt(ANN, 'threads', 'one'), MESSAGE, `${MESSAGE}/html`, `${MESSAGE}/raw`],
  ...[`${MESSAGE}/attachments/1`, DRAFT, `${DRAFT}/html`, `${DRAFT}/attachments/1`],
  ...['/page/mailbox/domains/x.com', '/page/mailbox/domains/x.com/zone-file'],
];
const DONE = [
  ...[
    `${MESSAGE}/release`,
    `${MESSAGE}/labels`,
    `${DRAFT}/send`,
    `${DRAFT}/edit`,
    `${DRAFT}/untime`,
    `${DRAFT}/delete`,
  ],
  ...['/lists/add', '/lists/remove', '/domains/add', '/domains/x.com/verify', '/domains/x.com/remove'].map(
    (path) => `/page/mailbox${path}`,
  ),
];

const statusesOf = async (visitor: PageVisitor) => ({
  seen: new Set(await Promise.all(SEEN.map(async (path) => (await visitor.get(path)).status))),
  done: new Set(
    await Promise.all(DONE.map(async (path) => (await visitor.post(path, {}, { from: '/page/login' })).status)),
  ),
});
const REFUSED = { seen: new Set([403]), done: new Set([403]) };

describe('the pages of inboxes', () => {
  it('are all looked at here', async () => {
    await using world = await mailboxPageWorld();
    const of = (path: string) => path.replace(/:\w+/g, '*');
    const known = [...SEEN, ...DONE].map((path) =>
      path
        .replace(/inboxes\/[^/]+/, 'inboxes/*')
        .replace(/(threads|messages|drafts|attachments|domains)\/(?!add)[^/]+/g, '$1/*'),
    );
    const routes = world.node.paths.filter((path) => path.startsWith('/page/mailbox')).map(of);
    expect([...new Set(routes)].sort()).toEqual([...new Set(known)].sort());
  });

  it.each([[['read']], [['send', 'webhooks', 'agents:write', 'read']]])('refuse a key of scopes %j', async (scopes) => {
    await using world = await mailboxPageWorld();
    expect(await statusesOf(await world.visitorWith(...scopes))).toEqual(REFUSED);
  });

  it('refuse a key that acts for one agent alone', async () => {
    await using world = await mailboxPageWorld();
    const operator = { authorization: `Bearer ${TOKEN}` };
    const { body } = await world.ask('GET', '/api/agents', undefined, operator);
    const agentId = (body as { agents: { id: string }[] }).agents[0]?.id;
    const made = await world.ask('POST', '/api/keys', { name: 'kim', scopes: ['mailbox'], agentId }, operator);
    const visitor = new PageVisitor(world.node);
    await visitor.logIn((made.body as { secret: string }).secret);
    expect(await statusesOf(visitor)).toEqual(REFUSED);
  });

  it('send whoever has not logged in to where that is done, and do nothing for him', async () => {
    await using world = await mailboxPageWorld();
    const visitor = new PageVisitor(world.node);
    for (const path of SEEN) expect([303, 401], path).toContain((await visitor.get(path)).status);
    for (const path of DONE) expect((await visitor.post(path, {}, { from: '/page/login' })).status, path).toBe(401);
  });

  it('take forms of their own alone: with its token, and from this node', async () => {
    await using world = await mailboxPageWorld();
    const id = await world.draft({ to: [ANN], text: 'Hi' });
    const path = `${inboxAt(ANN, 'drafts', id)}/send`;
    const fields = { revision: '1' };
    const refused = [
      await world.visitor.post(path, { ...fields, formToken: 'x' }),
      await world.visitor.post(path, fields, { headers: {} }),
      await world.visitor.post(path, fields, { headers: { origin: 'https://evil.example' } }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect(await draftsOf(world)).toBe(1);
  });

  it('show a key of scope mailbox everything, and let it send', async () => {
    await using world = await mailboxPageWorld();
    const visitor = await world.visitorWith('mailbox');
    const id = await world.draft({ to: [ANN], text: 'Hi' });
    expect((await visitor.get('/page/mailbox/drafts')).status).toBe(200);
    const sent = await visitor.post(`${inboxAt(ANN, 'drafts', id)}/send`, { revision: '1' }, { from: '/page/mailbox' });
    expect([sent.status, await draftsOf(world)]).toEqual([303, 0]);
  });

  it('are not there where the host keeps no inboxes', async () => {
    const { node } = await testNode({ token: TOKEN });
    const visitor = new PageVisitor(node);
    await visitor.logIn(TOKEN);
    for (const path of SEEN) expect((await visitor.get(path)).status, path).toBe(404);
    expect((await visitor.get('/')).html).not.toContain('/page/mailbox');
  });
});

async function draftsOf(world: MailboxPageWorld): Promise<number> {
  return (await world.v0('GET', '/drafts')).body.count;
}
