// The tools over MCP, with a node behind them that a test scripts.
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { serveMcp } from '../../../node/cli/mcp-server.ts';
import type { NodeClient } from '../../../node/cli/node-client.ts';
import { systemClock } from '../../../node/system/clock.ts';

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

function serve(agent?: string, answer: (asked: Asked) => Promise<unknown> = async () => ({ status: 'sent' })) {
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
    clock: systemClock,
    stop: stop.signal,
    version: '1',
    input,
    output,
    call,
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
