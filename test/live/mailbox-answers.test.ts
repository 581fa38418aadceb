// What AgentMail's own client sends, in the mailboxes of a real Postfix, after the node was killed.
import { describe, expect, it } from 'vitest';
import { Postfix, whyNoPostfix } from '../../scripts/postfix.ts';
import { liveMailbox } from '../support/live-mailbox.ts';
import { accountsFile, field } from '../support/proof-world.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const missing = whyNoPostfix();

describe(`mails of an inbox${missing === undefined ? '' : `: skipped, ${missing}`}`, () => {
  it.skipIf(missing !== undefined)(
    'go out once each, though the node is killed while it sends',
    { timeout: LIVE_MS_MAX },
    async () => {
      await using postfix = await Postfix.start();
      await using stack = new AsyncDisposableStack();
      const live = stack.use(await liveMailbox('--send-accounts', accountsFile(stack, postfix)));
      const { inboxId } = await live.client.inboxes.create({ username: 'support' });
      const sent = new Set<string>();
      const send = async (at: number) => {
        const wish = { to: 'bob@mail.example.com', subject: `Number ${at}`, text: 'x' };
        const request = { idempotencyKey: `key ${at}`, maxRetries: 0 };
        for (;;) {
          const answer = await live.client.inboxes.messages.send(inboxId, wish, request).catch(() => undefined);
          if (answer !== undefined) return sent.add(answer.messageId);
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const working = Promise.all(Array.from({ length: 40 }, (_, at) => send(at)));
      for (const count of [5, 15]) {
        await expect.poll(() => sent.size, { timeout: LIVE_MS_MAX }).toBeGreaterThanOrEqual(count);
        await live.host.kill();
        await live.mesh.start();
      }
      await working;
      expect(sent.size).toBe(40);
      const states = async () =>
        (await live.client.inboxes.messages.list(inboxId, { limit: 100 })).messages.map(({ messageId }) => messageId);
      expect(new Set(await states())).toEqual(sent);
      const numbers = async () => {
        const mails = await postfix.mailbox('bob');
        return mails.map((mail) => field(mail, 'Subject'));
      };
      // One that was leaving when the node died is `unknown`, and is not sent again by itself: it may lie there or not.
      await expect.poll(async () => (await numbers()).length, { timeout: LIVE_MS_MAX }).toBeGreaterThanOrEqual(30);
      const found = await numbers();
      expect(found.length).toBe(new Set(found).size);
    },
  );
});
