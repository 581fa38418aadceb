// What happens to mail, as other programs hear of it: from the first octet that swaks sends to whoever waits at the other end.
import { describe, expect, it } from 'vitest';
import { createChangesClient } from '../../node/webhooks/receiver/changes-client.js';
import { type LiveMailbox, liveMailbox, mailOf } from '../support/live-mailbox.ts';
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
    LIVE_MS_MAX,
  );
});
