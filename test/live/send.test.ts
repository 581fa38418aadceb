// Mail from a real node process through servers that nobody here wrote, and through one that is killed for.
// Longer than 300 lines: each case starts a node with an account at a server, and looks at what that server has.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client as McpClient } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { SMTPServer } from 'smtp-server';
import { describe, expect, it } from 'vitest';
import { type HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { Postfix, whyNoPostfix } from '../../scripts/postfix.ts';
import { Client, until } from '../support/live.ts';
import { RawSmtp } from '../support/raw-smtp.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const ANN = {
  id: 'ann',
  name: 'ann',
  tools: { email: { addresses: [{ address: 'ann@mail.example.com', displayName: 'Ann' }] } },
};
const POLL = { timeout: LIVE_MS_MAX, interval: 20 };
const KILLS = Number(process.env.MESH_KILLS ?? 4);

interface Sender extends AsyncDisposable {
  readonly host: HostProcess;
  readonly client: Client;
  send(
    parts?: Record<string, unknown>,
    query?: string,
  ): Promise<{ readonly status: number; readonly body: Record<string, never> & { email_id: string; state: string } }>;
  get(path: string): Promise<never>;
}

/** A node with these accounts, and an agent that may send. */
async function sender(
  accounts: readonly Record<string, unknown>[],
  more: Record<string, unknown> = {},
): Promise<Sender> {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-accounts-'));
  const file = join(directory, 'accounts.json');
  writeFileSync(file, JSON.stringify({ accounts, agentRatePerHour: 1_000_000, ...more }), { mode: 0o600 });
  const mesh = await ProcessMesh.create([{ id: 'mac' }], { flags: ['--send-accounts', file] });
  await mesh.start();
  const host = mesh.host('mac');
  const client = new Client();
  await client.expect(host, 'POST', '/api/agents', ANN);
  return {
    host,
    client,
    send: async (parts = {}, query = '?wait=true') => {
      const mail = { agentId: 'ann', to: 'bob@mail.example.com', subject: 'Hello', body: 'Hi', ...parts };
      return (await client.expect(host, 'POST', `/api/email/send${query}`, mail)) as never;
    },
    get: async (path) => (await client.expect(host, 'GET', path)).body as never,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await mesh[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const local = (port: number, id = 'local') => ({
  id,
  host: '127.0.0.1',
  port,
  security: 'none',
  ratePerHour: 1_000_000,
  connectionsMax: 4,
});

const noPostfix = whyNoPostfix();
describe.skipIf(noPostfix !== undefined)(
  `with Postfix${noPostfix === undefined ? '' : ` (skipped: ${noPostfix})`}`,
  () => {
    it('a message lies in its mailbox, whole, and the status says so', { timeout: LIVE_MS_MAX }, async () => {
      await using postfix = await Postfix.start();
      await using ann = await sender([local(postfix.port)]);
      const sent = await ann.send({
        to: ['Bob <bob@mail.example.com>', 'nobody@mail.example.com'],
        bcc: 'catch@mail.example.com',
        subject: 'Grüße',
        body: 'First\n.\n..last',
        attachments: [{ filename: 'ä.bin', content: Buffer.from([0, 255, 10, 13]).toString('base64') }],
      });
      expect([sent.status, sent.body.state]).toEqual([200, 'partial']);
      const status = (await ann.get(`/api/email/status/${sent.body.email_id}`)) as {
        recipients: { address: string; state: string; code: number }[];
      };
      expect(status.recipients.map(({ address, state, code }) => [address, state, code])).toEqual([
        ['bob@mail.example.com', 'sent', 250],
        ['nobody@mail.example.com', 'failed', 554],
        ['catch@mail.example.com', 'sent', 250],
      ]);
      const [mail] = await postfix.mailboxOf('bob', 1);
      expect(mail).toMatch(/^Subject: =\?UTF-8\?Q\?Gr=C3=BC=C3=9Fe\?=$/m);
      expect(mail).toMatch(/\nFirst\n\.\n\.\.last\n/);
      expect(mail).not.toContain('catch@');
      expect((await postfix.mailboxOf('catch', 1)).length).toBe(1);
    });

    it('a message waits while the server is away, and goes when it is back', { timeout: LIVE_MS_MAX }, async () => {
      await using postfix = await Postfix.start();
      const second = await RawSmtp.start();
      await using ann = await sender([local(postfix.port, 'first'), local(second.port, 'second')]);
      await postfix.stop();
      const over = await ann.send();
      expect([over.body.state, second.taken.length]).toEqual(['sent', 1]);
      await second[Symbol.asyncDispose]();
      const waiting = await ann.send({ subject: 'later' }, '');
      const status = async () =>
        (await ann.get(`/api/email/status/${waiting.body.email_id}`)) as { state: string; message: string };
      await expect.poll(async () => (await status()).state, POLL).toBe('deferred');
      expect(await status()).toMatchObject({ state: 'deferred', message: expect.stringContaining('connect_failed') });
      await postfix.startAgain();
      const [mail] = await postfix.mailboxOf('bob', 1);
      expect(mail).toContain('Subject: later');
    });

    it('is a server that swaks can use too, so what is seen there is not of our own making', {
      timeout: LIVE_MS_MAX,
    }, async () => {
      await using postfix = await Postfix.start();
      await promisify(execFile)('swaks', [
        '--server',
        `127.0.0.1:${postfix.port}`,
        '--from',
        'x@mail.example.com',
        '--to',
        'bob@mail.example.com',
        '--header',
        'Subject: swaks',
      ]);
      expect((await postfix.mailboxOf('bob', 1))[0]).toContain('Subject: swaks');
    });
  },
);

describe('with TLS and a login', () => {
  /** A certificate for 127.0.0.1 by a CA of its own. */
  function certificate(): { readonly key: string; readonly cert: string; readonly file: string } {
    const directory = mkdtempSync(join(tmpdir(), 'mesh-tls-'));
    const at = (name: string) => join(directory, name);
    const subject = ['-subj', '/CN=mail.example.com', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:mail.example.com'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-keyout',
        at('key'),
        '-out',
        at('cert'),
        ...subject,
      ],
      { stdio: 'ignore' },
    );
    return { key: readFileSync(at('key'), 'utf8'), cert: readFileSync(at('cert'), 'utf8'), file: at('cert') };
  }

  async function server(secure: boolean): Promise<{
    readonly smtp: SMTPServer;
    readonly port: number;
    readonly file: string;
    readonly logins: string[];
    readonly mails: string[];
  }> {
    const { key, cert, file } = certificate();
    const [logins, mails]: [string[], string[]] = [[], []];
    const smtp = new SMTPServer({
      key,
      cert,
      secure,
      authMethods: ['PLAIN', 'LOGIN', 'XOAUTH2'],
      onAuth: (auth, session, done) => {
        logins.push(`${auth.method} ${session.secure ? 'secure' : 'clear'}`);
        if (auth.password === 'correct horse') done(null, { user: 'ann' });
        else done(new Error('wrong'));
      },
      onData: (stream, _, done) => {
        let text = '';
        stream.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        stream.on('end', () => {
          mails.push(text);
          done();
        });
      },
    });
    smtp.on('error', () => undefined);
    await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', () => resolve()));
    const { port } = (smtp as unknown as { server: { address(): { port: number } } }).server.address();
    return { smtp, port, file, logins, mails };
  }

  it.each(['tls', 'starttls'] as const)(
    '%s: the password goes out in private, and only to whom the operator trusts',
    { timeout: LIVE_MS_MAX },
    async (security) => {
      const { smtp, port, file, logins, mails } = await server(security === 'tls');
      const login = { host: '127.0.0.1', port, security, user: 'ann', password: 'correct horse' };
      await using trusted = await sender([{ id: 'trusted', ...login, caFile: file }]);
      expect((await trusted.send()).body.state).toBe('sent');
      await using strict = await sender([{ id: 'strict', ...login }]);
      expect((await strict.send({}, '?wait=false')).status).toBe(202);
      const account = async () =>
        ((await strict.get('/api/email/providers')) as { accounts: { lastError?: string }[] }).accounts[0];
      await expect.poll(async () => (await account())?.lastError, POLL).toContain('tls_failed');
      await using wrong = await sender([{ id: 'wrong', ...login, password: 'battery staple', caFile: file }]);
      await wrong.send({}, '?wait=false');
      const refused = async () =>
        ((await wrong.get('/api/email/providers')) as { accounts: { lastError?: string }[] }).accounts[0];
      await expect.poll(async () => (await refused())?.lastError, POLL).toContain('auth_failed');
      expect([new Set(logins), mails.length]).toEqual([new Set(['PLAIN secure']), 1]);
      expect(wrong.host.log).not.toMatch(/battery staple/);
      await new Promise<void>((resolve) => smtp.close(() => resolve()));
    },
  );
});

describe('kill -9 while sending', () => {
  it('between the acceptance and the dot leaves unknown what a server may have heard, and sends the rest', {
    timeout: LIVE_MS_MAX,
  }, async () => {
    await using server = await RawSmtp.start();
    await using ann = await sender([local(server.port)]);
    // A connection is up from now on: the mark of the next mail is in the commit of its acceptance.
    expect((await ann.send()).body.state).toBe('sent');
    const stateOf = async (id: string) => ((await ann.get(`/api/email/status/${id}`)) as { state: string }).state;
    for (const [place, ends] of [
      ['DATA', 'unknown'],
      ['GREETING', 'sent'],
    ] as const) {
      server.options = { steps: { [place]: 'SILENCE' } };
      const from = { heard: server.heard.length, connections: server.connections };
      const { body } = await ann.send({}, '');
      const isThere = () =>
        place === 'DATA' ? server.heard.slice(from.heard).includes('DATA') : server.connections > from.connections;
      await until(isThere);
      await ann.host.kill();
      server.options = {};
      await ann.host.start();
      await expect.poll(() => stateOf(body.email_id), { ...POLL, message: place }).toBe(ends);
    }
    expect(server.taken.length).toBe(2);
  });

  it(`loses nothing and sends nothing twice, ${KILLS} times`, { timeout: LIVE_MS_MAX * 4 }, async () => {
    await using server = await RawSmtp.start();
    await using ann = await sender([local(server.port)]);
    const accepted = new Map<string, string>();
    for (let round = 0; round < KILLS; round += 1) {
      let isDead = false;
      const senders = Array.from({ length: 8 }, async (_, at) => {
        for (let count = 0; !isDead; count += 1) {
          // Not much faster than they are delivered, or the last thousands would still wait when the test is over.
          if (accepted.size - server.taken.length > 200) {
            await ann.client.ask(ann.host, 'GET', '/health');
            continue;
          }
          const mail = { agentId: 'ann', to: 'bob@mail.example.com', subject: `${round}-${at}-${count}`, body: 'Hi' };
          const answer = await ann.client.ask(ann.host, 'POST', '/api/email/send', mail);
          if (answer?.status === 202) accepted.set(String(answer.body.email_id), String(answer.body.messageId));
        }
      });
      // Killed at another point of its work each time: after so many messages were taken.
      const until = server.taken.length + 5 + round * 7;
      for (let tries = 0; server.taken.length < until && tries < 10_000; tries += 1)
        await ann.client.ask(ann.host, 'GET', '/health');
      await ann.host.kill();
      isDead = true;
      await Promise.all(senders);
      await ann.host.start();
    }
    const isWaiting = async () => {
      for (const state of ['queued', 'sending', 'deferred'])
        if (((await ann.get(`/api/email/log?state=${state}&limit=1`)) as { emails: unknown[] }).emails.length > 0)
          return true;
      return false;
    };
    await until(async () => !(await isWaiting()));
    const times = new Map<string, number>();
    for (const { data } of server.taken) {
      const id = /^Message-ID: (\S+)/m.exec(data)?.[1] ?? '';
      times.set(id, (times.get(id) ?? 0) + 1);
    }
    const states = new Map<string, number>();
    for (const [id, messageId] of accepted) {
      const { state } = (await ann.get(`/api/email/status/${id}`)) as { state: string };
      states.set(state, (states.get(state) ?? 0) + 1);
      const taken = times.get(messageId) ?? 0;
      if (state === 'sent') expect([messageId, taken]).toEqual([messageId, 1]);
      else expect([messageId, state, taken <= 1]).toEqual([messageId, 'unknown', true]);
    }
    expect(Math.max(...times.values())).toBe(1);
    expect(states.get('sent')).toBeGreaterThan(KILLS * 5);
    // At most what was on its way at each kill.
    expect(states.get('unknown') ?? 0).toBeLessThanOrEqual(KILLS * 4);
  });
});

describe('mesh mcp', () => {
  it('lets a framework send, validate, ask after and look up', { timeout: LIVE_MS_MAX }, async () => {
    await using server = await RawSmtp.start();
    await using ann = await sender([local(server.port)]);
    const main = join(import.meta.dirname, '..', '..', 'node', 'main.ts');
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [main, 'mcp', '--url', ann.host.url, '--agent', 'ann'],
      stderr: 'ignore',
    });
    const client = new McpClient({ name: 'test', version: '1' });
    await client.connect(transport);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'send_email',
      'validate_email',
      'get_email_status',
      'lookup_address',
    ]);
    const call = async (name: string, args: Record<string, unknown>) => {
      const { content, isError } = await client.callTool({ name, arguments: args });
      const { text } = (content as { text: string }[])[0] ?? { text: '' };
      return { isError: isError === true, text, value: isError === true ? undefined : JSON.parse(text) };
    };
    const sent = await call('send_email', { to: 'bob@mail.example.com', subject: 'Hello', body: 'Hi' });
    expect(sent.value).toMatchObject({ status: 'sent', from: 'ann@mail.example.com' });
    expect((await call('get_email_status', { email_id: sent.value.email_id })).value).toMatchObject({
      found: true,
      status: 'sent',
    });
    expect((await call('validate_email', { email: 'x' })).value).toMatchObject({ valid: false });
    expect((await call('lookup_address', { address: 'ann@mail.example.com' })).value).toMatchObject({
      emails: { 'ann@mail.example.com': { agentName: 'ann' } },
    });
    const refused = await call('send_email', {
      from: 'eve@mail.example.com',
      to: 'bob@mail.example.com',
      subject: 'x',
      body: 'x',
    });
    expect([refused.isError, refused.text]).toEqual([true, expect.stringContaining('sender_not_owned')]);
    expect((await call('get_email_status', { email_id: 'x' })).isError).toBe(true);
    await client.close();
  });
});
