// What happens to mail, as other programs hear of it though the node is killed meanwhile: from the first octet that swaks sends to whoever waits
// at the other end. What they hear at all, the mailbox's proof walks (steps 23 and 24).
import { serialization } from 'agentmail';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { describe, expect, it } from 'vitest';
import { createChangesClient } from '../../node/webhooks/receiver/changes-client.js';
import { type HookRequest, receiver } from '../support/hook-receiver.ts';
import { type LiveMailbox, liveMailbox, MISSING_SWAKS, mailOf, UNLESS_SWAKS } from '../support/live-mailbox.ts';
import { SmtpTalk } from '../support/smtp-talk.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

/** Hands mails over until the node is gone; answers the ids of those that it has taken. */
async function sendUntilKilled(at: LiveMailbox, to: string, ids: readonly string[]): Promise<string[]> {
  const taken: string[] = [];
  await using talk = await SmtpTalk.open(at.smtp, 'EHLO mx.y.com');
  for (const id of ids) {
    const replies = [await talk.say('MAIL FROM:<jane@y.com>'), await talk.say(`RCPT TO:<${to}>`)];
    if (!replies.every((reply) => reply.startsWith('250'))) break;
    const [answer = ''] = await talk.mail(mailOf(id, 'Hello', '', 'See it.'));
    if (!answer.startsWith('250')) break;
    taken.push(id);
  }
  return taken;
}

describe('the change log of a node that is killed while mail comes in', () => {
  it(
    'has each mail that was taken, and each once',
    async () => {
      await using at = await liveMailbox();
      const { inboxId } = await at.client.inboxes.create({ username: 'support' });
      const now = await fetch(`${at.host.url}/api/changes?waitMs=0`, { headers: { accept: 'application/x-ndjson' } });
      const since = String(now.headers.get('mesh-cursor'));
      const taken: string[] = [];
      for (let round = 0; round < 4; round += 1) {
        const ids = Array.from({ length: 40 }, (_, mail) => `<${round}.${mail}@y.com>`);
        const sending = sendUntilKilled(at, inboxId, ids);
        const listed = () => at.client.inboxes.messages.list(inboxId, { limit: 100 });
        const reached = taken.length + 5 * (round + 1);
        await expect
          .poll(() => listed().then(({ count }) => count), { timeout: LIVE_MS_MAX })
          .toBeGreaterThan(Math.min(reached, 90));
        await at.host.kill();
        taken.push(...(await sending));
        await at.host.start();
      }
      const kept = (await at.client.inboxes.messages.list(inboxId, { limit: 100 })).messages;
      const changes = createChangesClient(at.host.url, { since, events: ['message.received'] });
      const heard: string[] = [];
      while (heard.length < kept.length) {
        const event = (await changes.next()).value?.event;
        if (event?.type === 'message.received') heard.push(event.message.message_id);
      }
      await changes.return();
      expect(new Set(heard).size, 'nothing is told twice').toBe(heard.length);
      expect(heard.toSorted()).toEqual(kept.map(({ messageId }) => messageId).toSorted());
      expect(heard).toEqual(expect.arrayContaining(taken));
    },
    2 * LIVE_MS_MAX,
  );
});

describe(`a webhook of AgentMail’s client${UNLESS_SWAKS}`, () => {
  it.skipIf(MISSING_SWAKS !== undefined)(
    'hears of a mail that swaks sends, by the octets that both verifiers and the client accept, and again by the same',
    async () => {
      await using at = await liveMailbox();
      await using hook = await receiver(503, 204);
      const { client, host } = at;
      const [{ inboxId }, other] = [
        await client.inboxes.create({ username: 'support' }),
        await client.inboxes.create({ username: 'other' }),
      ];
      const wish = { url: hook.url, inboxIds: [inboxId], clientId: 'mine', headers: { 'x-key': 'k' } };
      const webhook = await client.webhooks.create({ ...wish, eventTypes: ['message.received'] });
      expect(await client.webhooks.get(webhook.webhookId)).toEqual(webhook);
      expect((await client.webhooks.list()).webhooks).toEqual([webhook]);
      expect((await client.webhooks.getHeaders(webhook.webhookId)).headerNames).toEqual(['x-key']);

      await at.send(other.inboxId, mailOf('<0@y.com>', 'Elsewhere', '', 'Not for the hook.'));
      await at.send(inboxId, mailOf('<1@y.com>', 'Hello', '', 'See it.'));
      await expect.poll(() => hook.requests.length, { timeout: LIVE_MS_MAX }).toBeGreaterThanOrEqual(1);
      await host.kill();
      await host.start();
      await expect.poll(() => hook.requests.length, { timeout: LIVE_MS_MAX }).toBeGreaterThanOrEqual(2);

      const [first, second] = hook.requests as [HookRequest, HookRequest];
      expect(second.body).toBe(first.body);
      expect(second.headers['svix-id']).toBe(first.headers['svix-id']);
      for (const { headers, body } of [first, second]) {
        expect(headers['x-key']).toBe('k');
        const told = headers as Record<string, string>;
        expect(new SvixWebhook(webhook.secret).verify(body, told)).toEqual(JSON.parse(body));
        expect(new StandardWebhook(webhook.secret).verify(body, told)).toEqual(JSON.parse(body));
      }
      const parsed = serialization.MessageReceivedEvent.parse(JSON.parse(first.body));
      expect(parsed).toMatchObject({ ok: true });
      const { message, thread } = JSON.parse(first.body);
      expect(message).toMatchObject({ inbox_id: inboxId, message_id: '<1@y.com>', subject: 'Hello' });
      expect(message.text).toContain('See it.');
      expect(message.headers['Authentication-Results']).toMatch(/spf=pass.*dmarc=pass/);
      expect(thread).toMatchObject({ message_count: 1, last_message_id: '<1@y.com>' });

      const narrowed = await client.webhooks.update(webhook.webhookId, { eventTypes: ['message.sent'] });
      expect(narrowed.eventTypes).toEqual(['message.sent']);
      await client.webhooks.delete(webhook.webhookId);
      expect((await client.webhooks.list()).count).toBe(0);
    },
    LIVE_MS_MAX,
  );
});
