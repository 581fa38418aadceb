// Chapters 17 to 21, which have no code: what is watched, what is believed, and work that goes on for weeks.
import { type AgentMailClient, AgentMailError } from 'agentmail';
import { expect } from 'vitest';
import type { GuideWorld, Promises } from '../../support/guide.ts';
import { receiver } from '../../support/hook-receiver.ts';
import { liveMailbox } from '../../support/live-mailbox.ts';
import { accountsFile, field, mailAt } from '../../support/proof-world.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';

const DAY_MS = 86_400_000;
/** The guide's plan: mails a day in each of the first three weeks' days, and then as many as one likes. */
const WEEKS = [20, 20, 20, 50, 50, 50, 50, ...Array(7).fill(100), ...Array(7).fill(250)];

/** A node whose new addresses send no more than a plan says, through the guide's Postfix. */
async function warmingNode({ postfix }: GuideWorld, perDay: readonly number[]) {
  await using stack = new AsyncDisposableStack();
  const accounts = accountsFile(stack, postfix, { warmUp: { perDay, daysPerStep: 1 } });
  const { client } = stack.use(await liveMailbox('--send-accounts', accounts));
  const owned = stack.move();
  return { client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Sends until it is refused, without asking again; answers how many went, and what was said then. */
async function sentBeforeRefusal(client: AgentMailClient, inboxId: string) {
  const wish = { to: 'bob@mail.example.com', subject: 'News', text: 'News.' };
  for (let sent = 0; sent < 50; sent += 1) {
    const refused = await Promise.resolve(client.inboxes.messages.send(inboxId, wish, { maxRetries: 0 })).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused === undefined) continue;
    if (!(refused instanceof AgentMailError)) throw refused;
    return { sent, status: refused.statusCode, retryAfter: Number(refused.rawResponse?.headers.get('retry-after')) };
  }
  return expect.fail('50 mails went, and no plan was in their way');
}

/** Whether as many seconds lead to a midnight of UTC. */
function expectMidnight(seconds: number): void {
  const beyondMs = (Date.now() + seconds * 1_000 + DAY_MS / 2) % DAY_MS;
  expect(Math.abs(beyondMs - DAY_MS / 2)).toBeLessThan(LIVE_MS_MAX);
}

export const deliverability: Promises = {
  'Warm-up strategy: 20 a day at first': async (world) => {
    await using node = await warmingNode(world, WEEKS);
    const { inboxId } = await node.client.inboxes.create({ username: 'new' });
    const day = new Date().getUTCDate();
    const { sent, status, retryAfter } = await sentBeforeRefusal(node.client, inboxId);
    // Behind midnight there are 20 more.
    expect(sent).toBe(new Date().getUTCDate() === day ? 20 : expect.any(Number));
    expect(status).toBe(429);
    expectMidnight(retryAfter);
  },

  'Include unsubscribe': async ({ client, inbox, postfix }) => {
    const inboxId = await inbox('newsletter');
    const headers = { 'List-Unsubscribe': 'auto' };
    const wish = { to: 'bob@mail.example.com', subject: 'News', text: 'News.', html: '<p>News.</p>', headers };
    const { messageId } = await client.inboxes.messages.send(inboxId, wish);
    const mail = await mailAt(postfix, 'bob', messageId);
    expect(field(mail, 'List-Unsubscribe')).toMatch(/<mailto:newsletter\+unsubscribe-[^>]+@agents\.example\.com\?/);
    expect(field(mail, 'Content-Type')).toContain('multipart/alternative');
  },
};

export const rates: Promises = {
  'Rate limits: 429 with a Retry-After, and distributed sending': async (world) => {
    await using node = await warmingNode(world, [1, 1]);
    for (const username of ['sdr-1', 'sdr-2']) {
      const { inboxId } = await node.client.inboxes.create({ username });
      const { sent, status, retryAfter } = await sentBeforeRefusal(node.client, inboxId);
      expect([sent > 0, status], username).toEqual([true, 429]);
      expectMidnight(retryAfter);
      const { messages } = await node.client.inboxes.messages.list(inboxId);
      expect(messages, 'nothing is left of what was refused').toHaveLength(sent);
    }
  },
};

export const monitoring: Promises = {
  'What to monitor': async ({ client, inbox, receive, host, apiKey }) => {
    const inboxId = await inbox('monitored');
    const { messageId } = await receive(inboxId, 'A question', 'Reply-To: catch@mail.example.com', '', 'What?');
    await client.inboxes.messages.reply(inboxId, messageId, { text: 'That.' });
    const headers = { authorization: `Bearer ${apiKey}` };
    const own = `${host.url}/api/mailbox/inboxes/${inboxId}`;
    const post = (path: string, body: object) =>
      fetch(own + path, { method: 'POST', headers, body: JSON.stringify(body) });
    const { claims } = (await (await post('/claim', { worker: 'w' })).json()) as { claims: [{ lease: string }] };
    const ended = { lease: claims[0].lease, add_labels: ['auto-resolved'] };
    expect((await post(`/messages/${encodeURIComponent(messageId)}/complete`, ended)).status).toBe(200);

    const read = async () => (await (await fetch(`${own}/stats`, { headers })).json()) as object;
    // A mail counts as sent once a server has taken it.
    await expect.poll(read, { timeout: LIVE_MS_MAX / 2 }).toMatchObject({ bounce_rate: expect.any(Number) });
    const stats = await read();
    const flow = ['sent', 'received', 'replied', 'reply_rate', 'median_answer_seconds'];
    const health = ['forwarded', 'forward_rate', 'work_completed', 'work_failed', 'work_failure_rate', 'queue_depth'];
    const delivery = ['bounced', 'bounce_rate', 'complained', 'complaint_rate', 'delivered', 'delivery_rate'];
    for (const member of [...flow, ...health, ...delivery, 'opened', 'open_rate'])
      expect(stats).toHaveProperty(member, expect.anything());
    expect(await (await fetch(`${host.url}/metrics`)).text()).toMatch(/^mesh_mailbox_\w+ \d+$/m);
  },

  // The auto-resolution rate is no figure of this node, which does not know who is a person (node/mailbox/README.md, "Figures").
  'Auto-resolution rate, by a label of the agent': async ({ client, inbox, receive }) => {
    const inboxId = await inbox('resolving');
    const { messages } = client.inboxes;
    for (const subject of ['Easy', 'Hard']) await receive(inboxId, subject, '', subject);
    const [easy] = (await messages.list(inboxId, { subject: ['Easy'] })).messages;
    await messages.update(inboxId, easy?.messageId ?? '', { addLabels: ['auto-resolved'] });
    const count = async (...labels: string[]) => (await messages.list(inboxId, { labels })).count;
    expect([await count('received', 'auto-resolved'), await count('received')]).toEqual([1, 2]);
  },
};

export const security: Promises = {
  'SPF, DKIM, DMARC: what a domain publishes': async ({ client }) => {
    const { records } = await client.domains.create({ domain: 'secure.example.net' });
    const texts = records
      .filter(({ type }) => type === 'TXT')
      .map(({ name, value }) => `${name} ${value.split(/[;\s]/)[0]}`);
    expect(texts).toEqual([
      'secure.example.net v=spf1',
      expect.stringMatching(/^\w+\._domainkey\.secure\.example\.net v=DKIM1$/),
      '_dmarc.secure.example.net v=DMARC1',
    ]);
    await client.domains.delete('secure.example.net');
  },

  'Inbound authentication: an event of its own': async ({ client, inbox, hand }) => {
    const inboxId = await inbox('authenticating');
    await using hook = await receiver(200);
    const eventTypes = ['message.received' as const, 'message.received.unauthenticated' as const];
    const { webhookId } = await client.webhooks.create({ url: hook.url, eventTypes, inboxIds: [inboxId] });
    const forged = [
      'From: The bank <it@bank.example>',
      'Message-ID: <forged@bank.example>',
      'Subject: Pay',
      '',
      'Now.',
    ];
    expect(await hand(inboxId, [...forged, ''].join('\r\n'))).toMatch(/^250 /);
    const told = () => hook.requests.map(({ body }) => JSON.parse(body)).map(({ event_type }) => event_type);
    await expect.poll(told, { timeout: LIVE_MS_MAX }).toEqual(['message.received.unauthenticated']);
    expect((await client.inboxes.messages.list(inboxId)).count).toBe(0);
    await client.webhooks.delete(webhookId);
  },
};

export const useCases: Promises = {
  'Sales: a cadence of follow-ups, which ends when the prospect answers': async ({ client, inbox, receive }) => {
    const inboxId = await inbox('sdr');
    const { drafts, messages } = client.inboxes;
    const first = await messages.send(inboxId, { to: 'bob@mail.example.com', subject: 'An idea', text: 'For you.' });
    for (const day of [3, 7, 14]) {
      const sendAt = new Date(Date.now() + (day - 1) * DAY_MS);
      await drafts.create(inboxId, { inReplyTo: first.messageId, text: `Day ${day}`, sendAt, labels: ['cadence'] });
    }
    const scheduled = await drafts.list(inboxId, { labels: ['cadence', 'scheduled'] });
    expect(scheduled.drafts.map(({ to, sendStatus }) => [to, sendStatus])).toEqual(
      Array.from({ length: 3 }, () => [['bob@mail.example.com'], 'scheduled']),
    );
    const no = await receive(inboxId, 'Re: An idea', `In-Reply-To: ${first.messageId}`, '', 'No, thank you.');
    expect((await messages.get(inboxId, no.messageId)).threadId).toBe(first.threadId);
    for (const { draftId } of scheduled.drafts) await drafts.delete(inboxId, draftId);
    expect((await drafts.list(inboxId)).count).toBe(0);
  },

  'Internal operations: an agent in CC answers only who put it there': async ({ client, inbox, receive, postfix }) => {
    const inboxId = await inbox('cc-the-agent');
    const people = ['Reply-To: catch@mail.example.com', `Cc: ${inboxId}, bob@mail.example.com`];
    const { messageId } = await receive(inboxId, 'The plan', ...people, '', 'What do we do?');
    const answer = await client.inboxes.messages.reply(inboxId, messageId, { text: 'In short: wait.' });
    expect((await client.inboxes.messages.get(inboxId, answer.messageId)).to).toEqual(['catch@mail.example.com']);
    expect(field(await mailAt(postfix, 'catch', answer.messageId), 'Cc')).toBeUndefined();
  },
};
