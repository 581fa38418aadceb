// Two hosts of one mesh, each with its inboxes: whoever asks the wrong one is told the right one, by the client of AgentMail, by HTTP, by SMTP.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentMailClient } from 'agentmail';
import { describe, expect, it } from 'vitest';
import { freePorts, type HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { SmtpTalk } from '../support/smtp-talk.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const POLL = { timeout: LIVE_MS_MAX / 2, interval: 100 };

const keyOf = ({ dataDirectory }: HostProcess) =>
  readFileSync(join(dataDirectory, 'mailbox', 'org-key'), 'utf8').trim();
const clientOf = (host: HostProcess) => new AgentMailClient({ apiKey: keyOf(host), baseUrl: host.url });

async function where(host: HostProcess, address: string) {
  const response = await fetch(`${host.url}/api/mailbox/where?address=${encodeURIComponent(address)}`, {
    headers: { authorization: `Bearer ${keyOf(host)}` },
  });
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the answer has.
  return { status: response.status, body: (await response.json()) as any };
}

describe('an inbox of another host', () => {
  it(
    'is found there by whoever asked the wrong one, and its mail is not refused for good',
    async () => {
      const [smtp = 0] = await freePorts(1);
      await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }], {
        flags: ['--mailbox', '--mailbox-domain', 'agents.example.com'],
      });
      const [mac, cloud] = [mesh.host('mac'), mesh.host('cloud')];
      mac.environment = { MESH_MAILBOX_SMTP: `127.0.0.1:${smtp}` };
      await mesh.start();
      const there = clientOf(cloud);
      await expect
        .poll(() => there.inboxes.create({ username: 'support', clientId: 'one' }), POLL)
        .toMatchObject({
          inboxId: 'support@agents.example.com',
        });
      const address = 'support@agents.example.com';
      const found = { address, host_id: 'cloud', host_url: cloud.url };
      await expect.poll(() => where(mac, address), POLL).toEqual({ status: 200, body: found });
      expect(await where(cloud, address)).toEqual({ status: 200, body: found });
      expect(await where(mac, 'nobody@agents.example.com')).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(await where(mac, 'nobody')).toMatchObject({ status: 400, body: { errors: [{ path: ['address'] }] } });

      const refused = await clientOf(mac)
        .inboxes.messages.list(address)
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      expect(refused).toMatchObject({
        statusCode: 421,
        body: { code: 'misdirected', fix: `use baseUrl ${cloud.url}`, host_id: 'cloud', host_url: cloud.url },
      });
      const { host_url: baseUrl } = (refused as { body: { host_url: string } }).body;
      const moved = new AgentMailClient({ apiKey: keyOf(cloud), baseUrl });
      expect((await moved.inboxes.messages.list(address)).count).toBe(0);

      await using talk = await SmtpTalk.open(smtp, 'EHLO mx.y.com');
      await talk.say('MAIL FROM:<jane@y.com>');
      expect(await talk.say(`RCPT TO:<${address}>`)).toBe("451 4.3.5 mailbox is on host 'cloud'");
      expect(mac.log).toContain('mailbox.wrong_host');
    },
    LIVE_MS_MAX,
  );
});
