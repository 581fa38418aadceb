// Mail that an inbox refuses, and whoever asks it for no more. y.com sends from this machine, and nobody answers for what comes from it as z.com.
// The lists themselves, and mail in quarantine, the mailbox's proof walks (steps 19 and 20).
import { describe, expect, it } from 'vitest';
import {
  type LiveMailbox,
  liveMailbox,
  MISSING_SWAKS,
  mailOf,
  refusal,
  UNLESS_SWAKS,
} from '../support/live-mailbox.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const skipped = MISSING_SWAKS !== undefined;
const FROM_JANE = 'Jane <jane@y.com>';

interface World extends LiveMailbox {
  readonly inboxId: string;
  /** Labels of mail that Jane's own machine sends, or another one in her name. */
  arriving(who: 'jane' | 'spoofed', id: string, ...more: readonly string[]): Promise<readonly string[]>;
}

async function world(...flags: readonly string[]): Promise<World> {
  const at = await liveMailbox(...flags);
  const { inboxId } = await at.client.inboxes.create({ username: 'support' });
  return {
    ...{ ...at, inboxId },
    arriving: async (who, id, ...more) => {
      // A stranger says z.com in the envelope, and Jane in the mail.
      await at.send(
        inboxId,
        mailOf(id, 'Hi', ...more, '', 'Words.'),
        ...(who === 'jane' ? [] : ['--from', 'joe@z.com']),
      );
      return (await at.client.inboxes.messages.get(inboxId, id)).labels;
    },
    [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
  };
}

describe(`a mail in quarantine${UNLESS_SWAKS}`, () => {
  it.skipIf(skipped)(
    'is refused where its domain wants that and the inbox, too',
    async () => {
      await using at = await world();
      const response = await fetch(`${at.host.url}/api/mailbox/inboxes/${at.inboxId}/settings`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${at.apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ dmarc: 'reject' }),
      });
      expect(response.status).toBe(200);
      const refused = await at.arriving('spoofed', '<1@y.com>').catch((error: { stdout: string }) => error.stdout);
      expect(refused).toMatch(/550 5\.7\.26 /);
      expect(await at.arriving('jane', '<2@y.com>')).toEqual(['received', 'unread']);
      expect((await at.client.inboxes.messages.list(at.inboxId, { includeUnauthenticated: true })).count).toBe(1);
    },
    LIVE_MS_MAX,
  );
});

describe(`whoever asks by mail for no more of them${UNLESS_SWAKS}`, () => {
  it.skipIf(skipped)(
    'gets none, by the address of the mail that he got',
    async () => {
      await using at = await world('--mailbox-public-url', 'https://mail.example.com');
      const { client, inboxId } = at;
      const { messages, lists } = client.inboxes;
      const { inboxId: other } = await client.inboxes.create({ username: 'other' });
      const sent = await messages.send(inboxId, { to: other, text: 'News.', headers: { 'List-Unsubscribe': 'auto' } });
      const field = String((await messages.get(other, sent.messageId)).headers?.['List-Unsubscribe']);
      const address = String(/mailto:([^?>]+)/.exec(field)?.[1]);
      const asking = mailOf('<1@y.com>', 'unsubscribe', '', 'unsubscribe');
      await at.send(address, asking);
      expect((await lists.list(inboxId, 'send', 'block')).count, 'Jane is not who it was made for').toBe(0);
      await at.send(address, asking.replace(FROM_JANE, other).replace('<1@', '<2@'));
      expect((await lists.list(inboxId, 'send', 'block')).entries).toMatchObject([
        { entry: other, reason: 'unsubscribed' },
      ]);
      expect(await refusal(messages.send(inboxId, { to: other, text: 'News.' }))).toEqual([403, 'message_rejected']);
    },
    LIVE_MS_MAX,
  );
});
