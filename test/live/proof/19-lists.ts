// Steps 19 and 20: whom an inbox hears from and writes to, and mail that nobody answers for.
import { type AgentMail, AgentMailClient } from 'agentmail';
import { expect, it } from 'vitest';
import { mailOf, refusal } from '../../support/live-mailbox.ts';
import { listening, orgHook } from '../../support/proof-events.ts';
import { idsIn, type ProofSteps, type ProofWorld } from '../../support/proof-world.ts';
import { SmtpTalk } from '../../support/smtp-talk.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';

const POLL = { timeout: LIVE_MS_MAX / 2, interval: 50 };
/** As a machine of its own it may send as many mails as it likes beside other steps. */
const MACHINE = '127.0.0.19';
const SCOPES = ['organization', 'pod', 'inbox'] as const;
const DIRECTIONS = ['send', 'receive', 'reply'] as const;
const TYPES = ['allow', 'block'] as const;
const [JANE, STRANGER] = ['jane@y.com', 'partner.example'] as const;

type Named = readonly [direction: AgentMail.Direction, type: AgentMail.ListType];
interface Lists {
  create(...named: [...Named, AgentMail.CreateListEntryRequest]): PromiseLike<AgentMail.ListEntry>;
  list(...named: Named): PromiseLike<AgentMail.ListListEntriesResponse>;
  get(...named: [...Named, entry: string]): PromiseLike<AgentMail.ListEntry>;
  delete(...named: [...Named, entry: string]): PromiseLike<unknown>;
}

interface Listed extends AsyncDisposable {
  readonly of: Readonly<Record<(typeof SCOPES)[number], Lists>>;
  readonly podId: string;
  readonly inboxId: string;
  /** Another inbox of this host, to which that one writes. */
  readonly other: string;
  /** What the inbox has sent there. */
  readonly sentId: string;
  /** Whether a mail of Jane's, or in her name, is kept out; an answer to what the inbox has sent, or not. */
  blocks(who: 'jane' | 'spoofed', isAnswer?: boolean): Promise<boolean>;
  /** What came of a mail to that other inbox. */
  sending(): Promise<unknown>;
}

/** An inbox of a pod of its own, and the lists to which it keeps. */
async function listed({ client, smtp, newInbox }: ProofWorld, name: string): Promise<Listed> {
  const { podId } = await client.pods.create({ clientId: name });
  const { inboxId } = await client.pods.inboxes.create(podId, { username: 'support' });
  const other = await newInbox();
  const { messages } = client.inboxes;
  const { messageId: sentId } = await messages.send(inboxId, { to: other, subject: 'Hi', text: 'Words.' });
  const { pods, inboxes } = client;
  const talk = await SmtpTalk.open(smtp, 'EHLO mx.y.com', MACHINE);
  let mails = 0;
  return {
    of: {
      organization: client.lists,
      pod: {
        create: (...named) => pods.lists.create(podId, ...named),
        list: (...named) => pods.lists.list(podId, ...named),
        get: (...named) => pods.lists.get(podId, ...named),
        delete: (...named) => pods.lists.delete(podId, ...named),
      },
      inbox: {
        create: (...named) => inboxes.lists.create(inboxId, ...named),
        list: (...named) => inboxes.lists.list(inboxId, ...named),
        get: (...named) => inboxes.lists.get(inboxId, ...named),
        delete: (...named) => inboxes.lists.delete(inboxId, ...named),
      },
    },
    ...{ podId, inboxId, other, sentId },
    blocks: async (who, isAnswer = false) => {
      mails += 1;
      const id = `<${name}-${mails}@y.com>`;
      await talk.say(`MAIL FROM:<${who === 'jane' ? JANE : 'joe@z.com'}>`);
      await talk.say(`RCPT TO:<${inboxId}>`);
      const answers = isAnswer ? [`In-Reply-To: ${sentId}`] : [];
      expect(await talk.mail(mailOf(id, 'Hi', ...answers, '', 'Words.'))).toEqual([expect.stringMatching(/^250/)]);
      return (await messages.get(inboxId, id)).labels.includes('blocked');
    },
    sending: () => refusal(messages.send(inboxId, { to: other, text: 'Words.' })),
    [Symbol.asyncDispose]: async () => {
      await talk[Symbol.asyncDispose]();
      await inboxes.delete(inboxId);
      await pods.delete(podId);
    },
  };
}

const PASSES = 'nothing was refused';
const REFUSED = [403, 'message_rejected'];

export const lists: ProofSteps = (world) => {
  it.each(SCOPES)('19 the six lists of the %s: made, listed, read, deleted', async (scope) => {
    const { client } = world();
    await using at = await listed(world(), `six-of-${scope}`);
    const ofScope = at.of[scope];
    const { organizationId } = await client.auth.me();
    const scoped = { organization: {}, pod: { podId: at.podId }, inbox: { podId: at.podId, inboxId: at.inboxId } };
    for (const direction of DIRECTIONS)
      for (const listType of TYPES) {
        const named = [direction, listType] as const;
        const wish = { entry: 'Z.example', ...(listType === 'block' && { reason: 'spam' }) };
        const made = await ofScope.create(...named, wish);
        const { entry: _, ...said } = wish;
        const expected = { entry: 'z.example', entryType: 'domain', direction, listType, organizationId, ...said };
        expect(made).toEqual({ ...expected, ...scoped[scope], createdAt: expect.any(Date) });
        expect(await ofScope.create(...named, wish), 'the same one').toEqual(made);
        const { entry } = await ofScope.create(...named, { entry: 'eve@z.example' });
        expect((await ofScope.list(...named)).entries.map((one) => one.entry)).toEqual([entry, 'z.example']);
        expect(await ofScope.get(...named, 'z.example')).toEqual(made);
        expect(await ofScope.get(...named, entry)).toMatchObject({ entry: 'eve@z.example', entryType: 'email' });
        for (const one of [entry, 'z.example']) {
          await ofScope.delete(...named, one);
          expect(await refusal(ofScope.get(...named, one))).toEqual([404, 'not_found']);
        }
        expect((await ofScope.list(...named)).entries).toEqual([]);
      }
    expect(await refusal(ofScope.create('receive', 'allow', { entry: 'z.example', reason: 'x' }))).toEqual([
      ...[400, 'validation_error'],
    ]);
    expect(await refusal(ofScope.create('receive', 'block', { entry: 'no domain' }))).toEqual([
      400,
      'validation_error',
    ]);
  });

  it.each(SCOPES)('19 the six lists of the %s: who is blocked, who is allowed, and who only says so', async (scope) => {
    await using at = await listed(world(), `kept-to-${scope}`);
    const ofScope = at.of[scope];
    await using stack = new AsyncDisposableStack();
    /** Puts an entry into a list until it is taken out, or the step ends. */
    const put = async (...[direction, type, entry]: [...Named, entry: string]) => {
      await ofScope.create(direction, type, { entry });
      let isIn = true;
      const out = async () => {
        if (isIn) await ofScope.delete(direction, type, entry);
        isIn = false;
      };
      stack.defer(out);
      return out;
    };
    expect([await at.blocks('jane'), await at.blocks('jane', true), await at.sending()]).toEqual([
      false,
      false,
      PASSES,
    ]);

    for (const [direction, isAnswer] of [
      ['receive', false],
      ['reply', true],
    ] as const) {
      const unblock = await put(direction, 'block', isAnswer ? JANE : 'y.com');
      expect(await at.blocks('jane', isAnswer), `${direction} block`).toBe(true);
      expect(await at.blocks('jane', !isAnswer), `${direction} block is not for the other`).toBe(false);
      await unblock();
      const disallowStranger = await put(direction, 'allow', STRANGER);
      expect(await at.blocks('jane', isAnswer), `${direction} allow keeps out all others`).toBe(true);
      expect(await at.blocks('jane', !isAnswer), `${direction} allow is not for the other`).toBe(false);
      const disallow = await put(direction, 'allow', isAnswer ? 'y.com' : JANE);
      expect(await at.blocks('jane', isAnswer), `${direction} allow`).toBe(false);
      expect(await at.blocks('spoofed', isAnswer), `${direction} allow, and not who says so alone`).toBe(true);
      for (const out of [disallow, disallowStranger]) await out();
      expect(await at.blocks('jane', isAnswer), `${direction} is as before`).toBe(false);
    }

    const unblock = await put('send', 'block', at.other);
    expect(await at.sending()).toEqual(REFUSED);
    await unblock();
    const disallowStranger = await put('send', 'allow', STRANGER);
    expect(await at.sending(), 'send allow keeps out all others').toEqual(REFUSED);
    const disallow = await put('send', 'allow', at.other);
    expect(await at.sending()).toBe(PASSES);
    for (const out of [disallow, disallowStranger]) await out();
  });

  it('19 the narrowest of the three scopes decides, there the address before its domain, and block before allow', async () => {
    const { client } = world();
    await using at = await listed(world(), 'narrowest');
    const { organization, pod, inbox } = at.of;
    const kept = async () => [await at.blocks('jane'), await at.sending()] as const;
    try {
      await organization.create('receive', 'block', { entry: 'y.com' });
      await organization.create('send', 'block', { entry: at.other });
      expect(await kept(), 'the organization').toEqual([true, REFUSED]);
      await pod.create('receive', 'allow', { entry: 'y.com' });
      await pod.create('send', 'allow', { entry: at.other });
      expect(await kept(), 'the pod before the organization').toEqual([false, PASSES]);
      await inbox.create('receive', 'block', { entry: 'y.com' });
      await inbox.create('send', 'block', { entry: at.other });
      expect(await kept(), 'the inbox before its pod').toEqual([true, REFUSED]);
      await inbox.create('receive', 'allow', { entry: JANE });
      expect(await at.blocks('jane'), 'an address before its domain').toBe(false);
      await inbox.create('receive', 'block', { entry: JANE });
      expect(await at.blocks('jane'), 'of two that are alike the one that blocks').toBe(true);
      const refused = await client.inboxes.messages.send(at.inboxId, { bcc: at.other, text: 'x' }).then(
        () => undefined,
        (error: unknown) => error,
      );
      const path = `/v0/inboxes/${encodeURIComponent(at.inboxId)}/lists/send/block/${encodeURIComponent(at.other)}`;
      expect(refused).toMatchObject({
        body: { message: expect.stringContaining(at.other), fix: expect.stringContaining(`DELETE ${path}`) },
      });
    } finally {
      await organization.delete('receive', 'block', 'y.com');
      await organization.delete('send', 'block', at.other);
    }
  });

  unauthenticated(world);
};

const unauthenticated: ProofSteps = (world) => {
  it('20 a mail that nobody answers for: told by its own event to who names that, hidden, and there once it is released', async () => {
    const { client, host, smtp, newInbox } = world();
    const { messages, threads } = client.inboxes;
    const inboxId = await newInbox();
    const TYPE = 'message.received.unauthenticated' as const;
    await using named = await orgHook(client, { inboxIds: [inboxId], eventTypes: ['message.received', TYPE] });
    await using unnamed = await orgHook(client, { inboxIds: [inboxId], eventTypes: ['message.received'] });
    using all = await listening(client, { inboxIds: [inboxId] });
    using both = await listening(client, { inboxIds: [inboxId], eventTypes: ['message.received', TYPE] });
    await using talk = await SmtpTalk.open(smtp, 'EHLO mx.y.com', MACHINE);
    const arrive = async (from: string, id: string, ...more: readonly string[]) => {
      await talk.say(`MAIL FROM:<${from}>`);
      await talk.say(`RCPT TO:<${inboxId}>`);
      expect(await talk.mail(mailOf(id, 'Hi', ...more, '', 'Sesame.'))).toEqual([expect.stringMatching(/^250/)]);
    };
    await arrive(JANE, '<known@y.com>');
    await arrive('joe@z.com', '<forged@y.com>', 'In-Reply-To: <known@y.com>');
    const toldBy = (events: readonly { [member: string]: unknown }[]) =>
      events.map((event) => {
        const message = event.message as { readonly message_id?: string; readonly messageId?: string };
        return `${event.event_type ?? event.eventType} ${message.message_id ?? message.messageId}`;
      });
    const held = ['message.received <known@y.com>', `${TYPE} <forged@y.com>`];
    await expect.poll(() => toldBy(named.told()), POLL).toEqual(held);
    await expect.poll(() => toldBy(both.events()), POLL).toEqual(held);
    const before = await messages.get(inboxId, '<forged@y.com>');
    expect(before.labels).toEqual(['received', 'unauthenticated', 'unread']);

    const shown = async (asked: AgentMail.inboxes.ListMessagesRequest = {}) =>
      idsIn(await messages.list(inboxId, asked)).toSorted();
    expect(await shown()).toEqual(['<known@y.com>']);
    expect(await shown({ includeUnauthenticated: true })).toEqual(['<forged@y.com>', '<known@y.com>']);
    expect((await threads.list(inboxId)).threads.map(({ messageCount }) => messageCount)).toEqual([1]);
    expect((await client.threads.search({ q: 'sesame' })).threads.length).toBe(1);
    expect(idsIn(await messages.search(inboxId, { q: 'sesame' }))).toEqual(['<known@y.com>']);

    const key = await client.inboxes.apiKeys.create(inboxId, {
      permissions: { messageRead: true, messageUpdate: true },
    });
    if (!('apiKey' in key)) expect.fail('A key was asked for, and what came has no text.');
    const blind = new AgentMailClient({ apiKey: key.apiKey, baseUrl: host.url }).inboxes;
    const release = { removeLabels: ['unauthenticated'] };
    for (const call of [
      () => blind.messages.get(inboxId, '<forged@y.com>'),
      () => blind.messages.update(inboxId, '<forged@y.com>', release),
    ])
      expect(await refusal(call()), 'a key that may not read it').toEqual([404, 'not_found']);

    expect((await messages.update(inboxId, '<forged@y.com>', release)).labels).toEqual(['received', 'unread']);
    expect(await shown()).toEqual(['<forged@y.com>', '<known@y.com>']);
    const after = await messages.get(inboxId, '<forged@y.com>');
    expect(after.threadId, 'the thread that it names').toBe((await messages.get(inboxId, '<known@y.com>')).threadId);
    expect(after.threadId).not.toBe(before.threadId);
    expect(await refusal(threads.get(inboxId, before.threadId))).toEqual([404, 'not_found']);
    const released = 'message.received <forged@y.com>';
    await expect.poll(() => toldBy(named.told()), POLL).toEqual([...held, released]);
    await expect.poll(() => toldBy(both.events()), POLL).toEqual([...held, released]);
    const told = [held[0], released];
    await expect.poll(() => toldBy(unnamed.told()), POLL).toEqual(told);
    await expect.poll(() => toldBy(all.events()), POLL).toEqual(told);
  });
};
