// Mail that an inbox sends through a real Postfix, which takes it and can't deliver it: its report comes back, belongs to what was sent, and
// the address is written to no more. And a complaint about such a mail.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createChangesClient } from '../../node/webhooks/receiver/changes-client.js';
import { freePorts } from '../../scripts/host-process.ts';
import { Postfix, whyNoPostfix } from '../../scripts/postfix.ts';
import { liveMailbox, refusal } from '../support/live-mailbox.ts';
import { SmtpTalk } from '../support/smtp-talk.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const POLL = { timeout: LIVE_MS_MAX / 2, interval: 200 };
const missing = whyNoPostfix();

function complaintAbout(messageId: string): string {
  return [
    ...['Message-ID: <complaint@y.com>', 'From: Feedback <fbl@y.com>', 'To: support@agents.example.com'],
    ...['Content-Type: multipart/report; report-type=feedback-report; boundary=b', '', '--b'],
    ...['Content-Type: text/plain', '', 'A complaint.', '', '--b', 'Content-Type: message/feedback-report', ''],
    ...['Feedback-Type: abuse', 'User-Agent: y.com', 'Version: 1', '', '--b', 'Content-Type: text/rfc822-headers', ''],
    ...[`Message-ID: ${messageId}`, 'From: support@agents.example.com', '', '--b--', ''],
  ].join('\r\n');
}

/** What is told first, with the mail that it is about. */
async function firstChanges(count: number, changes: ReturnType<typeof createChangesClient>): Promise<string[]> {
  const told: string[] = [];
  for await (const { event } of changes) {
    told.push(`${event.type} ${'message' in event ? event.message.message_id : ''}`);
    if (told.length === count) break;
  }
  return told;
}

describe(`a report about sent mail${missing === undefined ? '' : `: skipped, ${missing}`}`, () => {
  it.skipIf(missing !== undefined)(
    'of Postfix lies in the thread of that mail, a complaint too, and neither address is written to again',
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'mesh-accounts-'));
      const file = join(directory, 'accounts.json');
      const [port = 0] = await freePorts(1);
      await using postfix = await Postfix.start({
        inboxesAt: `lmtp:inet:127.0.0.1:${port}`,
        // What nobody has is found out after it was taken, as by a server that stands in front of others.
        settings: { smtpd_reject_unlisted_recipient: 'no' },
      });
      const account = { id: 'local', host: '127.0.0.1', port: postfix.port, security: 'none', ratePerHour: 1_000_000 };
      writeFileSync(file, JSON.stringify({ accounts: [account], agentRatePerHour: 1_000_000 }), { mode: 0o600 });
      await using at = await liveMailbox('--send-accounts', file, '--mailbox-lmtp', `127.0.0.1:${port}`);
      const { inboxId } = await at.client.inboxes.create({ username: 'support' });
      const { messages, threads } = at.client.inboxes;
      const suppressed = async () => {
        const response = await fetch(`${at.host.url}/api/email/suppressions`);
        return ((await response.json()) as { suppressions: { address: string; reason: string }[] }).suppressions;
      };

      const now = await fetch(`${at.host.url}/api/changes?waitMs=0`, { headers: { accept: 'application/x-ndjson' } });
      const sent = await messages.send(inboxId, { to: 'gone@mail.example.com', subject: 'Hi', text: 'Words.' });
      const labels = async () =>
        (await threads.get(inboxId, sent.threadId)).messages.map((one) =>
          one.labels.filter((label) => label !== 'automated'),
        );
      await expect.poll(labels, POLL).toEqual([
        ['bounced', 'sent'],
        ['bounce', 'received'],
      ]);
      const since = String(now.headers.get('mesh-cursor'));
      const events = ['message.sent', 'message.received', 'message.bounced'] as const;
      expect(await firstChanges(2, createChangesClient(at.host.url, { since, events }))).toEqual([
        `message.sent ${sent.messageId}`,
        `message.bounced ${sent.messageId}`,
      ]);
      await expect
        .poll(suppressed, POLL)
        .toEqual([expect.objectContaining({ address: 'gone@mail.example.com', reason: 'bounce' })]);
      const { lists } = at.client.inboxes;
      const kept = { direction: 'send', listType: 'block', entryType: 'email', readOnly: true, inboxId };
      const gone = await lists.get(inboxId, 'send', 'block', 'gone@mail.example.com');
      expect(gone).toMatchObject({ ...kept, entry: 'gone@mail.example.com', reason: 'bounced' });
      expect(await refusal(lists.delete(inboxId, 'send', 'block', gone.entry))).toEqual([403, 'cannot_delete']);
      const again = messages.send(inboxId, { to: 'gone@mail.example.com', text: 'Again.' });
      expect(await refusal(again)).toEqual([403, 'message_rejected']);

      const other = await messages.send(inboxId, { to: 'bob@mail.example.com', subject: 'Hi', text: 'Words.' });
      await expect.poll(async () => (await postfix.mailbox('bob')).length, POLL).toBe(1);
      await using talk = await SmtpTalk.open(at.smtp, 'EHLO mx.y.com');
      await talk.say('MAIL FROM:<fbl@y.com>');
      await talk.say(`RCPT TO:<${inboxId}>`);
      expect(await talk.mail(complaintAbout(other.messageId))).toEqual(['250 2.6.0 The mail is kept.']);
      expect((await messages.get(inboxId, other.messageId)).labels).toContain('complained');
      const complained = await lists.get(inboxId, 'send', 'block', 'bob@mail.example.com');
      expect(complained).toMatchObject({ ...kept, entry: 'bob@mail.example.com', reason: 'complained' });
      const reasons = async () => (await suppressed()).map(({ address, reason }) => `${address} ${reason}`);
      await expect.poll(reasons, POLL).toContain('bob@mail.example.com complaint');
      rmSync(directory, { recursive: true });
    },
    LIVE_MS_MAX,
  );
});
