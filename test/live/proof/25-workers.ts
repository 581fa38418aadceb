// Step 25: several processes that share the mail of one inbox. Each mail is worked on by one of them at a time, and none is lost with a process
// that dies in its midst.
import { expect, it } from 'vitest';
import { mailOf } from '../../support/live-mailbox.ts';
import type { ProofSteps, ProofWorld } from '../../support/proof-world.ts';
import { SmtpTalk } from '../../support/smtp-talk.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';
import { WorkerProcess } from '../../support/worker-process.ts';

const WORKERS = 4;
/** The job of the first of them that never ends. */
const HANGS_AT = 20;
/** As many as one machine may send in a minute; each comes as a machine of its own, which has sent nothing yet. */
const MAILS_PER_SENDER = 100;
const FIRST_SENDER = 11;
/** Mails of one more machine, and the first of those: behind all that other steps come as. */
const MORE_MAILS = 10;
const MORE_SENDER = 20;

async function sendAll(port: number, to: string, sender: number, count = MAILS_PER_SENDER): Promise<void> {
  await using talk = await SmtpTalk.open(port, 'EHLO mx.y.com', `127.0.0.${FIRST_SENDER + sender}`);
  for (let number = 0; number < count; number += 1) {
    await talk.say('MAIL FROM:<jane@y.com>');
    await talk.say(`RCPT TO:<${to}>`);
    const [answer] = await talk.mail(`${mailOf(`<${sender}-${number}@y.com>`, `Order ${number}`)}\r\nPlease.\r\n`);
    expect(answer).toMatch(/^250/);
  }
}

/** Questions for mail that the host lets wait. */
async function waitingAt({ host }: ProofWorld): Promise<number> {
  const text = await (await fetch(`${host.url}/metrics`)).text();
  return Number(/^mesh_mailbox_waiting (\d+)$/m.exec(text)?.[1]);
}

export const workers: ProofSteps = (world) => {
  it(
    '25 four processes work on each of 400 mails and more, on none at the same time, and on what one of them left when it was killed',
    async () => {
      const { client, host, smtp, newInbox } = world();
      const inboxId = await newInbox();
      const keyOf = async (name: string) => {
        const made = await client.inboxes.apiKeys.create(inboxId, { name });
        return 'apiKey' in made ? made.apiKey : '';
      };
      await using stack = new AsyncDisposableStack();
      const working: WorkerProcess[] = [];
      for (let number = 0; number < WORKERS; number += 1) {
        const key = await keyOf(`worker ${number}`);
        // The first hangs in the midst of its work, until it is killed.
        const inbox = { url: host.url, key, inboxId };
        working.push(stack.use(new WorkerProcess(inbox, `worker ${number}`, number === 0 ? HANGS_AT : 0)));
      }
      const [killed] = working;
      // None of them comes so late that the others have done all.
      await expect.poll(() => waitingAt(world()), { timeout: LIVE_MS_MAX }).toBe(WORKERS);
      await Promise.all(Array.from({ length: WORKERS }, (_, sender) => sendAll(smtp, inboxId, sender)));
      let sent = WORKERS * MAILS_PER_SENDER;
      // More of them, should the machine have let it work on fewer than the others.
      for (let sender = MORE_SENDER; (killed?.begun.length ?? 0) < HANGS_AT; sender += 1, sent += MORE_MAILS)
        await sendAll(smtp, inboxId, sender, MORE_MAILS);
      const left = killed?.begun.at(-1);
      await killed?.kill();
      const killedAtMs = Date.now();

      const ended = () => working.flatMap((worker) => worker.ended.map((one) => one.ended));
      await expect.poll(() => ended().length, { timeout: LIVE_MS_MAX }).toBeGreaterThanOrEqual(sent);
      expect(new Set(ended()).size, 'each is done').toBe(sent);
      expect(ended().length, 'and once').toBe(sent);
      expect(working.map(({ errors }) => errors)).toEqual(['', '', '', '']);

      const begun = working.flatMap((worker) => worker.begun);
      const again = begun.filter(({ attempt }) => attempt > 1);
      expect(again, 'only what was left was begun again').toMatchObject([{ began: left?.began, attempt: 2 }]);
      expect(begun.length).toBe(sent + 1);
      expect(again[0]?.atMs, 'and after its worker was dead').toBeGreaterThan(killedAtMs);
      expect(Math.min(...working.map((worker) => worker.ended.length)), 'all of them worked').toBeGreaterThan(0);

      const unread = async () => (await client.inboxes.messages.list(inboxId, { labels: ['unread'] })).count;
      await expect.poll(unread, { timeout: LIVE_MS_MAX }).toBe(0);
      expect((await client.inboxes.messages.list(inboxId, { labels: ['processing'] })).count).toBe(0);
    },
    2 * LIVE_MS_MAX,
  );

  it('25 no mail is left to a worker that is gone while it waits', async () => {
    const { host, apiKey, smtp, newInbox } = world();
    const inboxId = await newInbox();
    const claim = async (wait_seconds: number, signal: AbortSignal | null = null) => {
      const response = await fetch(`${host.url}/api/mailbox/inboxes/${inboxId}/claim`, {
        ...{ method: 'POST', signal, headers: { authorization: `Bearer ${apiKey}` } },
        body: JSON.stringify({ worker: 'w', wait_seconds }),
      });
      return (await response.json()) as { readonly claims: readonly { readonly attempt: number }[] };
    };
    const waiting = () => waitingAt(world());
    const leaving = new AbortController();
    const left = claim(30, leaving.signal).catch(() => 'gone');
    await expect.poll(waiting, { timeout: LIVE_MS_MAX }).toBe(1);
    leaving.abort();
    expect(await left).toBe('gone');
    await expect.poll(waiting, { timeout: LIVE_MS_MAX }).toBe(0);

    const stays = claim(30);
    await expect.poll(waiting, { timeout: LIVE_MS_MAX }).toBe(1);
    await sendAll(smtp, inboxId, WORKERS, 1);
    expect((await stays).claims, 'the first attempt').toMatchObject([{ attempt: 1 }]);
  });
};
