// Lists of whom an inbox hears from and writes to, by AgentMail's own client, with mail that real programs hand over. y.com sends from this
// machine, and nobody answers for what comes from it as z.com.
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

const POLL = { timeout: LIVE_MS_MAX / 2, interval: 100 };
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

describe(`lists of an inbox and above it${UNLESS_SWAKS}`, () => {
  it.skipIf(skipped)(
    'keep out who is blocked, let in who is allowed and is who he says, and the narrower scope goes first',
    async () => {
      await using at = await world();
      const { client, inboxId, arriving } = at;
      const ofInbox = client.inboxes.lists;
      expect(await arriving('jane', '<1@y.com>')).toEqual(['received', 'unread']);
      expect(await arriving('spoofed', '<2@y.com>')).toEqual(['received', 'unauthenticated', 'unread']);

      await client.lists.create('receive', 'block', { entry: 'y.com', reason: 'spam' });
      expect(await arriving('jane', '<3@y.com>')).toEqual(['blocked', 'received', 'unread']);
      expect(await arriving('spoofed', '<4@y.com>')).toEqual(['blocked', 'received', 'unread']);

      await ofInbox.create(inboxId, 'receive', 'allow', { entry: 'jane@y.com' });
      expect(await arriving('jane', '<5@y.com>'), 'the inbox allows her').toEqual(['received', 'unread']);
      expect(await arriving('spoofed', '<6@y.com>'), 'and nobody in her name').toEqual([
        'blocked',
        'received',
        'unread',
      ]);
      await client.lists.delete('receive', 'block', 'y.com');
      expect(await arriving('spoofed', '<7@y.com>')).toEqual(['blocked', 'received', 'unread']);

      const { messages } = client.inboxes;
      const shown = async (request = {}) =>
        (await messages.list(inboxId, { limit: 100, ...request })).messages
          .map(({ messageId }) => messageId)
          .toSorted();
      expect(await shown()).toEqual(['<1@y.com>', '<5@y.com>']);
      expect(await shown({ includeBlocked: true })).toEqual([
        '<1@y.com>',
        '<3@y.com>',
        '<4@y.com>',
        '<5@y.com>',
        '<6@y.com>',
        '<7@y.com>',
      ]);
      expect(await shown({ includeUnauthenticated: true })).toEqual(['<1@y.com>', '<2@y.com>', '<5@y.com>']);
    },
    LIVE_MS_MAX,
  );

  it.skipIf(skipped)(
    'for answers hold for answers alone, and those for sending for all that is sent',
    async () => {
      await using at = await world();
      const { client, inboxId, arriving } = at;
      const { inboxId: other } = await client.inboxes.create({ username: 'other' });
      const { messages, lists } = client.inboxes;
      const { messageId } = await messages.send(inboxId, { to: other, subject: 'Hi', text: 'Words.' });
      const answers = `In-Reply-To: ${messageId}`;

      await lists.create(inboxId, 'receive', 'allow', { entry: 'partner.example' });
      expect(await arriving('jane', '<1@y.com>')).toContain('blocked');
      expect(await arriving('jane', '<2@y.com>', answers)).not.toContain('blocked');
      await client.lists.create('reply', 'block', { entry: 'jane@y.com' });
      expect(await arriving('jane', '<3@y.com>', answers)).toContain('blocked');
      await lists.create(inboxId, 'reply', 'allow', { entry: 'y.com' });
      expect(await arriving('jane', '<4@y.com>', answers), 'the inbox before the organization').not.toContain(
        'blocked',
      );

      await client.lists.create('send', 'block', { entry: other });
      const sends = [
        () => messages.send(inboxId, { to: other, text: 'x' }),
        () => messages.send(inboxId, { bcc: other, text: 'x' }),
        () => messages.reply(inboxId, messageId, { text: 'x' }),
        () => messages.forward(inboxId, messageId, { to: other }),
      ];
      for (const send of sends) expect(await refusal(send())).toEqual([403, 'message_rejected']);
      await lists.create(inboxId, 'send', 'allow', { entry: other });
      expect(await refusal(messages.send(inboxId, { to: 'eve@y.com', text: 'x' }))).toEqual([403, 'message_rejected']);
      for (const send of sends) expect(await refusal(send()), 'the inbox allows it').toBe('nothing was refused');
      expect(await refusal(client.lists.create('receive', 'allow', { entry: 'y.com', reason: 'x' }))).toEqual([
        400,
        'validation_error',
      ]);
    },
    LIVE_MS_MAX,
  );
});

describe(`lists of a pod${UNLESS_SWAKS}`, () => {
  it.skipIf(skipped)(
    'hold for its inboxes alone, and stand between those of an inbox and those of the organization',
    async () => {
      await using at = await world();
      const { client } = at;
      const { podId } = await client.pods.create({ name: 'acme' });
      const { inboxId } = await client.pods.inboxes.create(podId, { username: 'support' });
      const arriving = async (id: string, to = inboxId) => {
        await at.send(to, mailOf(id, 'Hi', '', 'Words.'));
        return (await client.inboxes.messages.get(to, id)).labels.includes('blocked') ? 'blocked' : 'received';
      };
      await client.lists.create('receive', 'block', { entry: 'y.com' });
      expect([await arriving('<1@y.com>'), await arriving('<1@y.com>', at.inboxId)]).toEqual(['blocked', 'blocked']);
      const entry = await client.pods.lists.create(podId, 'receive', 'allow', { entry: 'jane@y.com' });
      expect([entry.podId, entry.inboxId]).toEqual([podId, undefined]);
      expect([await arriving('<2@y.com>'), await arriving('<2@y.com>', at.inboxId)]).toEqual(['received', 'blocked']);
      await client.inboxes.lists.create(inboxId, 'receive', 'block', { entry: 'jane@y.com' });
      expect(await arriving('<3@y.com>')).toBe('blocked');
      await client.pods.lists.create(podId, 'send', 'block', { entry: 'z.com', reason: 'rivals' });
      expect(await refusal(client.inboxes.messages.send(inboxId, { to: 'a@z.com', text: 'x' }))).toEqual([
        403,
        'message_rejected',
      ]);
      expect((await client.lists.list('send', 'block')).count).toBe(0);
      await client.pods.lists.delete(podId, 'receive', 'allow', 'jane@y.com');
      expect((await client.pods.lists.list(podId, 'receive', 'allow')).entries).toEqual([]);
    },
    LIVE_MS_MAX,
  );
});

describe(`a mail in quarantine${UNLESS_SWAKS}`, () => {
  it.skipIf(skipped)(
    'is told of by its own event, is in no list, thread or event that does not name it, and is read once it is released',
    async () => {
      await using at = await world();
      const { client, inboxId } = at;
      const { messages, threads } = client.inboxes;
      await client.lists.create('receive', 'block', { entry: 'eve@y.com' });
      const told: string[] = [];
      const socket = await client.websockets.connect();
      let isSubscribed = false;
      socket.on('message', (frame) => {
        isSubscribed ||= frame.type === 'subscribed';
        if (frame.type === 'event' && 'message' in frame) told.push(`${frame.eventType} ${frame.message.messageId}`);
      });
      await socket.waitForOpen();
      const eventTypes = ['message.received', 'message.received.unauthenticated', 'message.received.blocked'] as const;
      socket.sendSubscribe({ type: 'subscribe', eventTypes: [...eventTypes] });
      await expect.poll(() => isSubscribed, POLL).toBe(true);

      await at.arriving('jane', '<1@y.com>');
      await at.arriving('spoofed', '<2@y.com>', 'In-Reply-To: <1@y.com>');
      await at.send(inboxId, mailOf('<3@y.com>', 'Hi', '', 'Words.').replace(FROM_JANE, 'Eve <eve@y.com>'));
      const ids = async (request = {}) =>
        (await messages.list(inboxId, request)).messages.map(({ messageId }) => messageId).toSorted();
      expect(await ids()).toEqual(['<1@y.com>']);
      expect((await threads.list(inboxId)).count).toBe(1);
      expect((await threads.list(inboxId, { includeUnauthenticated: true, includeBlocked: true })).count).toBe(3);

      await messages.update(inboxId, '<2@y.com>', { removeLabels: ['unauthenticated'] });
      await messages.update(inboxId, '<3@y.com>', { removeLabels: ['blocked'] });
      expect(await ids()).toEqual(['<1@y.com>', '<2@y.com>', '<3@y.com>']);
      const of = async (id: string) => (await messages.get(inboxId, id)).threadId;
      expect(await of('<2@y.com>'), 'it joins the thread that it names').toBe(await of('<1@y.com>'));
      await expect
        .poll(() => told.toSorted(), POLL)
        .toEqual([
          'message.received <1@y.com>',
          'message.received <2@y.com>',
          'message.received <3@y.com>',
          'message.received.blocked <3@y.com>',
          'message.received.unauthenticated <2@y.com>',
        ]);
      socket.close();
    },
    LIVE_MS_MAX,
  );

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
