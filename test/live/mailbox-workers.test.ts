// Several processes that share the mail of one inbox: each mail is worked on by one of them at a time, and none is lost with a process that
// dies in its midst. Step 25 of the proof in node/mailbox.
import { describe, expect, it } from 'vitest';
import { liveMailbox, mailOf } from '../support/live-mailbox.ts';
import { SmtpTalk } from '../support/smtp-talk.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';
import { WorkerProcess } from '../support/worker-process.ts';

const WORKERS = 4;
/** As many as one machine may send in a minute; each comes as a machine of its own. */
const MAILS_PER_SENDER = 100;

async function sendAll(port: number, to: string, sender: number, count = MAILS_PER_SENDER): Promise<void> {
  await using talk = await SmtpTalk.open(port, 'EHLO mx.y.com', `127.0.0.${sender + 1}`);
  for (let number = 0; number < count; number += 1) {
    await talk.say('MAIL FROM:<jane@y.com>');
    await talk.say(`RCPT TO:<${to}>`);
    const [answer] = await talk.mail(`${mailOf(`<${sender}-${number}@y.com>`, `Order ${number}`)}\r\nPlease.\r\n`);
    expect(answer).toMatch(/^250/);
  }
}

describe('four processes at one inbox', () => {
  it(
    'work on each of 400 mails, on none at the same time, and on what one of them left when it was killed',
    async () => {
      await using mailbox = await liveMailbox();
      const { client, host, zone } = mailbox;
      zone.set('y.com', ['v=spf1 ip4:127.0.0.0/8 -all']);
      const { inboxId } = await client.inboxes.create({ username: 'support' });
      const keyOf = async (name: string) => {
        const made = await client.inboxes.apiKeys.create(inboxId, { name });
        return 'apiKey' in made ? made.apiKey : '';
      };
      await using stack = new AsyncDisposableStack();
      const workers: WorkerProcess[] = [];
      for (let number = 0; number < WORKERS; number += 1) {
        const key = await keyOf(`worker ${number}`);
        // The first hangs in the midst of its work, until it is killed.
        const inbox = { url: host.url, key, inboxId };
        workers.push(stack.use(new WorkerProcess(inbox, `worker ${number}`, number === 0 ? 20 : 0)));
      }
      const [killed] = workers;
      await Promise.all(Array.from({ length: 4 }, (_, sender) => sendAll(mailbox.smtp, inboxId, sender)));
      await expect.poll(() => killed?.begun.length, { timeout: LIVE_MS_MAX }).toBe(20);
      const left = killed?.begun.at(-1);
      await killed?.kill();
      const killedAtMs = Date.now();

      const ended = () => workers.flatMap((worker) => worker.ended.map((one) => one.ended));
      await expect.poll(() => ended().length, { timeout: LIVE_MS_MAX }).toBeGreaterThanOrEqual(4 * MAILS_PER_SENDER);
      expect(new Set(ended()).size, 'each is done').toBe(4 * MAILS_PER_SENDER);
      expect(ended().length, 'and once').toBe(4 * MAILS_PER_SENDER);
      expect(workers.map(({ errors }) => errors)).toEqual(['', '', '', '']);

      const begun = workers.flatMap((worker) => worker.begun);
      const again = begun.filter(({ attempt }) => attempt > 1);
      expect(again, 'only what was left was begun again').toMatchObject([{ began: left?.began, attempt: 2 }]);
      expect(begun.length).toBe(4 * MAILS_PER_SENDER + 1);
      expect(again[0]?.atMs, 'and after its worker was dead').toBeGreaterThan(killedAtMs);
      expect(Math.min(...workers.map((worker) => worker.ended.length)), 'all of them worked').toBeGreaterThan(0);

      const unread = async () => (await client.inboxes.messages.list(inboxId, { labels: ['unread'] })).count;
      await expect.poll(unread, { timeout: LIVE_MS_MAX }).toBe(0);
      expect((await client.inboxes.messages.list(inboxId, { labels: ['processing'] })).count).toBe(0);
    },
    2 * LIVE_MS_MAX,
  );

  it('leave no mail to a worker that is gone while it waits', { timeout: LIVE_MS_MAX }, async () => {
    await using mailbox = await liveMailbox();
    const { client, host, apiKey } = mailbox;
    const { inboxId } = await client.inboxes.create({ username: 'support' });
    const claim = async (wait_seconds: number, signal: AbortSignal | null = null) => {
      const response = await fetch(`${host.url}/api/mailbox/inboxes/${inboxId}/claim`, {
        ...{ method: 'POST', signal, headers: { authorization: `Bearer ${apiKey}` } },
        body: JSON.stringify({ worker: 'w', wait_seconds }),
      });
      return (await response.json()) as { readonly claims: readonly { readonly attempt: number }[] };
    };
    const waiting = async () => {
      const text = await (await fetch(`${host.url}/metrics`)).text();
      return Number(/^mesh_mailbox_waiting (\d+)$/m.exec(text)?.[1]);
    };
    const leaving = new AbortController();
    const left = claim(30, leaving.signal).catch(() => 'gone');
    await expect.poll(waiting, { timeout: LIVE_MS_MAX }).toBe(1);
    leaving.abort();
    expect(await left).toBe('gone');
    await expect.poll(waiting, { timeout: LIVE_MS_MAX }).toBe(0);

    const stays = claim(30);
    await expect.poll(waiting, { timeout: LIVE_MS_MAX }).toBe(1);
    await sendAll(mailbox.smtp, inboxId, 0, 1);
    expect((await stays).claims, 'the first attempt').toMatchObject([{ attempt: 1 }]);
  });
});
