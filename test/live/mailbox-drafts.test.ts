// Drafts that are due through a real Postfix while their node is killed; what else they do, the mailbox's proof walks (steps 16 to 18).
import { describe, expect, it, onTestFinished } from 'vitest';
import { Postfix, whyNoPostfix } from '../../scripts/postfix.ts';
import { type LiveMailbox, liveMailbox } from '../support/live-mailbox.ts';
import { accountsFile, field } from '../support/proof-world.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const missing = whyNoPostfix();
const POLL = { timeout: LIVE_MS_MAX, interval: 50 };
const BOB = 'bob@mail.example.com';
const file = (filename: string, text: string) => ({ filename, content: Buffer.from(text).toString('base64') });
const at = (ms: number) => new Date(Date.now() + ms);

/** A node that sends through that Postfix. */
async function sendingMailbox(postfix: Postfix): Promise<LiveMailbox> {
  const stack = new AsyncDisposableStack();
  onTestFinished(() => stack.disposeAsync());
  return await liveMailbox('--send-accounts', accountsFile(stack, postfix));
}

describe(`drafts of an inbox${missing === undefined ? '' : `: skipped, ${missing}`}`, () => {
  it.skipIf(missing !== undefined)(
    'that are due while the node is killed again and again go out once, all of them',
    { timeout: LIVE_MS_MAX },
    async () => {
      await using postfix = await Postfix.start();
      await using live = await sendingMailbox(postfix);
      const { inboxId } = await live.client.inboxes.create({ username: 'support' });
      const count = 40;
      const numbers = Array.from({ length: count }, (_, number) => number);
      for (const number of numbers)
        await live.client.inboxes.drafts.create(inboxId, {
          ...{ to: [BOB], subject: `${number}`, text: 'x', sendAt: at(1_000 + number * 20) },
          attachments: [file('a.txt', `file ${number}`)],
        });
      const some = async () => (await postfix.mailbox('bob')).length;
      for (const wanted of [1, 10, 20]) {
        await expect.poll(some, POLL).toBeGreaterThanOrEqual(wanted);
        await live.host.kill();
        await live.host.start();
      }
      const { drafts, messages } = live.client.inboxes;
      await expect.poll(async () => (await drafts.list(inboxId)).count, POLL).toBe(0);
      const sent = async () => (await messages.list(inboxId, { limit: 100 })).messages.map(({ subject }) => subject);
      expect((await sent()).toSorted()).toEqual(numbers.map(String).toSorted());
      const ids = (await postfix.mailbox('bob')).map((mail) => field(mail, 'Message-ID'));
      // What was on its way to the server when the node died may be there, and the send module does not send it again.
      expect(new Set(ids).size, 'none twice').toBe(ids.length);
    },
  );
});
