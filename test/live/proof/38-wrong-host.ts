// Step 38: hosts of one mesh, each with its inboxes. Whoever asks the wrong one is told the right one, by the client of AgentMail, by HTTP, by
// SMTP.
import { AgentMailClient } from 'agentmail';
import { expect, it } from 'vitest';
import type { HostProcess } from '../../../scripts/host-process.ts';
import { Client } from '../../support/live.ts';
import { refusal } from '../../support/live-mailbox.ts';
import { keyOf, type ProofSteps } from '../../support/proof-world.ts';
import { SmtpTalk } from '../../support/smtp-talk.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';

const POLL = { timeout: LIVE_MS_MAX / 2, interval: 100 };

async function where(host: HostProcess, address: string) {
  const response = await fetch(`${host.url}/api/mailbox/where?address=${encodeURIComponent(address)}`, {
    headers: { authorization: `Bearer ${keyOf(host)}` },
  });
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the answer has.
  return { status: response.status, body: (await response.json()) as any };
}

export const wrongHost: ProofSteps = (world) => {
  it('38 an inbox of another host: 421 with `fix`, by which it is found there, and its mail is not refused for good', async () => {
    const { host: mac, client, cloud, onCloud, smtp } = world();
    const address = 'elsewhere@agents.example.com';
    expect((await onCloud.inboxes.create({ username: 'elsewhere' })).inboxId).toBe(address);
    const found = { address, host_id: 'cloud', host_url: cloud.url };
    await expect.poll(() => where(mac, address), POLL).toEqual({ status: 200, body: found });
    expect(await where(cloud, address)).toEqual({ status: 200, body: found });
    expect(await where(mac, 'nobody@agents.example.com')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await where(mac, 'nobody')).toMatchObject({ status: 400, body: { errors: [{ path: ['address'] }] } });

    const refused = await client.inboxes.messages.list(address).then(
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
  });

  it('38 an inbox whose address another host has now: it says so, sends nothing, and is deleted as any other', async () => {
    const { host: mac, client, onCloud, smtp } = world();
    const wish = { username: 'moved', clientId: 'moved' };
    const { inboxId } = await client.inboxes.create(wish);
    await using asking = new Client();
    const { agents } = (await asking.expect(mac, 'GET', '/api/agents')).body;
    const agent = agents.find((one: object) => JSON.stringify(one).includes(`"${inboxId}"`));
    await asking.expect(mac, 'DELETE', `/api/agents/${agent?.id}`);
    expect((await onCloud.inboxes.create({ username: 'moved' })).inboxId).toBe(inboxId);

    const code = 'address_elsewhere';
    await expect.poll(() => client.inboxes.get(inboxId), POLL).toMatchObject({ inboxId, unavailable: { code } });
    expect(await refusal(client.inboxes.create(wish))).toEqual([403, 'resource_taken']);
    expect(await refusal(client.inboxes.messages.send(inboxId, { to: inboxId }))).toEqual([403, 'forbidden']);
    await using talk = await SmtpTalk.open(smtp, 'EHLO mx.y.com');
    await talk.say('MAIL FROM:<jane@y.com>');
    expect(await talk.say(`RCPT TO:<${inboxId}>`)).toBe("451 4.3.5 mailbox is on host 'cloud'");
    await client.inboxes.delete(inboxId);
    expect(await refusal(client.inboxes.get(inboxId))).toEqual([421, 'misdirected']);
    expect((await onCloud.inboxes.get(inboxId)).inboxId, 'and what the other host has is its own').toBe(inboxId);
  });
};
