// The tools over MCP, with a node behind them that a test scripts.
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../mesh/ports.ts';
import { serveMcp } from '../../../node/cli/mcp-server.ts';
import { type NodeClient, NodeRefusal } from '../../../node/cli/node-client.ts';
import { systemClock } from '../../../node/system/clock.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

const AGENTS = [
  { id: 'a1', name: 'titania' },
  { id: 'a2', name: 'oberon' },
  { id: 'a3', name: 'oberon' },
];
const MAIL = { to: 'bob@mail.example.com', subject: 'Hello', body: 'Hi' };

const noMailbox: NodeClient = async () => {
  throw new NodeRefusal('Not found', 404);
};

function serve(
  agent?: string,
  answer: (asked: Asked) => Promise<unknown> = async () => ({ status: 'sent' }),
  mailbox: { readonly call: NodeClient; readonly inbox?: string; readonly clock?: Clock } = { call: noMailbox },
) {
  const asked: Asked[] = [];
  const call: NodeClient = async (method, path, { body } = {}) => {
    const one = { method, path, body };
    asked.push(one);
    // Two pages, in the second of which one name comes again.
    if (path === '/api/agents') return { agents: AGENTS.slice(0, 2), nextCursor: 'x,a2' };
    if (path === '/api/agents?cursor=x%2Ca2') return { agents: AGENTS.slice(2) };
    return (await answer(one)) as Readonly<Record<string, unknown>>;
  };
  const [input, output, stop] = [new PassThrough(), new PassThrough(), new AbortController()];
  const say = (message: Readonly<Record<string, unknown>>) =>
    void input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const ended = serveMcp({
    url: 'http://127.0.0.1:1',
    token: undefined,
    agent,
    clock: mailbox.clock ?? systemClock,
    stop: stop.signal,
    version: '1',
    input,
    output,
    call,
    callMailbox: mailbox.call,
    inbox: mailbox.inbox,
  }).then(() => void output.end());
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } };
  say({ id: 0, method: 'initialize', params });
  say({ method: 'notifications/initialized' });
  const use = (id: number, name: string, args: unknown) =>
    say({ id, method: 'tools/call', params: { name, arguments: args } });
  /** Every answer by its id, once the server has ended. */
  const answers = async () => {
    const [said] = await Promise.all([text(output), ended]);
    const lines = said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return new Map(lines.map(({ id, result, error }) => [id, result ?? error]));
  };
  return { asked, say, use, input, stop, answers };
}

describe('the end of the input', () => {
  it('comes when the calls in hand have been answered', async () => {
    const answering = Promise.withResolvers<unknown>();
    const { use, input, answers, asked } = serve('a1', () => answering.promise);
    use(1, 'send_email', MAIL);
    use(2, 'get_email_status', { email_id: 'x' });
    input.end();
    const all = answers();
    // Turns enough for the end to arrive, if nothing held it.
    for (let turn = 0; turn < 50 || asked.length < 3; turn += 1) await new Promise(setImmediate);
    answering.resolve({ status: 'sent' });
    expect([...(await all).keys()].sort()).toEqual([0, 1, 2]);
  });

  it('does not wait for what was taken back, nor when it is stopped', async () => {
    const forever = () => new Promise<never>(() => undefined);
    const one = serve('a1', forever);
    one.use(1, 'send_email', MAIL);
    one.say({ method: 'notifications/cancelled', params: { requestId: 1 } });
    one.input.end();
    expect([...(await one.answers()).keys()]).toEqual([0]);
    const other = serve('a1', forever);
    other.use(1, 'send_email', MAIL);
    while (other.asked.length < 2) await new Promise(setImmediate);
    other.stop.abort();
    expect([...(await other.answers()).keys()]).toEqual([0]);
  });
});

describe('a call', () => {
  it.each([
    ['send_email', { ...MAIL, attachment: [] }, "'attachment' is not an argument of send_email"],
    ['send_email', { ...MAIL, attachments: [{ filename: 'a', path: '/etc/passwd' }] }, "'attachments[0].path' is not"],
    ['send_email', { ...MAIL, wait: false }, "'wait' is not an argument"],
    ['send_email', { to: 7, subject: 'x' }, "'to' is not valid for send_email: must be an address, or a list"],
    ['validate_email', { email: 'a@b', mail: 'x' }, "'mail' is not an argument of validate_email"],
    ['get_email_status', { id: 'x', email_id: 'x' }, "'id' is not an argument of get_email_status"],
    ['lookup_address', { address: 'a@b', federated: false }, "'federated' is not an argument of lookup_address"],
  ])('of %s with %j is refused with a sentence, and the node hears of none', async (name, args, sentence) => {
    const { use, input, answers, asked } = serve();
    use(1, name, args);
    input.end();
    const { isError, content } = (await answers()).get(1);
    expect([isError, content[0].text]).toEqual([true, expect.stringContaining(sentence)]);
    expect(asked).toEqual([]);
  });

  it('with everything that the schema has is passed on as it is', async () => {
    const args = {
      ...MAIL,
      to: ['Bob <bob@mail.example.com>', { name: 'Cid', address: 'cid@mail.example.com' }],
      cc: 'ann@mail.example.com',
      headers: { 'X-A': 'b' },
      attachments: [{ filename: 'a.txt', content: 'YQ==' }],
      payload: { a: 1 },
      lifetimeSeconds: 600,
      idempotencyKey: 'k',
      from: 'titania@mail.example.com',
    };
    const { use, input, answers, asked } = serve('a1');
    use(1, 'send_email', args);
    input.end();
    await answers();
    expect(asked).toEqual([{ method: 'POST', path: '/api/email/send?wait=true', body: args }]);
  });
});

describe('--agent', () => {
  const sender = async (agent: string) => {
    const { use, input, answers, asked } = serve(agent);
    use(1, 'send_email', MAIL);
    use(2, 'send_email', MAIL);
    input.end();
    const { isError, content } = (await answers()).get(1);
    const sent = asked.find(({ method }) => method === 'POST')?.body as { agentId?: string } | undefined;
    return isError ? content[0].text : sent?.agentId;
  };
  it.each([
    ['a1', 'a1'],
    ['titania', 'a1'],
    ['a2', 'a2'],
  ])('%s is agent %s, by id or by name', async (given, id) => expect(await sender(given)).toBe(id));

  it('that is nobody, or two, is a sentence, and nothing is sent', async () => {
    expect(await sender('nobody')).toMatch(/no agent whose id or name is 'nobody'/);
    expect(await sender('oberon')).toMatch(/2 agents called 'oberon': a2, a3/);
  });
});

describe('the tools for mail', () => {
  const ALL = [
    'create_inbox',
    'list_messages',
    'get_message',
    'reply',
    'create_draft',
    'list_drafts',
    'send_draft',
    'claim_message',
    'complete_message',
    'release_message',
    'wait_for_message',
  ];
  const listed = async (call: NodeClient) => {
    const { say, input, answers } = serve('a1', undefined, { call });
    say({ id: 1, method: 'tools/list' });
    input.end();
    return (await answers()).get(1).tools.map(({ name }: { name: string }) => name);
  };
  const refusing = (status: number) => async () => {
    throw new NodeRefusal('Refused.', status);
  };
  /** What the mailbox is asked, when one tool is used. */
  const asking = async (name: string, args: Readonly<Record<string, unknown>>, inbox?: string) => {
    const asked: unknown[] = [];
    const call: NodeClient = async (method, path, { body, headers } = {}) => {
      const key = headers?.['idempotency-key'];
      const said = [
        method,
        decodeURIComponent(path),
        ...(body === undefined ? [] : [body]),
        ...(key === undefined ? [] : [key]),
      ];
      if (path !== '/v0/auth/me') asked.push(said);
      return { claims: [] };
    };
    const { use, input, answers } = serve('a1', undefined, { call, ...(inbox === undefined ? {} : { inbox }) });
    use(1, name, args);
    input.end();
    const { isError, content } = (await answers()).get(1);
    return isError ? content[0].text : asked[0];
  };

  it('are there where the node keeps inboxes, also when they want another key, and nowhere else', async () => {
    expect((await listed(async () => ({}))).slice(4)).toEqual(ALL);
    expect((await listed(refusing(401))).slice(4)).toEqual(ALL);
    expect((await listed(refusing(404))).slice(4)).toEqual([]);
  });

  it('come when a node answers that did not at first', async () => {
    const clock = new VirtualClock();
    const up = { isUp: false };
    const call: NodeClient = async () => {
      if (!up.isUp) throw new Error('It does not answer.');
      return {};
    };
    const { say, input, answers } = serve('a1', undefined, { call, clock });
    await clock.advance(5_000);
    up.isUp = true;
    await clock.advance(5_000);
    say({ id: 1, method: 'tools/list' });
    input.end();
    expect((await answers()).get(1).tools).toHaveLength(4 + ALL.length);
  });

  it('ask the mailbox as its routes are asked, about the inbox that is named, or that the server was started for', async () => {
    const mail = { message_id: '<1@y.com>', lease: 'l' };
    const at = '/api/mailbox/inboxes/a@x.com';
    expect(await asking('create_inbox', { username: 'a' })).toEqual(['POST', '/v0/inboxes', { username: 'a' }]);
    expect(await asking('list_messages', { inbox_id: 'a@x.com', labels: ['unread', 'x'], subject: 'a b' })).toEqual([
      ...['GET', '/v0/inboxes/a@x.com/messages?limit=20&labels=["unread","x"]&subject=a+b'],
    ]);
    expect(await asking('get_message', { message_id: '<1@y.com>' }, 'b@x.com')).toEqual([
      ...['GET', '/v0/inboxes/b@x.com/messages/<1@y.com>'],
    ]);
    expect(await asking('reply', { message_id: '<1@y.com>', text: 'Hi', work_key: 'k' }, 'a@x.com')).toEqual([
      ...['POST', '/v0/inboxes/a@x.com/messages/<1@y.com>/reply', { text: 'Hi' }, 'k'],
    ]);
    expect(await asking('claim_message', { wait_seconds: 5 }, 'a@x.com')).toMatchObject([
      ...['POST', `${at}/claim`, { worker: 'mcp', wait_seconds: 5 }],
    ]);
    expect(await asking('complete_message', { ...mail, add_labels: ['x'] }, 'a@x.com')).toMatchObject([
      ...['POST', `${at}/messages/<1@y.com>/complete`, { lease: 'l', add_labels: ['x'] }],
    ]);
    expect(await asking('release_message', { ...mail, delay_seconds: 5 }, 'a@x.com')).toMatchObject([
      ...['POST', `${at}/messages/<1@y.com>/release`, { lease: 'l', delay_seconds: 5 }],
    ]);
    expect(await asking('create_draft', { to: ['b@x.com'], text: 'Hi' }, 'a@x.com')).toEqual([
      ...['POST', '/v0/inboxes/a@x.com/drafts', { to: ['b@x.com'], text: 'Hi' }],
    ]);
    expect(await asking('list_drafts', { labels: ['failed'] }, 'a@x.com')).toEqual([
      ...['GET', '/v0/inboxes/a@x.com/drafts?limit=20&labels=["failed"]'],
    ]);
    expect(await asking('send_draft', { draft_id: 'd', add_labels: ['x'] }, 'a@x.com')).toEqual([
      ...['POST', '/v0/inboxes/a@x.com/drafts/d/send', { add_labels: ['x'] }, expect.any(String)],
    ]);
    expect(await asking('wait_for_message', { from: 'bank' }, 'a@x.com')).toMatchObject([
      ...['POST', `${at}/wait`, { from: 'bank', timeout_seconds: 50 }],
    ]);
  });

  it('say what is missing or wrong, and ask nothing', async () => {
    expect(await asking('get_message', { message_id: 'x' })).toContain('get_message needs inbox_id');
    expect(await asking('complete_message', { message_id: 'x' }, 'a@x.com')).toContain("'lease' is not valid");
    expect(await asking('claim_message', { wait_seconds: 31 }, 'a@x.com')).toContain("'wait_seconds' is not valid");
    expect(await asking('claim_message', { lease: 'x' }, 'a@x.com')).toContain("'lease' is not an argument");
  });
});
