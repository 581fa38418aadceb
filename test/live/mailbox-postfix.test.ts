// Postfix in front of a node: what it hands over is in the inbox, what is refused for good comes back as its own report, what is refused for
// now is tried again until it is taken.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Postfix, whyNoPostfix } from '../../scripts/postfix.ts';
import { type LiveMailbox, liveMailbox } from '../support/live-mailbox.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const run = promisify(execFile);
const POLL = { timeout: LIVE_MS_MAX / 2, interval: 100 };
/** Postfix says whose mail it is, and tries again after seconds, not after minutes. */
const SETTINGS = {
  lmtp_send_xforward_command: 'yes',
  // Or what comes from this machine is its own mail, of which there is nothing to say.
  local_header_rewrite_clients: '',
  queue_run_delay: '1s',
  minimal_backoff_time: '1s',
  maximal_backoff_time: '2s',
  // One destination that refused one mail is not dead.
  default_destination_concurrency_failed_cohort_limit: '0',
};
const OWN = ['v=spf1 ip4:127.0.0.1 -all'];
const missing = whyNoPostfix();

interface World extends LiveMailbox {
  readonly postfix: Postfix;
  readonly inboxId: string;
  /** Hands a mail from ann@mail.example.com to Postfix. */
  sendBy(to: string, messageId: string): Promise<unknown>;
}

async function world(protocol: 'smtp' | 'lmtp', ...flags: readonly string[]): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const mailbox = stack.use(await liveMailbox(...flags));
  mailbox.zone.set('mail.example.com', OWN);
  const { inboxId } = await mailbox.client.inboxes.create({ username: 'support' });
  const inboxesAt = protocol === 'lmtp' ? `lmtp:inet:127.0.0.1:${mailbox.lmtp}` : `smtp:[127.0.0.1]:${mailbox.smtp}`;
  const postfix = stack.use(await Postfix.start({ inboxesAt, settings: SETTINGS }));
  const owned = stack.move();
  const server = [
    '--server',
    `127.0.0.1:${postfix.port}`,
    '--helo',
    'ann.example.com',
    '--from',
    'ann@mail.example.com',
  ];
  return {
    ...{ ...mailbox, postfix, inboxId },
    sendBy: (to, messageId) => run('swaks', [...server, '--to', to, '--h-Message-Id', messageId, '--body', 'Words.']),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe(`Postfix in front of a node${missing === undefined ? '' : `: skipped, ${missing}`}`, () => {
  it.skipIf(missing !== undefined)(
    'by SMTP: its mail is in the inbox, and verified by its own address',
    async () => {
      await using at = await world('smtp');
      await at.sendBy(at.inboxId, '<1@mail.example.com>');
      const labels = async () => (await at.client.inboxes.messages.list(at.inboxId)).messages[0]?.labels;
      await expect.poll(labels, POLL).toEqual(expect.arrayContaining(['received', 'unread']));
      const whole = await at.client.inboxes.messages.get(at.inboxId, '<1@mail.example.com>');
      expect(whole.text).toContain('Words.');
    },
    LIVE_MS_MAX,
  );

  it.skipIf(missing !== undefined)(
    'by LMTP: a recipient that nobody has comes back as its report, beside another who gets the mail',
    async () => {
      await using at = await world('lmtp');
      await at.sendBy(`${at.inboxId},nobody@agents.example.com`, '<1@mail.example.com>');
      const [report] = await at.postfix.mailboxOf('ann', 1, POLL.timeout);
      expect(report).toContain('Final-Recipient: rfc822; nobody@agents.example.com');
      expect(report).toContain('Action: failed');
      expect(report).toContain('Status: 5.1.1');
      expect(report).toMatch(/Diagnostic-Code: smtp; 550 5\.1\.1 There is no inbox nobody@agents\.example\.com/);
      const list = () => at.client.inboxes.messages.list(at.inboxId, { includeUnauthenticated: true });
      await expect.poll(async () => (await list()).count, POLL).toBe(1);
    },
    LIVE_MS_MAX,
  );

  it.skipIf(missing !== undefined)(
    'by LMTP, when it is trusted: it says whose mail it hands over, and SPF is asked about that',
    async () => {
      await using at = await world('lmtp', '--mailbox-trust', '127.0.0.1');
      await at.sendBy(at.inboxId, '<1@mail.example.com>');
      await expect.poll(async () => (await at.client.inboxes.messages.list(at.inboxId)).count, POLL).toBe(1);
      const { downloadUrl } = await at.client.inboxes.messages.getRaw(at.inboxId, '<1@mail.example.com>');
      const raw = await (await fetch(downloadUrl)).text();
      expect(raw).toContain('spf=pass smtp.mailfrom=mail.example.com');
      expect(raw).toContain('from ann.example.com ([127.0.0.1])\r\n by mac with LMTP');
    },
    LIVE_MS_MAX,
  );

  it.skipIf(missing !== undefined)(
    'is told to try again while the DNS is silent, and does until the mail is taken, once',
    async () => {
      await using at = await world('smtp');
      at.zone.set('mail.example.com', 'failing');
      await at.sendBy(at.inboxId, '<1@mail.example.com>');
      await expect.poll(() => at.postfix.log(), POLL).toMatch(/status=deferred .*451 4\.4\.3/);
      at.zone.set('mail.example.com', OWN);
      const list = () => at.client.inboxes.messages.list(at.inboxId);
      await expect
        .poll(async () => (await list()).messages.map(({ messageId }) => messageId), POLL)
        .toEqual(['<1@mail.example.com>']);
      await expect.poll(() => at.postfix.log(), POLL).toContain('status=sent (250 2.6.0 The mail is kept.)');
      expect(await at.postfix.mailbox('ann'), 'nothing came back').toEqual([]);
    },
    LIVE_MS_MAX,
  );
});
