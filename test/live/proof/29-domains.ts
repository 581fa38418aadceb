// Step 29: a domain that somebody brings. What is to be published goes through the checker of BIND, what is signed through mailauth.
import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serialization } from 'agentmail';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { expect, it, vi } from 'vitest';
import { receiver } from '../../support/hook-receiver.ts';
import { Client } from '../../support/live.ts';
import { refusal } from '../../support/live-mailbox.ts';
import { mailAt, type ProofSteps, type ProofWorld, WITHOUT_POSTFIX } from '../../support/proof-world.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';
import { publish } from '../../support/zone.ts';

const run = promisify(execFile);
const NAME = 'brought.example.com';
/** Another, for no domain is looked up twice in ten seconds. */
const SIGNED = 'signed.example.com';
const WITHOUT_CHECKER = whyNoChecker();

function whyNoChecker(): string | undefined {
  try {
    execFileSync('named-checkzone', ['-v'], { stdio: 'ignore' });
    return undefined;
  } catch {
    // Not installed: the name of the test says so.
    return 'named-checkzone is not installed (apt-get install bind9-utils)';
  }
}

/** A domain that is verified by a look at the DNS, where it is published first. */
async function verified({ client, zone }: ProofWorld): Promise<void> {
  const { records } = await client.domains.create({ domain: SIGNED, subdomainsEnabled: true });
  publish(zone, records);
  await client.domains.verify(SIGNED);
  expect((await client.domains.get(SIGNED)).status).toBe('VERIFIED');
}

/** What SMTP answers to a recipient. */
async function rcpt({ smtp }: ProofWorld, to: string): Promise<string> {
  const server = ['--server', '127.0.0.1', '--port', String(smtp), '--helo', 'mx.y.com', '--from', 'jane@y.com'];
  const { stdout } = await run('swaks', [...server, '--to', to, '--quit-after', 'RCPT']).catch(
    (error: { stdout: string }) => error,
  );
  return /RCPT TO:[\s\S]*?\n<[-*~]{1,2}\s+(.*)/.exec(stdout)?.[1] ?? stdout;
}

export const domains: ProofSteps = (world) => {
  it.skipIf(WITHOUT_CHECKER !== undefined)(
    '29 domains.create, getZoneFile: what is to be published is a zone that BIND takes',
    async () => {
      const { client, mesh } = world();
      const { records, status } = await client.domains.create({ domain: 'zone.example.com', subdomainsEnabled: true });
      expect([status, records.map(({ type }) => type)]).toEqual(['NOT_STARTED', ['MX', 'TXT', 'TXT', 'TXT', 'MX']]);
      const file = join(mesh.directory, 'zone');
      const answered = await client.domains.getZoneFile('zone.example.com');
      writeFileSync(file, Buffer.from(await answered.arrayBuffer()));
      // The machines that it names are of another zone.
      const { stdout, stderr } = await run('named-checkzone', ['-i', 'local', '-D', 'zone.example.com', file]);
      expect(stderr).toMatch(/OK\s*$/);
      const [dkim] = records.filter(({ name }) => name.includes('_domainkey'));
      const line = stdout.split('\n').find((one) => one.startsWith(`${dkim?.name}.`)) ?? '';
      const strings = [...line.matchAll(/"([^"]*)"/g)].map(([, string = '']) => string);
      expect(strings.join('')).toBe(dkim?.value);
      expect(stdout).toMatch(/\*\.zone\.example\.com\.\s+3600\s+IN\s+MX\s+10 mx\.example\.com\./);
      expect(await client.domains.getSetupLink('zone.example.com')).toEqual({ supported: false });
      await client.domains.delete('zone.example.com');
    },
  );

  it('29 domains.verify: records that are missing, wrong and right in a DNS; inboxes in it, and its event', async () => {
    const { client, zone } = world();
    await using hook = await receiver(204);
    const { webhookId } = await client.webhooks.create({ url: hook.url, eventTypes: ['domain.verified'] });
    zone.set(`MX ${NAME}`, ['1 mx.other.example']);
    expect(await refusal(client.domains.create({ domain: NAME }))).toEqual([422, 'unprocessable']);
    const brought = await client.domains.create({ domain: NAME, allowConflictingProvider: true });
    expect(await refusal(client.inboxes.create({ username: 'a', domain: NAME }))).toEqual([403, 'domain_not_verified']);
    await client.domains.verify(NAME);
    const wrong = await client.domains.get(NAME);
    expect([wrong.status, wrong.reason, wrong.records[0]?.reason]).toEqual([
      ...['INVALID', 'dns_records_invalid', 'value_mismatch'],
    ]);
    publish(zone, brought.records);
    expect(await refusal(client.domains.verify(NAME))).toEqual([409, 'conflict']);
    await vi.waitFor(() => client.domains.verify(NAME), { timeout: LIVE_MS_MAX, interval: 1_000 });
    expect((await client.domains.get(NAME)).status).toBe('VERIFIED');

    const { inboxId } = await client.inboxes.create({ username: 'a', domain: NAME });
    expect(inboxId).toBe(`a@${NAME}`);
    expect(await refusal(client.domains.delete(NAME))).toEqual([403, 'cannot_delete']);
    await expect.poll(() => hook.requests.length, { timeout: LIVE_MS_MAX }).toBe(1);
    const told = serialization.DomainVerifiedEvent.parse(JSON.parse(hook.requests[0]?.body ?? ''), {
      unrecognizedObjectKeys: 'fail',
    });
    expect(told).toMatchObject({ ok: true, value: { domain: { domainId: NAME, status: 'VERIFIED' } } });
    await client.webhooks.delete(webhookId);
    await client.inboxes.delete(inboxId);
    await client.domains.delete(NAME);
  });

  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '29 a domain that is verified takes mail, and what its inboxes send has a signature that mailauth verifies',
    async () => {
      const at = world();
      const { client, host, zone, postfix, send } = at;
      expect(await rcpt(at, `nobody@${SIGNED}`)).toMatch(/^550 5\.7\.1 /);
      await verified(at);
      const { inboxId } = await client.inboxes.create({ username: 'sales', domain: `eu.${SIGNED}` });
      expect(await rcpt(at, `nobody@eu.${SIGNED}`)).toMatch(/^550 5\.1\.1 /);
      const mail = ['From: jane@y.com', `To: ${inboxId}`, 'Message-ID: <to-brought@y.com>', 'Subject: Hello', '', 'Hi'];
      await send(inboxId, mail.join('\r\n'));
      expect((await client.inboxes.messages.get(inboxId, '<to-brought@y.com>')).subject).toBe('Hello');

      await using asking = new Client();
      const index = await asking.expect(host, 'GET', `/api/agents/email-index?address=${inboxId}`);
      const { agentId } = (index.body as Record<string, { agentId: string }>)[inboxId] ?? expect.fail('nobody has it');
      const asked = { agentId, from: inboxId, to: 'catch@mail.example.com', subject: 'x', body: 'x' };
      const explained = await asking.expect(host, 'POST', '/api/email/explain', asked);
      expect(explained.body).toMatchObject({ account: 'local', signedBy: SIGNED });

      const wish = { to: 'catch@mail.example.com', subject: 'Signed', text: 'Words.', html: '<p>Words.</p>' };
      const { messageId } = await client.inboxes.messages.send(inboxId, wish);
      const got = (await mailAt(postfix, 'catch', messageId)).replaceAll(/\r?\n/g, '\r\n');
      const resolver = async (name: string) => {
        const said = zone.get(name);
        return typeof said === 'object' ? said.map((text) => [text]) : [];
      };
      const { results } = await dkimVerify(got, { resolver });
      expect(results.map(({ status, signingDomain }) => [status.result, status.aligned, signingDomain])).toEqual([
        ['pass', SIGNED, SIGNED],
      ]);
      const { results: changed } = await dkimVerify(got.replace('Subject: Signed', 'Subject: Other'), { resolver });
      expect(changed[0]?.status.result).toBe('fail');
      await client.inboxes.delete(inboxId);
      await client.domains.delete(SIGNED);
    },
  );
};
