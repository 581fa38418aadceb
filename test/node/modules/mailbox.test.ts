import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { freePorts } from '../../../scripts/host-process.ts';
import { mailboxNode } from '../../support/mailbox-node.ts';
import { type PeerScript, wireEntry } from '../../support/scripted-peers.ts';
import { SmtpTalk } from '../../support/smtp-talk.ts';
import { testNode } from '../../support/test-node.ts';

async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'mailbox-'));
  try {
    await use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const ROOT = join(import.meta.dirname, '..', '..', '..');

describe('a node without a mailbox', () => {
  it('answers 404 below /v0 and /api/mailbox', async () => {
    const { ask } = await testNode();
    for (const path of ['/v0/inboxes', '/v0', '/api/mailbox/inboxes', '/api/mailbox'])
      expect((await ask('GET', path)).status).toBe(404);
  });

  it('reads not a line of it: its whole program is loaded, and none of that room', () => {
    const listed = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
      await Promise.all([import('./node/serve.ts'), import('./node/node.ts')]);
      console.log(JSON.stringify(loaded));`;
    const loaded = JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '--eval', listed], { cwd: ROOT, encoding: 'utf8' }),
    ) as readonly string[];
    expect(loaded.some((url) => url.endsWith('/node/modules/mailbox.ts'))).toBe(true);
    expect(loaded.filter((url) => url.includes('/node/mailbox/'))).toEqual([]);
  });
});

describe('a node with a mailbox', () => {
  it('lets in who shows the key that its first start has written, and nobody else', async () => {
    await using node = await mailboxNode();
    expect(statSync(join(node.directory, 'org-key')).mode & 0o777).toBe(0o600);
    expect(node.key).toMatch(/^am_[0-9A-Za-z]{43}$/);
    const me = await node.v0('GET', '/auth/me');
    expect(me.body).toEqual({
      scope_type: 'organization',
      scope_id: me.body.organization_id,
      organization_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(await node.ask('GET', '/v0/auth/me')).toMatchObject({
      status: 401,
      body: { name: 'UnauthorizedError', code: 'missing_authorization' },
    });
    expect(await node.v0('GET', '/auth/me', undefined, { authorization: `Bearer am_${'x'.repeat(43)}` })).toMatchObject(
      {
        status: 401,
        body: { name: 'UnauthorizedError', code: 'unknown_api_key' },
      },
    );
  });

  it('takes MESH_TOKEN as its key where there is one, and writes none', async () => {
    await using node = await mailboxNode({ token: 'a-token-of-the-node' });
    expect((await node.v0('GET', '/auth/me')).status).toBe(200);
    expect(existsSync(join(node.directory, 'org-key'))).toBe(false);
  });

  it('answers no request of another host name, whatever key it shows', async () => {
    await using node = await mailboxNode();
    expect((await node.v0('GET', '/auth/me', undefined, { host: 'evil.example' })).status).toBe(403);
  });

  it('answers 404 to a route that there is not, in the form of its other errors', async () => {
    await using node = await mailboxNode();
    for (const ask of [node.v0, node.own])
      expect(await ask('GET', '/nowhere')).toMatchObject({
        status: 404,
        body: { name: 'NotFoundError', code: 'not_found' },
      });
  });

  it('guards what lies at /api/mailbox by its own key, and not by the tokens of the node', async () => {
    await using node = await mailboxNode({ readToken: 'a-token-of-readers' });
    expect((await node.own('GET', '/nowhere')).status).toBe(404);
    const shown = { authorization: 'Bearer a-token-of-readers' };
    expect((await node.own('GET', '/nowhere', undefined, shown)).body.code).toBe('unknown_api_key');
  });

  it('refuses a key that asks too often for a while', async () => {
    await using node = await mailboxNode();
    let last = await node.v0('GET', '/nowhere');
    for (let asked = 1; asked < 201; asked += 1) last = await node.v0('GET', '/nowhere');
    expect(last).toMatchObject({ status: 429, body: { code: 'rate_limit_exceeded' } });
    expect(last.headers.get('retry-after')).toBe('1');
    await node.clock.advance(1_000);
    expect((await node.v0('GET', '/nowhere')).status).toBe(404);
  });

  it('takes mail for its own inboxes, and asks the others whose an address is before it refuses one', async () => {
    await withDirectory(async (directory) => {
      const [port = 0] = await freePorts(1);
      const ofCloud = { 'support@agents.example.com': wireEntry('cloud', 'support') };
      const cloud: PeerScript = (request) => {
        if (request.path.includes('late')) throw new MeshError('peer_silent', 'It says nothing.');
        return { status: 200, body: request.path.endsWith('=support%40agents.example.com') ? ofCloud : {} };
      };
      await using node = await mailboxNode({
        mailbox: { directory, smtp: { ip: '127.0.0.1', port } },
        peers: { cloud },
      });
      await using talk = await SmtpTalk.open(port, 'EHLO mx.y.com');
      await talk.say('MAIL FROM:<jane@y.com>');
      const answers = async (...names: string[]) => {
        const said: string[] = [];
        for (const name of names) said.push(await talk.say(`RCPT TO:<${name}@agents.example.com>`));
        return said.map((line) => line.slice(0, 9));
      };
      expect(await answers('support', 'support+x', 'late', 'nobody')).toEqual([
        ...['451 4.3.5', '451 4.3.5', '451 4.4.3', '550 5.1.1'],
      ]);
      expect(node.log.named('mailbox.wrong_host')).toMatchObject([{ level: 'error', fields: { hostId: 'cloud' } }]);
    });
  });

  it('does not start where its place for mail is taken, and says which', async () => {
    await withDirectory(async (directory) => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo;
      try {
        await expect(mailboxNode({ mailbox: { directory, smtp: { ip: '127.0.0.1', port } } })).rejects.toMatchObject({
          code: 'invalid_request',
          message: `This node can't take mail on 127.0.0.1 port ${port}: another program listens there. Choose another with --mailbox-smtp IP:PORT.`,
        });
      } finally {
        other.close();
      }
    });
  });

  it('is out of order with a damaged database, and the rest of the node is not', async () => {
    await withDirectory(async (directory) => {
      writeFileSync(join(directory, 'mailbox.db'), 'no database at all '.repeat(100), { mode: 0o600 });
      await using node = await mailboxNode({ mailbox: { directory } });
      const refused = await node.v0('GET', '/auth/me');
      expect(refused).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
      expect(refused.headers.get('retry-after')).toBe('1');
      expect(node.log.events.map(({ event }) => event)).toContain('mailbox.worker_ended');
      expect((await node.ask('POST', '/api/agents', { name: 'iac' })).status).toBe(201);
    });
  });
});
